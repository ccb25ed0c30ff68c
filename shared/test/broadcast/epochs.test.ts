/** A member that slept speaks in a new epoch: what it says, what is left of what it said, and how others take both. */
import { describe, expect, test } from 'vitest';
import { epoch, type Epoch } from '#shared/base/ids.ts';
import { defaultBroadcastConfig } from '#shared/broadcast/config.ts';
import type { Gossip, Want } from '#shared/broadcast/messages.ts';
import { instant } from '#shared/base/time.ts';
import { createOrigins } from '#shared/broadcast/origins.ts';
import {
  a,
  b,
  createBench,
  deliver,
  gossip,
  head,
  misbehaved,
  self,
  send,
  vector,
  vectorHead,
  type Bench,
} from './helpers.ts';

const second: Epoch = epoch(2);
const wake = (bench: Bench, atMs: number) => bench.give(atMs, { kind: 'woke', epoch: second });
const say = (bench: Bench, atMs: number, payload: string, lane: Gossip<string>['lane'] = 'reliable') =>
  bench.give(atMs, { kind: 'broadcast', lane, payload });
const own = (seq: number, payload: string, changes: Partial<Gossip<string>> = {}): Gossip<string> =>
  gossip(seq, { origin: self, hot: changes.lane !== 'record', payload, ...changes });

describe('who slept', () => {
  test('counts from one again on every lane, and says nothing of its own accord', () => {
    const bench = createBench([a]);
    say(bench, 10, 'm1');
    say(bench, 10, 'r1', 'record');
    expect(wake(bench, 60_000)).toEqual([]);
    expect(say(bench, 60_001, 'm2')).toEqual([
      // Too long ago for anybody to be given it any more.
      send(a, own(1, 'm2', { epoch: second, follows: { epoch: epoch(1), seq: 1, from: 2 } })),
    ]);
    expect(say(bench, 60_001, 'r2', 'record')).toEqual([
      // Once there is a tree of its own, records travel it too.
      send(a, own(1, 'r2', { epoch: second, lane: 'record', hot: true })),
    ]);
    expect(bench.layer.inspect().heads).toEqual([
      head(1, { origin: self, epoch: second }),
      head(1, { origin: self, epoch: second, lane: 'record' }),
    ]);
  });

  test('still gives and offers what it said in the old epoch, behind the new one', () => {
    const bench = createBench([a]);
    say(bench, 10, 'm1');
    say(bench, 20, 'm2');
    wake(bench, 12_000);
    say(bench, 12_001, 'm3');
    const want: Want = { origin: self, epoch: epoch(1), lane: 'reliable', first: 2, last: 9 };
    expect(bench.from(12_010, a, { kind: 'graft', trees: [], wants: [want] })).toEqual([
      send(a, own(2, 'm2', { ageMs: 11_990 })),
    ]);
    expect(bench.give(12_020, { kind: 'neighborUp', peer: b })).toEqual([
      send(
        b,
        vector(
          vectorHead(1, { origin: self, epoch: second }),
          vectorHead(2, { origin: self, epoch: epoch(1) }),
        ),
      ),
    ]);
  });

  test('offers nothing of the old epoch that would be gone before it is asked for', () => {
    const bench = createBench([a]);
    say(bench, 10, 'm1');
    wake(bench, 20_011);
    expect(bench.give(20_011, { kind: 'neighborUp', peer: b })).toEqual([send(b, vector())]);
  });

  test('takes echoes of the old epoch for what they are, and later ones for forgeries', () => {
    const bench = createBench([a]);
    say(bench, 10, 'm1');
    wake(bench, 12_000);
    const heard = (message: Gossip<string>) => bench.from(12_010, a, message);
    expect(heard(own(1, 'm1', { round: 1 }))).toEqual([]);
    expect(heard(own(1, 'm1', { epoch: second, round: 1 }))).toEqual([misbehaved(a, 'forged-origin')]);
    expect(heard(own(1, 'm1', { epoch: epoch(3), round: 1 }))).toEqual([misbehaved(a, 'forged-origin')]);
  });

  test('says anew what nobody has heard: messages, no records, and none for longer than they are kept', () => {
    const bench = createBench([a]);
    say(bench, 10, 'heard');
    bench.give(20, { kind: 'neighborDown', peer: a });
    say(bench, 1_000, 'too old');
    say(bench, 20_000, 'unheard');
    say(bench, 20_000, 'record', 'record');
    wake(bench, 32_000);
    const follows = { epoch: epoch(1), seq: 1, from: 2 };
    const message = own(1, 'unheard', { epoch: second, ageMs: 10, follows });
    expect(bench.give(32_010, { kind: 'neighborUp', peer: b })).toEqual([
      send(b, vector()),
      send(b, message),
    ]);
    expect(bench.give(32_020, { kind: 'neighborUp', peer: a })).toEqual([
      send(a, vector(vectorHead(1, { origin: self, epoch: second }))),
    ]);
  });
});

