/** One member's socket: inputs in, effects out. */
import { describe, expect, it } from 'vitest';
import type { PeerId } from '#shared/base/ids.ts';
import { createRng } from '#shared/base/rng.ts';
import { now, wallMillis } from '#shared/base/time.ts';
import { checkGreetersConfig, defaultGreetersConfig } from '#shared/greeters/config.ts';
import { createGreeters } from '#shared/greeters/greeters.ts';
import type { GreetersEffect, GreetersInput, GreetersTimer } from '#shared/greeters/messages.ts';
import { countBefore } from '#shared/greeters/order.ts';

// oxlint-disable-next-line typescript/no-unsafe-type-assertion
const peer = (at: number): PeerId => at.toString(16).padStart(32, '0') as PeerId;
const { newcomerStayMs, needStayMs, quietMs, quietWaitMsMax, rankMs, unseenMs, lookMs } =
  defaultGreetersConfig;
const HOUR_MS = 3_600_000;

/** Ids in the order in which they attach in the first hour. */
const ordered = ((): readonly PeerId[] => {
  const all = Array.from({ length: 40 }, (_, at) => peer(at + 1));
  const place = (id: PeerId): number => countBefore(id, all, wallMillis(0));
  return all.toSorted((a, b) => place(a) - place(b));
})();
const nth = (at: number): PeerId => ordered[at]!;

interface Bench {
  readonly feed: (input: GreetersInput, atMs?: number) => readonly GreetersEffect['kind'][];
  /** Lets time pass; what was said meanwhile, but for plans. */
  readonly run: (untilMs: number) => readonly string[];
  readonly effects: (input: GreetersInput, atMs?: number) => readonly GreetersEffect[];
  readonly timers: GreetersTimer[];
  readonly inspect: ReturnType<typeof createGreeters>['inspect'];
}

function createBench(self: PeerId): Bench {
  const layer = createGreeters({ self, rng: createRng([1]) }, defaultGreetersConfig);
  const planned: { readonly at: number; readonly timer: GreetersTimer }[] = [];
  const timers: GreetersTimer[] = [];
  let clockMs = 0;
  const effects = (input: GreetersInput, atMs: number = clockMs): readonly GreetersEffect[] => {
    clockMs = atMs;
    const said = layer.handle(input, now(atMs));
    for (const effect of said) {
      if (effect.kind !== 'schedule') continue;
      planned.push({ at: atMs + effect.afterMs, timer: effect.timer });
      timers.push(effect.timer);
    }
    return said;
  };
  const words = (said: readonly GreetersEffect[]): readonly GreetersEffect['kind'][] =>
    said.flatMap(({ kind }) => (kind === 'attach' || kind === 'detach' || kind === 'greeted' ? [kind] : []));
  return {
    effects,
    feed: (input, atMs) => words(effects(input, atMs)),
    run: (untilMs) => {
      const heard: string[] = [];
      for (;;) {
        const next = planned.toSorted((a, b) => a.at - b.at)[0];
        if (next === undefined || next.at > untilMs) break;
        planned.splice(planned.indexOf(next), 1);
        for (const word of words(effects({ kind: 'timer', timer: next.timer }, Math.max(clockMs, next.at))))
          heard.push(`${word} ${clockMs}`);
      }
      clockMs = Math.max(clockMs, untilMs);
      return heard;
    },
    timers,
    inspect: layer.inspect,
  };
}

/** A member that came in at 1 s, holds six links, and knows these; those before `attached` say that they are attached. */
function createMember(self: PeerId, others: readonly PeerId[], attached: number): Bench {
  const bench = createBench(self);
  bench.feed({ kind: 'start' }, 0);
  bench.feed({ kind: 'attached' }, 500);
  return settle(bench, others, attached);
}

function settle(bench: Bench, others: readonly PeerId[], attached: number): Bench {
  bench.feed({ kind: 'links', count: 6 }, 1_000);
  others.forEach((id, at) => bench.feed({ kind: 'member', id, greeter: at < attached }));
  return bench;
}

/** The same, that has let go, whatever its place: its own dials came to nothing. */
function createReleased(self: PeerId, others: readonly PeerId[]): Bench {
  const bench = createBench(self);
  bench.feed({ kind: 'start' }, 0);
  settle(bench, others, 4);
  expect(bench.run(1_000 + newcomerStayMs)).toEqual([`detach ${1_000 + newcomerStayMs}`]);
  return bench;
}

const others = (self: PeerId, count: number): readonly PeerId[] =>
  ordered.filter((id) => id !== self).slice(0, count);

