/** Why there is no link: what the layer answers when it is asked. */
import { describe, expect, it } from 'vitest';
import { now } from '#shared/base/time.ts';
import type { WhyNoLink } from '#shared/overlay/messages.ts';
import {
  attempt,
  contacts,
  createBench,
  peer,
  request,
  requestIn,
  signal,
  timer,
  type Bench,
} from './helpers.ts';
import type { AttemptId, PeerId } from '#shared/base/ids.ts';

const self = peer(100);
const [a, b, c] = [peer(1), peer(2), peer(3)] as const;

const why = (bench: Bench, other: PeerId, atMs: number = 0): Omit<WhyNoLink, 'isKnown'> => {
  const { isKnown, ...told } = bench.overlay.inspect().why(other, now(atMs).instant);
  expect(isKnown).toBe(told.ending !== undefined || ['linked', 'connecting'].includes(told.reason));
  return told;
};

/** Linked to `a`, in a room of `size`; `b` is a member who may be asked. */
function createRoom(size: number, degree: number = 1): Bench {
  const bench = createBench(self);
  bench.linkTo(a);
  bench.feed({ kind: 'roomSize', size });
  bench.feed({ kind: 'known', peer: b, degree });
  return bench;
}

const ask = (bench: Bench, atMs: number = 0): AttemptId => requestIn(bench.tick(atMs)).attempt;
const fail = (bench: Bench, id: AttemptId, atMs: number): void => {
  bench.feed(signal(b, { kind: 'accept', attempt: id }), atMs);
  bench.feed({ kind: 'channelClosed', peer: b, attempt: id }, atMs);
};

describe('there is a link, or will be', () => {
  it('linked, once its channel is open', () => {
    expect(why(createRoom(3), a)).toEqual({ reason: 'linked', restMs: 0, ending: undefined });
  });

  it('connecting, once it was asked', () => {
    const bench = createRoom(3);
    const id = ask(bench);
    expect(why(bench, b).reason).toBe('connecting');
    bench.feed(signal(b, { kind: 'accept', attempt: id }));
    expect(why(bench, b).reason).toBe('connecting');
  });

  it('not yet, for one who has not been asked; a stranger is no other case', () => {
    expect(why(createRoom(3), b)).toEqual({ reason: 'not-yet', restMs: 0, ending: undefined });
    expect(why(createRoom(3), c).reason).toBe('not-yet');
  });
});

