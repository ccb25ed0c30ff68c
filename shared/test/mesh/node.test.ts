import { describe, expect, test } from 'vitest';
import { wordsToAttemptId } from '#shared/base/ids.ts';
import { now } from '#shared/base/time.ts';
import type { Value } from '#shared/base/value.ts';
import type { Effect, Input, RoutedPayload } from '#shared/mesh/messages.ts';
import type { NetworkConditions } from '#sim/conditions.ts';
import {
  createRoom,
  createWorld,
  cutBothWays,
  eventsOf,
  isOneComponent,
  NEVER_GIVES_UP,
  rostersAreEqual,
  type Tab,
  type World,
} from './fixture.ts';
import { numberToReceipt } from '#sim/receipts.ts';

function room(count: number, seed: number, conditions: Partial<NetworkConditions> = {}): World {
  return createRoom(count, { seed, conditions: { setupFailure: 0.05, ...conditions } });
}

const write = (world: World, tab: Tab, key: string, value: Value | undefined): void =>
  world.command(tab, { kind: 'write', collection: 'notes', key, value });

const notesOf = (tab: Tab): string =>
  JSON.stringify(
    [...(tab.node.inspect().state.collections.get('notes') ?? [])].toSorted(([a], [b]) => (a < b ? -1 : 1)),
  );

const statesAreEqual = (world: World): boolean => new Set(world.living().map(notesOf)).size === 1;

const messagesOf = (tab: Tab): unknown[] =>
  eventsOf(tab).flatMap((event) => (event.kind === 'message' ? [event.data] : []));

const reasonsAt = (tab: Tab): string[] =>
  eventsOf(tab).flatMap((event) => (event.kind === 'peerMisbehaved' ? [event.reason] : []));

describe('a room of whole nodes', () => {
  test.each([2, 3, 12, 40])('%i tabs that join at once list each other and are one component', (count) => {
    const world = room(count, count);
    world.run(5_000);
    expect(isOneComponent(world)).toBe(true);
    for (const tab of world.living()) {
      expect(tab.node.inspect().overlay.activeView.length).toBeLessThanOrEqual(10);
      expect(reasonsAt(tab)).toEqual([]);
    }
  });

  test('what many write at once ends equal everywhere, and a late tab has everything', () => {
    const world = room(12, 7);
    world.living().forEach((tab, at) => {
      write(world, tab, `own-${at}`, { at });
      write(world, tab, 'shared', at);
      if (at % 2 === 0) write(world, tab, 'gone', undefined);
      else write(world, tab, 'gone', at);
    });
    expect(world.runUntil(() => statesAreEqual(world), 10_000)).toBe(true);
    const late = world.open();
    expect(world.runUntil(() => rostersAreEqual(world) && statesAreEqual(world), 20_000)).toBe(true);
    expect(late.node.inspect().state.collections.get('notes')?.size).toBeGreaterThanOrEqual(13);
    expect(world.runUntil(() => eventsOf(late).some((event) => event.kind === 'synced'), 5_000)).toBe(true);
  });

  test('messages reach everyone else once and in order while a tab crashes and another leaves', () => {
    const world = room(12, 21);
    const [speaker, crashing, leaving] = world.living() as [Tab, Tab, Tab];
    for (let n = 0; n < 30; n++) {
      if (n === 5) world.crash(crashing);
      if (n === 10) world.leave(leaving);
      world.command(speaker, { kind: 'publish', topic: 'chat', data: n });
      world.run(100);
    }
    world.run(10_000);
    const all = Array.from({ length: 30 }, (_, n) => n);
    for (const tab of world.living()) if (tab !== speaker) expect(messagesOf(tab)).toEqual(all);
    expect(messagesOf(speaker)).toEqual([]);
    expect(rostersAreEqual(world)).toBe(true);
    const reasons = eventsOf(speaker).flatMap((event) => (event.kind === 'memberLeft' ? [event.reason] : []));
    expect(reasons.toSorted()).toEqual(['failed', 'goodbye']);
  });

  test('a message to one member crosses others and is acknowledged', () => {
    const world = room(20, 5);
    const [from] = world.living() as [Tab];
    const linked = from.node.inspect().overlay.activeView;
    const to = world.living().find((tab) => tab !== from && !linked.includes(tab.id))!;
    world.command(from, {
      kind: 'sendTo',
      token: 1,
      to: to.id,
      topic: 'chat',
      data: 'psst',
      receipt: numberToReceipt(1),
    });
    world.run(3_000);
    expect(messagesOf(to)).toEqual(['psst']);
    expect(eventsOf(from).filter((event) => event.kind === 'delivered')).toEqual([
      { kind: 'delivered', token: 1 },
    ]);
    for (const tab of world.living()) if (tab !== to) expect(messagesOf(tab)).toEqual([]);
  });

  test('without a server links are mended, and a tab with one link gains others through it', () => {
    const world = room(16, 12);
    world.run(5_000);
    world.server.setUp(false);
    const [tab] = world.living() as [Tab];
    const [kept, ...lost] = tab.node.inspect().overlay.activeView;
    for (const peer of lost)
      world.failLink(
        tab,
        world.living().find(({ id }) => id === peer)!,
      );
    world.run(200);
    expect(tab.node.inspect().overlay.activeView).toEqual([kept]);
    expect(world.runUntil(() => tab.node.inspect().overlay.activeView.length >= 4, 20_000)).toBe(true);
    world.run(10_000);
    expect(isOneComponent(world)).toBe(true);
    expect(rostersAreEqual(world)).toBe(true);
  });

  test('halves that were parted become one again when they can, with equal state and nobody lost', () => {
    const world = room(12, 31);
    const halves = [world.living().slice(0, 6), world.living().slice(6)] as const;
    for (const a of halves[0]) {
      for (const b of halves[1]) cutBothWays(world, a, b);
    }
    world.run(30_000);
    write(world, halves[0][0]!, 'left', 1);
    write(world, halves[1][0]!, 'right', 2);
    // Whose links are still being mended, through the server, those are known to live.
    expect(halves[0][0]!.node.inspect().membership.members.size).toBeLessThan(12);
    world.heal();
    // Everybody was attached all the while: the server is how parted halves hear of each other.
    expect(world.runUntil(() => rostersAreEqual(world) && statesAreEqual(world), 60_000)).toBe(true);
    expect(JSON.parse(notesOf(halves[0][1]!))).toEqual([
      ['left', 1],
      ['right', 2],
    ]);
  });

  test('a link cut in one direction never ends in a death', () => {
    const world = room(12, 41, NEVER_GIVES_UP);
    world.run(5_000);
    const [a] = world.living() as [Tab];
    const neighbor = world.living().find(({ id }) => a.node.inspect().overlay.activeView.includes(id))!;
    world.cut(a, neighbor);
    world.run(30_000);
    for (const tab of world.living()) {
      expect(eventsOf(tab).filter((event) => event.kind === 'memberLeft')).toEqual([]);
    }
  });

  test("a tab that slept accuses nobody and is back with everyone's state", () => {
    const world = room(8, 51);
    const [sleeper, writer] = world.living() as [Tab, Tab];
    world.freeze(sleeper);
    write(world, writer, 'while-asleep', true);
    world.run(20_000);
    world.wake(sleeper);
    expect(world.runUntil(() => rostersAreEqual(world) && statesAreEqual(world), 60_000)).toBe(true);
    const gone = world
      .living()
      .flatMap((tab) => eventsOf(tab).flatMap((event) => (event.kind === 'memberLeft' ? [event.id] : [])));
    expect(new Set(gone)).toEqual(gone.length > 0 ? new Set([sleeper.id]) : new Set());
  });

  test('wrong wall clocks do not part the replicas', () => {
    const world = createWorld({ seed: 61 });
    const skews = [0, 600_000, -60_000, 0, 3_600_000, 0, 0, -5_000];
    for (const skewMs of skews) world.open({ skewMs });
    expect(world.runUntil(() => rostersAreEqual(world), 60_000)).toBe(true);
    world.run(10_000);
    for (let round = 0; round < 5; round++) {
      world.living().forEach((tab, at) => write(world, tab, 'shared', `${round}.${at}`));
      world.run(2_000);
    }
    expect(world.runUntil(() => statesAreEqual(world), 10_000)).toBe(true);
    write(world, world.living()[0]!, 'shared', 'the last word');
    world.run(2_000);
    for (const tab of world.living()) expect(notesOf(tab)).toContain('the last word');
  });
});

