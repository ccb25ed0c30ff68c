import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { compareHlc, HLC_COUNTER_MAX, isHlc, nextHlc, observe, tick } from '#shared/state/hlc.ts';
import { a, b, hlc, peers } from './fixture.ts';

describe('order', () => {
  test('time comes before counter, counter before member', () => {
    const sorted = [hlc(1, 0, a), hlc(1, 0, b), hlc(1, 1, a), hlc(2, 0, a)];
    expect(sorted.toReversed().toSorted(compareHlc)).toEqual(sorted);
    expect(compareHlc(hlc(1, 1, a), hlc(1, 1, a))).toBe(0);
  });
});

describe('tick', () => {
  test('takes corrected time when that is ahead', () => {
    expect(tick(hlc(10, 7, a), 11)).toEqual(hlc(11, 0, a));
  });

  test('counts within a millisecond, and while time stands behind', () => {
    expect(tick(hlc(10, 7, a), 10)).toEqual(hlc(10, 8, a));
    expect(tick(hlc(10, 7, a), 3)).toEqual(hlc(10, 8, a));
  });

  test('moves on by a millisecond when the counter is full', () => {
    expect(tick(hlc(10, HLC_COUNTER_MAX, a), 10)).toEqual(hlc(11, 0, a));
  });
});

describe('observe', () => {
  test('follows a newer stamp and ignores an older one', () => {
    expect(observe(hlc(10, 1, a), hlc(10, 2, b), 99)).toEqual(hlc(10, 2, a));
    expect(observe(hlc(10, 1, a), hlc(12, 0, b), 99)).toEqual(hlc(12, 0, a));
    expect(observe(hlc(10, 1, a), hlc(10, 1, b), 99)).toEqual(hlc(10, 1, a));
    expect(observe(hlc(10, 1, a), hlc(9, 5, b), 99)).toEqual(hlc(10, 1, a));
  });

  test('never follows past the bound', () => {
    expect(observe(hlc(10, 1, a), hlc(500, 3, b), 99)).toEqual(hlc(99, 0, a));
    expect(observe(hlc(120, 1, a), hlc(500, 3, b), 99)).toEqual(hlc(120, 1, a));
  });
});

test('what has no time or a counter out of range is no stamp', () => {
  expect(isHlc(hlc(1, 0, a))).toBe(true);
  expect(isHlc(hlc(1, HLC_COUNTER_MAX, a))).toBe(true);
  for (const stamp of [hlc(0, 0, a), hlc(-1, 0, a), hlc(1.5, 0, a), hlc(Number.NaN, 0, a)]) {
    expect(isHlc(stamp)).toBe(false);
  }
  for (const counter of [-1, 0.5, HLC_COUNTER_MAX + 1]) expect(isHlc(hlc(1, counter, a))).toBe(false);
});

describe('laws', () => {
  const by = fc.constantFrom(...peers);
  const counter = fc.oneof(
    fc.nat({ max: 3 }),
    fc.constant(HLC_COUNTER_MAX),
    fc.constant(HLC_COUNTER_MAX - 1),
  );
  const stamp = fc.record({ wall: fc.integer({ min: 1, max: 40 }), counter, by });
  const step = fc.record({ correctedMs: fc.integer({ min: 1, max: 30 }), remote: fc.option(stamp) });

  test('the order of stamps is strict and total', () => {
    fc.assert(
      fc.property(stamp, stamp, stamp, (x, y, z) => {
        expect(Math.sign(compareHlc(x, y))).toBe(-Math.sign(compareHlc(y, x)) + 0);
        if (compareHlc(x, y) <= 0 && compareHlc(y, z) <= 0) expect(compareHlc(x, z)).toBeLessThanOrEqual(0);
        expect(compareHlc(x, nextHlc(x, y.by))).toBeLessThan(0);
      }),
      { seed: 1 },
    );
  });

  test('every tick is newer than all ticks before it and all stamps seen within the bound', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const driftMsMax = 5;
        let clock = hlc(0, 0, a);
        let newest = hlc(0, 0, a);
        for (const { correctedMs, remote } of steps) {
          const before = clock;
          clock = remote ? observe(clock, remote, correctedMs + driftMsMax) : tick(clock, correctedMs);
          expect(compareHlc(before, clock)).toBeLessThanOrEqual(0);
          if (!remote) expect(compareHlc(newest, clock)).toBeLessThan(0);
          const seen = !remote || remote.wall <= correctedMs + driftMsMax ? (remote ?? clock) : clock;
          if (compareHlc(newest, seen) < 0) newest = seen;
        }
      }),
      { seed: 2, numRuns: 500 },
    );
  });

  test('no clock is past the drift bound by more than its full counters', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const driftMsMax = 5;
        let clock = hlc(0, 0, a);
        let latestMs = 0;
        let bumps = 0;
        for (const { correctedMs, remote } of steps) {
          latestMs = Math.max(latestMs, correctedMs);
          if (!remote && clock.counter === HLC_COUNTER_MAX) bumps += 1;
          clock = remote ? observe(clock, remote, correctedMs + driftMsMax) : tick(clock, correctedMs);
          expect(clock.wall).toBeLessThanOrEqual(latestMs + driftMsMax + bumps);
        }
      }),
      { seed: 3, numRuns: 500 },
    );
  });
});
