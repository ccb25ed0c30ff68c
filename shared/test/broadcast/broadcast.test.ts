import type { PeerId } from '#shared/base/ids.ts';
import { describe, expect, test } from 'vitest';
import {
  type Effect,
  a,
  b,
  c,
  createBench,
  deliver,
  gossip,
  head,
  ihave,
  o,
  onward,
  schedule,
  self,
  send,
  URGENT,
} from './helpers.ts';
import { settled, lower, prune, graftTree, wants, controlOf } from './broadcast-words.ts';

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
    expect(bench.from(30, b, { ...graftTree, wants: [wants(2, 257)] })).toEqual([
      send(b, onward(gossip(2), 10)),
    ]);
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
      send(b, onward(gossip(1), 10)),
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
