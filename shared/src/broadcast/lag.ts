/**
 * How much later than its first announcement a message comes by itself, and so how long to wait
 * before asking. Deviation from Plumtree 3.8: the paper's timer is fixed; one that is shorter than the
 * tree is deep grafts, duplicates and prunes for ever.
 */
import type { BroadcastConfig } from './config.ts';

/** Gains of RFC 6298, section 2.3. */
const MEAN_GAIN: number = 1 / 8;
const DEVIATION_GAIN: number = 1 / 4;

export interface Lag {
  /** A message came by itself `lagMs` after it was first announced. */
  readonly sample: (lagMs: number) => void;
  /** How long an announced message gets. */
  readonly timeoutMs: () => number;
}

export function createLag(config: BroadcastConfig): Lag {
  let meanMs: number | null = null;
  let deviationMs = 0;
  return {
    sample: (lagMs) => {
      if (meanMs === null) {
        meanMs = lagMs;
        deviationMs = lagMs / 2;
        return;
      }
      deviationMs += DEVIATION_GAIN * (Math.abs(meanMs - lagMs) - deviationMs);
      meanMs += MEAN_GAIN * (lagMs - meanMs);
    },
    timeoutMs: () => {
      const patientMs = 2 * ((meanMs ?? 0) + 4 * deviationMs);
      return Math.round(Math.min(config.graftTimeoutMsMax, Math.max(config.graftTimeoutMsMin, patientMs)));
    },
  };
}
