/** The order between two lives of one member, and the age at which what it said is passed on no more. */
import { describe, expect, test } from 'vitest';
import { epoch } from '#shared/base/ids.ts';
import type { EndedStream, Gossip } from '#shared/broadcast/messages.ts';
import {
  a,
  b,
  createBench,
  deliver,
  gossip,
  head,
  misbehaved,
  o,
  onward,
  send,
  vector,
  vectorHead,
  type Bench,
  type Effect,
} from './helpers.ts';

/** Message `seq` of the second life, the first of which follows `seq` messages of which the last few can be given. */
const second = (seq: number, follows: EndedStream | null = null): Gossip<string> =>
  gossip(seq, { epoch: epoch(2), follows, payload: `second ${seq}` });
const after = (seq: number, from: number): EndedStream => ({ epoch: epoch(1), seq, from });
const gap = (life: number, first: number, last: number): Effect => ({
  kind: 'gap',
  origin: o,
  epoch: epoch(life),
  first,
  last,
});

/** What the application is told. */
const toldIn = (effects: readonly Effect[]): readonly Effect[] =>
  effects.filter(({ kind }) => kind === 'deliver' || kind === 'gap');
const hear = (bench: Bench, atMs: number, message: Gossip<string>): readonly Effect[] =>
  toldIn(bench.from(atMs, a, message));

describe('what a member says in its next life', () => {
  test('waits for what it said in the life before, and comes right behind it', () => {
    const bench = createBench([a]);
    hear(bench, 10, gossip(1));
    const first = second(1, after(3, 2));
    expect(hear(bench, 100, first)).toEqual([]);
    expect(hear(bench, 110, second(2))).toEqual([]);
    expect(hear(bench, 120, gossip(3))).toEqual([]);
    expect(hear(bench, 130, gossip(2))).toEqual(
      [gossip(2), gossip(3), first, second(2)].map((message) => deliver(a, message)),
    );
    expect(hear(bench, 140, second(3))).toEqual([deliver(a, second(3))]);
    expect(bench.layer.inspect().counts.gaps).toBe(0);
  });

  test('has what is missing asked for', () => {
    const bench = createBench([a]);
    hear(bench, 10, gossip(1));
    bench.from(100, a, second(1, after(3, 2)));
    expect(bench.timer(250, { kind: 'graft', head: head(3), attempt: 0 })).toContainEqual(
      send(a, {
        kind: 'graft',
        trees: [o],
        wants: [{ origin: o, epoch: epoch(1), lane: 'reliable', first: 2, last: 3 }],
      }),
    );
  });

  test('waits for nothing that nobody can give any more, but tells that it is missed', () => {
    const bench = createBench([a]);
    hear(bench, 10, gossip(1));
    const first = second(1, after(3, 4));
    expect(hear(bench, 100, first)).toEqual([gap(1, 2, 3), deliver(a, first)]);
    expect(hear(bench, 110, gossip(2))).toEqual([]);
  });

  test('waits for ten seconds at most, then that is a gap', () => {
    const bench = createBench([a]);
    hear(bench, 10, gossip(1));
    const first = second(1, after(4, 2));
    hear(bench, 100, first);
    hear(bench, 110, second(3));
    hear(bench, 120, gossip(3));
    expect(bench.sweep(10_099)).toEqual([]);
    expect(toldIn(bench.sweep(10_110))).toEqual([
      gap(1, 2, 2),
      deliver(a, gossip(3)),
      gap(1, 4, 4),
      deliver(a, first),
      gap(2, 2, 2),
      deliver(a, second(3)),
    ]);
    expect(hear(bench, 10_200, second(4))).toEqual([deliver(a, second(4))]);
  });

  test('waits also where the vector of a latecomer says that its beginning is past', () => {
    const bench = createBench([a]);
    hear(bench, 10, gossip(1));
    bench.from(90, a, vector(vectorHead(4, { epoch: epoch(2), from: 3 })));
    hear(bench, 100, second(1, after(2, 2)));
    expect(toldIn(bench.sweep(2_000))).toEqual([]);
    expect(hear(bench, 2_100, gossip(2))).toEqual([
      deliver(a, gossip(2)),
      deliver(a, second(1, after(2, 2))),
    ]);
  });

  test('of a life before that we met late misses nothing from before that', () => {
    const bench = createBench([a]);
    bench.from(10, a, vector(vectorHead(9, { from: 8 })));
    const first = second(1, after(9, 9));
    expect(hear(bench, 100, first)).toEqual([gap(1, 8, 8)]);
    expect(hear(bench, 110, gossip(9))).toEqual([deliver(a, gossip(9)), deliver(a, first)]);
  });

  test('loses nothing that came beyond what it says it follows', () => {
    const bench = createBench([a]);
    hear(bench, 10, gossip(1));
    hear(bench, 20, gossip(5));
    hear(bench, 100, second(1, after(3, 2)));
    const third = gossip(1, { epoch: epoch(3) });
    expect(hear(bench, 200, third)).toEqual([
      gap(1, 2, 4),
      deliver(a, gossip(5)),
      deliver(a, second(1, after(3, 2))),
      deliver(a, third),
    ]);
  });

  test('has its turn before a third life begins', () => {
    const bench = createBench([a]);
    hear(bench, 10, gossip(1));
    const first = second(1, after(3, 2));
    hear(bench, 100, first);
    const third = gossip(1, { epoch: epoch(3), follows: { epoch: epoch(2), seq: 1, from: 1 } });
    expect(hear(bench, 200, third)).toEqual([gap(1, 2, 3), deliver(a, first), deliver(a, third)]);
  });

  test('comes at once where all was heard, and where the life before was never heard of', () => {
    const heard = createBench([a]);
    hear(heard, 10, gossip(1));
    const first = second(1, after(1, 1));
    expect(hear(heard, 100, first)).toEqual([deliver(a, first)]);
    const newcomer = createBench([a]);
    expect(hear(newcomer, 100, first)).toEqual([deliver(a, first)]);
  });

  test('misses no million messages because it says so', () => {
    const bench = createBench([a]);
    hear(bench, 10, gossip(1));
    const first = second(1, after(1_000_002, 1_000_003));
    expect(hear(bench, 100, first)).toEqual([deliver(a, first)]);
    expect(bench.layer.inspect().counts.gaps).toBe(0);
  });

  test.each([
    ['is no first message', second(2, after(1, 1))],
    ['is a record', { ...second(1, after(1, 1)), lane: 'record' as const }],
    ['follows its own life', second(1, { ...after(1, 1), epoch: epoch(2) })],
    ['follows nothing', second(1, after(0, 1))],
    ['follows half a message', second(1, after(1.5, 1))],
    ['can give what comes later', second(1, after(1, 3))],
    ['can give what was never said', second(1, after(1, 0))],
  ])('is refused if it %s', (_what, message) => {
    const bench = createBench([a]);
    expect(bench.from(10, a, message)).toEqual([misbehaved(a, 'malformed-follows')]);
  });
});

