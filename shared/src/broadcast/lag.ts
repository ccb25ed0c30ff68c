/**
 * How much later than its first announcement a message usually comes by itself, and so how long to wait before asking.
 * Deviation from Plumtree 3.8: the paper's timer is fixed; one that is shorter than the tree is deep grafts, duplicates
 * and prunes for ever.
 *
 * What is usual is the median of all messages, those included that come before any announcement, as most do. A mean, or one
 * of the late ones alone, grows with each packet that a line loses, and has us wait the longer the more there is to mend.
 */
import { createRing } from '../base/collections.ts';
import type { BroadcastConfig } from './config.ts';

export interface Lag {
  /** A message came by itself so long after it was first announced; 0: it was not. */
  readonly sample: (lagMs: number) => void;
  /** How long an announced message gets. */
  readonly timeoutMs: () => number;
}

export function createLag({ lagSamples, graftTimeoutMsMin, graftTimeoutMsMax }: BroadcastConfig): Lag {
  const lagsMs = createRing<number>(lagSamples);
  return {
    sample: lagsMs.push,
    timeoutMs: () => {
      const ascending = lagsMs.values().toSorted((a, b) => a - b);
      const usualMs = ascending[ascending.length >>> 1] ?? 0;
      return Math.round(Math.min(graftTimeoutMsMax, Math.max(graftTimeoutMsMin, 2 * usualMs)));
    },
  };
}
