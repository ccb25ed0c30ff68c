import { epoch, type PeerId } from '#shared/base/ids.ts';
import { describe, expect, test } from 'vitest';
import type { Lane, BroadcastTimer } from '#shared/broadcast/messages.ts';
import { numberToPeerId } from './world.ts';
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
  URGENT,
} from './helpers.ts';

/** Trees that announce in their time, as those do that many messages have travelled. */
const settled = { youngMessages: 1, teachEvery: 1_000 };
/** Below our own id. */
const lower = numberToPeerId(0);
const prune = { kind: 'prune', tree: o } as const;
const graftTree = { kind: 'graft', trees: [o], wants: [] } as const;
const wants = (first: number, last: number) =>
  ({ origin: o, epoch: epoch(1), lane: 'reliable', first, last }) as const;

describe('trees', () => {
  test('a first copy is delivered and sent on to all but its sender', () => {
    const bench = createBench([a, b, c]);
    const m1 = gossip(1, { round: 2 });
    expect(bench.from(10, a, m1)).toEqual([deliver(a, m1), send(b, onward(m1)), send(c, onward(m1))]);
  });

  test('a second copy prunes the link that brought it', () => {
    const bench = createBench([a, b]);
    bench.from(10, a, gossip(1));
    expect(bench.from(12, b, gossip(1))).toEqual([send(b, prune)]);
    expect(bench.layer.inspect().eagerByTree.get(o)).toEqual([a]);
    expect(bench.layer.inspect().counts.duplicates).toBe(1);
  });

  test('a pruned link that brings first copies long after feeds us again, not a parent that has us for its own', () => {
    const bench = createBench([a, b]);
    bench.from(10, a, gossip(1));
    bench.from(11, b, gossip(1));
    expect(bench.from(10_010, b, gossip(2))).toEqual([
      deliver(b, gossip(2)),
      send(a, gossip(2, { round: 1 })),
    ]);
    expect(bench.from(10_011, a, gossip(2))).toEqual([]);
    expect(bench.from(10_012, b, gossip(3))).toContainEqual(
      send(b, { kind: 'graft', trees: [o], wants: [] }),
    );
    expect(bench.from(10_013, a, gossip(3))).toEqual([send(a, prune)]);
  });

  test('the parent is never pruned', () => {
    const bench = createBench([a, b]);
    bench.from(10, a, gossip(1));
    expect(bench.from(12, a, gossip(1))).toEqual([]);
  });

  test('two messages that come by two ways each leave one link eager', () => {
    const bench = createBench([a, b]);
    bench.from(10, a, gossip(1));
    expect(bench.from(11, b, gossip(1))).toEqual([send(b, prune)]);
    expect(bench.from(12, b, gossip(2))).toEqual([deliver(b, gossip(2))].concat(send(a, onward(gossip(2)))));
    expect(bench.from(13, a, gossip(2))).toEqual([]);
    expect(bench.layer.inspect().eagerByTree.get(o)).toEqual([a]);
  });

  test('the tree of an origin starts as the shared one is', () => {
    const bench = createBench([a, b, c]);
    bench.from(0, b, { kind: 'prune', tree: null });
    expect(bench.from(10, a, gossip(1))).toEqual([
      deliver(a, gossip(1)),
      send(b, ihave(head(1))),
      send(c, onward(gossip(1))),
    ]);
    bench.from(11, b, graftTree);
    expect(bench.layer.inspect().eagerByTree).toEqual(
      new Map([
        ['shared', [a, c]],
        [o, [a, b, c]],
      ]),
    );
  });

  test('the first six messages of a tree are announced at once, and then each thirty-second of a stream', () => {
    const bench = createBench([a, b]);
    bench.from(0, b, { kind: 'prune', tree: null });
    const announcedAtOnce = (seq: number) =>
      bench
        .from(seq, a, gossip(seq))
        .some(({ kind, ...rest }) => kind === 'send' && 'to' in rest && rest.to === b);
    const seqs = Array.from({ length: 70 }, (_, at) => at + 1);
    expect(seqs.filter(announcedAtOnce)).toEqual([1, 2, 3, 4, 5, 6, 32, 64]);
  });

  test('a young tree moves with each message to whoever announced it first', () => {
    const bench = createBench([a, b, c]);
    bench.from(0, b, { kind: 'prune', tree: null });
    bench.from(0, c, { kind: 'prune', tree: null });
    bench.from(10, b, ihave(head(1)));
    bench.from(11, c, ihave(head(1)));
    expect(bench.from(12, a, gossip(1))).toEqual([
      deliver(a, gossip(1)),
      send(b, { ...graftTree, wants: [wants(2, 257)] }),
      send(a, prune),
    ]);
    bench.from(20, c, ihave(head(2)));
    expect(bench.from(21, b, gossip(2))).toEqual([
      deliver(b, gossip(2)),
      send(a, ihave(head(2))),
      send(c, { ...graftTree, wants: [wants(3, 258)] }),
      send(b, prune),
    ]);
    expect(bench.layer.inspect().eagerByTree.get(o)).toEqual([c]);
  });

  test('what passed the new parent before its graft came is given with it', () => {
    const bench = createBench([a, b], settled);
    bench.from(10, b, prune);
    bench.from(10, a, gossip(1));
    bench.from(11, b, prune);
    bench.from(20, a, gossip(2));
    expect(bench.from(30, b, { ...graftTree, wants: [wants(2, 257)] })).toEqual([send(b, onward(gossip(2)))]);
  });

  test('of two neighbors the one with the higher id announces later', () => {
    const bench = createBench([a, lower], settled);
    bench.from(10, a, gossip(1));
    bench.from(11, lower, prune);
    expect(bench.from(20, a, gossip(2))).toEqual([
      deliver(a, gossip(2)),
      schedule({ kind: 'announce', token: 1 }, 140),
    ]);
  });

  test('a pruned link gets an announcement after 50 ms instead of the message', () => {
    const bench = createBench([a, b], settled);
    bench.from(10, b, prune);
    bench.from(10, a, gossip(1));
    bench.from(11, b, prune);
    expect(bench.from(20, a, gossip(2))).toEqual([
      deliver(a, gossip(2)),
      schedule({ kind: 'announce', token: 1 }, 50),
    ]);
    expect(bench.from(30, a, gossip(3))).toEqual([deliver(a, gossip(3))]);
    expect(bench.timer(70, { kind: 'announce', token: 1 })).toEqual([send(b, ihave(head(3)))]);
    expect(bench.timer(71, { kind: 'announce', token: 1 })).toEqual([]);
  });

  test('a neighbor that shows it has a message is not told of it', () => {
    const bench = createBench([a, b], settled);
    bench.from(10, a, gossip(1));
    bench.from(11, b, prune);
    bench.from(20, a, gossip(2));
    bench.from(30, b, ihave(head(2)));
    expect(bench.timer(70, { kind: 'announce', token: 1 })).toEqual([]);
  });

  test('a graft makes a link eager again and answers from the cache', () => {
    const bench = createBench([a, b]);
    bench.from(10, a, gossip(1));
    bench.from(11, b, prune);
    expect(bench.from(20, b, { kind: 'graft', trees: [o], wants: [wants(1, 9)] })).toEqual([
      send(b, onward(gossip(1))),
    ]);
    expect(bench.from(30, a, gossip(2))).toEqual([deliver(a, gossip(2)), send(b, onward(gossip(2)))]);
  });

  test('quiet origins travel the shared tree', () => {
    const bench = createBench([a, b]);
    bench.from(10, a, gossip(1, { hot: false }));
    expect(bench.from(12, b, gossip(1, { hot: false }))).toEqual([send(b, { kind: 'prune', tree: null })]);
    expect(bench.layer.inspect().eagerByTree).toEqual(new Map([['shared', [a]]]));
  });

  test('a hot origin without a place uses the shared tree and is pruned by its own name', () => {
    const bench = createBench([a, b], { hotTreesMax: 1 });
    bench.from(10, a, gossip(1, { origin: c }));
    bench.from(10, a, gossip(1));
    expect(bench.from(12, b, gossip(1))).toEqual([send(b, prune)]);
    expect(bench.layer.inspect().eagerByTree.get('shared')).toEqual([a]);
  });

  test('a tree idle for 15 min is forgotten', () => {
    const bench = createBench([a, b]);
    bench.from(10, a, gossip(1));
    bench.sweep(900_009);
    expect([...bench.layer.inspect().eagerByTree.keys()]).toEqual(['shared', o]);
    bench.sweep(900_010);
    expect([...bench.layer.inspect().eagerByTree.keys()]).toEqual(['shared']);
  });

  test('an announcement that beats the message by over 12 ms moves a settled tree, once a second', () => {
    const bench = createBench([a, b, c], settled);
    bench.from(0, a, gossip(1));
    bench.from(1, b, gossip(1));
    bench.from(10, b, ihave(head(2)));
    expect(bench.from(23, a, gossip(2))).toEqual([
      deliver(a, gossip(2)),
      send(c, onward(gossip(2))),
      send(b, { ...graftTree, wants: [wants(3, 258)] }),
      send(a, prune),
    ]);
    expect(bench.layer.inspect().eagerByTree.get(o)).toEqual([b, c]);
    bench.from(30, a, ihave(head(3)));
    expect(bench.from(50, b, gossip(3))).toEqual([deliver(b, gossip(3)), send(c, onward(gossip(3)))]);
  });

  test('a suspect’s trees are grafted in one batch at another neighbor', () => {
    const bench = createBench([a, b]);
    bench.from(10, a, gossip(1));
    bench.from(10, a, gossip(1, { origin: c }));
    bench.from(11, b, gossip(1));
    expect(bench.give(20, { kind: 'neighborSuspected', peer: a })).toEqual([
      send(b, { kind: 'graft', trees: [null, o, c], wants: [] }),
    ]);
  });

  test('with its last eager link lost an own tree floods again', () => {
    const bench = createBench([a, b, c]);
    for (const at of [1, 2, 3, 4, 5, 6])
      bench.give(at, { kind: 'broadcast', lane: 'reliable', payload: 'x' });
    bench.from(7, a, { kind: 'prune', tree: self });
    bench.from(7, b, { kind: 'prune', tree: self });
    bench.from(7, c, { kind: 'prune', tree: self });
    expect(bench.layer.inspect().eagerByTree.get(self)).toEqual([c]);
    bench.give(8, { kind: 'neighborDown', peer: c });
    expect(bench.layer.inspect().eagerByTree.get(self)).toEqual([a, b]);
  });
});

