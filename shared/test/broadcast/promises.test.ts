import { describe, expect, it } from 'vitest';
import { epoch, type PeerId } from '#shared/base/ids.ts';
import { instant } from '#shared/base/time.ts';
import { defaultBroadcastConfig } from '#shared/broadcast/config.ts';
import type { Head, Want } from '#shared/broadcast/messages.ts';
import { createPromises, type Promises } from '#shared/broadcast/promises.ts';
import { a, b } from './helpers.ts';

const { promiseMs, sweepIntervalMs } = defaultBroadcastConfig;
const headOf = (origin: PeerId, seq: number, lane: Head['lane'] = 'reliable'): Head => ({
  origin,
  epoch: epoch(1),
  lane,
  seq,
});
const wantOf = (origin: PeerId, [first, last]: [number, number], lane: Head['lane'] = 'reliable'): Want => ({
  origin,
  epoch: epoch(1),
  lane,
  first,
  last,
});

/** Looks as often as the layer does; whose promises were broken until then. */
function lookUntil(promises: Promises, fromMs: number, untilMs: number): readonly PeerId[] {
  const broken: PeerId[] = [];
  for (let at = fromMs; at <= untilMs; at += sweepIntervalMs)
    broken.push(...promises.takeBroken(instant(at)));
  return broken;
}

describe('a neighbor that was asked for what it announced', () => {
  it('owes it until it gives it, or anything of the range', () => {
    const promises = createPromises(defaultBroadcastConfig);
    promises.note(a, wantOf(b, [3, 7]), instant(0));
    expect(promises.isOwing(a)).toBe(true);
    promises.given(a, headOf(b, 8));
    promises.given(a, headOf(b, 2));
    promises.given(a, headOf(b, 5, 'record'));
    expect(promises.isOwing(a)).toBe(true);
    promises.given(a, headOf(b, 5));
    expect([promises.isOwing(a), promises.isEmpty()]).toEqual([false, true]);
  });

  it('is told once when its time is up, and owes it from then on', () => {
    const promises = createPromises(defaultBroadcastConfig);
    promises.note(a, wantOf(b, [1, 1]), instant(0));
    expect(lookUntil(promises, 0, promiseMs + 2 * sweepIntervalMs)).toEqual([a]);
    expect([promises.isOwing(a), promises.isEmpty()]).toEqual([true, true]);
  });

  it('that broke a promise makes up for it by what another said, and not by its own words', () => {
    const promises = createPromises(defaultBroadcastConfig);
    promises.note(a, wantOf(b, [1, 1]), instant(0));
    lookUntil(promises, 0, promiseMs + sweepIntervalMs);
    promises.note(a, wantOf(a, [4, 4]), instant(0));
    promises.given(a, headOf(a, 4));
    expect([promises.isOwing(a), promises.isEmpty()]).toEqual([true, true]);
    promises.note(a, wantOf(b, [2, 2]), instant(0));
    promises.given(a, headOf(b, 2));
    expect(promises.isOwing(a)).toBe(false);
  });

  it('that gives a newer frame of a volatile stream has given what was asked', () => {
    const promises = createPromises(defaultBroadcastConfig);
    promises.note(a, wantOf(b, [3, 3], 'volatile'), instant(0));
    promises.given(a, headOf(b, 9, 'volatile'));
    expect(promises.isOwing(a)).toBe(false);
  });
});

it('nobody has broken a promise where we ourselves stood still', () => {
  const promises = createPromises(defaultBroadcastConfig);
  promises.note(a, wantOf(b, [1, 1]), instant(0));
  expect(promises.takeBroken(instant(promiseMs + 3 * sweepIntervalMs))).toEqual([]);
  expect(promises.isOwing(a)).toBe(false);
});
