/** What may be believed without proof, and how proof puts right what was believed wrongly. */
import { describe, expect, test } from 'vitest';
import { epoch } from '#shared/base/ids.ts';
import type { BroadcastMessage, Gossip } from '#shared/broadcast/messages.ts';
import { defaultBroadcastConfig } from '#shared/broadcast/config.ts';
import { a, b, createBench, type Effect, gossip, self, UNPROVEN, vector, vectorHead } from './helpers.ts';

const HUGE = 900_000;
const { cacheMs, gapTimeoutMs, anchorAheadMax } = defaultBroadcastConfig;

/** When nothing from before a vector that came at 10 can be under way any more. */
const late = 10 + cacheMs + gapTimeoutMs + 1;

const anchor = (seq: number): Gossip<string> => gossip(seq, { lane: 'volatile', payload: `anchor ${seq}` });
const passing = (seq: number, life: number = 1): Gossip<string> =>
  gossip(seq, { lane: 'volatile', epoch: epoch(life), payload: `${UNPROVEN} ${seq}` });

/** The payloads that these effects deliver. */
const told = (effects: readonly Effect[]): readonly string[] =>
  effects.flatMap((effect) => (effect.kind === 'deliver' ? [effect.payload] : []));
const blamed = (effects: readonly Effect[]): readonly string[] =>
  effects.flatMap((effect) => (effect.kind === 'peerMisbehaved' ? [`${effect.peer} ${effect.reason}`] : []));

describe('an unproven volatile message', () => {
  test('begins no stream: its origin is first heard by what is proven', () => {
    const bench = createBench([a, b]);
    expect(bench.from(10, a, passing(5))).toEqual([]);
    expect(told(bench.from(20, a, gossip(1)))).toEqual(['m1']);
    expect(told(bench.from(30, a, passing(5)))).toEqual([`${UNPROVEN} 5`]);
  });

  test('begins no epoch, so that what its origin really says is not over', () => {
    const bench = createBench([a, b]);
    bench.from(10, a, gossip(1));
    expect(bench.from(20, b, passing(1, 7))).toEqual([]);
    expect(told(bench.from(30, a, gossip(2)))).toEqual(['m2']);
  });

  test('with a huge sequence is dropped where an anchor is known, and nobody is blamed for passing it on', () => {
    const bench = createBench([a, b]);
    bench.from(10, a, anchor(10));
    expect(bench.from(20, b, passing(10 + anchorAheadMax + 1))).toEqual([]);
    expect(told(bench.from(30, a, passing(11)))).toEqual([`${UNPROVEN} 11`]);
  });

  test('stands in the way of true ones until the next anchor, which goes on to neighbors as well', () => {
    const bench = createBench([a, b]);
    bench.from(10, a, anchor(10));
    expect(told(bench.from(20, b, passing(200)))).toEqual([`${UNPROVEN} 200`]);
    expect(told(bench.from(30, a, passing(11)))).toEqual([]);
    const effects = bench.from(40, a, anchor(40));
    expect(told(effects)).toEqual(['anchor 40']);
    const sentOn = effects.flatMap((effect) =>
      effect.kind === 'send' && effect.message.kind === 'gossip' ? [effect.to] : [],
    );
    expect(sentOn).toEqual([b]);
    expect(told(bench.from(50, a, passing(41)))).toEqual([`${UNPROVEN} 41`]);
    // Its second copy is one, and so is an anchor that was overtaken by a newer one.
    expect(told(bench.from(60, b, anchor(40)))).toEqual([]);
    expect(told(bench.from(70, b, anchor(39)))).toEqual([]);
  });
});