describe('there is none', () => {
  it('for enough are held', () => {
    const bench = createRoom(2);
    expect(why(bench, b).reason).toBe('not-wanted');
  });

  it('for the budget is spent', () => {
    const bench = createBench(self, {
      budget: {
        tokensMax: 1,
        tokenMs: 4_000,
        constructedPerMinuteMax: 1,
        uncollectedMax: 250,
        collectedAfterMs: 30_000,
      },
    });
    bench.linkTo(a);
    bench.feed({ kind: 'roomSize', size: 3 });
    expect(why(bench, b).reason).toBe('budget');
    expect(why(bench, b, 60_001).reason).toBe('not-yet');
  });

  it('for we could build no more when it accepted', () => {
    const budget = {
      tokensMax: 1,
      tokenMs: 4_000,
      constructedPerMinuteMax: 1,
      uncollectedMax: 50,
      collectedAfterMs: 30_000,
    };
    const bench = createBench(self, { budget });
    const id = requestIn(bench.feed(contacts(a))).attempt;
    bench.feed(signal(a, { kind: 'accept', attempt: id }));
    bench.feed({ kind: 'channelClosed', peer: a, attempt: id });
    const again = requestIn(bench.feed(contacts(b))).attempt;
    bench.feed(signal(b, { kind: 'accept', attempt: again }));
    expect(why(bench, b).ending).toEqual({ reason: 'busy', agoMs: 0 });
  });

  it('for the other has more than it wants, and we can do without', () => {
    const bench = createBench(self);
    bench.linkTo(a, c, peer(4), peer(5));
    bench.feed({ kind: 'roomSize', size: 30 });
    bench.feed({ kind: 'known', peer: b, degree: 7 });
    expect(why(bench, b).reason).toBe('full');
    bench.feed({ kind: 'known', peer: b, degree: 6 });
    expect(why(bench, b).reason).toBe('not-yet');
    expect(why(createRoom(3, 7), b).reason).toBe('not-yet');
  });

  it.each(['full', 'busy', 'resting'] as const)('for it said that it is %s', (reason) => {
    const bench = createRoom(3);
    bench.feed(signal(b, { kind: 'refuse', attempt: ask(bench), reason }), 100);
    expect(why(bench, b, 1_100)).toEqual({
      reason: 'failed',
      restMs: 4_000,
      ending: { reason, agoMs: 1_000 },
    });
    expect(why(bench, b, 60_100)).toEqual({ reason: 'failed', restMs: 0, ending: { reason, agoMs: 60_000 } });
  });

  it('for it did not answer, or no channel opened', () => {
    const bench = createRoom(3);
    const first = ask(bench);
    bench.feed(timer({ kind: 'attemptDue', peer: b, attempt: first }), 5_000);
    expect(why(bench, b, 5_000).ending).toEqual({ reason: 'no-answer', agoMs: 0 });
    const second = ask(bench, 10_000);
    bench.feed(signal(b, { kind: 'accept', attempt: second }), 10_000);
    bench.feed(timer({ kind: 'attemptDue', peer: b, attempt: second }), 20_000);
    expect(why(bench, b, 20_000)).toMatchObject({
      reason: 'failed',
      ending: { reason: 'not-opened', agoMs: 0 },
    });
  });

  it('for the pair rests: shortly where links are needed, and until when is told', () => {
    const bench = createRoom(3);
    fail(bench, ask(bench), 0);
    expect(why(bench, b)).toMatchObject({ reason: 'failed', restMs: 5_000 });
    fail(bench, ask(bench, 5_000), 5_000);
    expect(why(bench, b, 6_000)).toEqual({
      reason: 'resting',
      restMs: 9_000,
      ending: { reason: 'channel-failed', agoMs: 1_000 },
    });
    bench.feed({ kind: 'roomSize', size: 2 }, 6_000);
    expect(why(bench, b, 6_000)).toMatchObject({ reason: 'resting', restMs: 599_000 });
  });

  it('for it misbehaved', () => {
    const bench = createRoom(3);
    bench.feed({ kind: 'drop', peer: b, reason: 'misbehaved' }, 0);
    expect(why(bench, b)).toEqual({ reason: 'resting', restMs: 600_000, ending: undefined });
  });
});

it('what is past is forgotten when a link opens, and beyond 128 peers', () => {
  const bench = createRoom(3);
  fail(bench, ask(bench), 0);
  const id = ask(bench, 5_000);
  bench.feed(signal(b, { kind: 'accept', attempt: id }), 5_000);
  bench.feed({ kind: 'channelOpened', peer: b, attempt: id }, 5_000);
  bench.feed({ kind: 'channelClosed', peer: b, attempt: id }, 6_000);
  expect(why(bench, b, 6_000).ending).toBe(undefined);

  const flooded = createRoom(3);
  const others = Array.from({ length: 129 }, (_, n) => peer(300 + n));
  for (const [n, other] of others.entries()) {
    flooded.feed(signal(other, request(attempt(n), 'high')), n * 5_000);
    flooded.feed({ kind: 'channelClosed', peer: other, attempt: attempt(n) }, n * 5_000);
  }
  expect([why(flooded, others[0]!).ending, why(flooded, others[1]!).ending?.reason]).toEqual([
    undefined,
    'channel-failed',
  ]);
});

it('a description for an attempt that is over is dropped, and counted', () => {
  const bench = createBench(self);
  const id = requestIn(bench.feed(contacts(b))).attempt;
  bench.feed(signal(b, { kind: 'accept', attempt: id }));
  const description = { kind: 'description', attempt: id, wireVersion: 1, data: 'candidate' } as const;
  expect(bench.effects(signal(b, description)).map(({ kind }) => kind)).toContain('describe');
  bench.feed({ kind: 'channelClosed', peer: b, attempt: id });
  expect(bench.effects(signal(b, description))).toEqual([]);
  expect(bench.effects(signal(c, { ...description, attempt: attempt(9) }))).toEqual([]);
  expect(bench.overlay.inspect().staleDescriptions).toBe(2);
});
