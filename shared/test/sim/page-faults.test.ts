/** The swarm's pages that are gone from and gone back to: that it happens, and what the others are told. */
import { expect, test } from 'vitest';
import { createRng } from '#shared/base/rng.ts';
import { createPageFaults } from '#sim/swarm/pages.ts';
import { createMeshWorld } from '#sim/world.ts';

test('pages say goodbye, stand still while they are gone, and are all members again at the end', () => {
  const world = createMeshWorld({ seed: 4 });
  for (let opened = 0; opened < 8; opened++) world.open();
  world.run(30_000);
  const told = { left: 0, returned: 0, failed: 0 };
  world.observe({
    told: (_tab, event) => {
      if (event.kind === 'memberLeft' && event.reason === 'goodbye') told.left += 1;
      if (event.kind === 'memberLeft' && event.reason === 'failed') told.failed += 1;
      if (event.kind === 'memberJoined' && event.returned) told.returned += 1;
    },
  });
  const faults = createPageFaults(world, createRng([1]));
  let goneMost = 0;
  for (let step = 0; step < 60; step++) {
    faults.give();
    goneMost = Math.max(goneMost, world.living().filter((tab) => tab.mode() !== 'running').length);
    world.run(1_000);
  }
  expect(goneMost).toBeGreaterThan(0);
  expect(told.left).toBeGreaterThan(0);
  faults.end();
  world.run(30_000);
  expect(world.living().map((tab) => tab.mode())).toEqual(Array.from({ length: 8 }, () => 'running'));
  for (const { node } of world.living()) expect(node.inspect().membership.members.size).toBe(8);
  expect(told.returned).toBeGreaterThan(0);
  expect(told.failed).toBe(0);
});
