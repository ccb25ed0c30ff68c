/** One timer that is due at the earliest of many times. Old, early, late and repeated ones are harmless. */
import type { Schedule } from '../base/effects.ts';
import { elapsedMs, type Instant } from '../base/time.ts';
import type { PresenceTimer } from './messages.ts';

export interface Deadline {
  /** The timer to schedule so that something happens at `due`; none if one already runs until then. */
  readonly arm: (due: Instant | undefined, at: Instant) => readonly Schedule<PresenceTimer>[];
  /** Whether this timer is the one that runs; it no longer does. */
  readonly take: (token: number) => boolean;
}

export function createDeadline(kind: PresenceTimer['kind']): Deadline {
  let token = 0;
  let armedFor: Instant | undefined;
  return {
    arm: (due, at) => {
      if (due === undefined) return [];
      if (armedFor !== undefined && armedFor <= due) return [];
      token += 1;
      armedFor = due;
      return [{ kind: 'schedule', timer: { kind, token }, afterMs: Math.max(0, elapsedMs(at, due)) }];
    },
    take: (given) => {
      if (given !== token || armedFor === undefined) return false;
      armedFor = undefined;
      return true;
    },
  };
}

/** The earliest of several times, any of which may never come. */
export function earliest(times: readonly (Instant | undefined)[]): Instant | undefined {
  let first: Instant | undefined;
  for (const time of times) if (time !== undefined && (first === undefined || time < first)) first = time;
  return first;
}
