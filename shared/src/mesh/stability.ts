/**
 * The stability stamp: everything stamped up to this wall time has reached us, as far as we can tell.
 * Neighbors whose state roots equalled ours lack nothing that we hold and hold nothing that we lack; the
 * least such moment over all neighbors, less a margin for what was in flight, is ours. The least stamp
 * over all members is the room's: below it a tombstone has been seen by everyone.
 */
import type { PeerId } from '../base/ids.ts';

/** What may still be on its way, by broadcast or repair, when two roots are equal. */
const IN_FLIGHT_MS = 15_000;

export interface Stability {
  /** The neighbor's state root was compared with ours at `wallMs` of the mesh's time. */
  readonly compared: (peer: PeerId, equal: boolean, wallMs: number) => void;
  readonly neighborDown: (peer: PeerId) => void;
  /** Our own stamp; 0 while a neighbor has never been seen equal. Alone, all that is ours is stable. */
  readonly own: (neighbors: Iterable<PeerId>, wallMs: number) => number;
  readonly heard: (id: PeerId, stamp: number) => void;
  readonly forget: (id: PeerId) => void;
  /** The room's stamp: the least over ourselves and `members`; 0 while one is unknown. */
  readonly ofRoom: (own: number, members: Iterable<PeerId>) => number;
}

/** Both maps hold live members only; the roster's limit is theirs. */
export function createStability(): Stability {
  const equalAtByNeighbor = new Map<PeerId, number>();
  const stampByMember = new Map<PeerId, number>();
  return {
    compared: (peer, equal, wallMs) => {
      if (equal) equalAtByNeighbor.set(peer, wallMs);
    },
    neighborDown: (peer) => {
      equalAtByNeighbor.delete(peer);
    },
    own: (neighbors, wallMs) => {
      let least = wallMs;
      for (const peer of neighbors) least = Math.min(least, equalAtByNeighbor.get(peer) ?? 0);
      return Math.max(0, Math.floor(least - IN_FLIGHT_MS));
    },
    heard: (id, stamp) => {
      stampByMember.set(id, stamp);
    },
    forget: (id) => {
      stampByMember.delete(id);
    },
    ofRoom: (own, members) => {
      let least = own;
      for (const id of members) least = Math.min(least, stampByMember.get(id) ?? 0);
      return least;
    },
  };
}
