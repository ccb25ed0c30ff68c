/** Contacts, the tick, and whom to ask. */
import { describe, expect, it } from 'vitest';
import {
  contacts,
  createBench,
  linkAttempt,
  peer,
  requestIn,
  requestsIn,
  signal,
  tickIn,
  timer,
  type Bench,
} from './helpers.ts';
import type { PeerId } from '#shared/base/ids.ts';
import { elapsedMs, instant } from '#shared/base/time.ts';
import type { OverlayConfig } from '#shared/overlay/config.ts';
import { checkOverlayConfig, defaultOverlayConfig } from '#shared/overlay/config.ts';
import { degreeLimits } from '#shared/overlay/degree.ts';
import type { OverlayEffect } from '#shared/overlay/messages.ts';
import { createRests } from '#shared/overlay/rests.ts';

const self = peer(100);
const [a, b, c, d] = [peer(1), peer(2), peer(3), peer(4)] as const;

/** Follows the ticks of a bench from its first input on, and gathers every effect with its time. */
function follow(bench: Bench, first: readonly OverlayEffect[], untilMs: number): [number, OverlayEffect][] {
  const seen: [number, OverlayEffect][] = first.map((effect) => [0, effect]);
  let tick = tickIn(first);
  for (let atMs = tick.afterMs; atMs <= untilMs; atMs += tick.afterMs) {
    const effects = bench.feed(timer(tick.timer), atMs);
    seen.push(...effects.map((effect): [number, OverlayEffect] => [atMs, effect]));
    tick = tickIn(effects);
  }
  return seen;
}

/** A node with `count` neighbors, numbered from 1, in a room of 50, and its next tick. */
function linked(count: number, config: Partial<OverlayConfig> = {}): Bench {
  const bench = createBench(self, config);
  bench.feed({ kind: 'roomSize', size: 50 });
  bench.linkTo(...Array.from({ length: count }, (_, at) => peer(at + 1)));
  return bench;
}

/** Nobody new was heard of for so long. */
const CALM_MS = defaultOverlayConfig.arrivalCalmMs;

describe('a tab without a link', () => {
  it('asks one contact at a time, through the server, by need, and may be forwarded', () => {
    const bench = createBench(self);
    const effects = bench.feed(contacts(self, a, b, c));
    expect(requestsIn(effects)).toBe(1);
    expect(requestIn(effects)).toMatchObject({ route: [], priority: 'high', forward: true });
    expect(effects[1]).toMatchObject({ kind: 'schedule', timer: { kind: 'attemptDue' }, afterMs: 5_000 });
    expect(requestsIn(bench.feed(contacts(a, b, c), 1_000))).toBe(0);
  });

  it('asks the next when an attempt drags on, and lets whichever is first be the link', () => {
    const { slowAttemptMs } = defaultOverlayConfig;
    const bench = createBench(self);
    const first = requestIn(bench.feed(contacts(a, b, c)));
    bench.feed(signal(first.to, { kind: 'accept', attempt: first.attempt }), 100);
    expect(requestsIn(bench.tick(100 + slowAttemptMs - 1))).toBe(0);
    const second = requestIn(bench.tick(100 + slowAttemptMs));
    expect(second.to).not.toBe(first.to);
    expect(bench.overlay.inspect().pending).toEqual([first.to, second.to]);
    expect(
      bench.effects({ kind: 'channelOpened', peer: first.to, attempt: first.attempt }, 4_000),
    ).toContainEqual({ kind: 'neighborUp', peer: first.to });
  });

  it('asks all of them, then the server again', () => {
    const bench = createBench(self);
    let effects = bench.feed(contacts(a, b, c));
    const asked: string[] = [];
    for (let at = 0; at < 3; at++) {
      const { to, attempt } = requestIn(effects);
      asked.push(to);
      effects = bench.feed(signal(to, { kind: 'refuse', attempt, reason: 'full' }), 2_000);
    }
    expect(asked.toSorted()).toEqual([a, b, c]);
    expect(effects).toContainEqual({ kind: 'needContacts' });
  });

  it('may ask three at once after its first channel', () => {
    const bench = createBench(self);
    bench.linkTo(d);
    bench.feed({ kind: 'channelClosed', peer: d, attempt: linkAttempt(d) });
    expect(requestsIn(bench.feed(contacts(peer(11), peer(12), peer(13), peer(14))))).toBe(3);
  });

  it('calls for contacts in growing pauses of one to fifteen seconds', () => {
    const bench = createBench(self);
    const seen = follow(bench, bench.feed({ kind: 'serverAttached' }), 120_000);
    const calls = seen.filter(([, effect]) => effect.kind === 'needContacts').map(([atMs]) => atMs);
    const pauses = calls.slice(1).map((atMs, at) => elapsedMs(instant(calls[at]!), instant(atMs)));
    expect(calls[0]).toBeLessThanOrEqual(1_250);
    expect(Math.min(...pauses)).toBeGreaterThanOrEqual(750);
    expect(Math.max(...pauses)).toBeLessThanOrEqual(15_000 + 1_250);
    expect(pauses.slice(4).every((pause) => pause > 8_000)).toBe(true);
    expect(calls.length).toBeLessThanOrEqual(15);
  });

  it('asks nobody while the server is away, but says what it needs', () => {
    const bench = createBench(self);
    bench.feed(contacts(a));
    bench.feed({ kind: 'serverDetached' });
    bench.feed({ kind: 'known', peer: b, degree: 2 });
    const effects = follow(bench, bench.feed({ kind: 'roomSize', size: 9 }).concat(bench.tick()), 20_000);
    expect(effects.filter(([, { kind }]) => kind === 'signal')).toEqual([]);
  });

  it('does not rely on what the server said long ago', () => {
    const bench = createBench(self);
    bench.linkTo(d);
    bench.feed(contacts(a, b));
    expect(bench.effects({ kind: 'channelClosed', peer: d, attempt: linkAttempt(d) }, 40_000)).toEqual([
      { kind: 'neighborDown', peer: d, reason: 'closed' },
      { kind: 'needContacts' },
    ]);
  });
});

