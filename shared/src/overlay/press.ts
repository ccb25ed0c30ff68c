/** How hard others press for links with us. */
import { createRing } from '../base/collections.ts';
import { elapsedMs, instant, type Instant } from '../base/time.ts';
import type { OverlayConfig } from './config.ts';

/** Whether others want more links with us than they are given, and do not leave off. */
export interface Press {
  /** One more was refused for want of room. */
  readonly note: (at: Instant) => void;
  readonly isOn: (at: Instant) => boolean;
}

export function createPress({ pressSpans, pressSpanMs }: OverlayConfig): Press {
  /** One of each span: in a storm of joins many ask in vain at once, but not for long. */
  const askedAt = createRing<Instant>(pressSpans);
  return {
    note: (at) => {
      if (elapsedMs(askedAt.values().at(-1) ?? instant(-Infinity), at) >= pressSpanMs) askedAt.push(at);
    },
    isOn: (at) => {
      const [first, ...later] = askedAt.values();
      // Twice as long as it takes at least, so that those who ask a little more seldom press as well.
      return (
        first !== undefined &&
        later.length + 1 === pressSpans &&
        elapsedMs(first, at) < 2 * pressSpans * pressSpanMs
      );
    },
  };
}
