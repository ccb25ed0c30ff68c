/**
 * Whether neighbors give what they announce: of each, one message at a time that it announced and was asked for, in the
 * manner of GossipSub's gossip promises. One at a time, so that an outage of a moment is one broken promise and no
 * hundred.
 */
import type { PeerId } from '../base/ids.ts';
import { elapsedMs, type Instant, instant } from '../base/time.ts';
import type { BroadcastConfig } from './config.ts';
import type { Head } from './messages.ts';

interface Promised {
  readonly head: Head;
  readonly askedAt: Instant;
}

export interface Promises {
  /** This neighbor announced exactly this message, and was asked for it alone. */
  readonly note: (peer: PeerId, head: Head, at: Instant) => void;
  /** It gave this one, whether it was still wanted or not. */
  readonly given: (peer: PeerId, head: Head) => void;
  readonly forget: (peer: PeerId) => void;
  readonly isEmpty: () => boolean;
  /** Those who have had their time; each is told once. Where we come to ask long after we should, nobody is. */
  readonly takeBroken: (at: Instant) => readonly PeerId[];
}

export function createPromises({ promiseMs, sweepIntervalMs }: BroadcastConfig): Promises {
  /** At most one for each neighbor. */
  const promisedByPeer = new Map<PeerId, Promised>();
  let lookedAt = instant(0);
  return {
    note: (peer, head, at) => {
      if (promisedByPeer.size === 0) lookedAt = at;
      if (!promisedByPeer.has(peer)) promisedByPeer.set(peer, { head, askedAt: at });
    },
    given: (peer, { origin, epoch, lane, seq }) => {
      const held = promisedByPeer.get(peer)?.head;
      if (!held || held.origin !== origin || held.epoch !== epoch || held.lane !== lane) return;
      // Of a volatile stream a newer one does as well.
      if (lane === 'volatile' ? seq >= held.seq : seq === held.seq) promisedByPeer.delete(peer);
    },
    forget: (peer) => void promisedByPeer.delete(peer),
    isEmpty: () => promisedByPeer.size === 0,
    takeBroken: (at) => {
      // We stood still ourselves: what was given in time may wait in our own queue.
      const isLate = elapsedMs(lookedAt, at) > 2 * sweepIntervalMs;
      lookedAt = at;
      if (isLate) promisedByPeer.clear();
      const broken = [...promisedByPeer].filter(([, { askedAt }]) => elapsedMs(askedAt, at) >= promiseMs);
      for (const [peer] of broken) promisedByPeer.delete(peer);
      return broken.map(([peer]) => peer);
    },
  };
}