describe('frames that are not as they should be', () => {
  test.each([
    ['cut short', (bytes: Uint8Array) => [bytes.slice(0, -1)]],
    ['of random bytes', () => [Uint8Array.from([1, 2, 3, 250, 251, 252])]],
    ['empty', () => [new Uint8Array()]],
    ['oversized', () => [new Uint8Array(60_000)]],
    ['of another version', (bytes: Uint8Array) => [Uint8Array.from([99, ...bytes.slice(1)]), bytes]],
    ['replayed', (bytes: Uint8Array) => [bytes, bytes]],
  ] as const)("%s are counted with a reason, and the link and everyone's data live on", (_name, change) => {
    const world = room(2, 71);
    const [a, b] = world.living() as [Tab, Tab];
    for (let n = 0; n < 10; n++) {
      // Three may be a fault of the network's; after four the neighbor would be taken for a liar.
      if (n < 3) world.tamper(a, b.id, change);
      write(world, a, `key-${n}`, n);
      world.command(a, { kind: 'publish', topic: 'chat', data: n });
      world.run(1_500);
    }
    world.run(15_000);
    expect(reasonsAt(b).length).toBeGreaterThanOrEqual(3);
    expect(b.node.inspect().overlay.activeView).toEqual([a.id]);
    expect(notesOf(b)).toBe(notesOf(a));
    expect(messagesOf(b)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
    expect(rostersAreEqual(world)).toBe(true);
  });
});

describe('what comes by the server', () => {
  const packet = (from: Tab, to: Tab, payload: RoutedPayload): Input => ({
    kind: 'serverSignal',
    from: from.id,
    message: {
      kind: 'packet',
      origin: from.id,
      to: to.id,
      id: 77,
      delivery: 'once',
      serverMay: true,
      flooded: false,
      ttl: 4,
      route: [],
      trail: [],
      payload,
    },
  });

  test('is a signal or is refused: no message and no echo reaches the application that way', () => {
    const world = room(2, 81);
    const [a, b] = world.living() as [Tab, Tab];
    const give = (payload: RoutedPayload): Effect[] => {
      // Each reason is told once a second.
      world.run(1_000);
      return [...b.node.handle(packet(a, b, payload), now(world.timeMs(), world.timeMs()))];
    };
    const refusal: Effect = {
      kind: 'tell',
      event: { kind: 'peerMisbehaved', peer: a.id, reason: 'not-for-the-server' },
    };
    expect(
      give({ kind: 'direct', topic: 'chat', data: 'by the server', receipt: numberToReceipt(1) }),
    ).toEqual([refusal]);
    expect(give({ kind: 'echo' })).toEqual([refusal]);
    expect(give({ kind: 'routedPing', probe: 1 })).toEqual([refusal]);
    const attempt = wordsToAttemptId(1, 2);
    expect(give({ kind: 'request', attempt, priority: 'high', forward: false })).not.toContainEqual(refusal);
  });
});
