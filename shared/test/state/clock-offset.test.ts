import { expect, test } from 'vitest';
import { createClockOffset, medianOf } from '#shared/state/clock-offset.ts';
import { a, b, c, peers } from './fixture.ts';

test.each([
  [[], 0],
  [[0], 0],
  [[0, 100], 50],
  [[0, -100], -50],
  [[500, 0, 100], 100],
  [[0, 9, 1, 100], 5],
])('the median of %j is %d', (values, median) => {
  expect(medianOf(values)).toBe(median);
});

test('our own clock counts as one of them', () => {
  const offset = createClockOffset(8);
  expect(offset.medianMs()).toBe(0);
  offset.sample(a, 600_000);
  offset.sample(b, 10);
  expect(offset.medianMs()).toBe(10);
});

test('a newer sample of a neighbor replaces its older one', () => {
  const offset = createClockOffset(8);
  offset.sample(a, 600_000);
  offset.sample(a, 20);
  expect(offset.medianMs()).toBe(10);
});

test('a neighbor that is gone counts no more', () => {
  const offset = createClockOffset(8);
  for (const peer of [a, b]) offset.sample(peer, 100);
  offset.sample(c, 0);
  expect(offset.medianMs()).toBe(50);
  offset.forget(a);
  expect(offset.medianMs()).toBe(0);
});

test('who loses its last neighbor keeps the time of the room', () => {
  const offset = createClockOffset(8);
  for (const peer of [a, b]) offset.sample(peer, 100);
  offset.forget(a);
  offset.forget(b);
  expect(offset.medianMs()).toBe(50);
});

test('no more samples are held than the limit', () => {
  const offset = createClockOffset(2);
  for (const [at, peer] of peers.entries()) offset.sample(peer, at * 100);
  expect(offset.medianMs()).toBe(300);
});
