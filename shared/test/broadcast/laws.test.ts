import { defaultBroadcastConfig } from '#shared/broadcast/config.ts';
import type { BroadcastInput, BroadcastMessage, Lane } from '#shared/broadcast/messages.ts';
import {
  countHeld,
  createReceiveWindow,
  holesUpTo,
  skipTo,
  takeIn,
} from '#shared/broadcast/receive-window.ts';
import { subtractRanges } from '#shared/broadcast/streams.ts';
import { epoch, type PeerId } from '#shared/base/ids.ts';
import { instant } from '#shared/base/time.ts';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { a, b, c, createBench, o, self } from './helpers.ts';
import { createWorld, type World } from './world.ts';

const NODES: number = 7;
const node = fc.nat(NODES - 1);
const lane = fc.constantFrom<Lane>('reliable', 'record', 'volatile');
const step = fc.oneof(
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('say' as const), by: node, lane }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('link' as const), one: node, two: node }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('unlink' as const), one: node, two: node }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('suspect' as const), one: node, two: node }) },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant('congest' as const), one: node, two: node, on: fc.boolean() }),
  },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('run' as const), ms: fc.nat(200) }) },
);
type Step = typeof step extends fc.Arbitrary<infer S> ? S : never;

function play(world: World, peers: readonly PeerId[], move: Step): void {
  switch (move.kind) {
    case 'say':
      return world.say(peers[move.by]!, move.lane, 'x');
    case 'run':
      return world.runFor(move.ms);
    case 'link':
      return world.link(peers[move.one]!, peers[move.two]!, 30);
    case 'unlink':
      return world.unlink(peers[move.one]!, peers[move.two]!);
    case 'suspect':
      return world.input(peers[move.one]!, { kind: 'neighborSuspected', peer: peers[move.two]! });
    case 'congest':
      return world.input(peers[move.one]!, {
        kind: 'congestion',
        peer: peers[move.two]!,
        congested: move.on,
      });
  }
}

function linkRing(world: World, peers: readonly PeerId[]): void {
  for (const [at, peer] of peers.entries()) world.link(peer, peers[(at + 1) % peers.length]!, 10 + 7 * at);
}

function seqsOf(world: World, listener: PeerId, origin: PeerId, of: Lane): readonly number[] {
  return world
    .deliveries(listener)
    .filter((delivery) => delivery.origin === origin && delivery.lane === of)
    .map(({ seq }) => seq);
}

function saidOf(world: World, origin: PeerId, of: Lane): readonly number[] {
  const said = world
    .layer(origin)
    .inspect()
    .heads.find((each) => each.origin === origin && each.lane === of);
  return Array.from({ length: said?.seq ?? 0 }, (_, at) => at + 1);
}

test('whatever links and words do, each message comes once, reliable ones in order, volatile ones never back', () => {
  fc.assert(
    fc.property(fc.array(step, { minLength: 10, maxLength: 80 }), fc.nat(1_000), (moves, seed) => {
      const world = createWorld(seed);
      const peers = Array.from({ length: NODES }, () => world.add());
      linkRing(world, peers);
      world.runFor(500);
      for (const move of moves) play(world, peers, move);
      for (const one of peers) {
        for (const two of peers) world.input(one, { kind: 'congestion', peer: two, congested: false });
      }
      linkRing(world, peers);
      world.runFor(6_000);
      for (const listener of peers) {
        for (const origin of peers.filter((peer) => peer !== listener)) {
          expect(seqsOf(world, listener, origin, 'reliable')).toEqual(saidOf(world, origin, 'reliable'));
          const records = seqsOf(world, listener, origin, 'record').toSorted((x, y) => x - y);
          expect(records).toEqual(saidOf(world, origin, 'record'));
          const frames = seqsOf(world, listener, origin, 'volatile');
          expect(frames).toEqual([...new Set(frames)].toSorted((x, y) => x - y));
        }
      }
      expect(world.told()).toEqual([]);
    }),
    { seed: 2007, numRuns: 60 },
  );
});

