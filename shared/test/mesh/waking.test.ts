/** A tab that slept comes back in a new epoch: told as a return, shown and heard as before, at nobody's cost. */
import { describe, expect, test } from 'vitest';
import { createWorld, eventsOf, isOneComponent, rostersAreEqual, type Tab, type World } from './fixture.ts';

const SEEDS: readonly number[] = [1, 2, 3, 4];
const cases = SEEDS.flatMap((seed) => (['with', 'without'] as const).map((server) => ({ seed, server })));

describe.each(cases)(
  'a tab that slept for a minute in a room of eight $server a server (seed $seed)',
  (given) => {
    test('is told as a return and seen again by all, and accuses nobody', () => {
      const { world, sleeper, others } = createRoom(given);
      sleep(world, sleeper, 60_000);
      const seen = world.tabs.map((tab) => eventsOf(tab).length);
      expect(others.flatMap((tab) => lost(tab, 0))).toEqual(others.map(() => sleeper.id));
      world.wake(sleeper);
      expect(world.runUntil(() => isWhole(world), 20_000)).toBe(true);
      world.run(30_000);
      expect(isWhole(world)).toBe(true);
      for (const tab of others) expect(returns(tab)).toEqual([{ id: sleeper.id, returned: true }]);
      expect(world.tabs.flatMap((tab, at) => lost(tab, seen[at]!))).toEqual([]);
      expect(others.flatMap((tab) => suspectedBy(tab, sleeper))).toEqual([]);
      expect(world.tabs.map((tab) => epochOf(tab, sleeper))).toEqual(world.tabs.map(() => 2));
      expect(world.tabs.flatMap(misbehaviors)).toEqual([]);
    });

    test('shows what it showed, and what it shows next', () => {
      const { world, sleeper, others } = createRoom(given);
      sleep(world, sleeper, 60_000);
      expect(others.map((tab) => shown(tab, sleeper))).toEqual(others.map(() => undefined));
      world.wake(sleeper);
      expect(world.runUntil(() => everyone(others, (tab) => shown(tab, sleeper) === 'zoe'), 20_000)).toBe(
        true,
      );
      world.command(sleeper, { kind: 'present', fields: new Map([['name', 'zed']]) });
      world.run(5_000);
      expect(others.map((tab) => shown(tab, sleeper))).toEqual(others.map(() => 'zed'));
      expect(world.tabs.map((tab) => shown(sleeper, tab))).toEqual(world.tabs.map((tab) => shown(tab, tab)));
    });

    test('is heard by all, once each, also with its first word, and hears them', () => {
      const { world, sleeper, others } = createRoom(given);
      publish(world, sleeper, 'before');
      world.run(1_000);
      sleep(world, sleeper, 60_000);
      speakFirst(world, sleeper, 'first');
      expect(spoken(sleeper)).toEqual([{ epoch: 2, seq: 1 }]);
      world.run(20_000);
      publish(world, sleeper, 'after');
      publish(world, others[0]!, 'welcome');
      world.run(10_000);
      for (const tab of others) expect(heard(tab, sleeper)).toEqual(['before', 'first', 'after']);
      for (const tab of [sleeper, others[1]!]) expect(heard(tab, others[0]!)).toEqual(['welcome']);
      expect(world.tabs.flatMap(gaps)).toEqual([]);
    });

    test('gets what was said shortly before it woke, and is told how much it missed', () => {
      const { world, sleeper, others } = createRoom(given);
      const [speaker] = others as [Tab];
      publish(world, speaker, 'before');
      world.run(1_000);
      world.freeze(sleeper);
      world.run(20_000);
      publish(world, speaker, 'missed');
      world.run(30_000);
      publish(world, speaker, 'late');
      world.run(10_000);
      world.wake(sleeper);
      world.run(20_000);
      publish(world, speaker, 'after');
      world.run(5_000);
      expect(heard(sleeper, speaker)).toEqual(['before', 'late', 'after']);
      expect(gaps(sleeper)).toEqual([{ from: speaker.id, missed: 1 }]);
      expect(others.flatMap(gaps)).toEqual([]);
    });
  },
);

test('who sleeps for a few seconds only keeps its epoch', () => {
  const { world, sleeper, others } = createRoom({ seed: 1 });
  // Its machine sleeps, so that not even its browser answers and others give it up.
  world.suspend(sleeper);
  world.run(8_000);
  expect(others.flatMap((tab) => lost(tab, 0)).length).toBeGreaterThan(0);
  world.wake(sleeper);
  expect(world.runUntil(() => isWhole(world), 20_000)).toBe(true);
  expect(world.tabs.map((tab) => epochOf(tab, sleeper))).toEqual(world.tabs.map(() => 1));
});

