import { describe, expect, test } from 'vitest';
import { defaultBroadcastConfig as config } from '#shared/broadcast/config.ts';
import { createLag } from '#shared/broadcast/lag.ts';

const timeoutAfter = (...lagsMs: readonly number[]): number => {
  const lag = createLag(config);
  lagsMs.forEach(lag.sample);
  return lag.timeoutMs();
};
const times = (count: number, lagMs: number): readonly number[] => Array.from({ length: count }, () => lagMs);

describe('how long an announced message gets', () => {
  test('is the least before anything is known, and where messages come before they are announced', () => {
    expect([timeoutAfter(), timeoutAfter(...times(100, 0))]).toEqual([
      config.graftTimeoutMsMin,
      config.graftTimeoutMsMin,
    ]);
  });

  test('is twice what is usual, up to the most', () => {
    expect([timeoutAfter(...times(20, 400)), timeoutAfter(...times(20, 5_000))]).toEqual([
      800,
      config.graftTimeoutMsMax,
    ]);
  });

  test('does not grow with what a bad line holds up now and then', () => {
    expect(timeoutAfter(...times(19, 0), ...times(13, 3_000))).toBe(config.graftTimeoutMsMin);
  });

  test('follows the last messages', () => {
    expect(timeoutAfter(...times(200, 600), ...times(config.lagSamples, 200))).toBe(400);
  });
});
