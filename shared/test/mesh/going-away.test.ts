/** A page that is put away by its browser, and perhaps shown again: a goodbye, and another life of the same member. */
import { describe, expect, test } from 'vitest';
import { numberToReceipt } from '#sim/receipts.ts';
import { createRoom, eventsOf, isOneComponent, rostersAreEqual, type Tab, type World } from './fixture.ts';

interface Scene {
  readonly world: World;
  readonly away: Tab;
  readonly others: readonly Tab[];
}

/** Six who have been together for so long; the first goes, and nothing of it runs any more. */
function goAway(calmMs: number): Scene {
  const world = createRoom(6, { seed: 3, calmMs });
  const [away, ...others] = world.living() as [Tab, ...Tab[]];
  world.command(away, { kind: 'write', collection: 'notes', key: 'before', value: 1 });
  world.command(away, { kind: 'present', fields: new Map([['name', 'ada']]) });
  world.run(2_000);
  world.command(away, { kind: 'goAway' });
  world.freeze(away);
  return { world, away, others };
}

/** Its socket was closed when it went, so that it dials anew. */
function comeBack(world: World, tab: Tab): void {
  world.wake(tab, { kind: 'comeBack' });
  world.changeNetwork(tab);
}

const told = (tabs: readonly Tab[], kind: string, id: string): readonly unknown[] =>
  tabs.flatMap((tab) =>
    eventsOf(tab).filter((event) => event.kind === kind && 'id' in event && event.id === id),
  );

/** Of one tab's life, as another knows it. */
const epochAt = (tab: Tab, of: Tab): number | undefined =>
  tab.node.inspect().membership.members.get(of.id)?.epoch;

