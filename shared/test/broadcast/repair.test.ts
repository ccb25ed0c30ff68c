import { describe, expect, test } from 'vitest';
import {
  a,
  b,
  createBench,
  deliver,
  gossip,
  head,
  ihave,
  o,
  schedule,
  self,
  send,
  vector,
  vectorHead,
} from './helpers.ts';
import { wants } from './broadcast-words.ts';

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
    bench.from(200, a, gossip(1, { hot: false }));
    expect(bench.from(300, b, ihave(head(2)))).toEqual([
      schedule({ kind: 'graft', head: head(2), attempt: 0 }, 400),
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
    const m1 = gossip(1, { origin: self, ageMs: 9 });
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
