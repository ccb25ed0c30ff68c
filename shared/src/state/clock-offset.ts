/**
 * How far our wall clock is from the room's: the median of the offsets of our neighbors' raw clocks, our
 * own 0 among them. A lone wrong clock corrects itself before it writes; raw clocks are compared, never
 * corrected ones, so corrections do not feed on each other.
 */
import { createBoundedMap } from '../base/collections.ts';
import type { PeerId } from '../base/ids.ts';

export interface ClockOffset {
  /** The neighbor's raw clock is ahead of ours by `offsetMs`. */
  readonly sample: (peer: PeerId, offsetMs: number) => void;
  readonly forget: (peer: PeerId) => void;
  /** True when two neighbors or more have been heard: one alone may be the one that is wrong. */
  readonly isSure: () => boolean;
  /** What to add to our wall clock. */
  readonly medianMs: () => number;
}

export function createClockOffset(samplesMax: number): ClockOffset {
  const offsetMsByPeer = createBoundedMap<PeerId, number>(samplesMax);
  let median = 0;

  const recompute = (): void => {
    // With no neighbor left the last median stays: a tab that lost its links keeps the room's time,
    // rather than fall back to a clock that the room knew to be wrong.
    if (offsetMsByPeer.size === 0) return;
    const offsets = [0];
    for (const [, offsetMs] of offsetMsByPeer.entries()) offsets.push(offsetMs);
    median = medianOf(offsets);
  };

  return {
    sample: (peer, offsetMs) => {
      // Most samples say what the last one said.
      if (offsetMsByPeer.get(peer) === offsetMs) return;
      offsetMsByPeer.set(peer, offsetMs);
      recompute();
    },
    forget: (peer) => {
      if (offsetMsByPeer.delete(peer)) recompute();
    },
    isSure: () => offsetMsByPeer.size >= 2,
    medianMs: () => median,
  };
}

/** The middle value, or the mean of the middle two: so the two members of a pair agree on the midpoint. */
export function medianOf(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const high = sorted[Math.floor(sorted.length / 2)] ?? 0;
  const low = sorted[Math.floor((sorted.length - 1) / 2)] ?? 0;
  return (high + low) / 2;
}