describe('a contact whom the roster lacks', () => {
  it('is asked by need although the degree is full, one at a time', () => {
    const bench = linked(6);
    bench.feed(contacts(peer(50), peer(51)), 1_000);
    expect(requestsIn(bench.tick(2_000))).toBe(0);
    const effects = bench.tick(3_000);
    expect(requestIn(effects)).toMatchObject({ route: [], priority: 'high', forward: true });
    expect(requestsIn(effects)).toBe(1);
    expect(requestsIn(bench.tick(4_000))).toBe(0);
  });

  it('is not asked when the roster comes to name it, nor at the hard maximum', () => {
    const named = linked(6);
    named.feed(contacts(peer(50)), 1_000);
    named.feed({ kind: 'known', peer: peer(50), degree: 6 });
    expect(requestsIn(named.tick(5_000))).toBe(0);
    const full = linked(10);
    full.feed(contacts(peer(50)), 1_000);
    expect(requestsIn(full.tick(5_000))).toBe(0);
  });
});

describe('one whom the server named, whom the roster lacks, and who cannot be asked', () => {
  const isCall = ({ kind }: OverlayEffect): boolean => kind === 'needContacts';
  /** It has refused. */
  const stranded = (named: boolean): { bench: Bench; calls: number } => {
    const bench = linked(1);
    bench.feed(contacts(peer(50)), 1_000);
    const { attempt } = requestIn(bench.tick(3_000));
    if (named) bench.feed({ kind: 'known', peer: peer(50), degree: 6 }, 3_050);
    const effects = bench.feed(signal(peer(50), { kind: 'refuse', attempt, reason: 'full' }), 3_100);
    return { bench, calls: effects.filter(isCall).length };
  };

  it('makes us ask the server for others, with ever longer pauses', () => {
    const { bench, calls } = stranded(false);
    expect(calls).toBe(1);
    expect(bench.tick(3_200).filter(isCall)).toEqual([]);
    expect(bench.tick(5_300).filter(isCall)).toHaveLength(1);
    bench.feed(contacts(peer(51)), 5_400);
    expect(requestIn(bench.tick(7_400)).to).toBe(peer(51));
  });

  /** Ticks from one time to another; the server names these whenever it is asked. When it was, in seconds. */
  const callsOf = (bench: Bench, named: readonly PeerId[], [fromMs, untilMs]: [number, number]): number[] => {
    const calls: number[] = [];
    for (let atMs = fromMs; atMs <= untilMs; atMs += 1_000) {
      const effects = bench.tick(atMs);
      for (const effect of effects) {
        if (effect.kind === 'signal' && effect.signal.kind === 'request') {
          const { attempt } = effect.signal;
          bench.feed(signal(effect.to, { kind: 'refuse', attempt, reason: 'full' }), atMs + 50);
        }
      }
      if (effects.some(isCall)) {
        calls.push(atMs / 1_000);
        bench.feed(contacts(...named), atMs + 100);
      }
    }
    return calls;
  };

  it('is asked for, and asked, some fifteen times an hour when it can never be linked', () => {
    const { bench } = stranded(false);
    const calls = callsOf(bench, [peer(50)], [4_000, 2 * 3_600_000]);
    expect(calls.filter((at) => at <= 600).length).toBeLessThanOrEqual(12);
    const late = calls.filter((at) => at > 3_600);
    expect(late.length).toBeGreaterThanOrEqual(12);
    expect(late.length).toBeLessThanOrEqual(20);
  });

  it('is a reason anew when another is named, and after the server was lost', () => {
    const { bench } = stranded(false);
    callsOf(bench, [peer(50)], [4_000, 1_000_000]);
    bench.feed(contacts(peer(50), peer(51)), 1_000_500);
    const both = [peer(50), peer(51)];
    expect(callsOf(bench, both, [1_001_000, 1_060_000]).length).toBeGreaterThanOrEqual(3);
    callsOf(bench, both, [1_061_000, 2_000_000]);
    bench.feed({ kind: 'serverDetached' }, 2_000_500);
    bench.feed(contacts(...both), 2_000_700);
    expect(callsOf(bench, both, [2_001_000, 2_040_000]).length).toBeGreaterThanOrEqual(3);
  });

  it('is nobody once the roster names it', () => {
    const { bench, calls } = stranded(true);
    expect(calls).toBe(0);
    expect(bench.tick(5_300).filter(isCall)).toEqual([]);
  });

  it('does not hold up the next when its answer drags on', () => {
    const bench = linked(1);
    bench.feed(contacts(peer(50), peer(51)), 1_000);
    const first = requestIn(bench.tick(3_000));
    const { slowAttemptMs } = defaultOverlayConfig;
    expect(requestsIn(bench.tick(3_000 + slowAttemptMs - 1))).toBe(0);
    expect(requestIn(bench.tick(3_000 + slowAttemptMs)).to).not.toBe(first.to);
  });
});

