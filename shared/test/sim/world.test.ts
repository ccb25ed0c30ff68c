/** The simulated network, server and tabs do what they say, and the same seed tells the same story. */
import { describe, expect, test } from 'vitest';
import type { MeshEvent } from '#shared/mesh/messages.ts';
import type { MeshSnapshot } from '#shared/mesh/node.ts';
import type { NetworkConditions } from '#sim/conditions.ts';
import { formRoom } from '#sim/forming.ts';
import { runSwarm } from '#sim/swarm/swarm.ts';
import type { SimTab } from '#sim/tab.ts';
import { createMeshWorld, type World } from '#sim/world.ts';

type Tab = SimTab<MeshSnapshot>;

interface Told {
  readonly world: World<MeshSnapshot>;
  readonly eventsOf: (tab: Tab) => readonly MeshEvent[];
  /** Topic messages as they came, with the time of each. */
  readonly heard: { readonly tab: Tab; readonly data: unknown; readonly atMs: number }[];
}

function formed(nodes: number, conditions: Partial<NetworkConditions> = {}, seed = 7): Told {
  const world = createMeshWorld({ seed, conditions: { setupFailure: 0, ...conditions } });
  const events = new Map<Tab, MeshEvent[]>();
  const heard: { tab: Tab; data: unknown; atMs: number }[] = [];
  world.observe({
    opened: (tab) => void events.set(tab, []),
    told: (tab, event) => {
      events.get(tab)?.push(event);
      if (event.kind === 'message') heard.push({ tab, data: event.data, atMs: world.timeMs() });
    },
  });
  formRoom(world, { nodes });
  return { world, eventsOf: (tab) => events.get(tab) ?? [], heard };
}

const say = (world: World<MeshSnapshot>, tab: Tab, data: number): void =>
  world.command(tab, { kind: 'publish', topic: 'numbers', data });

describe('one seed', () => {
  test('gives a byte-identical trace', () => {
    const traceOf = (seed: number): string => {
      const lines: string[] = [];
      runSwarm({ seed, nodes: 8, trace: (line) => lines.push(line) });
      return lines.join('\n');
    };
    const first = traceOf(11);
    expect(first.length).toBeGreaterThan(100_000);
    expect(traceOf(11) === first).toBe(true);
    expect(traceOf(12) === first).toBe(false);
  });
});

