/** The lean page of Gossamer. */
import { joinMesh } from 'gossamer';

window.contestant = {
  join({ room, signaling, name }, { onListed, onCursor }) {
    const mesh = joinMesh(room, { signaling, presence: { name, cursor: null } });
    window.mesh = mesh;
    mesh.members.subscribe((members) => onListed(members.size));
    mesh.on('member:update', ({ member }) => {
      const cursor = member.presence.cursor;
      if (!member.self && cursor) onCursor(cursor.x);
    });
    return { move: (cursor) => mesh.presence.set({ cursor }) };
  },
};
