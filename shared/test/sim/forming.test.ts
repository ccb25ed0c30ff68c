import { expect, it } from 'vitest';
import { formGossip, formRoom } from '#sim/forming.ts';
import { createGossipWorld } from '#sim/gossip-node.ts';
import { createMeshWorld } from '#sim/world.ts';

it('a room that does not form is no room to measure in', () => {
  const world = createMeshWorld({ seed: 1 });
  world.server.setUp(false);
  expect(() => formRoom(world, { nodes: 3 })).toThrow('The room of 3 did not form within 120 s.');
  const gossip = createGossipWorld({ seed: 1, nodes: 3 });
  gossip.server.setUp(false);
  expect(() => formGossip(gossip, { nodes: 3 })).toThrow('The room of 3 did not form');
});
