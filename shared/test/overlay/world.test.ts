/** Outcomes in a world of overlays alone, with channels that fail and signals that get lost. */
import { describe, expect, it } from 'vitest';
import { createWorld, type World } from './world.ts';

const FLAKY = { channelFailure: 0.05, signalLoss: 0.01 };
const SOUND = { channelFailure: 0, signalLoss: 0 };

function joinAtOnce(world: World, count: number): void {
  for (let at = 0; at < count; at++) world.join();
}

function joinOneByOne(world: World, count: number): void {
  for (let at = 0; at < count; at++) {
    world.join();
    world.run(300);
  }
}

function expectSound(world: World): void {
  expect(world.components()).toBe(1);
  expect(world.asymmetric()).toBe(0);
  expect(world.faults()).toEqual([]);
  expect(Math.min(...world.degrees())).toBeGreaterThanOrEqual(1);
  expect(Math.max(...world.degrees())).toBeLessThanOrEqual(10);
}

/** The part of the members whose degree lies from 4 to 8. */
function inBand(world: World): number {
  const degrees = world.degrees();
  return degrees.filter((degree) => degree >= 4 && degree <= 8).length / degrees.length;
}

function mean(numbers: readonly number[]): number {
  return numbers.reduce((sum, one) => sum + one, 0) / numbers.length;
}

describe('a room', () => {
  it('of two finds itself with one connection each, though both ask at once', () => {
    for (const seed of [1, 2, 3]) {
      const world = createWorld({ seed, ...SOUND });
      joinAtOnce(world, 2);
      world.run(3_000);
      expectSound(world);
      expect(world.constructed()).toEqual([1, 1]);
    }
  });

  it('of seven becomes a full mesh', () => {
    const world = createWorld({ seed: 4, ...SOUND });
    joinOneByOne(world, 7);
    world.run(20_000);
    expectSound(world);
    expect(world.degrees()).toEqual([6, 6, 6, 6, 6, 6, 6]);
  });

  it.each([
    { count: 12, join: joinAtOnce, seed: 5 },
    { count: 12, join: joinOneByOne, seed: 6 },
    { count: 60, join: joinAtOnce, seed: 7 },
    { count: 60, join: joinOneByOne, seed: 8 },
  ])('of $count is one component of even degrees (seed $seed)', ({ count, join, seed }) => {
    const world = createWorld({ seed, ...FLAKY });
    join(world, count);
    world.run(40_000);
    expectSound(world);
    expect(inBand(world)).toBeGreaterThanOrEqual(0.8);
    expect(mean(world.constructed())).toBeLessThanOrEqual(10);
  });

  it('of sixty who arrive at once is one component within two seconds where nothing fails', () => {
    const world = createWorld({ seed: 9, ...SOUND });
    joinAtOnce(world, 60);
    world.run(2_000);
    expect(world.components()).toBe(1);
  });

  it('that has settled asks for nothing and builds nothing', () => {
    const world = createWorld({ seed: 10, ...SOUND });
    joinAtOnce(world, 30);
    world.run(60_000);
    const constructed = world.constructed();
    const requests = world.requests();
    world.run(120_000);
    expect(world.constructed()).toEqual(constructed);
    expect(world.requests()).toBe(requests);
  });
});

describe('a room that loses', () => {
  it.each([
    { count: 12, share: 0.3, seed: 11 },
    { count: 60, share: 0.3, seed: 12 },
  ])('$share of $count members heals to one component (seed $seed)', ({ count, share, seed }) => {
    const world = createWorld({ seed, ...FLAKY });
    joinAtOnce(world, count);
    world.run(30_000);
    world.kill(world.ids().filter((_, at) => (at * 7) % 10 < share * 10));
    world.run(30_000);
    expectSound(world);
    expect(inBand(world)).toBeGreaterThanOrEqual(0.8);
  });
});

/** Rooms of sixty lose eight in ten until one is parted by it: not every one is. */
function losingUntilParted(): World {
  for (let seed = 100; seed < 120; seed++) {
    const world = createWorld({ seed, ...FLAKY });
    joinAtOnce(world, 60);
    world.run(30_000);
    world.kill(world.ids().filter((_, at) => at % 10 < 8));
    world.run(10_000);
    if (world.components() > 1) return world;
  }
  throw new Error('no room of twenty was parted');
}

describe('a parted room', () => {
  it('of which few are left heals when the server names those attached', () => {
    const world = losingUntilParted();
    world.heal();
    world.run(30_000);
    expectSound(world);
  });

  it('becomes one again when the server names members of the other half', () => {
    const world = createWorld({ seed: 14, ...SOUND });
    joinAtOnce(world, 24);
    world.run(20_000);
    world.part((id) => Number.parseInt(id.slice(-4), 16) % 2);
    world.run(20_000);
    expect(world.components()).toBe(2);
    world.heal();
    world.run(15_000);
    expectSound(world);
  });
});