describe('an epoch that a vector names and no message bears out', () => {
  const claim = (life: number): BroadcastMessage<string> =>
    vector(vectorHead(9, { epoch: epoch(life), from: 10 }));

  test('does not make the true one old, however many are named', () => {
    const bench = createBench([a, b]);
    bench.from(10, a, gossip(1));
    for (const life of [5, 6, 7]) bench.from(20, b, claim(life));
    expect(told(bench.from(30, a, gossip(2)))).toEqual(['m2']);
    expect(told(bench.from(40, b, gossip(2)))).toEqual([]);
  });

  test('for one who began with it, only for as long as an old message may still be under way', () => {
    const bench = createBench([]);
    for (const peer of [a, b]) bench.give(0, { kind: 'neighborUp', peer });
    bench.from(10, b, claim(5));
    expect(told(bench.from(late - 1, a, gossip(1)))).toEqual([]);
    expect(told(bench.from(late, a, gossip(1)))).toEqual(['m1']);
    expect(told(bench.from(late + 10, a, gossip(2)))).toEqual(['m2']);
  });

  test('a message of it bears it out: then the one before it is over', () => {
    const bench = createBench([a, b]);
    bench.from(10, a, gossip(1, { epoch: epoch(2) }));
    bench.from(15, a, gossip(1, { epoch: epoch(3) }));
    bench.from(20, a, gossip(1, { epoch: epoch(4) }));
    expect(told(bench.from(30, a, gossip(5, { epoch: epoch(2) })))).toEqual([]);
  });
});

describe('a past that a vector makes up', () => {
  function afterTheLie(): ReturnType<typeof createBench> {
    const bench = createBench([]);
    for (const peer of [a, b]) bench.give(0, { kind: 'neighborUp', peer });
    bench.from(10, b, vector(vectorHead(HUGE, { from: HUGE + 1 })));
    return bench;
  }

  test('is believed for as long as an old message may still be under way', () => {
    expect(told(afterTheLie().from(late - 1, a, gossip(8)))).toEqual([]);
  });

  test('is believed no more when its origin speaks below it after that, and who made it up is blamed', () => {
    const bench = afterTheLie();
    const effects = bench.from(late, a, gossip(8));
    expect(told(effects)).toEqual(['m8']);
    expect(blamed(effects)).toEqual([`${b} lying-vector`]);
    expect(told(bench.from(late + 10, a, gossip(9)))).toEqual(['m9']);
    expect(told(bench.from(late + 20, b, gossip(8)))).toEqual([]);
  });

  test('is true when its origin goes on above it, and stays', () => {
    const bench = createBench([]);
    for (const peer of [a, b]) bench.give(0, { kind: 'neighborUp', peer });
    bench.from(10, b, vector(vectorHead(7, { from: 8 })));
    expect(told(bench.from(20, a, gossip(8)))).toEqual(['m8']);
    const effects = bench.from(late, a, gossip(6));
    expect(told(effects)).toEqual([]);
    expect(blamed(effects)).toEqual([]);
  });

  test('is no mere claim where something came before it: nothing of that comes again', () => {
    const bench = createBench([a]);
    for (const seq of [2, 3, 4]) expect(told(bench.from(20, a, gossip(seq)))).toEqual([]);
    bench.from(30, a, vector(vectorHead(4, { from: 4 })));
    expect(told(bench.sweep(1_030))).toEqual(['m2', 'm3', 'm4']);
    const again = bench.from(1_030 + late, a, gossip(3));
    expect([told(again), blamed(again)]).toEqual([[], []]);
  });

  test('is a claim where it goes far beyond what came, and is believed no longer than any', () => {
    const bench = createBench([a, b]);
    bench.from(10, b, vector(vectorHead(HUGE, { from: HUGE + 1 })));
    bench.from(20, a, gossip(1));
    bench.sweep(1_020);
    expect(told(bench.from(1_030, a, gossip(2)))).toEqual([]);
    const after = bench.from(1_020 + late, a, gossip(3));
    expect([told(after), blamed(after)]).toEqual([['m3'], [`${b} lying-vector`]]);
  });

  test('nobody makes one up for ourselves', () => {
    const bench = createBench([a]);
    const lie = vector(vectorHead(HUGE, { origin: self, from: HUGE + 1 }));
    expect(blamed(bench.from(10, a, lie))).toEqual([`${a} forged-origin`]);
  });
});
