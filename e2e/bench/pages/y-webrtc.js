/** The lean page of y-webrtc: its awareness lists the members and carries the cursor. */
import { WebrtcProvider } from 'y-webrtc';
import { Doc } from 'yjs';

window.contestant = {
  join({ room, signaling, name }, { onListed, onCursor }) {
    const peerOpts = { config: { iceServers: [] } };
    const { awareness } = new WebrtcProvider(room, new Doc(), { signaling: [signaling], peerOpts });
    awareness.on('change', ({ updated }) => {
      const states = awareness.getStates();
      onListed(states.size);
      for (const id of updated) {
        const cursor = states.get(id)?.cursor;
        if (id !== awareness.clientID && cursor) onCursor(cursor.x);
      }
    });
    awareness.setLocalState({ name, cursor: null });
    return { move: (cursor) => awareness.setLocalStateField('cursor', cursor) };
  },
};