describe('a newcomer', () => {
  it('attaches at once, and does nothing before', () => {
    const bench = createBench(nth(9));
    expect(bench.feed({ kind: 'links', count: 3 })).toEqual([]);
    expect(bench.feed({ kind: 'start' })).toEqual(['attach']);
  });

  it('lets go when it has been linked for long enough and four others are attached', () => {
    const bench = createMember(nth(9), others(nth(9), 9), 4);
    expect(bench.run(newcomerStayMs + 999)).toEqual([]);
    expect(bench.run(120_000)).toEqual([`detach ${newcomerStayMs + 1_000}`]);
    expect(bench.inspect()).toMatchObject({ socket: 'released', greeted: true });
  });

  it.each([
    [
      'three others are attached',
      (bench: Bench) => bench.feed({ kind: 'member', id: nth(0), greeter: false }),
    ],
    ['one of four is suspected', (bench: Bench) => bench.feed({ kind: 'suspected', id: nth(1) })],
    ['one of four is gone', (bench: Bench) => bench.feed({ kind: 'forget', id: nth(2) })],
    ['it holds three links', (bench: Bench) => bench.feed({ kind: 'links', count: 3 })],
  ])('stays while %s', (_what, happen) => {
    const bench = createMember(nth(9), others(nth(9), 9), 4);
    happen(bench);
    expect(bench.run(600_000)).toEqual([]);
  });

  it('stays a suspect in a suspect’s newer record, and is counted again when it recovers', () => {
    const bench = createMember(nth(9), others(nth(9), 9), 4);
    bench.feed({ kind: 'suspected', id: nth(1) });
    bench.feed({ kind: 'member', id: nth(1), greeter: true });
    expect(bench.inspect().greeters).toHaveLength(3);
    bench.feed({ kind: 'recovered', id: nth(1) });
    expect(bench.inspect().greeters).toHaveLength(4);
  });

  it('waits while it carries, but not for ever', () => {
    const bench = createMember(nth(9), others(nth(9), 9), 4);
    const from = 1_000 + newcomerStayMs;
    bench.feed({ kind: 'carried' }, from - 100);
    expect(bench.run(from + quietMs - 1_000)).toEqual([]);
    expect(bench.run(from + quietMs + lookMs)).toHaveLength(1);

    const busy = createMember(nth(9), others(nth(9), 9), 4);
    const heard: string[] = [];
    for (let at = from - 500; at < from + 60_000; at += 500) {
      heard.push(...busy.run(at));
      busy.feed({ kind: 'carried' }, at);
    }
    expect(heard).toEqual([`detach ${from + quietWaitMsMax}`]);
  });
});

describe('of those attached', () => {
  it('the first four in the order stay, whoever comes after them lets go', () => {
    const all = ordered.slice(0, 12);
    const left = all.filter((self) => {
      const bench = createMember(self, others(self, 12), 12);
      return bench.run(120_000).length === 0;
    });
    expect(left).toEqual(ordered.slice(0, 4));
  });

  it('who has only dialled in vain lets go as well, whatever its place', () => {
    const bench = createBench(nth(0));
    bench.feed({ kind: 'start' }, 0);
    bench.feed({ kind: 'links', count: 6 }, 1_000);
    for (const id of others(nth(0), 9)) bench.feed({ kind: 'member', id, greeter: true });
    expect(bench.run(120_000)).toEqual([`detach ${1_000 + newcomerStayMs}`]);
  });
});