describe('the server', () => {
  it('gets two of our links by its word, and no third while they last', () => {
    const bench = linked(3);
    let first = linkAttempt(peer(50));
    for (const [at, index] of [50, 51, 52].entries()) {
      const atMs = 10_000 * (at + 1);
      bench.feed(contacts(peer(index)), atMs);
      const effects = bench.tick(atMs + 3_000);
      expect(requestsIn(effects)).toBe(index === 52 ? 0 : 1);
      if (index === 52) continue;
      const { attempt } = requestIn(effects);
      if (index === 50) first = attempt;
      bench.feed(signal(peer(index), { kind: 'accept', attempt }), atMs + 3_100);
      bench.feed({ kind: 'channelOpened', peer: peer(index), attempt }, atMs + 3_200);
    }
    expect(requestIn(bench.feed({ kind: 'channelClosed', peer: peer(50), attempt: first }, 34_000)).to).toBe(
      peer(52),
    );
  });
});

describe('the tick', () => {
  it('is slow while nothing is wanted and quick while something is', () => {
    const bench = createBench(self);
    bench.linkTo(a);
    const idle = tickIn(bench.tick());
    expect(idle.afterMs).toBeGreaterThanOrEqual(3_750);
    bench.feed({ kind: 'roomSize', size: 3 });
    const quick = tickIn(bench.feed({ kind: 'known', peer: b, degree: 1 }));
    expect(quick.afterMs).toBeLessThanOrEqual(1_250);
    // The slow one that it replaced is void.
    expect(bench.feed(timer(idle.timer), 5_000)).toEqual([]);
  });

  it('that is repeated, or was never scheduled, changes nothing', () => {
    const bench = linked(3);
    bench.feed({ kind: 'known', peer: peer(20), degree: 1 });
    const tick = tickIn(bench.tick());
    const first = bench.feed(timer(tick.timer), 1_000);
    expect(first.length).toBeGreaterThan(0);
    expect(bench.feed(timer(tick.timer), 1_000)).toEqual([]);
    expect(bench.feed(timer({ kind: 'maintain', token: 10_000 }), 1_000)).toEqual([]);
  });

  it('ends an attempt whose own timer was lost', () => {
    const bench = createBench(self);
    const { to } = requestIn(bench.feed(contacts(a)));
    expect(bench.tick(5_400)[0]).toEqual({ kind: 'attemptFailed', peer: to, reason: 'no-answer' });
  });
});

