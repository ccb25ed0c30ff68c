import type { PeerId } from '#shared/base/ids.ts';
import type { Lane } from '#shared/broadcast/messages.ts';
import { describe, expect, test } from 'vitest';
import { type World, createLinkedWorld, createWorld, linkAsRings, names } from './world.ts';

/** `origin:lane:seq` of messages `first` to `last` of each origin but `listener`. */
function expected(
  origins: readonly PeerId[],
  listener: PeerId,
  [first, last]: readonly [number, number],
  lane: Lane = 'reliable',
): readonly string[] {
  const seqs = Array.from({ length: last - first + 1 }, (_, at) => first + at);
  return origins
    .filter((origin) => origin !== listener)
    .flatMap((origin) => seqs.map((seq) => `${origin}:${lane}:${seq}`))
    .toSorted();
}

function expectAllOnceInOrder(
  world: World,
  origins: readonly PeerId[],
  range: readonly [number, number],
): void {
  for (const listener of world.peers()) {
    const deliveries = world.deliveries(listener).filter(({ origin }) => origins.includes(origin));
    expect(names(deliveries).toSorted()).toEqual(expected(origins, listener, range));
    expectInOrder(world, listener);
  }
  expect(world.told()).toEqual([]);
}

function expectInOrder(world: World, listener: PeerId): void {
  const newestByOrigin = new Map<PeerId, number>();
  const outOfTurn = world.deliveries(listener).filter(({ origin, seq }) => {
    const expectedSeq = (newestByOrigin.get(origin) ?? 0) + 1;
    newestByOrigin.set(origin, seq);
    return seq !== expectedSeq;
  });
  expect(outOfTurn).toEqual([]);
}

function sayRound(world: World, speakers: readonly PeerId[], pauseMs: number, lane: Lane = 'reliable'): void {
  for (const peer of speakers) {
    world.say(peer, lane, 'x');
    world.runFor(pauseMs);
  }
}

describe.each([
  { nodes: 30, seed: 1 },
  { nodes: 30, seed: 2 },
  { nodes: 100, seed: 3 },
])('$nodes members, seed $seed', ({ nodes, seed }) => {
  test('all is delivered once and in order, and after eight messages each almost nothing twice', () => {
    const world = createLinkedWorld({ nodes, seed });
    for (let round = 1; round <= 8; round++) {
      sayRound(world, world.peers(), 7);
      world.runFor(300);
    }
    world.runFor(3_000);
    const sentBefore = world.gossipSent();
    for (let round = 1; round <= 3; round++) sayRound(world, world.peers(), 7);
    world.runFor(3_000);
    const redundancy = (world.gossipSent() - sentBefore) / (nodes - 1) / (3 * nodes) - 1;
    expect(redundancy).toBeGreaterThanOrEqual(0);
    expect(redundancy).toBeLessThan(0.05);
    expectAllOnceInOrder(world, world.peers(), [1, 11]);
  });

  test('many quiet origins at once do not tear the shared tree for good', () => {
    const world = createLinkedWorld({ nodes, seed });
    for (let round = 1; round <= 3; round++) {
      sayRound(world, world.peers(), 20, 'record');
      world.runFor(12_000);
    }
    const spokenAtMs = world.nowMs();
    const sentBefore = world.gossipSent();
    const [last, ...others] = world.peers();
    world.say(last!, 'record', 'last');
    world.runFor(3_000);
    for (const listener of world.peers()) {
      const heard = world.deliveries(listener).filter(({ origin }) => origin !== last);
      expect(names(heard).toSorted()).toEqual(expected(others, listener, [1, 3], 'record'));
    }
    const arrivals = world
      .peers()
      .flatMap((peer) => world.deliveries(peer).filter(({ payload }) => payload === 'last'));
    expect(arrivals).toHaveLength(nodes - 1);
    expect(Math.max(...arrivals.map(({ atMs }) => atMs)) - spokenAtMs).toBeLessThan(1_000);
    expect((world.gossipSent() - sentBefore) / (nodes - 1) - 1).toBeLessThan(1);
  });

  test('a fifth of the members vanish while others speak: all is delivered once and in order', () => {
    const world = createLinkedWorld({ nodes, seed });
    const victims = world.rng.sample(world.peers(), nodes / 5);
    const speakers = world.peers().filter((peer) => !victims.includes(peer));
    for (let round = 1; round <= 4; round++) sayRound(world, speakers, 5);
    for (const victim of victims) {
      world.say(speakers[0]!, 'reliable', 'x');
      world.remove(victim);
      world.runFor(11);
    }
    linkAsRings(world, speakers.slice(0, nodes / 5));
    for (let round = 1; round <= 2; round++) sayRound(world, speakers.slice(1), 5);
    world.runFor(8_000);
    expectAllOnceInOrder(world, speakers.slice(1), [1, 6]);
    expectAllOnceInOrder(world, speakers.slice(0, 1), [1, 4 + victims.length]);
  });

  test('links come and go while all speak: all is delivered once and in order', () => {
    const world = createLinkedWorld({ nodes, seed });
    for (let step = 1; step <= 60; step++) {
      const gone = world.rng.pick(world.links())!;
      world.unlink(...gone);
      for (const peer of world.rng.sample(world.peers(), 3)) world.say(peer, 'reliable', 'x');
      world.runFor(30);
      world.link(world.rng.pick(world.peers())!, world.rng.pick(world.peers())!, 10 + world.rng.below(41));
    }
    linkAsRings(world, world.peers());
    world.runFor(8_000);
    for (const origin of world.peers()) {
      const seq =
        world
          .layer(origin)
          .inspect()
          .heads.find((head) => head.origin === origin)?.seq ?? 0;
      for (const listener of world.peers()) {
        if (listener === origin) continue;
        const heard = world.deliveries(listener).filter((delivery) => delivery.origin === origin);
        expect(heard.map((delivery) => delivery.seq)).toEqual(Array.from({ length: seq }, (_, at) => at + 1));
      }
    }
    expect(world.told()).toEqual([]);
  });
});

