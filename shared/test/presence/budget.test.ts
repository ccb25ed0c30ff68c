import { describe, expect, test } from 'vitest';
import type { Value } from '#shared/base/value.ts';
import { cutToFrames, frameBytes, sizeOf, volatileIntervalMs } from '#shared/presence/budget.ts';
import { checkPresenceConfig, defaultPresenceConfig } from '#shared/presence/config.ts';

test.each([
  [1, 80, 33],
  [26, 80, 33],
  [27, 80, 34],
  [100, 80, 125],
  [4, 16_000, 1_000],
  [2_000, 80, 1_000],
])('%d movers with frames of %d bytes send every %d ms', (movers, bytes, intervalMs) => {
  expect(volatileIntervalMs({ movers, frameBytes: bytes }, defaultPresenceConfig)).toBe(intervalMs);
});

test.each<[Value | undefined, number]>([
  [undefined, 1],
  [null, 1],
  [7, 4],
  [0.5, 9],
  ['abc', 5],
  [new Uint8Array(10), 13],
  [[1, 2], 10],
  [{ x: 1, y: 2 }, 14],
])('%j takes about %d bytes', (value, bytes) => {
  expect(sizeOf(value)).toBe(bytes);
});

test('a frame takes its fields and its envelope', () => {
  expect(frameBytes([])).toBe(40);
  expect(frameBytes([{ field: 'pointer', seq: 1, value: { x: 1, y: 2 }, proof: null }])).toBe(
    40 + 6 + 7 + 14,
  );
});

describe('fields due together', () => {
  const fields = [60, 60, 500, 10].map((length, at) => ({
    field: 'f',
    seq: at,
    value: 'x'.repeat(length),
    proof: null,
  }));

  test('go into one frame while they fit', () => {
    expect(cutToFrames([], 256)).toEqual([]);
    expect(cutToFrames(fields, 8_000)).toEqual([fields]);
  });

  test('are cut between fields, never within one', () => {
    const [first, second, large, last] = fields;
    expect(cutToFrames(fields, 256)).toEqual([[first, second], [large], [last]]);
  });
});

describe('a config that contradicts itself is our own mistake', () => {
  test.each([
    ['restMs', { restMs: 0 }],
    ['intervalMsMin', { intervalMsMin: 150 }],
    ['intervalMsMax', { intervalMsMax: 2_000 }],
    ['intervalMsMax', { intervalMsMax: 32 }],
    ['restMs', { restMs: 2_000 }],
    ['frameBytesMax', { frameBytesMax: 255 }],
  ])('%s in %j', (name, changes) => {
    expect(() => checkPresenceConfig(defaultPresenceConfig)).not.toThrow();
    expect(() => checkPresenceConfig({ ...defaultPresenceConfig, ...changes })).toThrow(name);
  });
});
