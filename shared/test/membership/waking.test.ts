/** A tab that slept: the short sleep that only refutes, and the long one from which another life comes back. */
import { describe, expect, it } from 'vitest';
import { epoch } from '#shared/base/ids.ts';
import { createRng } from '#shared/base/rng.ts';
import { now } from '#shared/base/time.ts';
import { checkMembershipConfig, defaultMembershipConfig } from '#shared/membership/config.ts';
import { createMembership } from '#shared/membership/membership.ts';
import type { MembershipEffect } from '#shared/membership/messages.ts';
import { changed, claimsOf, publish, recovered, refuted, removed } from './expected.ts';
import {
  a,
  accusation,
  b,
  c,
  createBench,
  createRoom,
  d,
  identity,
  keepHearing,
  links,
  verdict,
  withoutProbe,
  withoutSchedules,
  type Bench,
} from './fixtures.ts';

const woke = (value: number): MembershipEffect => ({ kind: 'woke', epoch: epoch(value) });
const slept = (forMs: number): MembershipEffect => ({ kind: 'slept', forMs });
const wakesIn = (effects: readonly MembershipEffect[]): readonly MembershipEffect[] =>
  effects.filter(({ kind }) => kind === 'woke');

/** `a` with neighbors `b` and `c`, whose next watch was due at 2,250 ms. */
function sleepIn(): Bench {
  const bench = createRoom([b, c, d], [b, c]);
  keepHearing(bench, [b, c], [500, 2_000]);
  return bench;
}

it('a tab that hangs for less than a sleep takes that for no stall of its lines', () => {
  const bench = createRoom([b, c], [b, c]);
  let atMs = 0;
  const hear = (ms: number): void => {
    for (const until = atMs + ms; atMs < until; atMs += 50) {
      bench.runTo(atMs);
      for (const peer of [b, c]) bench.at(atMs, { kind: 'heard', peer });
    }
  };
  /** What came meanwhile is read before the timer that is overdue. */
  const hang = (ms: number): void => {
    atMs += ms;
    for (const peer of [b, c]) bench.at(atMs, { kind: 'heard', peer });
  };
  for (let times = 0; times < 2; times++) {
    hear(10_000);
    hang(1_900);
  }
  hear(10_000);
  const silentFrom = atMs;
  const told: MembershipEffect[] = [];
  for (; atMs < silentFrom + 2_600; atMs += 50) {
    told.push(...bench.runTo(atMs));
    bench.at(atMs, { kind: 'heard', peer: c });
  }
  const accused = told.flatMap((effect) =>
    effect.kind === 'publish' && effect.claim.kind === 'accusation' ? [effect.claim.target] : [],
  );
  expect(accused).toEqual([b]);
});

