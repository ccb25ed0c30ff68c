import { expect, test } from 'vitest';
import { acquaintRoom } from '#sim/acquaint.ts';
import { isFormed } from '#sim/forming.ts';
import { haveEqualState } from '#sim/halves.ts';
import { createTraffic } from '#sim/traffic.ts';
import { createMeshWorld } from '#sim/world.ts';

test('an acquainted room is formed, knows all links, says nothing of itself, and hears what is said', () => {
  const world = createMeshWorld({ seed: 3 });
  expect(acquaintRoom(world, 30)).toBe(true);
  expect(isFormed(world)).toBe(true);
  expect(haveEqualState(world.living())).toBe(true);
  for (const tab of world.living()) {
    const { members } = tab.node.inspect().membership;
    for (const other of world.living()) {
      expect(new Set(members.get(other.id)?.neighbors)).toEqual(new Set(world.neighborsOf(other).keys()));
    }
  }
  // What is said of oneself next asks nobody for what was said before; by then that is forgotten.
  let grafts = 0;
  const endGrafts = world.observe({
    sent: (_tab, _to, { kind }) => void (grafts += Number(kind === 'graft')),
  });
  world.run(40_000);
  endGrafts();
  expect(grafts).toBeLessThan(30);
  const kinds = new Set<string>();
  const end = world.observe({ sent: (_tab, _to, { kind }) => kinds.add(kind) });
  world.run(20_000);
  end();
  expect([...kinds].toSorted()).toEqual(['heartbeat', 'heartbeatAck']);
  const traffic = createTraffic(world);
  const phase = traffic.begin();
  for (const tab of world.living()) traffic.say(tab);
  world.run(5_000);
  expect(phase.tookMs).toHaveLength(30 * 29);
});

test('an observer that has ended sees no more', () => {
  const world = createMeshWorld({ seed: 1 });
  let opened = 0;
  const end = world.observe({ opened: () => void (opened += 1) });
  world.open();
  end();
  world.open();
  expect(opened).toBe(1);
});