const peer = fc.constantFrom(a, a, a, b, b, b, c, self);
const origin = fc.constantFrom(a, b, o, self);
const number = fc.oneof(
  { weight: 8, arbitrary: fc.integer({ min: 1, max: 6 }) },
  { weight: 1, arbitrary: fc.constantFrom(-1, 0, 0.5, Number.NaN, 40, 999_999, 2 ** 53) },
);
const life = fc.constantFrom(1, 1, 1, 1, 1, 1, 1, 1, 0, 2).map(epoch);
const headLike = fc.record({ origin, epoch: life, lane, seq: number });
const wantLike = fc.record({ origin, epoch: life, lane, first: number, last: number });
const tree = fc.oneof(fc.constant(null), origin);
const gossipLike = fc.record({
  kind: fc.constant('gossip' as const),
  origin,
  epoch: life,
  lane,
  seq: number,
  hot: fc.boolean(),
  round: number.map((round) => (round === 999_999 ? Number.NaN : Math.abs(round) || 0)),
  ageMs: fc.oneof({ weight: 8, arbitrary: fc.constant(0) }, { weight: 1, arbitrary: number }),
  follows: fc.oneof(
    { weight: 4, arbitrary: fc.constant(null) },
    { weight: 1, arbitrary: fc.record({ epoch: life, seq: number, from: number }) },
  ),
  proof: fc.constant(null),
  payload: fc.string({ maxLength: 30 }),
});
const message: fc.Arbitrary<BroadcastMessage<string>> = fc.oneof(
  { weight: 8, arbitrary: gossipLike },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('ihave' as const), heads: fc.array(headLike) }) },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant('vector' as const),
      heads: fc.array(fc.record({ origin, epoch: life, lane, seq: number, from: number })),
      begun: fc.boolean(),
      last: fc.boolean(),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant('graft' as const),
      trees: fc.array(tree),
      wants: fc.array(wantLike),
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('prune' as const), tree }) },
);
const input: fc.Arbitrary<BroadcastInput<string>> = fc.oneof(
  { weight: 20, arbitrary: fc.record({ kind: fc.constant('message' as const), from: peer, message }) },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant('broadcast' as const), lane, payload: fc.string() }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constantFrom('neighborUp', 'neighborDown', 'neighborSuspected'), peer }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant('congestion' as const), peer, congested: fc.boolean() }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('forget' as const), origin }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('woke' as const), epoch: life }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('slept' as const), forMs: fc.nat(60_000) }) },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant('timer' as const),
      timer: fc.record({ kind: fc.constantFrom('announce', 'begin', 'sweep'), token: fc.nat(9) }),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant('timer' as const),
      timer: fc.record({ kind: fc.constant('graft' as const), head: headLike, attempt: fc.nat(9) }),
    }),
  },
);

test('no input throws, nothing is delivered twice, and no limit is passed', () => {
  const limits = {
    cacheMessagesMax: 5,
    hotTreesMax: 1,
    originsMax: 4,
    reorderMessagesMax: 2,
    recordWindowMax: 2,
  };
  fc.assert(
    fc.property(fc.array(fc.tuple(input, fc.nat(800)), { minLength: 20, maxLength: 120 }), (inputs) => {
      const bench = createBench([a, b], limits);
      const seen = new Set<string>();
      let atMs = 0;
      let forgot = false;
      for (const [given, pauseMs] of inputs) {
        atMs += pauseMs;
        forgot ||= given.kind === 'forget';
        for (const effect of bench.give(atMs, given)) {
          if (effect.kind !== 'deliver') continue;
          const name = `${effect.origin}/${effect.epoch}/${effect.lane}/${effect.seq}`;
          expect(forgot || !seen.has(name)).toBe(true);
          seen.add(name);
        }
        const { cachedMessages, eagerByTree, neighbors } = bench.layer.inspect();
        expect(cachedMessages).toBeLessThanOrEqual(limits.cacheMessagesMax);
        expect(eagerByTree.size).toBeLessThanOrEqual(2);
        expect(neighbors).not.toContain(self);
      }
    }),
    { seed: 2007, numRuns: 300 },
  );
});

test('a window gives each item once and in order, whatever the order of arrival', () => {
  const arrivals = fc.uniqueArray(fc.integer({ min: 1, max: 30 }));
  fc.assert(
    fc.property(arrivals, fc.integer({ min: 1, max: 30 }), (seqs, skip) => {
      const window = createReceiveWindow<number>();
      const given = seqs.flatMap((seq) => takeIn(window, seq, { item: seq, bytes: 1, at: instant(0) }));
      const missing = Array.from({ length: 30 }, (_, at) => at + 1).filter((seq) => !seqs.includes(seq));
      const named = holesUpTo(window, 30).flatMap(({ first, last }) =>
        Array.from({ length: last - first + 1 }, (_, at) => first + at),
      );
      expect(named).toEqual(missing);
      expect(countHeld(window)).toBe(seqs.length - given.length);
      for (const uncovered of skipTo(window, skip)) if (uncovered.kind === 'item') given.push(uncovered.item);
      expect(given).toEqual(given.toSorted((x, y) => x - y));
      expect(window.base).toBeGreaterThanOrEqual(skip);
      expect(given).toEqual(seqs.filter((seq) => seq <= window.base).toSorted((x, y) => x - y));
      expect([countHeld(window), window.bytes]).toEqual([
        seqs.length - given.length,
        seqs.length - given.length,
      ]);
    }),
    { seed: 2007, numRuns: 300 },
  );
});

test.each([
  { taken: [], left: [{ first: 3, last: 9 }] },
  { taken: [{ first: 1, last: 2 }], left: [{ first: 3, last: 9 }] },
  { taken: [{ first: 1, last: 4 }], left: [{ first: 5, last: 9 }] },
  {
    taken: [
      { first: 4, last: 4 },
      { first: 9, last: 12 },
    ],
    left: [
      { first: 3, last: 3 },
      { first: 5, last: 8 },
    ],
  },
  { taken: [{ first: 1, last: 20 }], left: [] },
])('3 to 9 without $taken is $left', ({ taken, left }) => {
  expect(subtractRanges([{ first: 3, last: 9 }], taken)).toEqual(left);
});

test('a config whose numbers contradict each other is refused', () => {
  expect(() => createBench([], { gapTimeoutMs: defaultBroadcastConfig.cacheMs })).toThrow('gapTimeoutMs');
  expect(() => createBench([], { hotMessages: 1 })).toThrow('hotMessages');
  expect(() => createBench([], { cacheMs: 0 })).toThrow('cacheMs');
});
