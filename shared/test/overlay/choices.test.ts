/** Whose choice the links are, and what one who is pressed does about it. */
import { describe, expect, it } from 'vitest';
import type { AttemptId, PeerId } from '#shared/base/ids.ts';
import { defaultOverlayConfig } from '#shared/overlay/config.ts';
import type { OverlayEffect, OverlayInput } from '#shared/overlay/messages.ts';
import {
  attempt,
  contacts,
  createBench,
  linkAttempt,
  message,
  peer,
  request,
  requestIn,
  requestsIn,
  signal,
  type Bench,
} from './helpers.ts';

const self = peer(100);
const { ownChoicesMin, othersChoicesMax, pressSpans, pressSpanMs, misbehavedRestMs, doubtMs, newcomerMs } =
  defaultOverlayConfig;
const DEFAULTS = { ownChoicesMin, othersChoicesMax, doubtMs, newcomerMs };
/** Past the storm of arrivals that the first words of a roster look like. */
const CALM_MS = 10_000;

/** In a room of 50, with so many neighbors that asked, and so many members besides that it knows. */
function asked(neighbors: number, others: number = 0): Bench {
  const bench = createBench(self, DEFAULTS);
  bench.feed({ kind: 'roomSize', size: 50 });
  bench.linkTo(...Array.from({ length: neighbors }, (_, at) => peer(at + 1)));
  for (let index = 0; index < others; index++)
    bench.feed({ kind: 'known', peer: peer(200 + index), degree: 6 });
  return bench;
}

/** The link to a neighbor of `asked` has ended. */
const lost = (other: PeerId): OverlayInput => ({
  kind: 'channelClosed',
  peer: other,
  attempt: linkAttempt(other),
});

const answers = (effects: readonly OverlayEffect[]): readonly string[] =>
  effects.flatMap((effect) => (effect.kind === 'signal' ? [effect.signal.kind] : []));

/** In each of so many spans a member with links enough asks in vain, and another at once; answers when it is over. */
function press(bench: Bench, spans: number): number {
  for (let index = 0; index < 2 * spans; index++) {
    const asker = peer(300 + index);
    const atMs = CALM_MS + Math.floor(index / 2) * pressSpanMs;
    bench.feed({ kind: 'known', peer: asker, degree: 6 }, atMs);
    const effects = bench.feed(signal(asker, request(attempt(300 + index), 'high')), atMs);
    expect(answers(effects)).toContain('refuse');
  }
  return CALM_MS + spans * pressSpanMs;
}

describe("links of others' choice", () => {
  it('are no more than five, unless whoever asks has next to none', () => {
    const low = signal(peer(50), request(attempt(1), 'low'));
    expect(answers(asked(4).effects(low))).toEqual(['accept']);
    expect(answers(asked(5).effects(low))).toEqual(['refuse']);
    expect(answers(asked(9).effects(signal(peer(50), request(attempt(1), 'high'))))).toEqual(['accept']);
  });

  it('are not given for a need that the record of the asker belies', () => {
    const high = signal(peer(50), request(attempt(1), 'high'));
    for (const [degree, answer] of [
      [3, 'accept'],
      [4, 'refuse'],
    ] as const) {
      const bench = asked(6);
      bench.feed({ kind: 'known', peer: peer(50), degree });
      expect(answers(bench.effects(high))).toEqual([answer]);
    }
  });

  it('do not push out one of our own', () => {
    const bench = asked(3, 6);
    for (const effect of bench.tick(CALM_MS)) {
      if (effect.kind !== 'signal') continue;
      const { to, signal: sent } = effect;
      bench.feed(signal(to, { kind: 'accept', attempt: sent.attempt }), CALM_MS);
      bench.feed({ kind: 'channelOpened', peer: to, attempt: sent.attempt }, CALM_MS);
      bench.feed({ kind: 'known', peer: to, degree: 9 }, CALM_MS);
    }
    const { ownChoices } = bench.overlay.inspect();
    expect(ownChoices).toHaveLength(3);
    for (let index = 0; index < 8; index++)
      bench.feed(signal(peer(400 + index), request(attempt(400 + index), 'high')), 20_000);
    expect(bench.overlay.inspect().ownChoices).toEqual(ownChoices);
  });
});

