import { expect, test } from 'vitest';
import { instant } from '#shared/base/time.ts';
import { createWrongKey, WRONG_KEY_QUIET_MS } from '#client/room/wrong-key.ts';

function setUp({ alone = true } = {}) {
  const told: string[] = [];
  const world = { atMs: 5_000, alone };
  const hear = createWrongKey({
    now: () => instant(world.atMs),
    isAlone: () => world.alone,
    tell: ({ code, message }) => told.push(`${code}: ${message}`),
  });
  return { told, world, hear };
}

test('each sign has its own sentence', () => {
  for (const [sign, words] of [
    ['not-opened', 'does not open'],
    ['namesakes', 'another key or password'],
  ] as const) {
    const { told, hear } = setUp();
    hear(sign);
    expect(told).toEqual([expect.stringContaining(words)]);
    expect(told[0]).toMatch(/^WRONG_KEY: /);
  }
});

test('is told once per while, whatever the sign', () => {
  const { told, world, hear } = setUp();
  hear('not-opened');
  hear('namesakes');
  world.atMs += WRONG_KEY_QUIET_MS - 1;
  hear('not-opened');
  expect(told).toHaveLength(1);
  world.atMs += 1;
  hear('not-opened');
  expect(told).toHaveLength(2);
});

test('who has found others does not doubt its key for namesakes, but does for what it cannot open', () => {
  const { told, hear } = setUp({ alone: false });
  hear('namesakes');
  expect(told).toEqual([]);
  hear('not-opened');
  expect(told).toHaveLength(1);
});
