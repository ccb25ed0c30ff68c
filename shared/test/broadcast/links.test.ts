import { epoch, type PeerId } from '#shared/base/ids.ts';
import { describe, expect, test } from 'vitest';
import type { Lane, BroadcastTimer } from '#shared/broadcast/messages.ts';
import {
  type Effect,
  a,
  b,
  type Bench,
  c,
  createBench,
  FORGED,
  LOUD,
  deliver,
  gossip,
  head,
  ihave,
  misbehaved,
  o,
  onward,
  schedule,
  self,
  send,
  vector,
  vectorHead,
} from './helpers.ts';
import { wants } from './broadcast-words.ts';

describe('links and limits', () => {
  test('a congested link gets announcements only, however often it asks, and learns what it lacks when it has drained', () => {
    const bench = createBench([a, b]);
    bench.give(0, { kind: 'congestion', peer: b, congested: true });
    expect(bench.from(1, a, gossip(1))).toEqual([
      deliver(a, gossip(1)),
      schedule({ kind: 'announce', token: 1 }, 50),
    ]);
    const asking = { kind: 'graft', trees: [o], wants: [wants(1, 1)] } as const;
    for (const atMs of [2, 3, 4]) expect(bench.from(atMs, b, asking)).toEqual([]);
    expect(bench.give(5, { kind: 'congestion', peer: b, congested: false })).toEqual([
      send(b, vector(vectorHead(1))),
    ]);
    expect(bench.from(6, b, asking)).toEqual([send(b, onward(gossip(1), 5))]);
    expect(bench.from(7, a, gossip(2))).toEqual([deliver(a, gossip(2)), send(b, onward(gossip(2)))]);
  });

  const hotAt = (bench: Bench, lane: Lane) => (atMs: number) => {
    const [effect] = bench.give(atMs, { kind: 'broadcast', lane, payload: 'x' });
    return effect?.kind === 'send' && effect.message.kind === 'gossip' && effect.message.hot;
  };

  test('the origin marks itself hot with its sixth record in 10 s and stays so until 15 min of silence', () => {
    const hot = hotAt(createBench([a]), 'record');
    const times = [0, 2_000, 4_000, 6_000, 8_000, 10_000, 60_000, 959_999, 1_859_999];
    const hotTimes = times.filter((atMs) => hot(atMs));
    expect(hotTimes).toEqual([10_000, 60_000, 959_999]);
  });

  test.each(['reliable', 'volatile'] as const)('the first %s message makes its origin hot', (lane) => {
    const bench = createBench([a]);
    expect([hotAt(bench, 'record')(0), hotAt(bench, lane)(1), hotAt(bench, 'record')(2)]).toEqual([
      false,
      true,
      true,
    ]);
  });

  test('our own echo prunes; words put into our mouth are refused', () => {
    const bench = createBench([a, b]);
    bench.give(0, { kind: 'broadcast', lane: 'reliable', payload: 'm1' });
    const echo = (seq: number) => gossip(seq, { origin: self, hot: false });
    expect(bench.from(1, a, echo(1))).toEqual([send(a, { kind: 'prune', tree: null })]);
    expect(bench.from(2, a, echo(2))).toEqual([misbehaved(a, 'forged-origin')]);
    expect(bench.from(3, a, ihave(head(2, { origin: self })))).toEqual([misbehaved(a, 'forged-origin')]);
  });

  test('implausible claims are refused and change nothing', () => {
    const bench = createBench([a], { headsPerFrameMax: 2 });
    for (const seq of [0, 1.5, Number.NaN, 2 ** 60, 1_000_001]) {
      expect(bench.from(1, a, gossip(seq))).toEqual([misbehaved(a, 'implausible-sequence')]);
    }
    expect(bench.from(1, a, gossip(1, { epoch: epoch(-1) }))).toEqual([misbehaved(a, 'implausible-epoch')]);
    for (const round of [-1, 0.5, 65, 2 ** 53 - 1]) {
      expect(bench.from(1, a, gossip(1, { round }))).toEqual([misbehaved(a, 'implausible-round')]);
    }
    for (const from of [0, 0.5, 6]) {
      expect(bench.from(1, a, vector(vectorHead(4, { from })))).toEqual([
        misbehaved(a, 'implausible-sequence'),
      ]);
    }
    expect(bench.from(1, a, ihave(head(1), head(2), head(3)))).toEqual([misbehaved(a, 'too-many-heads')]);
    expect(bench.from(1, a, { kind: 'graft', trees: [], wants: [wants(3, 2)] })).toEqual([
      misbehaved(a, 'malformed-want'),
    ]);
    expect(bench.from(1, b, gossip(1))).toEqual([misbehaved(b, 'not-a-neighbor')]);
    expect(bench.layer.inspect().heads).toEqual([]);
  });

  test('a forgotten origin’s late copies are known for 15 min', () => {
    const bench = createBench([a]);
    bench.from(0, a, gossip(1));
    bench.give(1, { kind: 'forget', origin: o });
    expect(bench.layer.inspect().heads).toEqual([]);
    expect(bench.from(2, a, gossip(1))).toEqual([]);
    expect(bench.from(900_000, a, gossip(1))).toEqual([]);
    bench.sweep(900_001);
    expect(bench.from(900_002, a, gossip(1))).toEqual([deliver(a, gossip(1))]);
  });

  test('what a forgotten origin said last is still given to who asks', () => {
    const bench = createBench([a, b]);
    bench.from(0, a, gossip(1));
    bench.give(1, { kind: 'forget', origin: o });
    expect(bench.from(2, b, { kind: 'graft', trees: [], wants: [wants(1, 1)] })).toEqual([
      send(b, onward(gossip(1), 2)),
    ]);
    bench.sweep(30_000);
    expect(bench.layer.inspect().cachedMessages).toBe(0);
  });

  test('a forgotten origin’s last words are offered to a new neighbor while they can be asked for', () => {
    const bench = createBench([a]);
    bench.from(0, a, gossip(1));
    bench.from(0, a, gossip(1, { lane: 'record' }));
    bench.give(1, { kind: 'forget', origin: o });
    const offered = (atMs: number, peer: PeerId): readonly unknown[] =>
      bench
        .give(atMs, { kind: 'neighborUp', peer })
        .flatMap((effect) =>
          effect.kind === 'send' && effect.message.kind === 'vector' ? effect.message.heads : [],
        );
    expect(offered(20_000, b)).toEqual([{ origin: o, epoch: 1, lane: 'reliable', seq: 1, from: 1 }]);
    expect(offered(20_001, c)).toEqual([]);
  });

  test('a late word of a forgotten origin is delivered, and brings back neither its head nor its tree', () => {
    const bench = createBench([a]);
    bench.from(0, a, gossip(1));
    bench.give(1, { kind: 'forget', origin: o });
    expect(bench.from(2, a, gossip(2))).toContainEqual(deliver(a, gossip(2)));
    expect(bench.layer.inspect().eagerByTree.has(o)).toBe(false);
    const offered = bench.give(30_003, { kind: 'neighborUp', peer: b });
    expect(offered).toEqual([send(b, vector())]);
    expect(bench.layer.inspect().heads).toEqual([]);
  });

  test('a stream of one that is on no roster is no member’s once that had its time to come', () => {
    const bench = createBench([a], {}, { members: [] });
    bench.from(0, a, gossip(1, { lane: 'record' }));
    const heads = (atMs: number, peer: PeerId): readonly unknown[] =>
      bench
        .give(atMs, { kind: 'neighborUp', peer })
        .flatMap((effect) =>
          effect.kind === 'send' && effect.message.kind === 'vector' ? effect.message.heads : [],
        );
    expect(heads(5_000, b)).toHaveLength(1);
    expect(heads(5_001, c)).toEqual([]);
    expect(bench.layer.inspect().eagerByTree.has(o)).toBe(false);
  });

  test('what its origin may not say is refused, and neither delivered nor sent on', () => {
    const bench = createBench([a, b]);
    expect(bench.from(0, a, gossip(1, { payload: FORGED }))).toEqual([misbehaved(a, 'forged-author')]);
    expect(bench.from(1, b, gossip(1)).map((effect) => effect.kind)).toContain('deliver');
  });

  test('what is over the quota of its origin is neither delivered, kept nor sent on; a duplicate costs nothing', () => {
    const bench = createBench([a, b]);
    const loud = gossip(1, { origin: LOUD });
    expect(bench.from(0, a, loud)).toEqual([misbehaved(LOUD, 'origin-quota')]);
    expect(bench.layer.inspect().cachedMessages).toBe(0);
    bench.from(1, a, gossip(1));
    expect(bench.from(2, b, gossip(1)).filter(({ kind }) => kind === 'peerMisbehaved')).toEqual([]);
  });

  test('nothing is asked for of an origin that was over its quota a moment ago, for that would be dropped too', () => {
    const loud = new Set<PeerId>();
    const bench = createBench([a, b], {}, { loud });
    bench.from(0, a, gossip(1));
    loud.add(o);
    bench.from(1, a, gossip(2));
    loud.clear();
    const missing: BroadcastTimer = { kind: 'graft', head: head(3), attempt: 0 };
    expect(bench.from(2, b, ihave(head(3)))).toEqual([schedule(missing, 150)]);
    expect(bench.timer(152, missing)).toEqual([schedule(missing, 2_000)]);
    expect(bench.timer(2_152, missing)).toEqual([
      send(b, { kind: 'graft', trees: [o], wants: [wants(2, 3)] }),
      schedule({ ...missing, attempt: 1 }, 75),
    ]);
  });

  test('what is thinned of the volatile lane leaves the repair of the others alone', () => {
    const loud = new Set<PeerId>();
    const bench = createBench([a, b], {}, { loud });
    bench.from(0, a, gossip(1));
    loud.add(o);
    bench.from(1, a, gossip(1, { lane: 'volatile' }));
    loud.clear();
    bench.from(2, b, ihave(head(2)));
    expect(bench.timer(152, { kind: 'graft', head: head(2), attempt: 0 })[0]).toEqual(
      send(b, { kind: 'graft', trees: [o], wants: [wants(2, 2)] }),
    );
  });

  test('whoever asks for more than it may is told of, and given more in time', () => {
    const quota = { cacheBytesMax: 6, answersBytesPerS: 2 };
    const bench = createBench([a, b], quota);
    bench.from(0, a, gossip(1));
    const ask = (atMs: number, peer: PeerId = b): readonly Effect[] =>
      bench.from(atMs, peer, { kind: 'graft', trees: [], wants: [wants(1, 1)] });
    const answer = (ageMs: number): readonly Effect[] => [send(b, onward(gossip(1), ageMs))];
    expect([ask(1), ask(1), ask(1)]).toEqual([answer(1), answer(1), answer(1)]);
    expect(ask(1)).toEqual([misbehaved(b, 'graft-flood')]);
    expect(ask(2, a)).toEqual([send(a, onward(gossip(1), 2))]);
    expect(ask(1_001)).toEqual(answer(1_001));
  });

  test('an origin that returns after ten minutes goes on where it was', () => {
    const bench = createBench([a]);
    for (const seq of [1, 2]) bench.from(0, a, gossip(seq));
    bench.give(60_000, { kind: 'forget', origin: o });
    bench.sweep(600_000);
    expect(bench.from(600_001, a, gossip(3))).toEqual([deliver(a, gossip(3))]);
  });

  test('a message that has gone 64 hops is sent on and counted no further', () => {
    const bench = createBench([a, b]);
    expect(bench.from(1, a, gossip(1, { round: 64 }))[1]).toEqual(send(b, gossip(1, { round: 64 })));
  });

  test('a full table gives up a forgotten origin first', () => {
    const bench = createBench([a], { originsMax: 2 });
    for (const origin of [b, c]) bench.from(0, a, gossip(1, { origin }));
    bench.give(1, { kind: 'forget', origin: c });
    bench.from(2, a, gossip(1));
    expect(bench.layer.inspect().heads.map(({ origin }) => origin)).toEqual([b, o]);
  });

  test('a full table gives up the origin idle longest', () => {
    const bench = createBench([a], { originsMax: 2 });
    for (const origin of [b, c]) bench.from(0, a, gossip(1, { origin }));
    bench.from(1, a, gossip(2, { origin: b }));
    bench.from(2, a, gossip(1));
    expect(bench.layer.inspect().heads.map(({ origin }) => origin)).toEqual([b, o]);
  });
});
