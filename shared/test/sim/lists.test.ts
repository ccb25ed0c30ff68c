import { describe, expect, it } from 'vitest';
import { formRoom } from '#sim/forming.ts';
import { followLists, type Departure } from '#sim/lists.ts';
import { createMeshWorld } from '#sim/world.ts';

describe('the lists of a room', () => {
  it('are those that the nodes hold', () => {
    const world = createMeshWorld({ seed: 4 });
    const lists = followLists(world);
    formRoom(world, { nodes: 4, calmMs: 0 });
    const [a, b, c, d] = world.tabs;
    expect([b, c, d].map((tab) => lists.has(a!, tab!.id))).toEqual([true, true, true]);
    expect(lists.goneAtMs(a!, b!.id)).toBeUndefined();
    world.leave(b!);
    world.run(1_000);
    world.crash(c!);
    world.run(10_000);
    const { members } = a!.node.inspect().membership;
    expect([b, c, d].map((tab) => lists.has(a!, tab!.id))).toEqual(
      [b, c, d].map((tab) => members.has(tab!.id)),
    );
    expect(lists.has(a!, d!.id)).toBe(true);
  });

  it('know when each was told of a departure, and tell of it at once, with its reason', () => {
    const world = createMeshWorld({ seed: 5 });
    const departures: (Departure<unknown> & { readonly atMs: number })[] = [];
    const lists = followLists(world, (departure) => departures.push({ ...departure, atMs: world.timeMs() }));
    formRoom(world, { nodes: 3, calmMs: 0 });
    const [a, b, c] = world.tabs;
    world.leave(c!);
    world.run(1_000);
    world.crash(b!);
    world.run(10_000);
    expect(departures.filter(({ tab }) => tab === a).map(({ id, reason }) => [id, reason])).toEqual([
      [c!.id, 'goodbye'],
      [b!.id, 'failed'],
    ]);
    expect(lists.goneAtMs(a!, b!.id)).toBe(departures.find(({ tab, id }) => tab === a && id === b!.id)?.atMs);
  });

  it('forget a departure when the member is back', () => {
    const world = createMeshWorld({ seed: 6 });
    const lists = followLists(world);
    formRoom(world, { nodes: 3, calmMs: 5_000 });
    const [a, b] = world.tabs;
    world.suspend(b!);
    world.run(7_000);
    expect(lists.goneAtMs(a!, b!.id)).toBeDefined();
    world.wake(b!);
    world.run(20_000);
    expect(lists.has(a!, b!.id)).toBe(true);
    expect(lists.goneAtMs(a!, b!.id)).toBeUndefined();
  });
});
