/** How often those are asked whom one can do without. */
import { elapsedMs, instant, type Instant } from '../base/time.ts';
import type { OverlayConfig } from './config.ts';

/**
 * Whoever has links enough and would rather have others asks ever more seldom while it is refused. Else a room in which all
 * are pressed would never find rest, for each request in vain presses whoever was asked.
 */
export interface Pace {
  /** Asked in vain, for want of room. */
  readonly refused: (at: Instant) => void;
  /** A link of our own choice opened, or one was lost: it is another matter now. */
  readonly calmDown: () => void;
  /** `others` are those who could be asked: each is, once, before it waits. */
  readonly mayAsk: (at: Instant, others: number) => boolean;
}

export function createPace({ inVainMsMin, inVainMsMax }: OverlayConfig): Pace {
  let inVain = 0;
  let lastAt = instant(-Infinity);
  return {
    refused: (at) => {
      inVain += 1;
      lastAt = at;
    },
    calmDown: () => {
      inVain = 0;
    },
    mayAsk: (at, others) => {
      const beyond = inVain - others;
      return beyond < 0 || elapsedMs(lastAt, at) >= Math.min(inVainMsMin * 2 ** beyond, inVainMsMax);
    },
  };
}