describe('one who is pressed', () => {
  it("wants as many links of its own choice as it has of others'", () => {
    const bench = asked(6, 8);
    expect(requestsIn(bench.tick(CALM_MS))).toBe(0);
    expect(requestsIn(bench.tick(press(bench, pressSpans)))).toBe(3);
    expect(bench.overlay.inspect().pending).toHaveLength(3);
  });

  it('is at ease again when nobody has asked for a while, and was never by a storm', () => {
    const brief = asked(6, 8);
    expect(requestsIn(brief.tick(press(brief, pressSpans - 1)))).toBe(0);
    const later = asked(6, 8);
    press(later, pressSpans);
    expect(requestsIn(later.tick(CALM_MS + 2 * pressSpans * pressSpanMs))).toBe(0);
  });

  it('is so by who asks, and not by walks that it hands on', () => {
    const bench = asked(6, 8);
    for (let index = 0; index < 2 * pressSpans; index++) {
      const atMs = CALM_MS + Math.floor(index / 2) * pressSpanMs;
      const [newcomer, id, from] = [peer(300 + index), attempt(300 + index), peer(1)];
      const trail = [from];
      const walk = { kind: 'forwardJoin', newcomer, attempt: id, priority: 'low', ttl: 3, trail } as const;
      expect(bench.feed(message(from, walk), atMs)).toContainEqual(
        expect.objectContaining({ kind: 'send', message: expect.objectContaining({ kind: 'forwardJoin' }) }),
      );
    }
    expect(requestsIn(bench.tick(CALM_MS + pressSpans * pressSpanMs))).toBe(0);
  });

  it("lets in as many of others' choice as it keeps, though it has none of its own", () => {
    const bench = asked(5);
    const atMs = press(bench, pressSpans);
    for (const index of [1, 2, 3]) bench.feed(lost(peer(index)), atMs);
    const ask = (index: number): OverlayInput => signal(peer(index), request(attempt(index), 'low'));
    expect(answers(bench.effects(ask(50), atMs))).toContain('accept');
    expect(answers(bench.effects(ask(51), atMs))).toContain('refuse');
  });

  it("gives up no link of others' choice that it needs", () => {
    const bench = asked(5);
    const atMs = press(bench, pressSpans);
    for (let tick = 0; tick < 5; tick++) bench.tick(atMs + tick * 1_000);
    expect(bench.overlay.inspect().activeView).toHaveLength(defaultOverlayConfig.degreeMin);
  });

  it("gives up its newest link of others' choice where these leave it no slot, and does not take it back at once", () => {
    const bench = asked(10, 8);
    const atMs = press(bench, pressSpans);
    const effects = bench.tick(atMs);
    expect(effects).toContainEqual({
      kind: 'send',
      to: peer(10),
      message: { kind: 'disconnect', reason: 'evicted' },
    });
    expect(requestsIn(effects)).toBe(1);
    const again = bench.effects(signal(peer(10), request(attempt(9), 'high')), atMs + 1_000);
    expect(again).toContainEqual({
      kind: 'signal',
      to: peer(10),
      route: [],
      signal: { kind: 'refuse', attempt: attempt(9), reason: 'resting' },
    });
  });
});

describe('one that could do with another link', () => {
  /** In which of so many seconds it asks somebody, where all refuse for want of room. */
  function asksInVain(bench: Bench, fromMs: number, seconds: number): readonly number[] {
    const askedAt = new Set<number>();
    for (let second = 0; second < seconds; second++) {
      const atMs = fromMs + second * 1_000;
      const effects = [...bench.tick(atMs)];
      for (const effect of effects) {
        if (effect.kind !== 'signal' || effect.signal.kind !== 'request') continue;
        askedAt.add(second);
        const refusal = { kind: 'refuse', attempt: effect.signal.attempt, reason: 'full' } as const;
        effects.push(...bench.feed(signal(effect.to, refusal), atMs));
      }
    }
    return [...askedAt];
  }

  it('asks ever more seldom when all have refused it once', () => {
    const eachOnce = Array.from({ length: 12 }, (_, second) => second);
    const later = [12, 14, 18, 26, 42, 62, 82];
    expect(asksInVain(asked(5, eachOnce.length), CALM_MS, 90)).toEqual([...eachOnce, ...later]);
  });

  it('asks at once for another link than one that it lost, and does not wait while it has too few', () => {
    const bench = asked(5, 40);
    asksInVain(bench, CALM_MS, 60);
    expect(requestsIn(bench.feed(lost(peer(1)), CALM_MS + 60_000))).toBe(2);
    bench.feed(lost(peer(2)), CALM_MS + 70_000);
    expect(asksInVain(bench, CALM_MS + 75_000, 15)).toEqual(expect.arrayContaining([0, 5, 10]));
  });
});

