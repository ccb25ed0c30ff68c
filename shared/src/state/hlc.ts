/**
 * The hybrid logical clock (Kulkarni, Demirbas, Madappa, Avva, Leone: "Logical Physical Clocks",
 * OPODIS 2014, section 3), pure: each function takes a clock and gives the next one.
 *
 * Deviation: a clock never follows a remote stamp past a bound on drift.
 * Deviation: receiving stamps no event, so it takes the greater of two stamps and adds nothing; the next
 * local write does.
 * Deviation: the counter has 16 bits; past them the wall time moves one millisecond on.
 */
import { compareIds, type PeerId } from '../base/ids.ts';
import type { Hlc } from './messages.ts';

export const HLC_COUNTER_MAX: number = 65_535;

/** Negative when `a` is older, zero when they are one stamp, positive when `a` is newer. */
export function compareHlc(a: Hlc, b: Hlc): number {
  return a.wall - b.wall || a.counter - b.counter || compareIds(a.by, b.by);
}

/** The least stamp of `by` that is newer than `stamp`, whoever made that. */
export function nextHlc(stamp: Hlc, by: PeerId): Hlc {
  return stamp.counter < HLC_COUNTER_MAX
    ? { wall: stamp.wall, counter: stamp.counter + 1, by }
    : { wall: stamp.wall + 1, counter: 0, by };
}

/** Section 3, send or local event: the greater of clock and physical time; the counter breaks a tie. */
export function tick(clock: Hlc, correctedMs: number): Hlc {
  return correctedMs > clock.wall
    ? { wall: correctedMs, counter: 0, by: clock.by }
    : nextHlc(clock, clock.by);
}

/** Section 3, receive event: the greater of clock and remote stamp, this one cut to `wallMax`. */
export function observe(clock: Hlc, remote: Hlc, wallMax: number): Hlc {
  const seen = remote.wall > wallMax ? { wall: wallMax, counter: 0 } : remote;
  const ahead = seen.wall - clock.wall || seen.counter - clock.counter;
  return ahead > 0 ? { wall: seen.wall, counter: seen.counter, by: clock.by } : clock;
}

/** Whether a peer's stamp has the form of one; a wall time of 0 is a clock that has seen nothing. */
export function isHlc(stamp: Hlc): boolean {
  return (
    Number.isSafeInteger(stamp.wall) &&
    stamp.wall >= 1 &&
    Number.isInteger(stamp.counter) &&
    stamp.counter >= 0 &&
    stamp.counter <= HLC_COUNTER_MAX
  );
}