describe('a long sleep', () => {
  it('ends as another life, with records of its own, and that is said before them', () => {
    const bench = sleepIn();
    expect(bench.claim(2_010, b, accusation(a, b))).toEqual(refuted(1));
    const mine = identity(a, { epoch: 2 });
    const ours = links(a, [b, c], { epoch: 2, seq: 1 });
    expect(withoutProbe(bench.at(60_000, { kind: 'clock' }))).toEqual([
      woke(2),
      publish(mine),
      changed(mine),
      removed('l:a'),
      publish(ours),
      changed(ours),
    ]);
    expect(bench.layer.inspect().members.get(a)).toMatchObject({ epoch: 2, incarnation: 0 });
    expect(bench.layer.inspect().members.get(a)?.neighbors).toEqual([b, c]);
  });

  it('is said before all else, and for how long, and so is a short one', () => {
    expect(sleepIn().at(60_000, { kind: 'clock' })[0]).toEqual(slept(57_750));
    expect(sleepIn().at(4_251, { kind: 'clock' })[0]).toEqual(slept(2_001));
    expect(sleepIn().at(4_250, { kind: 'clock' })).not.toContainEqual(slept(2_000));
  });

  it.each([
    [12_250, []],
    [12_251, [woke(2)]],
  ])('is one of more than ten seconds over the next watch (%i ms)', (ms, expected) => {
    expect(wakesIn(sleepIn().at(ms, { kind: 'clock' }))).toEqual(expected);
  });

  it('is noticed by whatever comes first, once', () => {
    const bench = sleepIn();
    const effects = [
      ...bench.claim(60_000, c, accusation(b, c)),
      ...bench.at(60_000, { kind: 'timer', timer: bench.timer('watch') }),
      ...bench.at(60_010, { kind: 'heard', peer: c }),
      ...bench.at(60_010, { kind: 'clock' }),
    ];
    expect(wakesIn(effects)).toEqual([woke(2)]);
    expect(wakesIn(bench.at(120_000, { kind: 'clock' }))).toEqual([woke(3)]);
  });

  it('is noticed by the wall clock where the other one stands still meanwhile', () => {
    const layer = createMembership(
      { self: a, epoch: epoch(1), rng: createRng([7]) },
      defaultMembershipConfig,
    );
    const at = (ms: number, wall: number) => layer.handle({ kind: 'clock' }, now(ms, wall));
    layer.handle({ kind: 'start' }, now(0, 1_000_000));
    layer.handle({ kind: 'claim', from: b, claim: identity(b) }, now(0, 1_000_000));
    expect(wakesIn(at(900, 1_000_900))).toEqual([]);
    expect(wakesIn(at(900, 900_000))).toEqual([]);
    expect(wakesIn(at(910, 1_060_000))).toEqual([woke(2)]);
    expect(wakesIn(at(920, 1_060_010))).toEqual([]);
  });

  it('accuses nobody on waking, however silent the others were', () => {
    const bench = sleepIn();
    const effects = [
      ...bench.at(60_000, { kind: 'neighborDown', peer: b }),
      ...bench.claim(60_000, c, accusation(d, c)),
      ...bench.at(60_010, { kind: 'heard', peer: c }),
      ...[60_250, 60_500, 61_000, 61_500, 62_000].flatMap((ms) =>
        bench.at(ms, { kind: 'timer', timer: bench.timer('watch') }),
      ),
    ];
    for (const kind of ['accusation', 'objection', 'verdict']) expect(claimsOf(effects, kind)).toEqual([]);
    expect(effects.filter(({ kind }) => kind === 'memberGone')).toEqual([]);
  });

  it('accuses nobody for three seconds though it hears nobody', () => {
    const bench = sleepIn();
    const effects = [...Array(14).keys()].flatMap((tick) =>
      bench.at(60_000 + tick * 250, { kind: 'timer', timer: bench.timer('watch') }),
    );
    expect(claimsOf(effects, 'accusation')).toEqual([]);
  });

  it('takes back what was said before it', () => {
    const bench = createRoom([b, c, d], [b, c]);
    keepHearing(bench, [c], [500, 2_000]);
    bench.runTo(2_250);
    expect(withoutSchedules(bench.at(60_000, { kind: 'clock' })).slice(0, 3)).toEqual([
      slept(57_500),
      recovered(b),
      woke(2),
    ]);
  });

  it('leaves what others say of the life before without an answer, and refutes what is said of this one', () => {
    const bench = sleepIn();
    bench.at(60_000, { kind: 'clock' });
    expect(bench.claim(60_010, b, verdict(a, [b, c]))).toEqual([]);
    expect(bench.claim(60_010, b, accusation(a, b, { inc: 5 }))).toEqual([]);
    expect(bench.claim(60_010, b, identity(a, { inc: 7 }))).toEqual([]);
    expect(bench.claim(60_010, b, links(a, [], { seq: 40 }))).toEqual([]);
    const again = identity(a, { epoch: 2, inc: 1 });
    expect(bench.claim(60_020, b, accusation(a, b, { epoch: 2 }))).toEqual([publish(again), changed(again)]);
  });

  it('makes timers of the life before void', () => {
    const bench = sleepIn();
    bench.at(2_010, { kind: 'neighborDown', peer: c });
    bench.at(2_020, { kind: 'neighborUp', peer: c });
    bench.at(2_030, { kind: 'neighborDown', peer: b });
    const old = [bench.timer('watch'), bench.timer('publishLinks')];
    bench.at(60_000, { kind: 'clock' });
    for (const timer of old) expect(bench.at(60_001, { kind: 'timer', timer })).toEqual([]);
    bench.at(60_010, { kind: 'neighborUp', peer: d });
    const named = claimsOf(bench.at(61_010, { kind: 'timer', timer: bench.timer('publishLinks') }), 'links');
    expect(named).toEqual([publish(links(a, [c, d], { epoch: 2, seq: 2 }))]);
  });

  it('without a link names none: links follow with the first one', () => {
    const bench = createRoom([b], [b]);
    bench.at(2_000, { kind: 'neighborDown', peer: b });
    expect(claimsOf(bench.at(60_000, { kind: 'clock' }), 'links')).toEqual([]);
    expect(claimsOf(bench.at(60_100, { kind: 'neighborUp', peer: b }), 'links')).toEqual([
      publish(links(a, [b], { epoch: 2, seq: 1 })),
    ]);
  });
});

