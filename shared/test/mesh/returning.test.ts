/** Who comes back, from being cut off or from a sleep: the others lose nobody by it. */
import { describe, expect, test } from 'vitest';
import {
  createWorld,
  cutBothWays,
  eventsOf,
  isOneComponent,
  rostersAreEqual,
  type Tab,
  type World,
} from './fixture.ts';

const SEEDS: readonly number[] = [1, 2, 3, 4, 5, 6];

describe('a tab that was cut off', () => {
  const cases = [25, 60].flatMap((seconds) => SEEDS.map((seed) => ({ seconds, seed })));
  test.each(cases)('for $seconds s takes nobody from the others when it returns (seed $seed)', (given) => {
    const { world, absent, others } = createRoom(given.seed, 12);
    const seen = others.map((tab) => eventsOf(tab).length);
    isolate(world, absent);
    world.run(given.seconds * 1_000);

    world.heal();
    world.server.setUp(true);
    expect(world.runUntil(() => isWhole(world), 30_000)).toBe(true);
    world.run(30_000);
    expect(isWhole(world)).toBe(true);
    expect(others.flatMap((tab, at) => lostFrom(tab, seen[at]!))).toEqual(others.map(() => absent.id));
  });

  test('shows the others as suspect at first, and as gone after a while', () => {
    const { world, absent, others } = createRoom(1, 12);
    isolate(world, absent);
    world.run(60_000);
    const told = eventsOf(absent).flatMap((event) => (event.kind === 'memberSuspected' ? [event.id] : []));
    expect(new Set(told)).toEqual(new Set(others.map(({ id }) => id)));
    expect([...absent.node.inspect().membership.members.keys()]).toEqual([absent.id]);
  });
});

describe('a tab that slept for 90 s', () => {
  test.each(SEEDS)('accuses nobody who lives (seed %i)', (seed) => {
    const { world, absent, others } = createRoom(seed, 6);
    world.freeze(absent);
    world.run(90_000);
    const seen = world.living().map((tab) => eventsOf(tab).length);
    world.wake(absent);
    world.run(60_000);
    expect(isWhole(world)).toBe(true);
    expect(world.living().flatMap((tab, at) => lostFrom(tab, seen[at]!))).toEqual([]);
    expect(others.flatMap((tab) => suspectedBy(tab, absent))).toEqual([]);
  });
});

function createRoom(seed: number, size: number): { world: World; absent: Tab; others: readonly Tab[] } {
  const world = createWorld({ seed });
  for (let count = 0; count < size; count++) world.open();
  expect(world.runUntil(() => isWhole(world), 60_000)).toBe(true);
  world.run(10_000);
  const [absent, ...others] = world.living();
  return { world, absent: absent!, others };
}

/** Nothing comes to this tab and nothing from it, not even by the server. */
function isolate(world: World, tab: Tab): void {
  world.server.setUp(false);
  for (const other of world.living()) {
    if (other !== tab) cutBothWays(world, tab, other);
  }
}

function isWhole(world: World): boolean {
  return rostersAreEqual(world) && isOneComponent(world);
}

function lostFrom(tab: Tab, since: number): string[] {
  return eventsOf(tab)
    .slice(since)
    .flatMap((event) => (event.kind === 'memberLeft' ? [event.id] : []));
}

function suspectedBy(tab: Tab, accuser: Tab): string[] {
  return eventsOf(tab).flatMap((event) =>
    event.kind === 'memberSuspected' && event.by === accuser.id ? [event.id] : [],
  );
}