describe('who goes away', () => {
  test('is off all lists at once, by a goodbye, and holds no channel', () => {
    const { world, away, others } = goAway(10_000);
    const { activeView, pending, parked } = away.node.inspect().overlay;
    expect([activeView, pending, parked]).toEqual([[], [], []]);
    expect(world.neighborsOf(away).size).toBe(0);
    world.run(200);
    const goodbye = { kind: 'memberLeft', id: away.id, reason: 'goodbye' };
    expect(told(others, 'memberLeft', away.id)).toEqual(others.map(() => goodbye));
    world.run(60_000);
    expect(told(others, 'memberLeft', away.id)).toHaveLength(others.length);
    expect(told(others, 'memberSuspected', away.id)).toEqual([]);
  });

  test.each([
    [10_000, 100],
    [10_000, 5_000],
    [10_000, 120_000],
    // Most have let go of the server.
    [120_000, 5_000],
  ])('after %i ms, and comes back %i ms later, is another life of the same member', (calmMs, awayMs) => {
    const { world, away, others } = goAway(calmMs);
    world.command(others[0]!, { kind: 'write', collection: 'notes', key: 'meanwhile', value: 2 });
    world.run(awayMs);
    comeBack(world, away);
    expect(world.runUntil(() => rostersAreEqual(world) && isOneComponent(world), 20_000)).toBe(true);
    world.run(10_000);
    const back = { kind: 'memberJoined', id: away.id, returned: true };
    const joins = others.map((tab) => told([tab], 'memberJoined', away.id).at(-1));
    expect(joins).toEqual(others.map(() => back));
    expect(others.flatMap((tab) => told([away], 'memberLeft', tab.id))).toEqual([]);
    expect(others.flatMap((tab) => told([away], 'memberSuspected', tab.id))).toEqual([]);
    for (const tab of world.living()) {
      const { state, presence } = tab.node.inspect();
      expect([...state.collections.get('notes')!.keys()]).toEqual(['before', 'meanwhile']);
      if (tab !== away) expect(presence.fieldsByOwner.get(away.id)?.get('name')).toBe('ada');
    }
  });

  test.each([
    ['is told of its sleep first, as a browser does', 60_000],
    ['stood still for moments only', 1_000],
  ])('and %s begins one life, and no more', (_what, awayMs) => {
    const { world, away, others } = goAway(10_000);
    world.run(awayMs);
    world.wake(away, { kind: 'card', card: new Uint8Array(0) });
    world.command(away, { kind: 'comeBack' });
    world.changeNetwork(away);
    expect(world.runUntil(() => rostersAreEqual(world) && isOneComponent(world), 20_000)).toBe(true);
    for (const tab of others) expect(epochAt(tab, away)).toBe(2);
  });

  test('and is not stopped by its browser says, asks and accuses nothing', () => {
    const { world, away, others } = goAway(10_000);
    world.server.setUp(false);
    world.wake(away);
    const seen = eventsOf(away).length;
    let sent = 0;
    world.observe({ sent: (tab) => void (sent += tab === away ? 1 : 0) });
    world.run(60_000);
    expect([
      sent,
      eventsOf(away)
        .slice(seen)
        .filter(({ kind }) => kind.startsWith('member')),
    ]).toEqual([0, []]);
    world.server.setUp(true);
    world.command(away, { kind: 'comeBack' });
    expect(world.runUntil(() => rostersAreEqual(world) && isOneComponent(world), 30_000)).toBe(true);
    for (const tab of others) expect(epochAt(tab, away)).toBe(2);
  });

  test('leaves no gap behind: what it said last is known to all', () => {
    const world = createRoom(6, { seed: 3, calmMs: 10_000 });
    const [away, ...others] = world.living() as [Tab, ...Tab[]];
    for (let n = 0; n < 5; n++) world.command(away, { kind: 'publish', topic: 'chat', data: n });
    world.command(away, { kind: 'goAway' });
    world.freeze(away);
    world.run(20_000);
    comeBack(world, away);
    world.run(10_000);
    world.command(away, { kind: 'publish', topic: 'chat', data: 5 });
    world.run(5_000);
    for (const tab of others) {
      const heard = eventsOf(tab).flatMap((event) => (event.kind === 'message' ? [event.data] : []));
      expect(heard).toEqual([0, 1, 2, 3, 4, 5]);
      expect(eventsOf(tab).filter(({ kind }) => kind === 'gap')).toEqual([]);
    }
  });

  test('is not missed for what waits in its slow links: they carry that first, and its goodbye behind it', () => {
    const world = createRoom(6, { seed: 3, calmMs: 10_000 });
    const [away, ...others] = world.living() as [Tab, ...Tab[]];
    world.setConditions({ bytesPerMs: 20 });
    let congested = 0;
    world.observe({
      stepped: (tab, input) => {
        if (tab === away && input.kind === 'congestion' && input.congested) congested += 1;
      },
    });
    const long = 'x'.repeat(4_000);
    const publish = (first: number, last: number): void => {
      for (let n = first; n <= last; n++) {
        world.command(away, { kind: 'publish', topic: 'chat', data: [n, long] });
      }
    };
    publish(0, 29);
    world.run(5);
    expect(congested).toBeGreaterThan(0);
    publish(30, 39);
    world.command(away, { kind: 'goAway' });
    world.freeze(away);
    world.run(60_000);
    world.setConditions({ bytesPerMs: Infinity });
    comeBack(world, away);
    world.run(10_000);
    world.command(away, { kind: 'publish', topic: 'chat', data: [40] });
    world.run(5_000);
    for (const tab of others) {
      const heard = eventsOf(tab).flatMap((event) =>
        event.kind === 'message' && Array.isArray(event.data) ? [event.data[0]] : [],
      );
      expect(heard).toEqual(Array.from({ length: 41 }, (_, n) => n));
      expect(told([tab], 'memberLeft', away.id)).toEqual([
        { kind: 'memberLeft', id: away.id, reason: 'goodbye' },
      ]);
    }
  });

  test('gets no letters meanwhile, of which their senders are told, and those that are sent when it is back', () => {
    const { world, away, others } = goAway(10_000);
    const sendFrom = (tab: Tab, token: number): void =>
      world.command(tab, {
        kind: 'sendTo',
        token,
        to: away.id,
        topic: 'chat',
        data: token,
        receipt: numberToReceipt(token),
      });
    const ends = (tab: Tab): unknown[] =>
      eventsOf(tab).flatMap((event) =>
        event.kind === 'delivered' || event.kind === 'undeliverable' ? [[event.kind, event.token]] : [],
      );
    others.forEach((tab, at) => sendFrom(tab, at + 1));
    world.run(30_000);
    expect(others.flatMap(ends)).toEqual(others.map((_, at) => ['undeliverable', at + 1]));
    comeBack(world, away);
    expect(world.runUntil(() => rostersAreEqual(world) && isOneComponent(world), 20_000)).toBe(true);
    others.forEach((tab, at) => sendFrom(tab, 10 + at));
    world.run(10_000);
    expect(others.flatMap((tab) => ends(tab).slice(1))).toEqual(
      others.map((_, at) => ['delivered', 10 + at]),
    );
    const heard = eventsOf(away).flatMap((event) => (event.kind === 'message' ? [event.data] : []));
    expect(new Set(heard)).toEqual(new Set(others.map((_, at) => 10 + at)));
    expect(heard).toHaveLength(others.length);
  });

  test('and comes back alone still holds what it wrote', () => {
    const { world, away, others } = goAway(10_000);
    for (const tab of others) world.crash(tab);
    world.run(60_000);
    comeBack(world, away);
    world.run(60_000);
    expect([...away.node.inspect().membership.members.keys()]).toEqual([away.id]);
    expect(away.node.inspect().state.collections.get('notes')?.size).toBe(1);
  });
});
