import { describe, expect, it } from 'vitest';
import { formRoom } from '#sim/forming.ts';
import { createTraffic, deliveredPct, inPresence, redundancy, total } from '#sim/traffic.ts';
import { createMeshWorld, type World } from '#sim/world.ts';
import type { MeshSnapshot } from '#shared/mesh/node.ts';

function createRoom(nodes: number): World<MeshSnapshot> {
  const world = createMeshWorld({ seed: 3 });
  formRoom(world, { nodes, calmMs: 5_000 });
  return world;
}

describe('traffic', () => {
  it('counts deliveries, copies and times of what is said, each for its own phase', () => {
    const world = createRoom(4);
    const [one, two] = world.tabs;
    const traffic = createTraffic(world);
    const first = traffic.begin();
    traffic.say(one!);
    const second = traffic.begin();
    traffic.say(two!);
    world.run(3_000);
    for (const { sayings, tookMs, hops } of [first, second]) {
      expect([total(sayings, 'hearers'), total(sayings, 'deliveries')]).toEqual([3, 3]);
      expect(deliveredPct(sayings)).toBe(100);
      expect(tookMs).toHaveLength(3);
      expect(Math.max(...tookMs)).toBe(sayings[0]!.lastMs);
      expect(Math.max(...hops)).toBe(sayings[0]!.hopsMax);
      expect(sayings[0]!.lastMs).toBeGreaterThanOrEqual(sayings[0]!.floorMs);
      expect(redundancy(sayings)).toBeCloseTo(total(sayings, 'copies') / 3 - 1);
    }
    expect(first.controlBytes() + second.controlBytes()).toBeGreaterThan(0);
  });

  it('misses who does not hear', () => {
    const world = createRoom(3);
    const [one, two] = world.tabs;
    const traffic = createTraffic(world);
    const phase = traffic.begin();
    world.freeze(two!);
    traffic.say(one!);
    world.run(1_000);
    expect(deliveredPct(phase.sayings)).toBe(50);
  });

  it('knows what is shown as well as what is said', () => {
    const world = createRoom(3);
    const traffic = createTraffic(world, inPresence);
    const phase = traffic.begin();
    traffic.say(world.tabs[0]!);
    world.run(1_000);
    expect(deliveredPct(phase.sayings)).toBe(100);
    expect(total(phase.sayings, 'copies')).toBeGreaterThanOrEqual(2);
  });
});
