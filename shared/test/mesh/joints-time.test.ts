/** Whole rooms over some minutes: what takes long, or shows only where many nodes do the same. */
import { describe, expect, test } from 'vitest';
import type { PeerId } from '#shared/base/ids.ts';
import type { Value } from '#shared/base/value.ts';
import {
  createRoom,
  createWorld,
  cutBothWays,
  eventsOf,
  rostersAreEqual,
  type Tab,
  type World,
} from './fixture.ts';

const WALL_MS = 1_700_000_000_000;

test('a tab whose clock is three hours off stamps in the time of its room', () => {
  const world = createWorld({ seed: 1 });
  const [writer, other] = [10_800_000, 0, 0, 0].map((skewMs) => world.open({ skewMs })) as [Tab, Tab];
  expect(world.runUntil(() => rostersAreEqual(world), 60_000)).toBe(true);
  world.run(10_000);
  const since = WALL_MS + world.timeMs();
  write(world, writer, 'k', 1);
  world.run(1_000);
  const [at] = changesAt(other);
  expect(at! - since).toBeGreaterThan(-1_000);
  expect(at! - since).toBeLessThan(1_000);
});

test('a deletion in a room becomes a stub everywhere when its time is up', () => {
  const world = room(3, 2);
  const [writer] = world.living() as [Tab];
  write(world, writer, 'k', 1);
  write(world, writer, 'k', undefined);
  world.run(590_000);
  const counts = (): number[][] =>
    world.living().map(({ node }) => [node.inspect().state.tombstones, node.inspect().state.stubs]);
  expect(counts()).toEqual(world.living().map(() => [1, 0]));
  world.run(90_000);
  expect(counts()).toEqual(world.living().map(() => [0, 1]));
});

describe('what a tab wrote while it was alone for more than ten minutes', () => {
  test.each([1, 2, 3, 4])('yields to what another wrote since (seed %i)', (seed) => {
    const { world, absent, others } = parted(seed);
    write(world, absent, 'k', 'offline');
    world.run(1_000);
    write(world, others[0]!, 'k', 'newer');
    world.run(660_000);
    rejoin(world);
    world.run(10_000);
    for (const tab of world.living()) expect(valueAt(tab)).toBe('newer');
  });

  test('is stamped with the time of its return where nobody wrote since', () => {
    const { world, absent, others } = parted(1);
    write(world, absent, 'k', 'offline');
    world.run(660_000);
    const since = WALL_MS + world.timeMs();
    rejoin(world);
    for (const tab of others) {
      expect(valueAt(tab)).toBe('offline');
      expect(changesAt(tab).at(-1)).toBeGreaterThan(since);
    }
  });
});

describe('two rooms that meet', () => {
  test.each([1, 2, 3])('know all of each other within a second, but for those who met (seed %i)', (seed) => {
    const world = room(12, seed);
    const [first] = world.living() as [Tab];
    // The server has forgotten them: whoever comes now finds only its like.
    for (const tab of world.living()) world.server.release(tab);
    const newcomers = Array.from({ length: 12 }, () => world.open());
    world.run(20_000);
    for (const tab of world.living()) expect(tab.node.inspect().membership.members.size).toBe(12);
    for (const tab of [first, newcomers[0]!]) {
      write(world, tab, `by ${tab.id}`, 1);
      world.command(tab, { kind: 'present', fields: new Map([['name', tab.id]]) });
    }
    world.run(2_000);

    world.server.setUp(false);
    world.server.setUp(true);
    for (const tab of world.tabs.slice(0, 12)) world.server.attach(tab);
    const ids = new Set(newcomers.map(({ id }) => id));
    const haveMet = (): boolean =>
      world.tabs.slice(0, 12).some((tab) => linksOf(tab).some((peer) => ids.has(peer)));
    expect(world.runUntil(haveMet, 60_000)).toBe(true);
    world.run(1_000);
    for (const { node } of world.living()) {
      const { membership, state, presence } = node.inspect();
      // Who is known by its greeting waits for the next comparison.
      expect(membership.members.size).toBeGreaterThanOrEqual(22);
      expect(state.collections.get('notes')?.size).toBe(2);
      expect(presence.fieldsByOwner.size).toBe(2);
    }
  });
});

function room(count: number, seed: number): World {
  return createRoom(count, { seed, calmMs: 15_000 });
}

/** A room of three that one has been cut off from, alone. */
function parted(seed: number): {
  readonly world: World;
  readonly absent: Tab;
  readonly others: readonly Tab[];
} {
  const world = room(3, seed);
  const [absent, ...others] = world.living() as [Tab, ...Tab[]];
  world.server.setUp(false);
  for (const other of others) cutBothWays(world, absent, other);
  world.run(30_000);
  expect(linksOf(absent)).toEqual([]);
  return { world, absent, others };
}

function rejoin(world: World): void {
  world.heal();
  world.server.setUp(true);
  expect(world.runUntil(() => rostersAreEqual(world), 60_000)).toBe(true);
  world.run(2_000);
}

function write(world: World, tab: Tab, key: string, value: Value | undefined): void {
  world.command(tab, { kind: 'write', collection: 'notes', key, value });
}

function valueAt(tab: Tab): Value | undefined {
  return tab.node.inspect().state.collections.get('notes')?.get('k');
}

/** The stamps of all changes that this tab was told of. */
function changesAt(tab: Tab): number[] {
  return eventsOf(tab).flatMap((event) =>
    event.kind === 'stateChanged' ? event.changes.map(({ at }) => at) : [],
  );
}

function linksOf(tab: Tab): readonly PeerId[] {
  return tab.node.inspect().overlay.activeView;
}