describe('reserves', () => {
  it('are asked by need below the minimum, at most three at once', () => {
    const bench = linked(1);
    for (let at = 20; at < 30; at++) bench.feed({ kind: 'known', peer: peer(at), degree: 9 });
    const effects = bench.tick(CALM_MS);
    expect(requestsIn(effects)).toBe(3);
    expect(requestIn(effects)).toMatchObject({ priority: 'high', forward: false, route: null });
  });

  it('are asked for comfort between the minimum and the target, but not those over theirs', () => {
    const bench = linked(4);
    bench.feed({ kind: 'known', peer: peer(20), degree: 7 });
    bench.feed({ kind: 'known', peer: peer(21), degree: 6 });
    const effects = bench.tick(CALM_MS);
    expect(requestIn(effects)).toMatchObject({ to: peer(21), priority: 'low' });
    expect(requestsIn(effects)).toBe(1);
  });

  it('are not asked while newcomers stream in, but at last all the same', () => {
    const { arrivalCalmMs, arrivalWaitMsMax, stormArrivals } = defaultOverlayConfig;
    const everyMs = arrivalCalmMs / stormArrivals;
    const askedWhen = (comeEveryMs: number, untilMs: number): number => {
      const bench = linked(1);
      for (let at = 0; at * comeEveryMs < untilMs; at++) {
        bench.feed({ kind: 'known', peer: peer(20 + at), degree: 1 }, at * comeEveryMs);
        if (at >= stormArrivals && requestsIn(bench.tick(at * comeEveryMs + 1)) > 0) return at * comeEveryMs;
      }
      bench.feed({ kind: 'known', peer: peer(90), degree: 1 }, untilMs);
      return requestsIn(bench.tick(untilMs)) > 0 ? untilMs : Infinity;
    };
    expect(askedWhen(everyMs, arrivalWaitMsMax)).toBe(arrivalWaitMsMax);
    // Those who come now and then are no storm.
    expect(askedWhen(everyMs + 100, arrivalWaitMsMax)).toBe(stormArrivals * (everyMs + 100));
  });

  it('are asked at once when one frame named them all: the room may be calm', () => {
    const bench = linked(1);
    for (let at = 0; at < 10; at++) bench.feed({ kind: 'known', peer: peer(20 + at), degree: 1 });
    expect(requestsIn(bench.tick())).toBe(3);
  });

  it('are asked at once in a small room, whoever comes', () => {
    const bench = createBench(self);
    bench.feed({ kind: 'roomSize', size: 8 });
    bench.linkTo(peer(1));
    bench.feed({ kind: 'known', peer: peer(20), degree: 1 });
    expect(requestsIn(bench.tick())).toBe(1);
  });

  it('are not asked at the target', () => {
    const bench = linked(6);
    bench.feed({ kind: 'known', peer: peer(20), degree: 1 });
    expect(requestsIn(bench.tick(CALM_MS))).toBe(0);
  });

  it('are drawn evenly, whatever degree they claim', () => {
    const asked = Array.from({ length: 40 }, (_, seed) => {
      const bench = createBench(self, {}, seed);
      bench.feed({ kind: 'roomSize', size: 50 });
      bench.linkTo(...Array.from({ length: 5 }, (_each, at) => peer(at + 1)));
      for (const [index, degree] of [5, 3, 1, 4].entries()) {
        bench.feed({ kind: 'known', peer: peer(20 + index), degree });
      }
      return requestIn(bench.tick(CALM_MS)).to;
    });
    for (const index of [20, 21, 22, 23]) {
      expect(asked.filter((to) => to === peer(index)).length).toBeGreaterThanOrEqual(4);
    }
  });

  it('who refused are left alone for a while', () => {
    const bench = linked(5);
    bench.feed({ kind: 'known', peer: peer(20), degree: 1 });
    const { attempt } = requestIn(bench.tick(CALM_MS));
    bench.feed(signal(peer(20), { kind: 'refuse', attempt, reason: 'full' }), CALM_MS + 100);
    expect(requestsIn(bench.tick(CALM_MS + 5_099))).toBe(0);
    expect(requestIn(bench.tick(CALM_MS + 5_100)).to).toBe(peer(20));
  });

  it('are not asked for comfort when the tokens are spent', () => {
    const bench = linked(4, { budget: { ...defaultOverlayConfig.budget, tokensMax: 1 } });
    for (let at = 20; at < 24; at++) bench.feed({ kind: 'known', peer: peer(at), degree: 1 });
    expect(requestsIn(bench.tick(CALM_MS))).toBe(1);
  });

  it('hold neither self nor neighbors, and lose the forgotten', () => {
    const bench = linked(1);
    for (const other of [self, a, b, c]) bench.feed({ kind: 'known', peer: other, degree: 1 });
    bench.feed({ kind: 'forget', peer: c });
    expect(bench.overlay.inspect().passiveView).toEqual([b]);
  });

  it('are at most thirty', () => {
    const bench = linked(1);
    for (let at = 20; at < 90; at++) bench.feed({ kind: 'known', peer: peer(at), degree: 1 });
    expect(bench.overlay.inspect().passiveView).toHaveLength(30);
  });
});

