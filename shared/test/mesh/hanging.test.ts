/** Tabs that hang for some seconds while the server is away: the room gives them up, and takes them back. */
import { describe, expect, test } from 'vitest';
import { createRng } from '#shared/base/rng.ts';
import type { MeshEvent } from '#shared/mesh/messages.ts';
import type { NetworkConditions } from '#sim/conditions.ts';
import {
  createRoom,
  cutBothWays,
  eventsOf,
  isOneComponent,
  NEVER_GIVES_UP,
  rostersAreEqual,
  type Tab,
  type World,
} from './fixture.ts';

/** Nobody waits for longer for one whose browser still answers. */
const GIVEN_UP_MS = 20_000;

/** A settled room of twelve without a server. */
function createTwelve(seed: number, conditions: Partial<NetworkConditions> = {}): World {
  const world = createRoom(12, { seed, conditions, calmMs: 15_000 });
  world.server.setUp(false);
  world.run(3_000);
  return world;
}

function expectWhole(world: World): void {
  expect(isOneComponent(world)).toBe(true);
  expect(rostersAreEqual(world)).toBe(true);
  for (const tab of world.living()) {
    const { activeView, parked } = tab.node.inspect().overlay;
    expect(activeView.length).toBeGreaterThanOrEqual(4);
    expect(activeView.length).toBeLessThanOrEqual(10);
    expect(parked).toEqual([]);
  }
}

const heard = (tab: Tab): unknown[] =>
  eventsOf(tab).flatMap((event) => (event.kind === 'message' ? [event.data] : []));

const reasonsToLeave = (tab: Tab): string[] =>
  eventsOf(tab).flatMap((event) => (event.kind === 'memberLeft' ? [event.reason] : []));

describe.each([1, 2, 3, 4])('seed %i', (seed) => {
  test.each([3_000, 8_000, 20_000])('half of a room that hangs for %i ms is back soon after', (hangMs) => {
    const world = createTwelve(seed);
    const constructed = world.constructed();
    const hanging = world.living().slice(0, 6);
    for (const tab of hanging) world.freeze(tab);
    world.run(hangMs);
    for (const tab of hanging) world.wake(tab);
    expect(world.runUntil(() => rostersAreEqual(world), 10_000)).toBe(true);
    world.run(20_000);
    expectWhole(world);
    // Links that were parked go back into use: hardly any is built anew.
    expect(world.constructed() - constructed).toBeLessThanOrEqual(24);
  });

  test('tabs that hang one after another and again and again end as one room', () => {
    const world = createTwelve(seed);
    const rng = createRng([seed, 7]);
    const end = world.timeMs() + 20_000;
    while (world.timeMs() < end) {
      for (const tab of world.living()) {
        const isFrozen = tab.mode() === 'frozen';
        if (isFrozen && rng.below(4) === 0) world.wake(tab);
        else if (!isFrozen && rng.below(2) === 0) world.freeze(tab);
      }
      world.run(300 + rng.below(900));
    }
    for (const tab of world.living()) if (tab.mode() === 'frozen') world.wake(tab);
    world.run(30_000);
    expectWhole(world);
  });

  test('one whose browser still answers is suspect, and nobody misses it for 9 s', () => {
    const world = createTwelve(seed);
    const [hanging, ...others] = world.living() as [Tab, ...Tab[]];
    const suspects = (tab: Tab): boolean =>
      tab.node.inspect().membership.members.get(hanging.id)?.status === 'suspect';
    const toldBefore = new Map(others.map((tab) => [tab, eventsOf(tab).length]));
    world.freeze(hanging);
    world.run(6_000);
    expect(others.every(suspects)).toBe(true);
    world.run(3_000);
    world.wake(hanging);
    world.run(2_000);
    expect(others.some(suspects)).toBe(false);
    const isNews = ({ kind }: MeshEvent): boolean => kind === 'memberLeft' || kind === 'memberJoined';
    expect(others.flatMap((tab) => eventsOf(tab).slice(toldBefore.get(tab)).filter(isNews))).toEqual([]);
  });

  test('what a tab says first when it comes to itself is heard by all, once', () => {
    const world = createTwelve(seed);
    const [hanging, ...others] = world.living() as [Tab, ...Tab[]];
    world.freeze(hanging);
    world.run(GIVEN_UP_MS);
    expect(reasonsToLeave(others[0]!)).toEqual(['failed']);
    world.wake(hanging);
    world.command(hanging, { kind: 'publish', topic: 'chat', data: 'sorry' });
    world.run(5_000);
    for (const tab of others) expect(heard(tab)).toEqual(['sorry']);
  });

  test('one that hangs in a room of two is back, and so is one that each end gave up', () => {
    const world = createRoom(2, { seed });
    const [a, b] = world.living() as [Tab, Tab];
    world.server.setUp(false);
    world.run(5_000);
    world.freeze(b);
    world.run(GIVEN_UP_MS);
    expect(reasonsToLeave(a)).toEqual(['failed']);
    world.wake(b);
    expect(world.runUntil(() => rostersAreEqual(world), 5_000)).toBe(true);
    cutBothWays(world, a, b);
    world.run(10_000);
    expect([reasonsToLeave(a), reasonsToLeave(b)]).toEqual([['failed', 'failed'], ['failed']]);
    world.heal();
    expect(world.runUntil(() => rostersAreEqual(world), 15_000)).toBe(true);
  });

  test('a channel of one that has really crashed is given up', () => {
    const world = createTwelve(seed, NEVER_GIVES_UP);
    const [crashed, other] = world.living() as [Tab, Tab];
    world.crash(crashed);
    world.run(10_000);
    expect(reasonsToLeave(other)).toEqual(['failed']);
    world.run(70_000);
    expectWhole(world);
  });
});
