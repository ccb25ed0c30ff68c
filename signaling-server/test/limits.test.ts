/** What one connection may ask for. */
import { expect, it } from 'vitest';
import { instant } from '#shared/base/time.ts';
import { createConnectionLimits } from '#server/limits.ts';

const limits = {
  messagesBurst: 3,
  messagesPerSecond: 10,
  bytesBurst: 1_000,
  bytesPerSecond: 100,
  errorsTolerated: 2,
  errorForgivenMs: 60_000,
};

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