describe('a member that comes back in a new epoch', () => {
  const reborn = (seq: number): Gossip<string> => gossip(seq, { epoch: second });

  test('leaves no gap where nothing of the old epoch waits', () => {
    const bench = createBench([a]);
    bench.from(10, a, gossip(1));
    bench.from(20_000, a, reborn(1));
    expect([21_000, 40_000].map((atMs) => bench.sweep(atMs))).toEqual([[], []]);
    expect(bench.layer.inspect().counts.gaps).toBe(0);
  });

  test('leaves what waits behind a hole of the old epoch its time, then the hole is a gap', () => {
    const bench = createBench([a]);
    bench.from(10, a, gossip(1));
    bench.from(20, a, gossip(3));
    bench.from(100, a, reborn(1));
    expect(bench.sweep(9_000)).toEqual([]);
    expect(bench.sweep(10_020)).toEqual([
      { kind: 'gap', origin: gossip(1).origin, epoch: epoch(1), first: 2, last: 2 },
      deliver(a, gossip(3)),
    ]);
    expect(bench.from(10_100, a, reborn(2))).toEqual([deliver(a, reborn(2))]);
  });

  test('has what was missed of the old epoch asked for where it is offered, and delivered once', () => {
    const bench = createBench([a]);
    bench.from(10, a, gossip(1));
    bench.from(100, a, reborn(1));
    bench.give(110, { kind: 'neighborUp', peer: b });
    const { origin } = gossip(1);
    const asked = bench.from(120, b, vector(vectorHead(1, { epoch: second }), vectorHead(2, { from: 2 })));
    expect(asked).toContainEqual(
      send(b, {
        kind: 'graft',
        trees: [],
        wants: [{ origin, epoch: epoch(1), lane: 'reliable', first: 2, last: 2 }],
      }),
    );
    expect(bench.from(130, b, gossip(2))).toContainEqual(deliver(b, gossip(2)));
    expect(bench.from(140, a, gossip(2)).filter(({ kind }) => kind === 'deliver')).toEqual([]);
  });

  test('and in a third one has nothing more to say in the first', () => {
    const bench = createBench([a]);
    bench.from(10, a, gossip(1));
    bench.from(20, a, gossip(3));
    bench.from(100, a, reborn(1));
    const third = gossip(1, { epoch: epoch(3) });
    // What waited in the first has its turn before it.
    expect(bench.from(110, a, third)).toEqual([
      { kind: 'gap', origin: third.origin, epoch: epoch(1), first: 2, last: 2 },
      deliver(a, gossip(3)),
      deliver(a, third),
    ]);
    expect(bench.from(120, a, gossip(2))).toEqual([]);
    expect(bench.sweep(20_000)).toEqual([]);
  });

  test('is remembered in two epochs, however many it began', () => {
    const origins = createOrigins<string>(defaultBroadcastConfig, () => true);
    const { origin } = gossip(1);
    for (const life of [1, 2, 3]) origins.admit(origin, epoch(life), instant(0));
    const { before } = origins.admit(origin, epoch(3), instant(0)).origin;
    expect([before?.epoch, before?.before]).toEqual([2, null]);
  });

  test('is taken over by a newcomer in its present epoch only', () => {
    const bench = createBench([]);
    bench.give(0, { kind: 'neighborUp', peer: a });
    bench.from(10, a, vector(vectorHead(4, { epoch: second }), vectorHead(9)));
    expect(bench.layer.inspect().heads).toEqual([head(4, { epoch: second })]);
    expect(bench.from(20, a, gossip(10))).toEqual([]);
  });

  test('and of whose new beginning nothing can be given any more leaves no gap either', () => {
    const bench = createBench([a]);
    bench.from(10, a, gossip(1));
    bench.give(60_000, { kind: 'neighborUp', peer: b });
    bench.from(60_010, b, vector(vectorHead(3, { epoch: second, from: 3 })));
    bench.from(60_020, b, reborn(3));
    expect(bench.sweep(61_100)).toEqual([deliver(b, reborn(3))]);
  });
});