test('what was said while a link was lost arrives exactly once when it is back', () => {
  const world = createWorld(4);
  const [one, two] = [world.add(), world.add()];
  world.link(one, two, 20);
  world.say(one, 'reliable', 'before');
  world.runFor(100);
  world.say(one, 'reliable', 'lost under way');
  world.unlink(one, two);
  world.say(one, 'reliable', 'said alone');
  world.runFor(2_000);
  world.link(one, two, 20);
  world.say(one, 'reliable', 'after');
  world.runFor(1_000);
  expect(world.deliveries(two).map(({ payload }) => payload)).toEqual([
    'before',
    'lost under way',
    'said alone',
    'after',
  ]);
});

test('a member that lost all links hears on its return what was said meanwhile, once', () => {
  const world = createLinkedWorld({ nodes: 30, seed: 5 });
  const [absent, speaker] = [world.peers()[0]!, world.peers()[1]!];
  const lost = world.links().filter((link) => link.includes(absent));
  for (const link of lost) world.unlink(...link);
  for (let seq = 1; seq <= 20; seq++) {
    world.say(speaker, 'reliable', 'x');
    world.runFor(100);
  }
  for (const link of lost) world.link(...link, 25);
  world.runFor(3_000);
  expectAllOnceInOrder(world, [speaker], [1, 20]);
});

test('two halves that part and meet again hear each other’s messages, once', () => {
  const world = createLinkedWorld({ nodes: 30, seed: 6 });
  const left = world.peers().slice(0, 15);
  const cut = world.links().filter(([a, b]) => left.includes(a) !== left.includes(b));
  for (const link of cut) world.unlink(...link);
  linkAsRings(world, left);
  linkAsRings(world, world.peers().slice(15));
  for (let round = 1; round <= 4; round++) sayRound(world, world.peers(), 50);
  for (const link of cut) world.link(...link, 25);
  world.runFor(5_000);
  expectAllOnceInOrder(world, world.peers(), [1, 4]);
});

test('a late joiner gets nothing old and everything new', () => {
  const world = createLinkedWorld({ nodes: 30, seed: 7 });
  const residents = world.peers();
  for (let round = 1; round <= 3; round++) sayRound(world, residents, 10);
  world.runFor(3_000);
  const late = world.add();
  for (const resident of world.rng.sample(residents, 4)) world.link(late, resident, 30);
  world.runFor(1_000);
  expect(world.deliveries(late)).toEqual([]);
  for (let round = 4; round <= 5; round++) sayRound(world, residents, 10);
  world.runFor(3_000);
  expect(names(world.deliveries(late)).toSorted()).toEqual(expected(residents, late, [4, 5]));
  expect(world.told()).toEqual([]);
});

test('a quiet room runs no timer for ever', () => {
  const world = createLinkedWorld({ nodes: 30, seed: 8 });
  for (let round = 1; round <= 3; round++) sayRound(world, world.peers(), 10);
  world.runFor(1_000_000);
  const layer = world.layer(world.peers()[0]!);
  expect(layer.inspect().cachedMessages).toBe(0);
  expect([...layer.inspect().eagerByTree.keys()]).toEqual(['shared']);
  expect(world.pendingCount()).toBe(0);
});
