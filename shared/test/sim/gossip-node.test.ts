import { expect, it } from 'vitest';
import { formGossip } from '#sim/forming.ts';
import { createGossipWorld } from '#sim/gossip-node.ts';
import { createTraffic, deliveredPct, redundancy } from '#sim/traffic.ts';

it('nodes of overlay and broadcast alone form a room of 50, in which everyone hears everyone, once', () => {
  const world = createGossipWorld({ seed: 5, nodes: 50 });
  const misbehaved: unknown[] = [];
  let told = 0;
  world.observe({
    told: (_tab, event) => {
      if (event.kind === 'peerMisbehaved') misbehaved.push(event);
      if (event.kind === 'message') told += 1;
    },
  });
  formGossip(world, { nodes: 50, calmMs: 5_000 });
  const traffic = createTraffic(world);
  const phase = traffic.begin();
  for (const tab of world.living()) {
    traffic.say(tab);
    world.run(100);
  }
  world.run(3_000);
  expect(deliveredPct(phase.sayings)).toBe(100);
  expect(told).toBe(50 * 49);
  expect(redundancy(phase.sayings)).toBeGreaterThanOrEqual(0);
  expect(misbehaved).toEqual([]);
});

it('a node of these that leaves lets its neighbors find others', () => {
  const world = createGossipWorld({ seed: 6, nodes: 30 });
  formGossip(world, { nodes: 30, calmMs: 0 });
  const [leaver] = world.living();
  const left = [...world.neighborsOf(leaver!).keys()].map((id) => world.tabOf(id)!);
  world.leave(leaver!);
  world.run(20_000);
  expect(left.map((tab) => tab.node.inspect().overlay.activeView.includes(leaver!.id))).not.toContain(true);
  for (const tab of left) expect(world.neighborsOf(tab).size).toBeGreaterThanOrEqual(4);
});
