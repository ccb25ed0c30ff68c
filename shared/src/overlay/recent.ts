/** What happened lately in the room at large, and what it means for the degree. */
import { elapsedMs, instant, type Instant } from '../base/time.ts';
import type { OverlayConfig } from './config.ts';

export interface Recent {
  readonly noteArrival: (at: Instant) => void;
  readonly noteDeath: (at: Instant) => void;
  /** Newcomers are streaming in; at most for a while after `linkedAt`, when we came in ourselves. */
  readonly isStorm: (linkedAt: Instant, at: Instant) => boolean;
  /** Somebody was declared dead, who may live on in another half of the room. */
  readonly mayBeParted: (at: Instant) => boolean;
  /** The same a moment ago: so long as the word of a server that is asked now counts. */
  readonly isMourning: (at: Instant) => boolean;
}

export function createRecent(config: OverlayConfig): Recent {
  let arrivedAt = instant(-Infinity);
  let diedAt = instant(-Infinity);
  return {
    noteArrival: (at) => {
      arrivedAt = at;
    },
    noteDeath: (at) => {
      diedAt = at;
    },
    isStorm: (linkedAt, at) =>
      elapsedMs(arrivedAt, at) < config.arrivalCalmMs && elapsedMs(linkedAt, at) < config.arrivalWaitMsMax,
    mayBeParted: (at) => elapsedMs(diedAt, at) < config.partedMs,
    isMourning: (at) => elapsedMs(diedAt, at) < config.contactsFreshMs,
  };
}
