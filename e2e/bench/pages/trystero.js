/** The lean page of trystero: its list of peers, and one action each for the name and the cursor. */
import { joinRoom } from 'trystero';

window.contestant = {
  join({ room, signaling, name }, { onListed, onCursor }) {
    const config = { appId: 'bench', relayConfig: { urls: [signaling] }, rtcConfig: { iceServers: [] } };
    const joined = joinRoom(config, room);
    const names = joined.makeAction('name');
    const cursors = joined.makeAction('cursor');
    const tellCount = () => onListed(1 + Object.keys(joined.getPeers()).length);
    joined.onPeerJoin = (peer) => {
      tellCount();
      names.send(name, { target: peer });
    };
    joined.onPeerLeave = tellCount;
    cursors.onMessage = ({ x }) => onCursor(x);
    tellCount();
    return { move: (cursor) => cursors.send(cursor) };
  },
};
