/**
 * The version of the wire that the room speaks: the lowest that a live member's identity record names, so that
 * nothing is said which somebody here cannot be told. And who is too old to be told anything but that.
 */
import { createBoundedMap } from '../base/collections.ts';
import type { PeerId } from '../base/ids.ts';
import type { RosterRecord } from '../membership/messages.ts';

/** Peers remembered as told; the one told longest ago may be told again. */
const TOLD_PEERS_MAX = 64;

export interface Speech {
  /** One record takes the place of another in the roster. Answers with the room's version if that changed it. */
  readonly recordChanged: (before: RosterRecord | undefined, after?: RosterRecord) => number | undefined;
  /** True once for each peer. */
  readonly mayTell: (peer: PeerId) => boolean;
}

export function createSpeech(own: number): Speech {
  /** Live members that name a version; as many as a byte has values. */
  const countByVersion = new Map<number, number>();
  const told = createBoundedMap<PeerId, true>(TOLD_PEERS_MAX);
  let spoken = own;
  const count = (record: RosterRecord | undefined, change: number): void => {
    if (record?.kind !== 'identity') return;
    const members = (countByVersion.get(record.wireVersion) ?? 0) + change;
    if (members > 0) countByVersion.set(record.wireVersion, members);
    else countByVersion.delete(record.wireVersion);
  };
  return {
    recordChanged: (before, after) => {
      count(before, -1);
      count(after, 1);
      const lowest = Math.min(own, ...countByVersion.keys());
      if (lowest === spoken) return undefined;
      spoken = lowest;
      return lowest;
    },
    mayTell: (peer) => {
      if (told.has(peer)) return false;
      told.set(peer, true);
      return true;
    },
  };
}
