/** Neighbors, orphans, own health and timers: one input, and the whole list of its consequences. */
import { describe, expect, it } from 'vitest';
import { epoch, type PeerId } from '#shared/base/ids.ts';
import { createRng } from '#shared/base/rng.ts';
import { now } from '#shared/base/time.ts';
import { checkMembershipConfig, defaultMembershipConfig } from '#shared/membership/config.ts';
import { createMembership } from '#shared/membership/membership.ts';
import type { MembershipEffect } from '#shared/membership/messages.ts';
import { changed, publish, misbehaved, suspected, recovered, goneFrom, claimsOf } from './expected.ts';
import {
  a,
  accusation,
  b,
  c,
  createBench,
  createRoom,
  d,
  e,
  identity,
  keepHearing,
  links,
  objection,
  peer,
  verdict,
  withoutProbe,
  withoutSchedules,
} from './fixtures.ts';

describe('watching', () => {
  it('a ping is answered in the handler', () => {
    const bench = createRoom([b], [b]);
    expect(
      bench.at(10, { kind: 'message', from: b, message: { kind: 'ping', probe: 77, tickMs: 250 } }),
    ).toEqual([{ kind: 'send', to: b, message: { kind: 'ack', probe: 77 } }]);
    expect(
      bench.at(10, { kind: 'message', from: b, message: { kind: 'ping', probe: 77, tickMs: -1 } }),
    ).toEqual([misbehaved('malformed-ping')]);
  });

  it('a new neighbor is pinged at once; its answer is a round trip, an unknown one is not', () => {
    const bench = createBench();
    const [ping] = bench.at(0, { kind: 'neighborUp', peer: b });
    const probe = ping?.kind === 'send' ? ping.message.probe : -1;
    expect(ping).toEqual({ kind: 'send', to: b, message: { kind: 'ping', probe, tickMs: 250 } });
    const ack = (ms: number, number: number) =>
      bench.at(ms, { kind: 'message', from: b, message: { kind: 'ack', probe: number } });
    expect(ack(40, probe + 1)).toEqual([]);
    expect(ack(42, probe)).toEqual([{ kind: 'rtt', peer: b, rttMs: 42 }]);
    expect(ack(43, probe)).toEqual([]);
  });

  it('a quiet neighbor is pinged within a second, and again while it stays quiet', () => {
    const bench = createRoom([b], [b]);
    const pings = [...Array(8).keys()].map(
      (at) => bench.runTo((at + 1) * 250).filter((effect) => effect.kind === 'send').length,
    );
    // Every 250 ms; the watch nearest to 300 ms repeats.
    expect(pings).toEqual([0, 0, 1, 1, 1, 1, 1, 1]);
  });

  it('a neighbor that no roster names is not accused when it is silent, but given up', () => {
    const bench = createBench();
    bench.at(0, { kind: 'neighborUp', peer: b });
    const told = bench.runTo(4_000).filter((effect) => effect.kind !== 'send');
    expect(withoutSchedules(told)[0]).toEqual({ kind: 'strangerSilent', peer: b });
  });

  it('a neighbor that is silent for too long is accused once, by name', () => {
    const bench = createRoom([b, c, d], [b, c]);
    keepHearing(bench, [c], [500, 2_000]);
    const effects = bench.runTo(2_250).filter((effect) => effect.kind !== 'send');
    expect(effects).toEqual([
      publish(accusation(b, a, { silentMs: 2_250 })),
      suspected(b, a),
      { kind: 'neighborSuspected', peer: b },
    ]);
    expect(bench.layer.inspect().members.get(b)?.status).toBe('suspect');
    bench.at(2_300, { kind: 'heard', peer: c });
    expect(claimsOf(bench.runTo(3_500), 'accusation')).toEqual([]);
  });

  it('alone with its accusation it declares the neighbor dead after 4 s', () => {
    const bench = createRoom([b, c], [b, c]);
    keepHearing(bench, [c], [500, 3_500]);
    expect(claimsOf(bench.runTo(3_999), 'verdict')).toEqual([]);
    const death = bench.runTo(4_000).filter((effect) => effect.kind !== 'send');
    const own = accusation(b, a, { silentMs: 2_250 });
    expect(death).toEqual([publish({ ...verdict(b, [a]), accusations: [own] }), ...goneFrom(b, 'failed')]);
  });

  it('who hears nobody declares it for itself, tells nobody, and takes the record again', () => {
    const bench = createRoom([b], [b]);
    bench.runTo(3_249);
    const death = bench.runTo(3_250).filter((effect) => effect.kind !== 'send');
    expect(death).toEqual(goneFrom(b, 'failed'));
    expect(bench.at(5_000, { kind: 'heard', peer: b })).toEqual([]);
    expect(bench.claim(5_001, c, identity(b))).toEqual([
      changed(identity(b)),
      { kind: 'memberUp', id: b, epoch: epoch(1), returned: true },
    ]);
  });

  it('what it declared for itself gives way to a goodbye and to a verdict of others', () => {
    const alone = () => {
      const bench = createRoom([b], [b]);
      bench.runTo(4_000);
      return bench;
    };
    const left = alone();
    expect(left.claim(5_000, c, identity(b, { left: true }))).toEqual([]);
    expect(left.claim(5_001, c, identity(b))).toEqual([
      { kind: 'tell', to: c, claims: [identity(b, { left: true })] },
    ]);
    const dead = alone();
    expect(dead.claim(5_000, c, verdict(b, [c]))).toEqual([]);
    expect(dead.claim(5_001, c, identity(b))).toEqual([{ kind: 'tell', to: c, claims: [verdict(b, [c])] }]);
  });

  it('hearing the suspect again objects for everyone, and carries the accusation to it', () => {
    const bench = createRoom([b], [b]);
    bench.runTo(2_250);
    const own = accusation(b, a, { silentMs: 2_250 });
    expect(bench.at(2_300, { kind: 'heard', peer: b })).toEqual([
      publish(objection(b, a)),
      { kind: 'route', to: b, message: { kind: 'accused', accusation: own } },
      recovered(b),
    ]);
  });

  it('a silent neighbor that others vouch for is accused again only after twice as long', () => {
    const bench = createRoom([b, c, d], [b, c]);
    keepHearing(bench, [c], [500, 2_000]);
    expect(claimsOf(bench.runTo(2_250), 'accusation').length).toBe(1);
    expect(bench.claim(2_300, c, objection(b, c))).toEqual([recovered(b)]);
    expect(bench.claim(2_310, c, objection(b, d))).toEqual([]);
    const accusations: number[] = [];
    for (let ms = 2_500; ms <= 7_000; ms += 250) {
      bench.at(ms, { kind: 'heard', peer: c });
      if (claimsOf(bench.runTo(ms), 'accusation').length > 0) accusations.push(ms);
    }
    expect(accusations).toEqual([6_750]);
  });

  it('a neighbor that announces a slow tick has 3.5 s', () => {
    const bench = createRoom([b], [b]);
    bench.at(0, { kind: 'message', from: b, message: { kind: 'ping', probe: 1, tickMs: 1_000 } });
    expect(claimsOf(bench.runTo(3_500), 'accusation')).toEqual([]);
    expect(claimsOf(bench.runTo(3_750), 'accusation').length).toBe(1);
  });

  it('a neighbor whose identity never came is accused of nothing', () => {
    const bench = createRoom([], [b]);
    const kinds = new Set(bench.runTo(10_000).map((effect) => effect.kind));
    expect(kinds).toEqual(new Set(['send', 'strangerSilent']));
  });
});

