/** Links whose way is gone: whole nodes mend them in place, through a neighbor or through the server. */
import { describe, expect, test } from 'vitest';
import { createRoom, eventsOf, rostersAreEqual, type Tab, type World } from './fixture.ts';

const SEEDS: readonly number[] = [1, 2, 3, 4];

/** What a tab publishes arrives everywhere, so every link that its way takes carries again. */
const speak = (world: World, tab: Tab, data: string): void =>
  world.command(tab, { kind: 'publish', topic: 'story', data });
const heardBy = (tab: Tab): readonly unknown[] =>
  eventsOf(tab).flatMap((event) => (event.kind === 'message' ? [event.data] : []));
const told = (world: World, kind: 'memberLeft' | 'memberSuspected' | 'linkClosed'): readonly unknown[] =>
  world.tabs.flatMap((tab) => eventsOf(tab).filter((event) => event.kind === kind));
const restartsOf = (tab: Tab): number => tab.node.inspect().overlay.restarts;

describe.each(SEEDS)('a tab whose machine comes into another network (seed %i)', (seed) => {
  test.each([2, 8, 24])('keeps every link it had, and nobody misses it, in a room of %i', (count) => {
    const world = createRoom(count, { seed, calmMs: 20_000 });
    const [mover, ...others] = world.tabs as [Tab, ...Tab[]];
    const links = world.attemptsOf(mover);
    const constructed = world.constructed();
    for (const tab of world.tabs) eventsOf(tab).length = 0;
    speak(world, mover, 'before');
    world.changeNetwork(mover);
    speak(world, mover, 'meanwhile');
    world.run(8_000);
    expect(told(world, 'linkClosed')).toEqual([]);
    expect(told(world, 'memberLeft')).toEqual([]);
    expect(world.attemptsOf(mover)).toEqual(links);
    expect(world.constructed()).toBe(constructed);
    const restarts = world.tabs.reduce((sum, tab) => sum + restartsOf(tab), 0);
    expect(restarts).toBeGreaterThanOrEqual(links.length);
    expect(rostersAreEqual(world)).toBe(true);
    for (const tab of others) expect(heardBy(tab)).toEqual(['before', 'meanwhile']);
  });
});

test('one link whose way is gone is mended through a common neighbor, without the server and without a suspicion', () => {
  const world = createRoom(6, { seed: 1, calmMs: 20_000 });
  world.server.setUp(false);
  world.run(1_000);
  const [one, other] = world.tabs as [Tab, Tab];
  for (const tab of world.tabs) eventsOf(tab).length = 0;
  world.strayLink(one, other);
  speak(world, one, 'meanwhile');
  world.run(6_000);
  expect(restartsOf(one) + restartsOf(other)).toBeGreaterThan(0);
  for (const kind of ['linkClosed', 'memberLeft', 'memberSuspected'] as const)
    expect(told(world, kind)).toEqual([]);
  for (const tab of world.tabs.slice(1)) expect(heardBy(tab)).toEqual(['meanwhile']);
  const restarts = restartsOf(one);
  world.run(20_000);
  expect(restartsOf(one)).toBe(restarts);
});

test('a probe of links that all work restarts none', () => {
  const world = createRoom(6, { seed: 1, calmMs: 20_000 });
  const [tab] = world.tabs as [Tab];
  tab.give(() => ({ kind: 'probe' }));
  world.run(5_000);
  expect(restartsOf(tab)).toBe(0);
});

test.each([
  ['is mended where nothing of it comes', false],
  ['is not where its frames come, and wait to be verified', true],
])('a link that is silent %s', (_what, comes) => {
  const world = createRoom(6, { seed: 1, calmMs: 20_000 });
  const [one, other] = world.tabs as [Tab, Tab];
  expect(world.neighborsOf(one).has(other.id)).toBe(true);
  for (const tab of world.tabs) eventsOf(tab).length = 0;
  world.cut(other, one);
  for (let atMs = 0; atMs < 6_000; atMs += 250)
    world.later(atMs, () => comes && one.give(() => ({ kind: 'heard', peer: other.id })));
  world.run(6_000);
  expect(restartsOf(one) > 0).toBe(!comes);
});
