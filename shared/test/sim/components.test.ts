import { describe, expect, it } from 'vitest';
import { componentsOf, largestPct } from '#sim/components.ts';
import { formRoom } from '#sim/forming.ts';
import { createMeshWorld } from '#sim/world.ts';

describe('the components of a room', () => {
  it('are one while all are linked, and one for each that is left over by itself', () => {
    const world = createMeshWorld({ seed: 1 });
    formRoom(world, { nodes: 5, calmMs: 0 });
    expect(componentsOf(world, world.living()).map(({ length }) => length)).toEqual([5]);
    const [a, b, c] = world.tabs;
    for (const other of world.tabs) if (other !== a) world.failLink(a!, other);
    world.run(0);
    expect(componentsOf(world, world.living()).map(({ length }) => length)).toEqual([4, 1]);
    expect(largestPct(world, world.living())).toBe(80);
    // Links by way of others do not count for those asked about.
    expect(componentsOf(world, [a!, b!, c!]).map(({ length }) => length)).toEqual([2, 1]);
  });

  it('leave nobody out: the largest of nobody is everyone', () => {
    const world = createMeshWorld({ seed: 1 });
    expect(componentsOf(world, [])).toEqual([]);
    expect(largestPct(world, [])).toBe(100);
  });

  it('hold who is gone together no longer', () => {
    const world = createMeshWorld({ seed: 2 });
    formRoom(world, { nodes: 4, calmMs: 0 });
    world.crash(world.tabs[0]!);
    expect(componentsOf(world, world.living()).map(({ length }) => length)).toEqual([3]);
  });
});