describe('the network', () => {
  test('counts every connection constructed, at both ends', () => {
    const { world } = formed(3);
    const links = world.living().reduce((sum, tab) => sum + world.neighborsOf(tab).size, 0);
    expect(links).toBe(6);
    expect(world.constructed()).toBe(6);
  });

  test('takes each link its own latency, the same both ways', () => {
    const { world } = formed(2, { latencyMs: [30, 40] });
    const [a, b] = world.living() as [Tab, Tab];
    const there = world.neighborsOf(a).get(b.id)!;
    expect(there).toBeGreaterThanOrEqual(30);
    expect(there).toBeLessThanOrEqual(40);
    expect(world.neighborsOf(b).get(a.id)).toBe(there);
  });

  test('shows loss as delay: everything arrives, in order, and later', () => {
    const arrivals = [0, 0.1].map((loss) => {
      const { world, heard } = formed(2);
      const [a] = world.living() as [Tab];
      world.setConditions({ loss });
      const from = world.timeMs();
      for (let number = 1; number <= 50; number++) say(world, a, number);
      world.run(30_000);
      expect(heard.map(({ data }) => data)).toEqual(Array.from({ length: 50 }, (_, at) => at + 1));
      return heard.at(-1)!.atMs - from;
    });
    expect(arrivals[1]).toBeGreaterThan(arrivals[0]! + 300);
  });

  test('hands a duplicate over, which is refused and does no harm', () => {
    const { world, heard, eventsOf } = formed(2);
    const [a, b] = world.living() as [Tab, Tab];
    world.setConditions({ duplication: 1 });
    say(world, a, 1);
    world.run(1_000);
    expect(heard.filter(({ tab }) => tab === b)).toHaveLength(1);
    expect(eventsOf(b)).toContainEqual({ kind: 'peerMisbehaved', peer: a.id, reason: 'replayed' });
  });

  test('hands over what became of a frame that is tampered with, and of that one only', () => {
    const { world, heard, eventsOf } = formed(2);
    const [a, b] = world.living() as [Tab, Tab];
    world.tamper(a, b.id, (frame) => [frame.subarray(0, -1), Uint8Array.of(99)]);
    for (const number of [1, 2]) say(world, a, number);
    world.run(200);
    expect(heard).toEqual([]);
    world.run(10_000);
    expect(heard.map(({ data }) => data)).toEqual([1, 2]);
    const reasons = eventsOf(b).flatMap((event) => (event.kind === 'peerMisbehaved' ? [event.reason] : []));
    expect(reasons).toEqual(['malformed', 'newer-version']);
  });

  test('holds back what a cut stops, and hands it over when it is healed', () => {
    const { world, heard } = formed(2);
    const [a, b] = world.living() as [Tab, Tab];
    world.cut(a, b);
    say(world, a, 1);
    say(world, b, 2);
    world.run(1_500);
    expect(heard.map(({ data }) => data)).toEqual([2]);
    world.heal();
    world.run(1_000);
    expect(heard.map(({ data }) => data)).toEqual([2, 1]);
  });

  test('gives a connection up that hears nothing for long, at both ends', () => {
    const { world, eventsOf } = formed(2);
    const [a, b] = world.living() as [Tab, Tab];
    world.server.setUp(false);
    world.cut(a, b);
    world.cut(b, a);
    world.run(30_000);
    expect([world.neighborsOf(a).size, world.neighborsOf(b).size]).toEqual([0, 0]);
    expect(eventsOf(a)).toContainEqual(expect.objectContaining({ kind: 'linkClosed', peer: b.id }));
  });

  test('queues what is more than it carries, and says so', () => {
    const { world, heard } = formed(2);
    const [a] = world.living() as [Tab];
    const told: boolean[] = [];
    world.observe({
      stepped: (_tab, input) => input.kind === 'congestion' && void told.push(input.congested),
    });
    world.setConditions({ bytesPerMs: 10 });
    const from = world.timeMs();
    for (let number = 0; number < 20; number++) {
      world.command(a, { kind: 'publish', topic: 'numbers', data: 'x'.repeat(10_000) });
    }
    world.run(60_000);
    expect(heard).toHaveLength(20);
    expect(heard.at(-1)!.atMs - from).toBeGreaterThan(200_000 / 10);
    expect(told).toEqual([true, false]);
  });
});

