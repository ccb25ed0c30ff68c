/** What happened lately in the room at large, and what it means for the degree. */
import { createRing } from '../base/collections.ts';
import { elapsedMs, instant, type Instant } from '../base/time.ts';
import type { OverlayConfig } from './config.ts';

export interface Recent {
  /** Somebody is new to us. All that one frame names count as one: it may be the roster of a room that is calm. */
  readonly noteArrival: (at: Instant) => void;
  readonly noteDeath: (at: Instant) => void;
  /** Newcomers are streaming in; at most for a while after `linkedAt`, when we came in ourselves. */
  readonly isStorm: (linkedAt: Instant, at: Instant) => boolean;
  /** Somebody was declared dead, who may live on in another half of the room. */
  readonly mayBeParted: (at: Instant) => boolean;
  /** The same a moment ago: so long as the word of a server that is asked now counts. */
  readonly isMourning: (at: Instant) => boolean;
  /** No neighbor is heard, though links are held. */
  readonly noteCutOff: (at: Instant) => void;
  /** So it was a moment ago. */
  readonly isCutOff: (at: Instant) => boolean;
}

export function createRecent(config: OverlayConfig): Recent {
  const arrivals = createRing<Instant>(config.stormArrivals);
  let diedAt = instant(-Infinity);
  let cutOffAt = instant(-Infinity);
  return {
    noteArrival: (at) => {
      if (arrivals.values().at(-1) !== at) arrivals.push(at);
    },
    noteDeath: (at) => {
      diedAt = at;
    },
    isStorm: (linkedAt, at) => {
      const [longest, ...later] = arrivals.values();
      if (longest === undefined || later.length + 1 < config.stormArrivals) return false;
      return (
        elapsedMs(longest, at) < config.arrivalCalmMs && elapsedMs(linkedAt, at) < config.arrivalWaitMsMax
      );
    },
    mayBeParted: (at) => elapsedMs(diedAt, at) < config.partedMs,
    noteCutOff: (at) => {
      cutOffAt = at;
    },
    isCutOff: (at) => elapsedMs(cutOffAt, at) < config.cutOffMs,
    isMourning: (at) => elapsedMs(diedAt, at) < config.contactsFreshMs,
  };
}