test('a whole room that slept, as on one machine, is whole again and hears each first word once', () => {
  const { world } = createRoom({ seed: 2, server: 'without' });
  for (const tab of world.tabs) world.freeze(tab);
  world.run(3_600_000);
  world.tabs.forEach((tab, at) => speakFirst(world, tab, at));
  world.run(30_000);
  expect(isWhole(world)).toBe(true);
  for (const tab of world.tabs) {
    for (const [at, other] of world.tabs.entries()) {
      expect(epochOf(tab, other)).toBe(2);
      if (other === tab) continue;
      expect(heard(tab, other)).toEqual([at]);
      expect(shown(tab, other)).toBe(shown(other, other));
    }
    expect([...lost(tab, 0), ...gaps(tab)]).toEqual([]);
  }
});

test('a tab that leaves as it wakes does not come back for it', () => {
  const { world, sleeper, others } = createRoom({ seed: 3 });
  sleep(world, sleeper, 60_000);
  world.wake(sleeper, { kind: 'leave' });
  world.run(5_000);
  expect(others.flatMap(returns)).toEqual([]);
});

/** A settled room of eight, each of which shows a name; what was told before is forgotten. */
function createRoom({ seed, server = 'with' }: { seed: number; server?: 'with' | 'without' }): {
  world: World;
  sleeper: Tab;
  others: readonly Tab[];
} {
  const world = createWorld({ seed });
  for (let count = 0; count < 8; count++) world.open();
  expect(world.runUntil(() => isWhole(world), 60_000)).toBe(true);
  if (server === 'without') world.server.setUp(false);
  const [sleeper, ...others] = world.tabs as [Tab, ...Tab[]];
  for (const [at, tab] of world.tabs.entries()) {
    const name = tab === sleeper ? 'zoe' : `n${at}`;
    world.command(tab, { kind: 'present', fields: new Map([['name', name]]) });
  }
  world.run(10_000);
  for (const tab of world.tabs) eventsOf(tab).length = 0;
  return { world, sleeper, others };
}

function sleep(world: World, tab: Tab, ms: number): void {
  world.freeze(tab);
  world.run(ms);
}

/** Wakes it with a word of its own before anything that came meanwhile. */
function speakFirst(world: World, tab: Tab, data: string | number): void {
  world.wake(tab, { kind: 'publish', topic: 'chat', data });
}

function publish(world: World, tab: Tab, data: string): void {
  world.command(tab, { kind: 'publish', topic: 'chat', data });
}

function isWhole(world: World): boolean {
  return rostersAreEqual(world) && isOneComponent(world);
}

function everyone(tabs: readonly Tab[], holds: (tab: Tab) => boolean): boolean {
  return tabs.every(holds);
}

function lost(tab: Tab, since: number): unknown[] {
  return eventsOf(tab)
    .slice(since)
    .flatMap((event) => (event.kind === 'memberLeft' ? [event.id] : []));
}

function returns(tab: Tab): unknown[] {
  return eventsOf(tab).flatMap(({ kind, ...event }) => (kind === 'memberJoined' ? [event] : []));
}

function suspectedBy(tab: Tab, accuser: Tab): unknown[] {
  return eventsOf(tab).flatMap((event) =>
    event.kind === 'memberSuspected' && event.by === accuser.id ? [event.id] : [],
  );
}

function misbehaviors(tab: Tab): unknown[] {
  return eventsOf(tab).filter(({ kind }) => kind === 'peerMisbehaved');
}

function epochOf(tab: Tab, { id }: Tab): number | undefined {
  return tab.node.inspect().membership.members.get(id)?.epoch;
}

function shown(tab: Tab, { id }: Tab): unknown {
  return tab.node.inspect().presence.fieldsByOwner.get(id)?.get('name');
}

function heard(tab: Tab, from: Tab): unknown[] {
  return eventsOf(tab).flatMap((event) =>
    event.kind === 'message' && event.from === from.id ? [event.data] : [],
  );
}

/** The heads of what it said to all, by epoch. */
function spoken({ id, node }: Tab): unknown[] {
  const heads = node
    .inspect()
    .broadcast.heads.filter(({ origin, lane }) => origin === id && lane === 'reliable');
  return heads.map(({ epoch, seq }) => ({ epoch, seq }));
}

function gaps(tab: Tab): unknown[] {
  return eventsOf(tab).flatMap(({ kind, ...event }) => (kind === 'gap' ? [event] : []));
}