describe('a lost neighbor', () => {
  const lose = () => {
    const bench = createRoom([b, c, d], [b, c]);
    const [route] = bench.at(0, { kind: 'neighborDown', peer: b });
    const probe = route?.kind === 'route' && route.message.kind === 'routedPing' ? route.message.probe : -1;
    expect(route).toEqual({ kind: 'route', to: b, message: { kind: 'routedPing', probe } });
    return { bench, probe };
  };

  it('is accused after 2.2 s', () => {
    const { bench } = lose();
    keepHearing(bench, [c], [500, 2_000]);
    expect(claimsOf(bench.runTo(2_250), 'accusation')).toEqual([
      publish(accusation(b, a, { silentMs: 2_250 })),
    ]);
  });

  it.each([
    ['it answers the routed ping', 'ack'],
    ['its newer links show that it outlived the link', 'links'],
    ['somebody objects', 'objection'],
  ])('is not accused when %s', (_, way) => {
    const { bench, probe } = lose();
    if (way === 'ack') bench.at(100, { kind: 'routed', from: b, message: { kind: 'routedAck', probe } });
    if (way === 'links') bench.claim(100, c, links(b, [c]));
    if (way === 'objection') bench.claim(100, c, objection(b, c));
    keepHearing(bench, [c], [500, 15_000]);
    expect(claimsOf(bench.runTo(15_000), 'accusation')).toEqual([]);
  });

  it('that said goodbye is not looked for', () => {
    const bench = createRoom([b, c], [b, c]);
    bench.claim(0, b, identity(b, { left: true }));
    expect(withoutSchedules(bench.at(1, { kind: 'neighborDown', peer: b }))).toEqual([]);
  });
});