describe('who has let go', () => {
  it.each([0, 1, 4, 8])('attaches when one is lacking, %i before it, so much later', (rank) => {
    const greeters = ordered.slice(20, 24);
    const bench = createReleased(nth(rank), [...greeters, ...others(nth(rank), 12)]);
    expect(bench.run(100_000)).toEqual([]);
    const soon = bench.feed({ kind: 'forget', id: greeters[0]! }, 100_000);
    expect(soon.length + bench.run(100_000 + rank * rankMs - 1).length).toBe(rank === 0 ? 1 : 0);
    expect(soon.length + bench.run(100_000 + rank * rankMs).length).toBe(1);
    expect(bench.inspect().socket).toBe('wanted');
  });

  it('is held up no more by those before it who have attached or are gone, and does not attach when enough are', () => {
    const greeters = ordered.slice(20, 24);
    const bench = createReleased(nth(8), [...greeters, ...others(nth(8), 12)]);
    for (const id of greeters) bench.feed({ kind: 'forget', id }, 100_000);
    for (const id of ordered.slice(0, 3)) bench.feed({ kind: 'member', id, greeter: true }, 101_000);
    bench.feed({ kind: 'forget', id: nth(3) }, 101_000);
    expect(bench.run(100_000 + 4 * rankMs - 1)).toEqual([]);
    // It looks when its turn would have come; by then four fewer are before it.
    expect(bench.run(100_000 + 8 * rankMs)).toHaveLength(1);

    const spared = createReleased(nth(8), [...greeters, ...others(nth(8), 12)]);
    spared.feed({ kind: 'forget', id: greeters[0]! }, 100_000);
    spared.feed({ kind: 'member', id: nth(0), greeter: true }, 101_000);
    expect(spared.run(200_000)).toEqual([]);
  });

  it('attaches at once without a link, and soon with too few', () => {
    const lonely = createReleased(nth(9), others(nth(9), 9));
    expect(lonely.feed({ kind: 'links', count: 0 }, 100_000)).toEqual(['attach']);

    const poor = createReleased(nth(9), others(nth(9), 9));
    expect(poor.feed({ kind: 'links', count: 3 }, 100_000)).toEqual([]);
    expect(poor.run(102_000)).toHaveLength(1);
    // Once it needs the server no more, it lets go again.
    poor.feed({ kind: 'attached' }, 102_100);
    poor.feed({ kind: 'links', count: 4 }, 103_000);
    expect(poor.run(103_000 + needStayMs + lookMs)).toHaveLength(1);

    const mended = createReleased(nth(9), others(nth(9), 9));
    mended.feed({ kind: 'links', count: 3 }, 100_000);
    mended.feed({ kind: 'links', count: 4 }, 100_001);
    expect(mended.run(200_000)).toEqual([]);
  });

  it('attaches at once where the server is needed, and stays for a while', () => {
    const bench = createReleased(nth(9), others(nth(9), 9));
    expect(bench.feed({ kind: 'need', need: 'no-path' }, 100_000)).toEqual(['attach']);
    bench.feed({ kind: 'attached' }, 100_100);
    bench.feed({ kind: 'need', need: 'network' }, 105_000);
    expect(bench.run(104_999 + needStayMs)).toEqual([]);
    expect(bench.run(105_000 + needStayMs + lookMs)).toHaveLength(1);
  });

  it('is told that nobody greets ten seconds after the last greeter was seen, and that somebody does at once', () => {
    const greeters = others(nth(39), 4);
    const bench = createReleased(nth(39), others(nth(39), 30));
    for (const id of greeters.slice(1)) bench.feed({ kind: 'forget', id }, 60_000);
    expect(bench.feed({ kind: 'suspected', id: greeters[0]! }, 60_000)).toEqual([]);
    const words = (heard: readonly string[]): readonly string[] =>
      heard.filter((word) => word.startsWith('greeted'));
    expect(words(bench.run(60_000 + unseenMs - 1))).toEqual([]);
    expect(words(bench.run(60_000 + unseenMs))).toHaveLength(1);
    expect(bench.inspect().greeted).toBe(false);
    expect(bench.feed({ kind: 'recovered', id: greeters[0]! })).toContain('greeted');
    expect(bench.inspect().greeted).toBe(true);
  });
});

describe('timers', () => {
  it('that are old, or come again, do nothing', () => {
    const bench = createReleased(nth(9), others(nth(9), 9));
    const old = [...bench.timers];
    bench.feed({ kind: 'links', count: 3 }, 100_000);
    for (const timer of old) {
      if (timer.token !== bench.timers.at(-1)!.token)
        expect(bench.effects({ kind: 'timer', timer }, 100_000)).toEqual([]);
    }
    const due = bench.timers.at(-1)!;
    expect(bench.feed({ kind: 'timer', timer: due }, 102_000)).toEqual(['attach']);
    expect(bench.effects({ kind: 'timer', timer: due }, 102_000)).toEqual([]);
  });

  it('that come early plan themselves again', () => {
    const bench = createReleased(nth(9), others(nth(9), 9));
    bench.feed({ kind: 'links', count: 3 }, 100_000);
    const early = bench.effects({ kind: 'timer', timer: bench.timers.at(-1)! }, 100_001);
    expect(early.map(({ kind }) => kind)).toEqual(['schedule']);
  });

  it('are none in a settled room', () => {
    const released = createReleased(nth(9), others(nth(9), 9));
    const before = released.timers.length;
    released.run(600_000);
    expect(released.timers).toHaveLength(before);
    const greeter = createMember(nth(0), others(nth(0), 9), 3);
    const planned = greeter.timers.length;
    greeter.run(600_000);
    expect(greeter.timers).toHaveLength(planned);
  });
});

describe('the order', () => {
  it('is the same for all within an hour, and another one in the next', () => {
    const placesAt = (wall: number): readonly number[] =>
      ordered.map((id) => countBefore(id, ordered, wallMillis(wall)));
    expect(placesAt(0)).toEqual(ordered.map((_, at) => at));
    expect(placesAt(HOUR_MS - 1)).toEqual(placesAt(0));
    expect(placesAt(HOUR_MS).toSorted((a, b) => a - b)).toEqual(placesAt(0));
    expect(placesAt(HOUR_MS)).not.toEqual(placesAt(0));
  });
});

it.each([
  { greetersWanted: 0 },
  { greetersWanted: 65 },
  { linksMin: 0 },
  { rankMs: 0 },
  { newcomerStayMs: -1 },
  { needStayMs: -1 },
  { poorWaitMsMax: -1 },
  { quietMs: -1 },
  { quietWaitMsMax: quietMs - 1 },
  { unseenMs: 0 },
  { lookMs: 0 },
])('a configuration with %o is refused', (wrong) => {
  expect(() => checkGreetersConfig({ ...defaultGreetersConfig, ...wrong })).toThrow();
});