describe('after a death', () => {
  /** Ticks once a second and counts how often the server is asked. */
  const calls = (bench: Bench, fromMs: number, toMs: number): number => {
    let count = 0;
    for (let atMs = fromMs; atMs < toMs; atMs += 1_000) {
      count += bench.tick(atMs).filter(({ kind }) => kind === 'needContacts').length;
    }
    return count;
  };
  const { partedMs } = defaultOverlayConfig;

  it('the server is asked now and then who is attached, and not for ever', () => {
    const bench = linked(2);
    bench.feed({ kind: 'serverAttached' });
    expect(calls(bench, 0, 120_000)).toBe(0);
    bench.feed({ kind: 'drop', peer: b, reason: 'declared-dead' }, 120_000);
    expect(calls(bench, 120_000, 240_000)).toBeGreaterThan(3);
    expect(calls(bench, 120_000 + partedMs, 240_000 + partedMs)).toBe(0);
  });

  it('nobody asks a server that is away, and in a large room hardly anybody asks', () => {
    const away = linked(2);
    away.feed({ kind: 'drop', peer: b, reason: 'declared-dead' });
    expect(calls(away, 0, 120_000)).toBe(0);
    const large = linked(6);
    large.feed({ kind: 'serverAttached' });
    for (let at = 20; at < 220; at++) large.feed({ kind: 'known', peer: peer(at), degree: 6 });
    large.feed({ kind: 'drop', peer: b, reason: 'declared-dead' });
    expect(calls(large, 0, 120_000)).toBeLessThan(4);
  });

  it('who is left with few links asks at once, and a few times more', () => {
    const bereft = linked(2);
    bereft.feed({ kind: 'serverAttached' });
    for (let at = 20; at < 220; at++) bereft.feed({ kind: 'known', peer: peer(at), degree: 6 });
    const effects = bereft.feed({ kind: 'drop', peer: b, reason: 'declared-dead' });
    expect(effects.filter(({ kind }) => kind === 'needContacts')).toHaveLength(1);
    const more = calls(bereft, 0, 120_000);
    expect(more).toBeGreaterThan(1);
    expect(more).toBeLessThan(9);
  });

  it('who is left with few links asks whom the server names, though its roster does, while the dead are silent', () => {
    const bereft = linked(2);
    bereft.feed({ kind: 'serverAttached' });
    for (let at = 20; at < 40; at++) bereft.feed({ kind: 'known', peer: peer(at), degree: 6 });
    bereft.feed({ kind: 'drop', peer: b, reason: 'declared-dead' });
    expect(requestsIn(bereft.tick(1_000))).toBe(0);
    const asked = bereft.feed({ kind: 'contacts', peers: [peer(39)] }, 1_100);
    expect(requestIn(asked)).toMatchObject({ to: peer(39), route: [] });
  });

  it('who has links enough does not ask whom the server names and the roster does too', () => {
    const bench = linked(6);
    bench.feed({ kind: 'serverAttached' });
    for (let at = 20; at < 40; at++) bench.feed({ kind: 'known', peer: peer(at), degree: 6 });
    bench.feed({ kind: 'drop', peer: b, reason: 'declared-dead' });
    bench.tick(1_000);
    expect(requestsIn(bench.feed({ kind: 'contacts', peers: [peer(39)] }, 1_100))).toBe(0);
  });
});

