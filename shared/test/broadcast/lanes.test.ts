import { epoch } from '#shared/base/ids.ts';
import { describe, expect, test } from 'vitest';
import { a, b, createBench, deliver, gossip, head, ihave, o, onward, schedule, send } from './helpers.ts';
import { prune, wants } from './broadcast-words.ts';

describe('lanes', () => {
  test('reliable messages wait for their turn', () => {
    const bench = createBench([a]);
    expect(bench.from(10, a, gossip(2))).toEqual([
      schedule({ kind: 'graft', head: head(1), attempt: 0 }, 150),
    ]);
    expect(bench.from(20, a, gossip(1))).toEqual([deliver(a, gossip(1)), deliver(a, gossip(2))]);
  });

  test('a gap that nobody fills for 10 s is told and skipped', () => {
    const bench = createBench([a]);
    bench.from(10, a, gossip(3));
    bench.from(5_000, a, gossip(5));
    expect(bench.sweep(10_009)).toEqual([]);
    expect(bench.sweep(10_010)).toEqual([
      { kind: 'gap', origin: o, epoch: epoch(1), first: 1, last: 2 },
      deliver(a, gossip(3)),
    ]);
    expect(bench.sweep(15_000)).toEqual([
      { kind: 'gap', origin: o, epoch: epoch(1), first: 4, last: 4 },
      deliver(a, gossip(5)),
    ]);
  });

  test('a message beyond a full window is refused and asked for later', () => {
    const bench = createBench([a, b], { reorderMessagesMax: 1 });
    bench.from(10, a, gossip(3));
    expect(bench.from(11, a, gossip(4))).toEqual([]);
    expect(bench.layer.inspect().heads).toEqual([head(3)]);
    bench.from(12, a, gossip(1));
    expect(bench.from(13, a, gossip(2)).slice(0, 2)).toEqual([deliver(a, gossip(2)), deliver(a, gossip(3))]);
    expect(bench.timer(162, { kind: 'graft', head: head(4), attempt: 0 })).toEqual([
      send(a, { kind: 'graft', trees: [o], wants: [wants(4, 4)] }),
      schedule({ kind: 'graft', head: head(4), attempt: 1 }, 75),
    ]);
  });

  test('a refused message that nobody gives any more is a gap', () => {
    const bench = createBench([a], { reorderMessagesMax: 1 });
    bench.from(0, a, gossip(2));
    bench.from(1, a, gossip(3));
    const gap = (seq: number) => ({ kind: 'gap', origin: o, epoch: epoch(1), first: seq, last: seq });
    expect(bench.sweep(10_000)).toEqual([
      gap(1),
      deliver(a, gossip(2)),
      schedule({ kind: 'graft', head: head(3), attempt: 0 }, 150),
    ]);
    expect(bench.sweep(19_999)).toEqual([]);
    expect(bench.sweep(20_000)).toEqual([gap(3)]);
  });

  test('what has no room is not asked for', () => {
    const bench = createBench([a], { reorderMessagesMax: 2 });
    bench.from(0, a, gossip(3));
    bench.from(1, a, gossip(5));
    bench.from(2, a, ihave(head(9)));
    expect(bench.timer(150, { kind: 'graft', head: head(9), attempt: 0 })[0]).toEqual(
      send(a, { kind: 'graft', trees: [o], wants: [wants(1, 2)] }),
    );
  });

  test('records are delivered as they come, each once', () => {
    const bench = createBench([a, b]);
    const record = (seq: number) => gossip(seq, { lane: 'record' });
    expect(bench.from(10, a, record(2))[0]).toEqual(deliver(a, record(2)));
    expect(bench.from(10, b, record(2))).toEqual([send(b, prune)]);
    expect(bench.from(11, a, record(1))[0]).toEqual(deliver(a, record(1)));
    expect(bench.from(12, b, record(2))).toEqual([send(b, prune)]);
  });

  test('an overfull record window gives up its lowest hole', () => {
    const bench = createBench([a], { recordWindowMax: 2 });
    for (const seq of [3, 5, 7]) bench.from(10, a, gossip(seq, { lane: 'record' }));
    expect(bench.from(11, a, gossip(2, { lane: 'record' }))).toEqual([]);
    expect(bench.from(11, a, gossip(4, { lane: 'record' }))[0]).toEqual(
      deliver(a, gossip(4, { lane: 'record' })),
    );
  });

  test('of volatile messages only newer ones are delivered; a stale one prunes', () => {
    const bench = createBench([a, b]);
    const frame = (seq: number) => gossip(seq, { lane: 'volatile' });
    expect(bench.from(10, a, frame(7))).toEqual([deliver(a, frame(7)), send(b, onward(frame(7)))]);
    expect(bench.from(11, b, frame(6))).toEqual([send(b, prune)]);
  });

  test('a newer epoch starts anew, the one before it may end, and an older one is dropped quietly', () => {
    const bench = createBench([a]);
    bench.from(10, a, gossip(1));
    const reborn = gossip(1, { epoch: epoch(2) });
    expect(bench.from(11, a, reborn)).toEqual([deliver(a, reborn)]);
    const late = gossip(2);
    expect(bench.from(12, a, late)).toEqual([deliver(a, late)]);
    expect(bench.from(13, a, late)).toEqual([]);
    const again = gossip(1, { epoch: epoch(3) });
    expect(bench.from(14, a, again)).toEqual([deliver(a, again)]);
    expect(bench.from(15, a, gossip(3))).toEqual([]);
    const last = gossip(2, { epoch: epoch(2) });
    expect(bench.from(16, a, last)).toEqual([deliver(a, last)]);
  });
});