describe('what is no long sleep', () => {
  it('a short one: who is accused meanwhile refutes', () => {
    const bench = sleepIn();
    expect(wakesIn(bench.at(9_000, { kind: 'clock' }))).toEqual([]);
    expect(bench.claim(9_010, b, verdict(a, [b, c]))).toEqual(refuted(1));
  });

  it('timers that come once a second, as a hidden tab’s do', () => {
    const bench = sleepIn();
    const effects = [...Array(60).keys()].flatMap((second) => {
      const ms = 3_000 + second * 1_000;
      return [
        ...bench.at(ms, { kind: 'timer', timer: bench.timer('watch') }),
        ...bench.at(ms, { kind: 'heard', peer: b }),
      ];
    });
    expect(wakesIn(effects)).toEqual([]);
  });

  it('timers that come once a minute to a tab that knows nobody', () => {
    const bench = createBench();
    const effects = [60_000, 120_000, 180_000].flatMap((ms) =>
      bench.at(ms, { kind: 'timer', timer: bench.timer('watch') }),
    );
    expect(wakesIn(effects)).toEqual([]);
    expect(bench.layer.inspect().members.get(a)?.epoch).toBe(1);
  });
});

it('time passes without a trace before the start and over a tab that is awake', () => {
  const layer = createMembership({ self: a, epoch: epoch(1), rng: createRng([7]) }, defaultMembershipConfig);
  expect(layer.handle({ kind: 'clock' }, now(50_000))).toEqual([]);
  expect(sleepIn().at(2_100, { kind: 'clock' })).toEqual([]);
});

it('no epoch begins before everyone can have declared us dead', () => {
  const check = (newEpochMs: number) => () =>
    checkMembershipConfig({ ...defaultMembershipConfig, newEpochMs });
  expect(check(9_999)).toThrow('newEpochMs is 10000 to 3600000, not 9999');
  expect(check(10_000)).not.toThrow();
});

describe('another member that comes back in a new epoch', () => {
  const returned = { kind: 'memberUp', id: b, epoch: epoch(2), returned: true } as const;

  it('is up again where it was declared dead', () => {
    const bench = createRoom([b, c, d], [c]);
    bench.claim(0, c, links(b, [c]));
    bench.claim(10, c, verdict(b, [c, d]));
    bench.runTo(600);
    bench.claim(600, c, verdict(b, [c, d]));
    expect(bench.layer.inspect().departed.has(b)).toBe(true);
    const mine = identity(b, { epoch: 2 });
    expect(bench.claim(1_000, c, mine)).toEqual([changed(mine), returned]);
    expect(bench.claim(1_010, c, verdict(b, [c, d], 4))).toEqual([]);
    expect(bench.layer.inspect().members.get(b)?.status).toBe('alive');
  });

  it('is told as returned also where nobody missed it, and no accusation of its old life holds', () => {
    const bench = createRoom([b, c, d], [c]);
    bench.claim(0, c, links(b, [c]));
    bench.claim(10, c, accusation(b, d));
    const mine = identity(b, { epoch: 2 });
    expect(bench.claim(20, c, mine)).toEqual([changed(mine), recovered(b), removed('l:b'), returned]);
    expect(bench.claim(30, c, accusation(b, c))).toEqual([]);
    expect(bench.claim(30, c, identity(b, { inc: 3 }))).toEqual([]);
    expect(bench.layer.inspect().members.get(b)).toMatchObject({ status: 'alive', neighbors: [] });
  });
});
