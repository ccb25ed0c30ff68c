/** Counts what each peer has used of a quota in the current second. */
import { createBoundedMap } from '../base/collections.ts';
import type { PeerId } from '../base/ids.ts';
import { elapsedMs, type Instant } from '../base/time.ts';

const WINDOW_MS: number = 1_000;

export interface Rates {
  /** Takes one; false when the peer has had `max` within a second of its first. */
  readonly take: (peer: PeerId, at: Instant, max: number) => boolean;
}

/** Watches at most `peersMax` peers; of those beyond, the one watched longest is forgotten. */
export function createRates(peersMax: number): Rates {
  const windows = createBoundedMap<PeerId, { readonly from: Instant; used: number }>(peersMax);
  return {
    take: (peer, at, max) => {
      const window = windows.get(peer);
      if (window && elapsedMs(window.from, at) < WINDOW_MS) return ++window.used <= max;
      windows.set(peer, { from: at, used: 1 });
      return true;
    },
  };
}