describe('the target degree', () => {
  it.each([
    { size: 1, min: 0, target: 0 },
    { size: 2, min: 1, target: 1 },
    { size: 4, min: 3, target: 3 },
    { size: 5, min: 4, target: 4 },
    { size: 8, min: 4, target: 7 },
    { size: 9, min: 4, target: 6 },
    { size: 2_000, min: 4, target: 6 },
  ])('of a room of $size is $target, at least $min', ({ size, min, target }) => {
    expect(degreeLimits(size, defaultOverlayConfig)).toEqual({ min, target, max: 10 });
  });

  it('closes no link when the room outgrows it', () => {
    const bench = createBench(self);
    bench.feed({ kind: 'roomSize', size: 8 });
    bench.linkTo(...[1, 2, 3, 4, 5, 6, 7].map(peer));
    expect(bench.effects({ kind: 'roomSize', size: 9 })).toEqual([]);
    expect(bench.overlay.inspect()).toMatchObject({ targetDegree: 6, activeView: { length: 7 } });
  });
});

describe('a pair', () => {
  it('rests after two failures, and is forgiven when a channel opens', () => {
    const rests = createRests(defaultOverlayConfig);
    rests.failed(a, instant(0));
    expect(rests.isResting(a, 'low', instant(0))).toBe(false);
    expect(rests.mayAsk(a, 'low', instant(4_999))).toBe(false);
    expect(rests.mayAsk(a, 'low', instant(5_000))).toBe(true);
    rests.failed(a, instant(6_000));
    expect(rests.isResting(a, 'low', instant(605_999))).toBe(true);
    expect(rests.isResting(a, 'low', instant(606_000))).toBe(false);
    rests.failed(b, instant(0));
    rests.opened(b);
    rests.failed(b, instant(0));
    expect(rests.isResting(b, 'low', instant(0))).toBe(false);
  });
});

describe('a pair that rests', () => {
  it('tries again sooner where the asker is in need, ever a little later', () => {
    const rests = createRests(defaultOverlayConfig);
    const restsUntil = [10_000, 20_000, 40_000, 60_000, 60_000];
    rests.failed(a, instant(0));
    for (const untilMs of restsUntil) {
      rests.failed(a, instant(0));
      expect(rests.isResting(a, 'high', instant(untilMs - 1))).toBe(true);
      expect(rests.isResting(a, 'high', instant(untilMs))).toBe(false);
      expect(rests.isResting(a, 'low', instant(599_999))).toBe(true);
    }
  });

  it('may try again at once when the server is back', () => {
    const rests = createRests(defaultOverlayConfig);
    for (const ms of [0, 1]) rests.failed(a, instant(ms));
    rests.forgive();
    expect(rests.isResting(a, 'low', instant(2))).toBe(false);
  });
});

describe('a config', () => {
  it.each<Partial<OverlayConfig>>([
    { degreeMax: 6 },
    { degreeMin: 7 },
    { activeWalkLength: 8 },
    { knownMembersMax: 10 },
    { attemptsMax: 0 },
    { urgentRestMsMax: 9_999 },
    { linksPerIntroducerMax: 0 },
    { linksPerIntroducerMax: 11 },
    { needContactsMsMax: 500 },
    { strangerCallsMsMax: 14_999 },
    { budget: { ...defaultOverlayConfig.budget, uncollectedMax: 501 } },
  ])('that breaks a bound is refused: %j', (part) => {
    expect(() => checkOverlayConfig({ ...defaultOverlayConfig, ...part })).toThrow('broken invariant');
  });

  it('by default keeps every bound', () => {
    checkOverlayConfig(defaultOverlayConfig);
  });
});
