/** Old timers reach the tabs that once asked for them, so a layer that acts on one does so in a swarm. */
import { expect, test } from 'vitest';
import { createRng } from '#shared/base/rng.ts';
import { createMeshWorld } from '#sim/world.ts';
import { createOddTimers } from '#sim/swarm/odd-timers.ts';

test('timers that a tab asked for before come once more, and before their time', () => {
  const world = createMeshWorld({ seed: 1 });
  const oddTimers = createOddTimers(world, createRng([1]));
  const [tab] = [world.open(), world.open()];
  world.run(5_000);
  const given: string[] = [];
  const asked = new Set<string>();
  world.observe({
    stepped: (stepped, input) => {
      if (stepped === tab && input.kind === 'timer') given.push(JSON.stringify(input.timer));
    },
  });
  for (let step = 0; step < 20; step++) oddTimers.give();
  given.forEach((timer) => asked.add(timer));
  // No time passed: not one of them was due.
  expect(given.length).toBeGreaterThan(asked.size);
  expect(asked.size).toBeGreaterThan(5);
});
