import { expect, it } from 'vitest';
import { instant } from '#shared/base/time.ts';
import { createTokenBucket } from '#shared/base/token-bucket.ts';

it('a bucket gives its burst at once and then nothing', () => {
  const bucket = createTokenBucket({ burst: 2, perSecond: 1 }, instant(0));
  expect([1, 1, 1].map((cost) => bucket.take(cost, instant(0)))).toEqual([true, true, false]);
});

it('a bucket fills at its rate, and what it refused took nothing', () => {
  const bucket = createTokenBucket({ burst: 2, perSecond: 1 }, instant(0));
  bucket.take(2, instant(0));
  expect(bucket.take(1, instant(999))).toBe(false);
  expect(bucket.take(1, instant(1_000))).toBe(true);
});

it('a bucket never holds more than its burst', () => {
  const bucket = createTokenBucket({ burst: 2, perSecond: 1 }, instant(0));
  expect(bucket.take(3, instant(1_000_000))).toBe(false);
  expect(bucket.take(2, instant(1_000_000))).toBe(true);
});

it('what is to be kept is not taken', () => {
  const bucket = createTokenBucket({ burst: 3, perSecond: 1 }, instant(0));
  expect(bucket.take(2, instant(0), 2)).toBe(false);
  expect(bucket.take(1, instant(0), 2)).toBe(true);
  expect(bucket.take(1, instant(0), 2)).toBe(false);
  expect(bucket.take(2, instant(0))).toBe(true);
});

it('a clock that steps back neither fills nor empties a bucket', () => {
  const bucket = createTokenBucket({ burst: 2, perSecond: 1 }, instant(10_000));
  expect(bucket.take(1, instant(5_000))).toBe(true);
  expect(bucket.take(1, instant(10_000))).toBe(true);
  expect(bucket.take(1, instant(5_000))).toBe(false);
  expect(bucket.take(1, instant(10_500))).toBe(false);
  expect(bucket.take(1, instant(11_000))).toBe(true);
});