describe('own health', () => {
  it('who hears nobody waits three seconds more before it accuses', () => {
    const bench = createRoom([b, c, d], [b, c]);
    expect(claimsOf(bench.runTo(5_000), 'accusation')).toEqual([]);
    expect(bench.layer.inspect().doubting).toBe(true);
    expect(claimsOf(bench.runTo(5_250), 'accusation').length).toBe(2);
  });

  it('doubt holds each accusation back once, however many there are', () => {
    const others = Array.from({ length: 300 }, (_, at) => peer(`member ${at}`));
    const bench = createRoom(others, others.slice(0, 2));
    // Its neighbors are given up for dead; then all the others are orphans, whom it looks for in vain.
    bench.runTo(60_000);
    expect(bench.layer.inspect().members.size).toBe(1);
  });

  it('the first frame from anyone ends the doubt', () => {
    const bench = createRoom([b, c, d], [b, c]);
    bench.runTo(3_000);
    bench.at(3_100, { kind: 'heard', peer: c });
    expect(bench.layer.inspect().doubting).toBe(false);
    // Until then it heard nobody, so the silence of the others counts from here.
    keepHearing(bench, [c], [3_500, 5_000]);
    expect(claimsOf(bench.runTo(5_250), 'accusation')).toEqual([]);
    expect(claimsOf(bench.runTo(5_500), 'accusation')).toEqual([
      publish(accusation(b, a, { silentMs: 2_400 })),
    ]);
  });

  it('a late watch holds an accusation back, but not that of the only other member', () => {
    const late = (others: readonly PeerId[]) => {
      const bench = createRoom(others, [b]);
      bench.runTo(2_000);
      return claimsOf(bench.at(4_000, { kind: 'timer', timer: bench.timer('watch') }), 'accusation').length;
    };
    expect(late([b, c])).toBe(0);
    expect(late([b])).toBe(1);
  });

  it.each(['watch', 'accusation', 'neighborDown', 'earlier loss'] as const)(
    'a tab that slept accuses nobody, though it no longer doubts itself (first: %s)',
    (first) => {
      const bench = createRoom([b, c, d], [b, c]);
      bench.runTo(250);
      if (first === 'earlier loss') bench.at(500, { kind: 'neighborDown', peer: b });
      const old = bench.timer('watch');
      const effects = [
        ...(first === 'accusation' ? bench.claim(6_000, c, accusation(b, c)) : []),
        ...(first === 'neighborDown' ? bench.at(6_000, { kind: 'neighborDown', peer: b }) : []),
        ...bench.at(6_000, { kind: 'timer', timer: old }),
        ...bench.at(6_010, { kind: 'heard', peer: c }),
        ...bench.at(6_250, { kind: 'timer', timer: bench.timer('watch') }),
        ...bench.at(6_510, { kind: 'heard', peer: c }),
        ...bench.at(6_520, { kind: 'timer', timer: bench.timer('watch') }),
      ];
      expect(bench.layer.inspect().doubting).toBe(false);
      for (const kind of ['accusation', 'objection', 'verdict']) expect(claimsOf(effects, kind)).toEqual([]);
    },
  );

  it('a sleep takes back what we had said, and lets others prove their point again', () => {
    const bench = createRoom([b, c, d, e], [b, c]);
    keepHearing(bench, [c], [500, 2_000]);
    bench.runTo(2_250);
    bench.claim(2_300, c, accusation(e, d));
    const effects = withoutProbe(bench.at(12_000, { kind: 'timer', timer: bench.timer('watch') }));
    expect(effects).toEqual([recovered(b)]);
    expect(bench.layer.inspect().members.get(e)?.status).toBe('suspect');
  });
});