describe('a newcomer', () => {
  /** It met one whom the server named. */
  function newcomer(): Bench {
    const bench = createBench(self, DEFAULTS);
    const { to, attempt: id } = requestIn(bench.feed(contacts(peer(1))));
    bench.feed(signal(to, { kind: 'accept', attempt: id }));
    bench.feed({ kind: 'channelOpened', peer: to, attempt: id });
    bench.feed({ kind: 'known', peer: peer(1), degree: 1 });
    return bench;
  }
  const calls = (effects: readonly OverlayEffect[]): number =>
    effects.filter(({ kind }) => kind === 'needContacts').length;

  it('asks the server thrice more who is here', () => {
    const bench = newcomer();
    const times = [1, 2, 5, 10, 15, 30, 45, 60, 120, 600];
    const asks = times.filter((seconds) => calls(bench.tick(seconds * 1_000)) > 0);
    expect(asks.map((seconds) => seconds * 1_000)).toEqual([doubtMs, 3 * doubtMs, 9 * doubtMs]);
  });

  /** A second one was named and met; then a third is named, of whom these two say nothing. What it is asked is returned. */
  function asksAThird(bench: Bench): { readonly to: PeerId; readonly attempt: AttemptId } {
    bench.feed(contacts(peer(1), peer(2)), 3_000);
    const { to, attempt: id } = requestIn(bench.tick(6_000));
    bench.feed(signal(to, { kind: 'accept', attempt: id }), 6_000);
    bench.feed({ kind: 'channelOpened', peer: to, attempt: id }, 6_000);
    bench.feed({ kind: 'known', peer: peer(2), degree: 1 }, 6_000);
    bench.feed(contacts(peer(3)), 8_000);
    return requestIn(bench.tick(12_000));
  }

  it('gives up one of those whom it was named for the next, of whom they do not tell it, once it is met', () => {
    const bench = newcomer();
    const { to, attempt: id } = asksAThird(bench);
    expect(to).toBe(peer(3));
    bench.feed(signal(to, { kind: 'accept', attempt: id }), 12_100);
    expect(bench.overlay.inspect().activeView).toEqual([peer(1), peer(2)]);
    const effects = bench.feed({ kind: 'channelOpened', peer: to, attempt: id }, 12_200);
    expect(effects).toContainEqual({ kind: 'neighborDown', peer: peer(1), reason: 'evicted' });
    expect(bench.overlay.inspect().activeView).toEqual([peer(2), peer(3)]);
  });

  it('keeps those whom it has as long as the next is not met', () => {
    const bench = newcomer();
    const { to, attempt: id } = asksAThird(bench);
    bench.feed(signal(to, { kind: 'refuse', attempt: id, reason: 'full' }), 12_100);
    for (let atMs = 13_000; atMs < 60_000; atMs += 1_000) bench.tick(atMs);
    expect(bench.overlay.inspect().activeView).toEqual([peer(1), peer(2)]);
  });

  it('grown old stays with those it has: another half of the room may have been found', () => {
    const old = newcomer();
    old.feed(contacts(peer(2)), 700_000);
    const { to, attempt: id } = requestIn(old.tick(703_000));
    old.feed(signal(to, { kind: 'accept', attempt: id }), 703_100);
    old.feed({ kind: 'channelOpened', peer: to, attempt: id }, 703_200);
    old.feed(contacts(peer(3)), 703_300);
    for (let atMs = 704_000; atMs < 720_000; atMs += 1_000) {
      const requests = old.tick(atMs).filter(({ kind }) => kind === 'signal');
      expect(requests).toEqual([]);
    }
    expect(old.overlay.inspect().activeView).toEqual([peer(1), peer(2)]);
  });
});

describe('one who misbehaved', () => {
  const ask = signal(peer(1), request(attempt(9), 'high'));

  it('is told, and neither let in nor asked for ten minutes', () => {
    const bench = asked(2);
    expect(bench.effects({ kind: 'drop', peer: peer(1), reason: 'misbehaved' }).slice(0, 3)).toEqual([
      { kind: 'send', to: peer(1), message: { kind: 'disconnect', reason: 'misbehaved' } },
      { kind: 'destroy', peer: peer(1), attempt: linkAttempt(peer(1)) },
      { kind: 'neighborDown', peer: peer(1), reason: 'misbehaved' },
    ]);
    bench.feed({ kind: 'known', peer: peer(1), degree: 1 });
    expect(answers(bench.effects(ask, misbehavedRestMs - 1))).toEqual(['refuse']);
    expect(answers(bench.effects(ask, misbehavedRestMs))).toEqual(['accept']);
    const other = asked(2);
    other.feed({ kind: 'drop', peer: peer(1), reason: 'misbehaved' });
    other.feed({ kind: 'known', peer: peer(1), degree: 1 });
    expect(requestsIn(other.tick(misbehavedRestMs - 1))).toBe(0);
    expect(requestIn(other.tick(misbehavedRestMs + 6_000)).to).toBe(peer(1));
  });

  it('is left alone by the one who heard so of itself', () => {
    const bench = asked(2);
    bench.feed(message(peer(1), { kind: 'disconnect', reason: 'misbehaved' }));
    expect(answers(bench.effects(ask, misbehavedRestMs - 1))).toEqual(['refuse']);
  });
});
