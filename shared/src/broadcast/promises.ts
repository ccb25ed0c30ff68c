/**
 * Whether neighbors give what they announce: of each, one graft at a time for what it announced, in the
 * manner of GossipSub's gossip promises. One at a time, so that an outage of a moment is one broken promise and no
 * hundred.
 */
import type { PeerId } from '../base/ids.ts';
import { elapsedMs, type Instant, instant } from '../base/time.ts';
import type { BroadcastConfig } from './config.ts';
import type { Head, Want } from './messages.ts';

interface Promised {
  readonly want: Want;
  readonly askedAt: Instant;
}

export interface Promises {
  /** This neighbor announced the last of these, and was asked for all of them. */
  readonly note: (peer: PeerId, want: Want, at: Instant) => void;
  /** It gave this one, whether it was still wanted or not: one of them will do, for an answer may be cut. */
  readonly given: (peer: PeerId, head: Head) => void;
  /** It is being waited for, or broke its last promise: no way for a tree. */
  readonly isOwing: (peer: PeerId) => boolean;
  readonly forget: (peer: PeerId) => void;
  readonly isEmpty: () => boolean;
  /** Those who have had their time; each is told once. Where we come to ask long after we should, nobody is. */
  readonly takeBroken: (at: Instant) => readonly PeerId[];
}

export function createPromises({ promiseMs, sweepIntervalMs }: BroadcastConfig): Promises {
  /** At most one for each neighbor. */
  const promisedByPeer = new Map<PeerId, Promised>();
  /** Who broke its last promise; neighbors as well. */
  const broke = new Set<PeerId>();
  let lookedAt = instant(0);
  const forget = (peer: PeerId): void => {
    promisedByPeer.delete(peer);
    broke.delete(peer);
  };
  return {
    note: (peer, want, at) => {
      if (promisedByPeer.size === 0) lookedAt = at;
      if (!promisedByPeer.has(peer)) promisedByPeer.set(peer, { want, askedAt: at });
    },
    given: (peer, { origin, epoch, lane, seq }) => {
      const held = promisedByPeer.get(peer)?.want;
      if (!held || held.origin !== origin || held.epoch !== epoch || held.lane !== lane) return;
      // Of a volatile stream a newer one does as well.
      if (seq < held.first || (lane !== 'volatile' && seq > held.last)) return;
      promisedByPeer.delete(peer);
      // What is its own everybody gives.
      if (origin !== peer) broke.delete(peer);
    },
    isOwing: (peer) => promisedByPeer.has(peer) || broke.has(peer),
    forget,
    isEmpty: () => promisedByPeer.size === 0,
    takeBroken: (at) => {
      // We stood still ourselves: what was given in time may wait in our own queue.
      const isLate = elapsedMs(lookedAt, at) > 2 * sweepIntervalMs;
      lookedAt = at;
      if (isLate) promisedByPeer.clear();
      const broken = [...promisedByPeer].filter(([, { askedAt }]) => elapsedMs(askedAt, at) >= promiseMs);
      for (const [peer] of broken) {
        promisedByPeer.delete(peer);
        broke.add(peer);
      }
      return broken.map(([peer]) => peer);
    },
  };
}
