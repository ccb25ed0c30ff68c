/** Counts what each peer, or whatever else has a name, has used of a quota in the current second. */
import { createBoundedMap } from './collections.ts';
import { elapsedMs, type Instant } from './time.ts';

const WINDOW_MS: number = 1_000;

export interface Rates {
  /** Takes one; false when the named one has had `max` within a second of its first. */
  readonly take: (name: string, at: Instant, max: number) => boolean;
}

/** Watches at most `namesMax`; of those beyond, the one watched longest is forgotten. */
export function createRates(namesMax: number): Rates {
  const windows = createBoundedMap<string, { readonly from: Instant; used: number }>(namesMax);
  return {
    take: (name, at, max) => {
      const window = windows.get(name);
      if (window && elapsedMs(window.from, at) < WINDOW_MS) return ++window.used <= max;
      windows.set(name, { from: at, used: 1 });
      return true;
    },
  };
}