describe('what is urgent', () => {
  test('goes to lazy neighbors too, but to none that is congested, and its copies prune nothing', () => {
    const bench = createBench([a, b, c]);
    bench.from(0, b, { kind: 'prune', tree: null });
    bench.give(0, { kind: 'congestion', peer: c, congested: true });
    const urgent = gossip(1, { origin: o, hot: false, lane: 'record', payload: URGENT });
    const sentTo = (effects: readonly Effect[]): readonly PeerId[] =>
      effects.flatMap((effect) =>
        effect.kind === 'send' && effect.message.kind === 'gossip' ? [effect.to] : [],
      );
    expect(sentTo(bench.from(10, a, urgent))).toEqual([b]);
    expect(bench.from(20, b, urgent)).toEqual([]);
    const calm = gossip(2, { origin: o, hot: false, lane: 'record', payload: 'calm' });
    expect(sentTo(bench.from(30, a, calm))).toEqual([]);
  });

  test('teaches no tree, though another announced it before', () => {
    const bench = createBench([a, b]);
    bench.from(0, a, gossip(1));
    bench.from(1, b, gossip(1));
    const urgent = gossip(2, { payload: URGENT });
    bench.from(1_000, b, { kind: 'ihave', heads: [head(2)] });
    expect(controlOf(bench.from(1_020, a, urgent))).toEqual([]);
    const calm = gossip(3);
    bench.from(2_000, b, { kind: 'ihave', heads: [head(3)] });
    expect(controlOf(bench.from(2_020, a, calm))).toEqual(['graft', 'prune']);
  });
});