describe('who was cut off', () => {
  it('takes its accusations back with the first frame', () => {
    const bench = createRoom([b, c, d], [b, c]);
    expect(claimsOf(bench.runTo(5_250), 'accusation').length).toBe(2);
    expect(
      bench.at(5_300, { kind: 'heard', peer: c }).filter(({ kind }) => kind === 'memberRecovered'),
    ).toEqual([recovered(c), recovered(b)]);
  });

  it('asks its lost neighbors again when it is linked again, and gives them time to answer', () => {
    const bench = createRoom([b, c, d], [b]);
    bench.at(100, { kind: 'neighborDown', peer: b });
    expect(claimsOf(bench.runTo(2_300), 'accusation').length).toBe(1);
    const asked = bench
      .at(2_400, { kind: 'neighborUp', peer: c })
      .filter(({ kind }) => kind === 'route' || kind === 'memberRecovered');
    expect(asked).toEqual([
      { kind: 'route', to: b, message: { kind: 'routedPing', probe: expect.any(Number) } },
      recovered(b),
    ]);
    keepHearing(bench, [c], [2_500, 4_500]);
    expect(claimsOf(bench.runTo(4_500), 'accusation')).toEqual([]);
    expect(claimsOf(bench.runTo(4_850), 'accusation').length).toBe(1);
  });

  it('keeps its suspects for 20 s while it has no link, but not the only other member', () => {
    const goneAt = (others: readonly PeerId[]) => {
      const bench = createRoom(others, [b]);
      bench.at(0, { kind: 'neighborDown', peer: b });
      for (let ms = 250; ms <= 40_000; ms += 250) {
        if (bench.runTo(ms).some((effect) => effect.kind === 'memberGone' && effect.id === b)) return ms;
      }
      return null;
    };
    expect(goneAt([b])).toBe(3_250);
    expect(goneAt([b, c])).toBe(22_250);
  });
});

describe('a life at the limit', () => {
  it('is accused by nobody; its silent link is let go', () => {
    const bench = createRoom([b, c], [b, c]);
    bench.claim(0, b, identity(b, { inc: 2 ** 32 - 1 }));
    keepHearing(bench, [c], [500, 2_000]);
    expect(bench.runTo(2_250).filter((effect) => effect.kind !== 'send')).toEqual([
      { kind: 'strangerSilent', peer: b },
    ]);
  });
});

