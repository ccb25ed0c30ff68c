/** The swarm's faults on those attached, and its checker of them, on rooms that are what they seem. */
import { expect, test } from 'vitest';
import { createRng } from '#shared/base/rng.ts';
import { createGreeterFaults, fewGreet } from '#sim/swarm/greeters.ts';
import { createMeshWorld } from '#sim/world.ts';

type MeshWorld = ReturnType<typeof createMeshWorld>;

function settledRoom(): MeshWorld {
  const world = createMeshWorld({ seed: 4 });
  for (let opened = 0; opened < 12; opened++) world.open();
  world.run(120_000);
  return world;
}

function complaintsOf(world: MeshWorld): readonly string[] {
  const complaints: string[] = [];
  fewGreet(world, (what) => complaints.push(what)).whenCalm?.();
  return complaints;
}

test('all who are attached vanish at once, and never more than leaves a room', () => {
  const world = settledRoom();
  const faults = createGreeterFaults(world, createRng([1]));
  const greeters = world.living().filter(world.server.isAttached);
  expect(greeters).toHaveLength(4);
  for (let step = 0; step < 200 && greeters.every((tab) => tab.isAlive()); step++) faults.give();
  expect(greeters.map((tab) => tab.isAlive())).toEqual([false, false, false, false]);
  for (let step = 0; step < 1_000; step++) {
    world.run(100);
    faults.give();
  }
  expect(world.living().length).toBeGreaterThanOrEqual(3);
});

test('the checker complains of too few, of too many, and of those who do not know whose sockets are open', () => {
  const world = settledRoom();
  expect(complaintsOf(world)).toEqual([]);
  const [gone] = world.living().filter(world.server.isAttached);
  world.server.release(gone!);
  // It knows itself that it is none.
  expect(complaintsOf(world)).toEqual([
    '3 of 12 greet',
    ...world
      .living()
      .flatMap(({ id }) => (id === gone!.id ? [] : [`${id.slice(0, 4)} does not know who greets`])),
  ]);
  for (const tab of world.living()) world.server.attach(tab);
  world.run(500);
  expect(complaintsOf(world)[0]).toBe('12 of 12 hold sockets');
});
