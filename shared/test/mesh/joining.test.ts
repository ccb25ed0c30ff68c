/** Tabs that come many at once, and one that comes back: what is said next is heard soon, what was said before is past. */
import { describe, expect, test } from 'vitest';
import {
  createRoom,
  createWorld,
  cutBothWays,
  eventsOf,
  rostersAreEqual,
  type Tab,
  type World,
} from './fixture.ts';

describe.each([1, 2, 3, 4, 5, 6])('seed %i', (seed) => {
  test.each([200, 1_000])(
    'eight tabs open at once in a room that said something each %i ms: all hear what is said next, nothing older',
    (pauseMs) => {
      const world = createSettled(seed, 4);
      const residents = world.living();
      for (let n = 0; n < 20; n++) {
        publish(world, residents[n % 2]!, 'old');
        world.run(pauseMs);
      }
      const newcomers = Array.from({ length: 8 }, () => world.open());
      expect(world.runUntil(() => rostersAreEqual(world), 60_000)).toBe(true);
      world.run(1_000);

      for (const [at, tab] of residents.entries()) publish(world, tab, `next ${at}`);
      world.run(3_000);
      const next = residents.map((_, at) => `next ${at}`);
      expect(newcomers.map((tab) => heard(tab).toSorted())).toEqual(newcomers.map(() => next));
      world.run(12_000);
      expect(world.living().flatMap(gapsOf)).toEqual([]);
    },
  );

  test('a tab that was parted for 100 s is heard within 4 s of its return', () => {
    const world = createSettled(seed, 6);
    const [returner, ...residents] = world.living() as [Tab, ...Tab[]];
    for (let n = 0; n < 20; n++) {
      publish(world, returner, 'old');
      world.run(200);
    }
    for (const other of residents) cutBothWays(world, returner, other);
    world.server.setUp(false);
    world.run(100_000);
    world.heal();
    world.server.setUp(true);
    expect(world.runUntil(() => rostersAreEqual(world), 60_000)).toBe(true);

    publish(world, returner, 'back');
    world.run(4_000);
    expect(residents.map((tab) => heard(tab).at(-1))).toEqual(residents.map(() => 'back'));
    world.run(12_000);
    expect(world.living().flatMap(gapsOf)).toEqual([]);
  });
});

test('newcomers that meet each other in an empty room hear each other from the first word', () => {
  const world = createWorld({ seed: 7 });
  const tabs = Array.from({ length: 5 }, () => world.open());
  const isLinked = (tab: Tab): boolean => tab.node.inspect().overlay.activeView.length > 0;
  expect(world.runUntil(() => tabs.every(isLinked) && rostersAreEqual(world), 60_000)).toBe(true);
  for (const [at, tab] of tabs.entries()) publish(world, tab, `word ${at}`);
  world.run(3_000);
  for (const [at, tab] of tabs.entries()) {
    const others = tabs.flatMap((_, other) => (other === at ? [] : [`word ${other}`]));
    expect(heard(tab).toSorted()).toEqual(others);
  }
});

/** A room whose members have all met, well past their beginning. */
function createSettled(seed: number, tabs: number): World {
  return createRoom(tabs, { seed, calmMs: 6_000 });
}

function publish(world: World, tab: Tab, data: string): void {
  world.command(tab, { kind: 'publish', topic: 'chat', data });
}

function heard(tab: Tab): string[] {
  return eventsOf(tab).flatMap((event) =>
    event.kind === 'message' && typeof event.data === 'string' ? [event.data] : [],
  );
}

function gapsOf(tab: Tab): string[] {
  return eventsOf(tab).flatMap((event) => (event.kind === 'gap' ? [`${tab.id} missed ${event.missed}`] : []));
}