describe('orphans', () => {
  /** `d` is named by nobody; `b` and `c` name each other and us. */
  const orphaned = () => {
    const bench = createRoom([b, c, d], [b, c]);
    bench.claim(0, b, links(b, [a, c]));
    bench.claim(0, b, links(c, [a, b]));
    return bench;
  };
  const probes = (effects: readonly MembershipEffect[]) =>
    effects.flatMap((effect) =>
      effect.kind === 'route' && effect.message.kind === 'routedPing' ? [effect.message.probe] : [],
    );

  it('a routed ping is answered', () => {
    const bench = createRoom([b], []);
    expect(bench.at(1, { kind: 'routed', from: d, message: { kind: 'routedPing', probe: 5 } })).toEqual([
      { kind: 'route', to: d, message: { kind: 'routedAck', probe: 5 } },
    ]);
  });

  it('a member that nobody names is pinged every five seconds, and accused after two misses', () => {
    const bench = orphaned();
    keepHearing(bench, [b, c], [500, 14_500]);
    expect(probes(bench.runTo(14_999)).length).toBe(0);
    expect(probes(bench.runTo(15_000)).length).toBe(1);
    keepHearing(bench, [b, c], [15_500, 24_500]);
    expect(claimsOf(bench.runTo(25_000), 'accusation')).toEqual([
      publish(accusation(d, a, { silentMs: 10_000 })),
    ]);
  });

  it('doubt holds back what is said of an orphan anew after each of its answers', () => {
    const bench = orphaned();
    /** The orphans' turn comes while a late watch has us doubt ourselves. */
    const lookInDoubt = (ms: number) => {
      bench.at(ms - 100, { kind: 'timer', timer: bench.timer('watch') });
      expect(bench.layer.inspect().doubting).toBe(true);
      return bench.runTo(ms);
    };
    keepHearing(bench, [b, c], [500, 24_000]);
    const third = lookInDoubt(25_000);
    expect(claimsOf(third, 'accusation')).toEqual([]);
    bench.at(25_010, { kind: 'routed', from: d, message: { kind: 'routedAck', probe: probes(third)[0]! } });
    bench.at(25_020, { kind: 'heard', peer: b });
    keepHearing(bench, [b, c], [25_500, 39_000]);
    expect(claimsOf(lookInDoubt(40_000), 'accusation')).toEqual([]);
  });

  it('an orphan that answers is left alone, and stood up for', () => {
    const bench = orphaned();
    keepHearing(bench, [b, c], [500, 14_500]);
    const [probe] = probes(bench.runTo(15_000));
    bench.at(15_050, { kind: 'routed', from: d, message: { kind: 'routedAck', probe: probe! } });
    expect(claimsOf(bench.claim(16_000, b, accusation(d, b)), 'objection')).toEqual([
      publish(objection(d, a)),
    ]);
    keepHearing(bench, [b, c], [16_500, 25_000]);
    expect(claimsOf(bench.runTo(25_000), 'accusation')).toEqual([]);
  });

  it('an edge that only one end names does not count; one that both name does', () => {
    const bench = orphaned();
    bench.claim(0, b, links(d, [b]));
    keepHearing(bench, [b, c], [500, 14_500]);
    expect(probes(bench.runTo(15_000)).length).toBe(1);
    bench.claim(15_100, b, links(b, [a, c, d], { seq: 2 }));
    keepHearing(bench, [b, c], [15_500, 19_500]);
    expect(probes(bench.runTo(20_000))).toEqual([]);
  });

  it('only the three nearest by hash watch', () => {
    const others = Array.from({ length: 30 }, (_, at) => peer(`m${at}`));
    const watchers = others.filter((self) => {
      const layer = createMembership({ self, epoch: epoch(1), rng: createRng([1]) }, defaultMembershipConfig);
      layer.handle({ kind: 'start' }, now(0));
      for (const id of [...others, d])
        if (id !== self) layer.handle({ kind: 'claim', from: b, claim: identity(id) }, now(0));
      const ring = others.map((id, at) => links(id, [others.at(at - 1)!, others[(at + 1) % others.length]!]));
      for (const claim of ring) layer.handle({ kind: 'claim', from: b, claim }, now(0));
      const at = others.indexOf(self);
      for (const id of [others.at(at - 1)!, others[(at + 1) % others.length]!]) {
        layer.handle({ kind: 'neighborUp', peer: id }, now(0));
      }
      const timer = { kind: 'orphans', token: 1 } as const;
      return probes(layer.handle({ kind: 'timer', timer }, now(10_001))).length > 0;
    });
    expect(watchers.length).toBe(3);
  });
});

describe('timers', () => {
  it('old, repeated and foreign ones do nothing', () => {
    const bench = createRoom([b, c, d], [b, c]);
    bench.at(0, { kind: 'neighborUp', peer: d });
    const old = (['watch', 'orphans', 'publishLinks'] as const).map((kind) => bench.timer(kind));
    keepHearing(bench, [b, c, d], [500, 6_000]);
    for (const timer of old) expect(bench.at(6_000, { kind: 'timer', timer })).toEqual([]);
    expect(bench.at(6_000, { kind: 'timer', timer: { kind: 'publishLinks', token: 999 } })).toEqual([]);
  });

  it('early ones are only set again', () => {
    const bench = createRoom([b, c], [b]);
    bench.at(100, { kind: 'neighborUp', peer: c });
    for (const kind of ['watch', 'orphans', 'publishLinks'] as const) {
      const effects = bench.at(200, { kind: 'timer', timer: bench.timer(kind) });
      expect(effects.map((effect) => effect.kind)).toEqual(['schedule']);
    }
  });
});

describe('the config', () => {
  it('is sound by default, and each broken relation is our own mistake', () => {
    checkMembershipConfig(defaultMembershipConfig);
    const broken = [
      { watchMs: 5 },
      { pingAfterMs: 2_000 },
      { deadlineMs: 2_000 },
      { pairDeadlineMs: 2_000 },
      { pairDeadlineMs: 5_000 },
      { suspectAfterMsMax: 3_000 },
      { answerMsMin: 300 },
      { sleptMs: 100 },
      { quorum: 17 },
      { quorum: 0 },
      { linksStormSpacingMs: 500 },
      { roomLinksPerSecond: 0 },
      { membersMax: 1 },
    ];
    for (const change of broken) {
      expect(() => checkMembershipConfig({ ...defaultMembershipConfig, ...change })).toThrow(
        'broken invariant',
      );
    }
  });
});
