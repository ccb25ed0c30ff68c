/** What is asked after a sleep or a change of the network, and when a silent link is to be mended. */
import { describe, expect, it } from 'vitest';
import { checkMembershipConfig, defaultMembershipConfig } from '#shared/membership/config.ts';
import type { MembershipEffect } from '#shared/membership/messages.ts';
import { claimsOf } from './expected.ts';
import { a, accusation, b, c, createRoom, d, keepHearing, type Bench } from './fixtures.ts';

const { probeAnswerMs, wokenMs } = defaultMembershipConfig;

const watchAt = (bench: Bench, ms: number): readonly MembershipEffect[] =>
  bench.at(ms, { kind: 'timer', timer: bench.timer('watch') });
const silentIn = (effects: readonly MembershipEffect[]): readonly unknown[] =>
  effects.flatMap((effect) => (effect.kind === 'neighborSilent' ? [effect.peer] : []));
const pingedIn = (effects: readonly MembershipEffect[]): readonly unknown[] =>
  effects.flatMap((effect) => (effect.kind === 'send' && effect.message.kind === 'ping' ? [effect.to] : []));

/** `a` with neighbors `b` and `c`, heard last at 2,000 ms. */
function room(): Bench {
  const bench = createRoom([b, c, d], [b, c]);
  keepHearing(bench, [b, c], [500, 2_000]);
  return bench;
}

/** Every watch from 2,250 ms on; `c` is heard all the while. */
function watchUntil(bench: Bench, ms: number): readonly (readonly [number, readonly MembershipEffect[]])[] {
  const watches: [number, readonly MembershipEffect[]][] = [];
  for (let at = 2_250; at <= ms; at += 250) {
    watches.push([at, watchAt(bench, at)]);
    bench.at(at, { kind: 'heard', peer: c });
  }
  return watches;
}

describe('a silent neighbor', () => {
  it('has its link mended before it is accused, again and again while it lasts', () => {
    const watches = watchUntil(room(), 5_000);
    const silentAt = watches.filter(([, effects]) => silentIn(effects).includes(b)).map(([at]) => at);
    const accusedAt = watches.find(([, effects]) => claimsOf(effects, 'accusation').length > 0)?.[0];
    expect(silentAt.slice(0, 2)).toEqual([3_750, 4_000]);
    expect(accusedAt).toBe(4_250);
    expect(watches.some(([, effects]) => silentIn(effects).includes(c))).toBe(false);
  });

  it('is forgiven when it shows by another way that it lives, which ends no doubt of our own', () => {
    const bench = room();
    for (let at = 2_250; at <= 4_500; at += 250) watchAt(bench, at);
    expect(bench.layer.inspect().doubting).toBe(true);
    bench.at(4_550, { kind: 'lives', peer: b });
    expect(silentIn(watchAt(bench, 4_750))).toEqual([c]);
    expect(bench.layer.inspect().doubting).toBe(true);
    expect(bench.at(4_760, { kind: 'lives', peer: d })).toEqual([]);
  });

  it('ends as a suspect so, too', () => {
    const bench = room();
    watchUntil(bench, 4_500);
    expect(bench.layer.inspect().members.get(b)?.status).toBe('suspect');
    bench.at(4_550, { kind: 'lives', peer: b });
    expect(bench.layer.inspect().members.get(b)?.status).toBe('alive');
  });

  it('is silent no more once it is heard', () => {
    const bench = room();
    watchUntil(bench, 3_750);
    bench.at(3_800, { kind: 'heard', peer: b });
    expect(silentIn(watchAt(bench, 4_000))).toEqual([]);
  });
});

describe('a probe', () => {
  it('asks every neighbor at once, and finds out soon who does not answer', () => {
    const bench = room();
    const effects = bench.at(2_050, { kind: 'probe' });
    expect(effects[0]).toEqual({ kind: 'probed' });
    expect(pingedIn(effects)).toEqual([b, c]);
    bench.at(2_100, { kind: 'heard', peer: c });
    expect(silentIn(watchAt(bench, 2_050 + probeAnswerMs - 1))).toEqual([]);
    expect(silentIn(watchAt(bench, 2_050 + probeAnswerMs))).toEqual([b]);
  });

  it('comes with every waking, however short the sleep', () => {
    const effects = room().at(5_000, { kind: 'clock' });
    expect(effects.map(({ kind }) => kind)).toContain('probed');
    expect(pingedIn(effects)).toEqual([b, c]);
  });
});

describe('who slept', () => {
  it('accuses for a while none of whom it has heard nothing since, be it by itself or with others', () => {
    const bench = room();
    bench.at(8_000, { kind: 'clock' });
    bench.at(8_010, { kind: 'neighborDown', peer: b });
    const said: MembershipEffect[] = [];
    for (let at = 8_250; at < 8_000 + wokenMs; at += 250) {
      said.push(...watchAt(bench, at), ...bench.claim(at, d, accusation(c, d)));
    }
    expect(claimsOf(said, 'accusation')).toEqual([]);
    expect(bench.layer.inspect().members.get(b)?.status).toBe('alive');
  });

  it('accuses one who was heard since and falls silent then, and after that while anybody', () => {
    const bench = room();
    bench.at(8_000, { kind: 'clock' });
    bench.at(8_100, { kind: 'heard', peer: b });
    const said: MembershipEffect[] = [];
    // Who hears nobody doubts itself for three seconds more.
    for (let at = 8_250; at <= 8_000 + wokenMs + 3_500; at += 250) said.push(...watchAt(bench, at));
    const accused = claimsOf(said, 'accusation').map((effect) => 'claim' in effect && effect.claim);
    expect(accused).toMatchObject([
      { target: b, observer: a },
      { target: c, observer: a },
    ]);
  });
});

it('silence is over two pings, and before the first suspicion', () => {
  const check = (change: object) => () => checkMembershipConfig({ ...defaultMembershipConfig, ...change });
  expect(check({ silentMsMin: 1_200 })).toThrow('silence needs two pings');
  expect(check({ silentMsMin: 2_300 })).toThrow();
  expect(check({ probeAnswerMs: 1_800 })).toThrow();
  expect(check({ wokenMs: 60_001 })).toThrow('wokenMs is 0 to 60000');
});
