import { beforeEach, describe, expect, test } from 'vitest';
import type { MeshSnapshot } from '#shared/mesh/node.ts';
import { formRoom } from '#sim/forming.ts';
import { componentsOf } from '#sim/components.ts';
import { crossedPct, halvesOf, haveEqualState, listExactly, watchMerge } from '#sim/halves.ts';
import { createMeshWorld, type World } from '#sim/world.ts';

/** A small room is a full mesh. */
const NODES = 6;

test('halves hang together, where chance alone would leave somebody without a link', () => {
  const world = createMeshWorld({ seed: 6 });
  formRoom(world, { nodes: 20, calmMs: 5_000 });
  const draws = Array.from({ length: 40 }, () => world.rng.sample(world.living(), 10));
  expect(draws.some((half) => componentsOf(world, half).length > 1)).toBe(true);
  for (let draw = 0; draw < 40; draw++) {
    for (const half of halvesOf(world))
      expect(componentsOf(world, half).map(({ length }) => length)).toEqual([10]);
  }
});

describe('two halves of a room', () => {
  let world: World<MeshSnapshot>;
  beforeEach(() => {
    world = createMeshWorld({ seed: 4 });
    formRoom(world, { nodes: NODES, calmMs: 5_000 });
  });

  test('are all of it, and none is in both', () => {
    const [one, other] = halvesOf(world);
    expect([one.length, other.length]).toEqual([3, 3]);
    expect(new Set([...one, ...other]).size).toBe(NODES);
    world.crash(one[0]!);
    expect(halvesOf(world).map(({ length }) => length)).toEqual([3, 2]);
  });

  test('nine of the fifteen links of a full mesh cross', () => {
    expect(crossedPct(world, halvesOf(world)[0])).toBe(60);
    expect(crossedPct(world, [])).toBe(0);
    expect(componentsOf(world, world.living()).map(({ length }) => length)).toEqual([NODES]);
  });

  test('list themselves exactly when they have buried each other, and are two components', () => {
    const [one, other] = halvesOf(world);
    expect([listExactly(one), listExactly(world.living())]).toEqual([false, true]);
    world.part([one, other]);
    world.server.setUp(false);
    world.run(40_000);
    expect([listExactly(one), listExactly(other), listExactly(world.living())]).toEqual([true, true, false]);
    expect(componentsOf(world, world.living()).map(({ length }) => length)).toEqual([3, 3]);
    expect(crossedPct(world, one)).toBe(0);
  });

  test('hold unequal state as long as one write has not crossed', () => {
    const [one, other] = halvesOf(world);
    world.part([one, other]);
    world.command(one[0]!, { kind: 'write', collection: 'c', key: 'k', value: 1 });
    world.run(2_000);
    expect([haveEqualState(one), haveEqualState(other), haveEqualState(world.living())]).toEqual([
      true,
      true,
      false,
    ]);
  });

  test('a merge is timed from the healing, its state from the first link across', () => {
    const [one, other] = halvesOf(world);
    world.part([one, other]);
    world.server.setUp(false);
    world.run(70_000);
    world.command(one[0]!, { kind: 'write', collection: 'c', key: 'k', value: 1 });
    expect(watchMerge(world, one, 5_000)).toEqual({
      mergedMs: 5_000,
      firstCrossMs: 5_000,
      stateEqualMs: 5_000,
    });
    world.heal();
    world.server.setUp(true);
    const merge = watchMerge(world, one, 60_000);
    expect(merge.firstCrossMs).toBeGreaterThan(300);
    expect(merge.mergedMs).toBeGreaterThan(merge.firstCrossMs);
    expect(merge.mergedMs).toBeLessThan(60_000);
    expect(merge.stateEqualMs).toBeLessThan(60_000);
    expect(listExactly(world.living()) && haveEqualState(world.living())).toBe(true);
  });
});
