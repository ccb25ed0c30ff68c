/** Rooms that forget deletions: what they forget is the same for all, and comparisons come to rest. */
import { describe, expect, test } from 'vitest';
import { hashToText } from '#shared/base/hash.ts';
import type { Value } from '#shared/base/value.ts';
import { defaultMeshConfig, type MeshConfig } from '#shared/mesh/config.ts';
import { horizonEntry } from '#shared/state/horizon.ts';
import { createRoom, cutBothWays, eventsOf, rostersAreEqual, type Tab, type World } from './fixture.ts';

const FORGETFUL: MeshConfig = {
  ...defaultMeshConfig,
  state: { ...defaultMeshConfig.state, stubsMax: 2, tombstoneMs: 60_000, collectMs: 10_000 },
};

describe('two halves that forgot different deletions', () => {
  test.each([1, 2, 3, 4])(
    'have one table soon after they meet, and no rounds after that (seed %i)',
    (seed) => {
      const { world, halves } = parted(seed);
      for (const key of ['gone', 'a', 'b', 'c']) write(world, halves[0][0]!, key, undefined);
      world.run(10_000);
      for (const key of ['d', 'e', 'f', 'g']) write(world, halves[1][0]!, key, undefined);
      write(world, halves[1][1]!, 'unheard', 1);
      world.run(120_000);
      const [first, second] = halves.map(([tab]) => horizonOf(tab!));
      expect(first).toBeGreaterThan(0);
      expect(second).toBeGreaterThan(first!);
      expect(stateRoots(world).size).toBe(2);

      meet(world);
      expect(world.runUntil(() => stateRoots(world).size === 1, 60_000)).toBe(true);
      world.run(60_000);
      expect(stateRoots(world).size).toBe(1);
      for (const tab of world.living()) expect(keysOf(tab)).toEqual(['old', 'unheard']);
      expect(refusedKeys(world)).toContain('gone');

      const rounds = roundsOf(world);
      world.run(60_000);
      expect(roundsOf(world)).toBe(rounds);
    },
  );
});

test('a newcomer is given what is older than the horizon, and settles it', () => {
  const { world, halves } = parted(1);
  for (const key of ['gone', 'a', 'b', 'c']) write(world, halves[0][0]!, key, undefined);
  world.run(120_000);
  for (const tab of halves[1]) world.crash(tab);
  world.server.setUp(true);
  const newcomer = world.open();
  expect(world.runUntil(() => rostersAreEqual(world), 60_000)).toBe(true);
  world.run(2_000);
  expect(keysOf(newcomer)).toEqual(['d', 'e', 'f', 'g', 'old']);
  expect(horizonOf(newcomer)).toBeGreaterThan(0);
  expect(newcomer.node.inspect().state.settled).toBe(false);
  world.run(60_000);
  expect(newcomer.node.inspect().state.settled).toBe(true);
  for (const tab of world.living()) expect(keysOf(tab)).toEqual(['d', 'e', 'f', 'g', 'old']);
});

test('a forged horizon is refused, and one as high as may be takes nothing that lives', () => {
  const { world, halves } = parted(2);
  meet(world);
  world.run(30_000);
  const [liar, victim] = halves[0] as [Tab, Tab];
  const forge = (ageMs: number): void => {
    const wall = 1_700_000_000_000 + Math.floor(world.timeMs()) - ageMs;
    const records = [horizonEntry({ wall, counter: 0, by: liar.id })];
    victim.give(() => ({
      kind: 'frame',
      from: liar.id,
      message: { kind: 'delta', table: 'state', records },
      bytes: 0,
    }));
    world.run(90_000);
  };
  forge(0);
  const told = eventsOf(victim).flatMap((event) => (event.kind === 'peerMisbehaved' ? [event.reason] : []));
  expect(told).toEqual(['horizon-too-new']);
  expect(world.living().map(horizonOf)).toEqual(world.living().map(() => 0));
  forge(60_000);
  expect(new Set(world.living().map(horizonOf)).size).toBe(1);
  expect(horizonOf(victim)).toBeGreaterThan(0);
  for (const tab of world.living()) {
    expect(tab.node.inspect().state.settled).toBe(true);
    expect(keysOf(tab)).toHaveLength(9);
  }
});

/** A room of six that held the same, in two halves of three. */
function parted(seed: number): {
  readonly world: World;
  readonly halves: readonly [readonly Tab[], readonly Tab[]];
} {
  const world = createRoom(6, { seed, config: FORGETFUL, calmMs: 10_000 });
  const tabs = world.living();
  for (const key of ['old', 'gone', ...Array.from('abcdefg')]) write(world, tabs[0]!, key, 1);
  world.run(10_000);
  const halves = [tabs.slice(0, 3), tabs.slice(3)] as const;
  world.server.setUp(false);
  for (const one of halves[0]) {
    for (const other of halves[1]) cutBothWays(world, one, other);
  }
  world.run(45_000);
  return { world, halves };
}

function meet(world: World): void {
  world.heal();
  world.server.setUp(true);
  expect(world.runUntil(() => rostersAreEqual(world), 60_000)).toBe(true);
}

function write(world: World, tab: Tab, key: string, value: Value | undefined): void {
  world.command(tab, { kind: 'write', collection: 'notes', key, value });
}

function keysOf(tab: Tab): string[] {
  return [...(tab.node.inspect().state.collections.get('notes')?.keys() ?? [])].toSorted();
}

const horizonOf = ({ node }: Tab): number => node.inspect().state.horizon;

function stateRoots(world: World): ReadonlySet<string> {
  return new Set(world.living().map(({ node }) => hashToText(node.inspect().reconcile.roots.state)));
}

function roundsOf(world: World): number {
  return world.living().reduce((sum, { node }) => sum + node.inspect().reconcile.rounds, 0);
}

function refusedKeys(world: World): string[] {
  return world
    .living()
    .flatMap((tab) =>
      eventsOf(tab).flatMap((event) => (event.kind === 'entryRefused' ? [event.entry.key] : [])),
    );
}