describe('a message that is as old as anybody keeps one', () => {
  test('is given no more', () => {
    const bench = createBench([a, b]);
    const young = gossip(1, { ageMs: 29_000 });
    expect(bench.from(20, a, young)).toEqual([deliver(a, young), send(b, onward(young))]);
    const graft = {
      kind: 'graft',
      trees: [],
      wants: [{ origin: o, epoch: epoch(1), lane: 'reliable', first: 1, last: 1 }],
    } as const;
    // No fraction of a millisecond makes it one that its asker must refuse.
    expect(bench.from(1_019.9, b, graft)).toEqual([send(b, onward(young, 29_999))]);
    expect(bench.from(1_020, b, graft)).toEqual([]);
  });

  test('may have grown so old in the queue of one that slept: it is told, but not passed on', () => {
    const bench = createBench([a, b]);
    bench.from(10, a, gossip(1));
    bench.give(31_000, { kind: 'slept', forMs: 30_000 });
    // Whatever our own clock says of it.
    expect(bench.layer.inspect().cachedMessages).toBe(0);
    expect(bench.from(31_999, a, gossip(2))).toEqual([deliver(a, gossip(2))]);
    expect(bench.from(32_000, a, gossip(3))).toEqual([deliver(a, gossip(3)), send(b, onward(gossip(3)))]);
  });

  test('after a nap is as much older as that took', () => {
    const bench = createBench([a, b]);
    bench.give(5_000, { kind: 'slept', forMs: 4_000 });
    expect(bench.from(5_000, a, gossip(1, { ageMs: 7 }))).toContainEqual(send(b, onward(gossip(1), 4_007)));
  });

  test.each([-1, 0.5, Number.NaN, 30_000])(
    'is refused if it comes %d ms old, and in nobody’s way',
    (ageMs) => {
      const bench = createBench([a, b]);
      expect(bench.from(10, a, gossip(1, { ageMs }))).toEqual([misbehaved(a, 'implausible-age')]);
      expect(bench.from(20, b, gossip(1))).toEqual([deliver(b, gossip(1)), send(a, onward(gossip(1)))]);
    },
  );
});