const controlOf = (effects: readonly Effect[]): readonly string[] =>
  effects.flatMap((effect) =>
    effect.kind === 'send' && ['graft', 'prune'].includes(effect.message.kind) ? [effect.message.kind] : [],
  );

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

describe('repair', () => {
  const graftTimer = (attempt: number) => ({ kind: 'graft', head: head(1), attempt }) as const;
  const graft = { kind: 'graft', trees: [null], wants: [wants(1, 1)] } as const;

  test('an announced message that does not come is asked of its announcers in turn', () => {
    const bench = createBench([a, b]);
    expect(bench.from(10, a, ihave(head(1)))).toEqual([schedule(graftTimer(0), 150)]);
    expect(bench.from(20, b, ihave(head(1)))).toEqual([]);
    expect(bench.timer(160, graftTimer(0))).toEqual([send(a, graft), schedule(graftTimer(1), 75)]);
    expect(bench.timer(235, graftTimer(1))).toEqual([send(b, graft), schedule(graftTimer(2), 150)]);
  });

  test('the answer to a graft is no duplicate to prune for', () => {
    const bench = createBench([a, b]);
    bench.from(10, a, ihave(head(1)));
    bench.timer(160, graftTimer(0));
    bench.from(170, b, gossip(1));
    expect(bench.from(180, a, gossip(1))).toEqual([]);
  });

  test('timers that are late, repeated or of another life change nothing', () => {
    const bench = createBench([a, b]);
    bench.from(10, a, ihave(head(1)));
    bench.timer(160, graftTimer(0));
    expect(bench.timer(161, graftTimer(0))).toEqual([]);
    expect(bench.timer(161, graftTimer(5))).toEqual([]);
    bench.from(170, a, gossip(1));
    expect(bench.timer(235, graftTimer(1))).toEqual([]);
    expect(bench.timer(236, { kind: 'announce', token: 9 })).toEqual([]);
    expect(bench.timer(236, { kind: 'sweep', token: 9 })).toEqual([]);
  });

  test('asking waits twice as long each time, and ends after eight attempts', () => {
    const bench = createBench([a]);
    bench.from(0, a, ihave(head(1)));
    let atMs = 150;
    for (const [attempt, pauseMs] of [75, 150, 300, 600, 1_200, 2_000, 2_000, 2_000].entries()) {
      expect(bench.timer(atMs, graftTimer(attempt))).toEqual([
        send(a, graft),
        schedule(graftTimer(attempt + 1), pauseMs),
      ]);
      atMs += pauseMs;
    }
    expect(bench.timer(atMs, graftTimer(8))).toEqual([]);
  });

  test('the timer waits longer where messages come late after their announcement', () => {
    const bench = createBench([a, b]);
    bench.from(0, b, ihave(head(1)));
    bench.from(60, a, gossip(1, { hot: false }));
    expect(bench.from(100, b, ihave(head(2)))).toEqual([
      schedule({ kind: 'graft', head: head(2), attempt: 0 }, 360),
    ]);
  });

  test('of a volatile stream only the newest announced message is asked for', () => {
    const bench = createBench([a]);
    const frame = (seq: number) => head(seq, { lane: 'volatile' });
    bench.from(0, a, ihave(frame(5)));
    expect(bench.from(100, a, ihave(frame(9)))).toEqual([]);
    expect(bench.timer(150, { kind: 'graft', head: frame(5), attempt: 0 })[0]).toEqual(
      send(a, { kind: 'graft', trees: [null], wants: [{ ...wants(9, 9), lane: 'volatile' }] }),
    );
  });

  test('the first vector is where a newcomer starts', () => {
    const bench = createBench([]);
    bench.give(0, { kind: 'neighborUp', peer: a });
    expect(bench.from(1, a, vector(vectorHead(40)))).toEqual([]);
    expect(bench.from(2, a, gossip(41))).toEqual([deliver(a, gossip(41))]);
  });

  const beginners = (...heads: ReturnType<typeof vectorHead>[]) => ({ ...vector(...heads), begun: false });

  test('a newcomer that met newcomers first starts from one who has begun, and tells them', () => {
    const bench = createBench([]);
    for (const peer of [a, b]) bench.give(0, { kind: 'neighborUp', peer });
    expect(bench.from(1, a, beginners(vectorHead(2, { origin: a })))).toEqual([]);
    bench.from(2, a, gossip(3, { origin: a, hot: false }));
    const offered = [vectorHead(40, { from: 31 }), vectorHead(4, { origin: a, from: 4 })];
    expect(bench.from(3, b, vector(...offered))).toEqual([
      schedule({ kind: 'graft', head: head(4, { origin: a }), attempt: 0 }, 150),
      send(b, { kind: 'graft', trees: [], wants: [{ ...wants(4, 4), origin: a }] }),
      send(a, vector(vectorHead(3, { origin: a, from: 3 }), vectorHead(40, { from: 41 }))),
    ]);
    expect(bench.from(4, b, gossip(41))[0]).toEqual(deliver(b, gossip(41)));
  });

  test('newcomers among themselves begin after 5 s, without a past to give', () => {
    const bench = createBench([]);
    bench.give(0, { kind: 'neighborUp', peer: a });
    bench.from(1, a, beginners(vectorHead(2)));
    expect(bench.timer(4_999, { kind: 'begin', token: 0 })).toEqual([]);
    expect(bench.timer(5_000, { kind: 'begin', token: 1 })).toEqual([send(a, vector())]);
    expect(bench.timer(5_001, { kind: 'begin', token: 1 })).toEqual([]);
  });

  test('one that is alone does not begin, and has begun for good once it has', () => {
    const bench = createBench([]);
    bench.give(0, { kind: 'neighborUp', peer: a });
    bench.give(1, { kind: 'neighborDown', peer: a });
    bench.timer(5_000, { kind: 'begin', token: 1 });
    expect(bench.give(6_000, { kind: 'neighborUp', peer: a })).toEqual([send(a, beginners())]);
    bench.timer(11_000, { kind: 'begin', token: 2 });
    bench.give(11_001, { kind: 'neighborDown', peer: a });
    expect(bench.give(11_002, { kind: 'neighborUp', peer: a })).toEqual([send(a, vector())]);
  });

  test('of an unknown origin what the sender still has is asked for, and what is older is past, not a gap', () => {
    const bench = createBench([a, b]);
    expect(bench.from(0, a, vector(vectorHead(40, { from: 31 })))).toEqual([
      schedule({ kind: 'graft', head: head(40), attempt: 0 }, 150),
      send(a, { kind: 'graft', trees: [], wants: [wants(31, 40)] }),
      send(b, vector(vectorHead(30, { from: 31 }))),
    ]);
    bench.from(10, a, gossip(31));
    expect(bench.sweep(999)).toEqual([]);
    expect(bench.sweep(1_000)).toEqual([deliver(a, gossip(31))]);
    expect(bench.from(1_001, a, gossip(32))[0]).toEqual(deliver(a, gossip(32)));
  });

  test('what one that was heard before says for the first time while we are away is a gap', () => {
    const bench = createBench([a]);
    bench.from(0, a, gossip(1, { lane: 'record' }));
    bench.give(10, { kind: 'neighborDown', peer: a });
    bench.give(40_000, { kind: 'neighborUp', peer: b });
    expect(bench.from(40_001, b, vector(vectorHead(2, { from: 3 })))).toEqual([]);
    bench.sweep(41_001);
    bench.from(42_000, b, gossip(3));
    expect(bench.sweep(51_999)).toEqual([]);
    expect(bench.sweep(52_000)).toEqual([
      { kind: 'gap', origin: o, epoch: 1, first: 1, last: 2 },
      deliver(b, gossip(3)),
    ]);
  });

  test('what was still under way when a vector called it past is heard', () => {
    const bench = createBench([a, b]);
    bench.from(0, a, vector(vectorHead(2, { from: 3 })));
    expect(bench.from(10, b, gossip(1))[0]).toEqual(deliver(b, gossip(1)));
    expect(bench.from(11, b, gossip(2))[0]).toEqual(deliver(b, gossip(2)));
    expect(bench.sweep(1_000)).toEqual([]);
  });

  test('what a later vector shows missing is asked for at once', () => {
    const bench = createBench([a]);
    bench.from(1, a, gossip(1));
    bench.give(10, { kind: 'neighborUp', peer: b });
    expect(bench.from(11, b, vector(vectorHead(4)))).toEqual([
      schedule({ kind: 'graft', head: head(4), attempt: 0 }, 150),
      send(b, { kind: 'graft', trees: [], wants: [wants(2, 4)] }),
    ]);
    expect(bench.from(12, a, vector(vectorHead(4)))).toEqual([]);
  });

  test('a vector names both lanes without gaps, in frames', () => {
    const bench = createBench([a], { headsPerFrameMax: 1 });
    bench.from(1, a, gossip(1));
    bench.from(1, a, gossip(1, { lane: 'record' }));
    bench.from(1, a, gossip(1, { lane: 'volatile' }));
    expect(bench.give(10, { kind: 'neighborUp', peer: b })).toEqual([
      send(b, { ...vector(vectorHead(1)), last: false }),
      send(b, vector(vectorHead(1, { lane: 'record' }))),
    ]);
  });

  test('what was said to nobody follows right behind the vector', () => {
    const bench = createBench([]);
    bench.give(0, { kind: 'broadcast', lane: 'reliable', payload: 'm1' });
    const m1 = gossip(1, { origin: self });
    expect(bench.give(9, { kind: 'neighborUp', peer: a })).toEqual([send(a, beginners()), send(a, m1)]);
    expect(bench.give(10, { kind: 'neighborUp', peer: b })).toEqual([
      send(b, beginners(vectorHead(1, { origin: self }))),
    ]);
  });

  test('a farewell goes to lazy neighbors too', () => {
    const bench = createBench([a, b]);
    bench.from(0, a, { kind: 'prune', tree: null });
    const goodbye = gossip(1, { origin: self, lane: 'record', hot: false, payload: 'goodbye' });
    expect(bench.give(9, { kind: 'farewell', payload: 'goodbye' })).toEqual([
      send(a, goodbye),
      send(b, goodbye),
    ]);
  });

  test('what was said just before a goodbye goes to lazy neighbors too, and nothing older', () => {
    const bench = createBench([a, b]);
    bench.from(0, a, { kind: 'prune', tree: null });
    bench.give(1, { kind: 'broadcast', lane: 'reliable', payload: 'old' });
    bench.give(1_002, { kind: 'broadcast', lane: 'reliable', payload: 'last' });
    const last = gossip(2, { origin: self, payload: 'last' });
    const goodbye = gossip(1, { origin: self, lane: 'record', payload: 'goodbye' });
    expect(bench.give(1_003, { kind: 'farewell', payload: 'goodbye' })).toEqual([
      send(a, last),
      send(a, goodbye),
      send(b, goodbye),
    ]);
  });

  test('and so it does to congested neighbors, whose links were given its name only', () => {
    const bench = createBench([a]);
    bench.give(0, { kind: 'congestion', peer: a, congested: true });
    bench.give(1, { kind: 'broadcast', lane: 'reliable', payload: 'last' });
    const goodbye = gossip(1, { origin: self, lane: 'record', payload: 'goodbye' });
    expect(bench.give(2, { kind: 'farewell', payload: 'goodbye' })).toEqual([
      send(a, gossip(1, { origin: self, payload: 'last' })),
      send(a, goodbye),
    ]);
  });

  test('payloads older than 30 s are gone', () => {
    const bench = createBench([a]);
    bench.from(0, a, gossip(1));
    bench.sweep(30_000);
    expect(bench.from(30_001, a, { kind: 'graft', trees: [], wants: [wants(1, 1)] })).toEqual([]);
  });
});

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
    expect(bench.from(6, b, asking)).toEqual([send(b, onward(gossip(1)))]);
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
      send(b, onward(gossip(1))),
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
    const answer = [send(b, onward(gossip(1)))];
    expect([ask(1), ask(1), ask(1)]).toEqual([answer, answer, answer]);
    expect(ask(1)).toEqual([misbehaved(b, 'graft-flood')]);
    expect(ask(2, a)).toEqual([send(a, onward(gossip(1)))]);
    expect(ask(1_001)).toEqual(answer);
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
