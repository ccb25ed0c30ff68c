/** Token buckets and what one connection may ask for. */
import { expect, it } from 'vitest';
import { instant } from '#shared/base/time.ts';
import { createConnectionLimits, createTokenBucket } from '#server/limits.ts';

const limits = {
  messagesBurst: 3,
  messagesPerSecond: 10,
  bytesBurst: 1_000,
  bytesPerSecond: 100,
  errorsTolerated: 2,
  errorForgivenMs: 60_000,
};

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

it('a clock that steps back neither fills nor empties a bucket', () => {
  const bucket = createTokenBucket({ burst: 2, perSecond: 1 }, instant(10_000));
  expect(bucket.take(1, instant(5_000))).toBe(true);
  expect(bucket.take(1, instant(10_000))).toBe(true);
  expect(bucket.take(1, instant(5_000))).toBe(false);
  expect(bucket.take(1, instant(10_500))).toBe(false);
  expect(bucket.take(1, instant(11_000))).toBe(true);
});

it('a connection is held to messages and to bytes', () => {
  const byMessages = createConnectionLimits(limits, instant(0));
  expect([1, 1, 1, 1].map((bytes) => byMessages.admit(bytes, instant(0)))).toEqual([true, true, true, false]);
  expect(byMessages.admit(1, instant(100))).toBe(true);

  const byBytes = createConnectionLimits(limits, instant(0));
  expect([900, 200].map((bytes) => byBytes.admit(bytes, instant(0)))).toEqual([true, false]);
  expect(byBytes.admit(200, instant(1_000))).toBe(true);
});

it('errors are tolerated up to their number, and forgiven one by one', () => {
  const connection = createConnectionLimits(limits, instant(0));
  expect([0, 0, 0].map((at) => connection.tolerate(instant(at)))).toEqual([true, true, false]);
  expect(connection.tolerate(instant(59_999))).toBe(false);
  expect(connection.tolerate(instant(60_000))).toBe(true);
  expect(connection.tolerate(instant(60_000))).toBe(false);
});
