/**
 * Own health: is it they who are silent, or we who do not hear? Lifeguard (section III) counts failed
 * probes. Deviation: a node doubts itself only on evidence about itself, a late timer or no frame from
 * anyone at all, for a neighbor's silence is evidence about the neighbor.
 */
import { elapsedMs, type Instant } from '../base/time.ts';
import type { MembershipConfig } from './config.ts';

/** So long after a late watch the slow tick is still announced. */
const SLOW_TICK_MS: number = 10_000;

export interface Health {
  readonly doubting: () => boolean;
  /** No frame came from anyone for so long that nobody could have told us anything. */
  readonly deaf: (at: Instant) => boolean;
  /** What this tab announces as its tick. */
  readonly tickMs: (at: Instant) => number;
  /** A watch came, so late, with so many neighbors to be heard, those lost a moment ago included. */
  readonly watched: (lateMs: number, neighbors: number, at: Instant) => void;
  /** A frame came from anyone: we hear. */
  readonly heard: (at: Instant) => void;
}

export function createHealth(config: MembershipConfig, startedAt: Instant): Health {
  let doubting = false;
  let heardAt = startedAt;
  let lateAt: Instant | null = null;
  const isDeaf = (at: Instant): boolean => elapsedMs(heardAt, at) > config.deafMs;
  return {
    doubting: () => doubting,
    deaf: isDeaf,
    tickMs: (at) =>
      lateAt !== null && elapsedMs(lateAt, at) <= SLOW_TICK_MS ? config.hiddenTickMs : config.watchMs,
    watched: (lateMs, neighbors, at) => {
      const late = lateMs > config.lateMs;
      if (late) lateAt = at;
      // One silent neighbor says nothing about us.
      if (late || (neighbors >= 2 && isDeaf(at))) doubting = true;
    },
    heard: (at) => {
      heardAt = at;
      doubting = false;
    },
  };
}