describe('a tab', () => {
  test('that crashes says nothing, and its ends are told when ICE gives up', () => {
    const { world, eventsOf } = formed(3);
    const [a, b] = world.living() as [Tab, Tab];
    world.crash(a);
    world.run(1_000);
    expect(eventsOf(b).some(({ kind }) => kind === 'memberLeft')).toBe(false);
    world.run(30_000);
    expect(eventsOf(b)).toContainEqual({ kind: 'memberLeft', id: a.id, reason: 'failed' });
  });

  test('writes in the version that its room speaks', () => {
    const world = createMeshWorld({ seed: 7, conditions: { setupFailure: 0 } });
    const [older, newer] = [1, 2].map((wireVersion) => world.open({ wireVersion })) as [Tab, Tab];
    const written = new Set<string>();
    world.observe({ wrote: (tab, frame) => void written.add(`${tab.versions.newest} wrote ${frame[0]}`) });
    expect(newer.speaks()).toBe(2);
    expect(world.runUntil(() => newer.speaks() === 1, 20_000)).toBe(true);
    world.run(5_000);
    expect(older.node.inspect().membership.members.size).toBe(2);
    expect(written).toEqual(new Set(['1 wrote 1', '2 wrote 1']));
  });

  test('that leaves says goodbye', () => {
    const { world, eventsOf } = formed(3);
    const [a, b] = world.living() as [Tab, Tab];
    world.leave(a);
    world.run(500);
    expect(eventsOf(b)).toContainEqual({ kind: 'memberLeft', id: a.id, reason: 'goodbye' });
  });

  test('that is frozen gets all that waited at once, in order', () => {
    const { world, heard } = formed(2);
    const [a, b] = world.living() as [Tab, Tab];
    world.freeze(b);
    for (const number of [1, 2, 3]) say(world, a, number);
    world.run(800);
    expect(heard).toEqual([]);
    world.wake(b);
    expect(heard.map(({ data, atMs }) => [data, atMs])).toEqual(
      [1, 2, 3].map((data) => [data, world.timeMs()]),
    );
  });

  test('that wakes with a command carries it out before all that waited', () => {
    const { world, heard } = formed(2);
    const [a, b] = world.living() as [Tab, Tab];
    const kinds: string[] = [];
    world.freeze(b);
    say(world, a, 1);
    world.run(800);
    world.observe({ stepped: (tab, { kind }) => tab === b && void kinds.push(kind) });
    world.wake(b, { kind: 'publish', topic: 'numbers', data: 2 });
    expect(kinds[0]).toBe('command');
    expect(kinds.slice(1)).toContain('frame');
    world.run(200);
    expect(heard.map(({ data }) => data)).toEqual([1, 2]);
  });

  test('that is suspended hears nothing until it wakes', () => {
    const { world, heard } = formed(2);
    const [a, b] = world.living() as [Tab, Tab];
    world.suspend(b);
    say(world, a, 1);
    world.run(800);
    world.wake(b);
    expect(heard).toEqual([]);
    world.run(200);
    expect(heard.map(({ data }) => data)).toEqual([1]);
  });

  test('that is hidden runs its timers on whole seconds', () => {
    const { world } = formed(2);
    const [a] = world.living() as [Tab];
    a.throttle(1_000);
    // What it had set before may still come between.
    world.run(7_000);
    const moments = new Set<number>();
    world.observe({
      stepped: (tab, input) =>
        tab === a && input.kind === 'timer' && void moments.add(world.timeMs() % 1_000),
    });
    world.run(10_000);
    expect([...moments]).toEqual([0]);
  });

  test('that is starved gets to one input at a time, and to all of them', () => {
    const { world, heard } = formed(2);
    const [a, b] = world.living() as [Tab, Tab];
    b.starve(50);
    for (let number = 1; number <= 10; number++) say(world, a, number);
    world.run(3_000);
    expect(heard.map(({ data }) => data)).toEqual(Array.from({ length: 10 }, (_, at) => at + 1));
    const pauses = heard.slice(1).map(({ atMs }, at) => atMs - heard[at]!.atMs);
    expect(Math.min(...pauses)).toBeGreaterThanOrEqual(50);
  });

  test('that is frozen while starved gets all in order', () => {
    const { world } = formed(2);
    const [, b] = world.living() as [Tab, Tab];
    const given: number[] = [];
    const give = (number: number): void =>
      b.give(() => {
        given.push(number);
        return undefined;
      });
    b.starve(50);
    for (let number = 1; number <= 3; number++) give(number);
    world.freeze(b);
    for (let number = 4; number <= 6; number++) give(number);
    world.run(1_000);
    expect(given).toEqual([]);
    world.wake(b);
    world.run(5_000);
    expect(given).toEqual([1, 2, 3, 4, 5, 6]);
  });
});

describe('the server', () => {
  test('that is away is dialed again after pauses that double up to the longest', () => {
    const attachedAt = ([1_000, 16_000] as const).map((longestMs) => {
      const { world } = formed(2, { backoffMs: [1_000, longestMs] });
      world.server.setUp(false);
      world.run(60_000);
      world.server.setUp(true);
      const from = world.timeMs();
      world.runUntil(() => world.living().every((tab) => world.server.isAttached(tab)), 60_000);
      return world.timeMs() - from;
    });
    expect(attachedAt[0]).toBeLessThanOrEqual(1_525);
    expect(attachedAt[1]).toBeGreaterThan(2_000);
  });

  test('that is away introduces nobody, and takes all in when it is back', () => {
    const { world } = formed(3);
    world.server.setUp(false);
    const late = world.open();
    world.run(20_000);
    expect(late.node.inspect().membership.members.size).toBe(1);
    expect(world.living().some((tab) => world.server.isAttached(tab))).toBe(false);
    world.server.setUp(true);
    world.run(40_000);
    expect(late.node.inspect().membership.members.size).toBe(4);
  });
});
