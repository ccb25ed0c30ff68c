/** Requests of others, glare, and walks. `a` to `l` are lower than self, `n` to `z` higher. */
import { describe, expect, it } from 'vitest';
import {
  attempt,
  contacts,
  createBench,
  linkAttempt,
  message,
  peer,
  request,
  requestIn,
  signal,
  takenBack,
} from './helpers.ts';
import type { Bench } from './helpers.ts';
import type { AttemptId, PeerId } from '#shared/base/ids.ts';
import { instant } from '#shared/base/time.ts';
import { defaultOverlayConfig } from '#shared/overlay/config.ts';
import type { ForwardJoin, OverlayEffect, OverlayInput, RefuseReason } from '#shared/overlay/messages.ts';

const self = peer(100);
const [a, b, c, d] = [peer(1), peer(2), peer(3), peer(4)] as const;
const z = peer(200);
const one = attempt(1);
const two = attempt(2);

const accepted = (
  by: { peer: PeerId; route?: readonly PeerId[]; initiator?: boolean },
  id = one,
): readonly OverlayEffect[] => [
  { kind: 'signal', to: by.peer, route: by.route ?? [], signal: { kind: 'accept', attempt: id } },
  { kind: 'construct', peer: by.peer, attempt: id, initiator: by.initiator ?? false },
  { kind: 'schedule', timer: { kind: 'attemptDue', peer: by.peer, attempt: id }, afterMs: 10_000 },
];
const refused = (to: PeerId, reason: RefuseReason, route: readonly PeerId[] = []): OverlayEffect => ({
  kind: 'signal',
  to,
  route,
  signal: { kind: 'refuse', attempt: one, reason },
});
const walk = (over: Partial<ForwardJoin>): ForwardJoin => ({
  kind: 'forwardJoin',
  newcomer: z,
  attempt: one,
  priority: 'high',
  ttl: 6,
  trail: [a],
  ...over,
});

const opened = (by: PeerId, id: AttemptId): OverlayInput => ({
  kind: 'channelOpened',
  peer: by,
  attempt: id,
});

/** A node with this many neighbors, numbered from 1, in a room of 50. */
function linked(count: number): Bench {
  const bench = createBench(self);
  bench.feed({ kind: 'roomSize', size: 50 });
  bench.linkTo(...Array.from({ length: count }, (_, at) => peer(at + 1)));
  return bench;
}

describe('a request', () => {
  it('of high priority is accepted, the lower id making the offer', () => {
    expect(linked(0).effects(signal(a, request(one, 'high')))).toEqual(accepted({ peer: a }));
    expect(linked(0).effects(signal(z, request(one, 'high')))).toEqual(
      accepted({ peer: z, initiator: true }),
    );
  });

  it('is answered back along its trail', () => {
    const effects = linked(0).effects(signal(z, request(one, 'high'), [b, c]));
    expect(effects).toEqual(accepted({ peer: z, route: [c, b], initiator: true }));
  });

  it.each([
    { degree: 5, priority: 'low', answer: 'accept' },
    { degree: 6, priority: 'low', answer: 'accept' },
    { degree: 7, priority: 'low', answer: 'accept' },
    { degree: 8, priority: 'low', answer: 'full' },
    { degree: 9, priority: 'high', answer: 'accept' },
    { degree: 10, priority: 'high', answer: 'full' },
  ] as const)(
    'of $priority priority at degree $degree is answered $answer',
    ({ degree, priority, answer }) => {
      const effects = linked(degree).effects(signal(z, request(one, priority)));
      expect(effects).toEqual(
        answer === 'full' ? [refused(z, 'full')] : accepted({ peer: z, initiator: true }),
      );
    },
  );

  it('counts attempts under way as slots', () => {
    const bench = linked(7);
    bench.feed(signal(peer(50), request(two, 'low')));
    expect(bench.effects(signal(z, request(one, 'low')))).toEqual([refused(z, 'full')]);
  });

  it.each([
    { from: self, trail: [], reason: 'signal-from-self' },
    { from: a, trail: [b, self], reason: 'signal-trail-loops' },
    { from: a, trail: [a], reason: 'signal-trail-loops' },
    { from: a, trail: Array.from({ length: 17 }, (_, at) => peer(at + 10)), reason: 'signal-trail-too-long' },
  ])('with a bad way is misbehaviour: $reason', ({ from, trail, reason }) => {
    expect(linked(0).effects(signal(from, request(one, 'high'), trail))).toEqual([
      { kind: 'peerMisbehaved', peer: from, reason },
    ]);
  });
});

describe('a request out of the ordinary', () => {
  it('over the budget is refused as busy; links up to the minimum take no token', () => {
    const bench = createBench(self, { budget: { ...defaultOverlayConfig.budget, tokensMax: 1 } });
    bench.feed({ kind: 'roomSize', size: 50 });
    bench.linkTo(a, b, c, d);
    expect(bench.effects(signal(peer(50), request(two, 'high')))).toEqual(accepted({ peer: peer(50) }, two));
    expect(bench.effects(signal(z, request(one, 'high')))).toEqual([refused(z, 'busy')]);
  });

  it('that comes twice is answered once', () => {
    const bench = linked(0);
    bench.feed(signal(z, request(one, 'high')));
    expect(bench.effects(signal(z, request(one, 'high')))).toEqual([]);
  });

  it('of a neighbor that may have been sent before the link opened leaves the link alone', () => {
    const bench = linked(2);
    const late = defaultOverlayConfig.answerTimeoutMs - 1;
    expect(bench.effects(signal(a, request(one, 'low')), late)).toEqual([]);
    expect(bench.overlay.inspect().activeView).toContain(a);
  });

  it('of a silent neighbor shows that its end lost the link: the old one is replaced', () => {
    const bench = linked(2);
    const { answerTimeoutMs } = defaultOverlayConfig;
    expect(bench.effects(signal(a, request(one, 'low')), answerTimeoutMs)).toEqual([
      { kind: 'destroy', peer: a, attempt: linkAttempt(a) },
      { kind: 'neighborDown', peer: a, reason: 'replaced' },
      ...accepted({ peer: a }),
    ]);
  });

  it('of a neighbor that is heard on its link may be made up: it is refused, and asked again after its silence', () => {
    const bench = linked(2);
    const { heardWithinMs } = defaultOverlayConfig;
    bench.feed({ kind: 'heard', peer: a, heardAt: instant(60_000) });
    const last = 60_000 + heardWithinMs - 1;
    expect(bench.effects(signal(a, request(one, 'high')), last)).toEqual([refused(a, 'busy')]);
    expect(bench.overlay.inspect().activeView).toEqual([a, b]);
    expect(bench.effects(signal(a, request(one, 'high')), last + 1)).toContainEqual({
      kind: 'neighborDown',
      peer: a,
      reason: 'replaced',
    });
  });

  it('of one with whom we connect at its own request replaces that attempt when that has had its time', () => {
    const bench = linked(0);
    const { answerTimeoutMs } = defaultOverlayConfig;
    bench.feed(signal(z, request(two, 'high')));
    expect(bench.effects(signal(z, request(one, 'high')), answerTimeoutMs - 1)).toEqual([refused(z, 'busy')]);
    expect(bench.effects(signal(z, request(one, 'high')), answerTimeoutMs)).toEqual([
      { kind: 'destroy', peer: z, attempt: two },
      ...accepted({ peer: z, initiator: true }),
    ]);
  });

  it('of a pair that failed twice is refused, and granted again soon to one who is in need', () => {
    const bench = linked(0);
    for (const id of [attempt(8), attempt(9)]) {
      bench.feed(signal(z, request(id, 'high')));
      expect(bench.effects({ kind: 'channelClosed', peer: z, attempt: id })).toEqual([
        { kind: 'attemptFailed', peer: z, reason: 'channel-failed' },
        ...(id === attempt(8) ? [{ kind: 'needContacts' }] : []),
      ]);
    }
    expect(bench.effects(signal(z, request(one, 'high')), 9_999)).toEqual([refused(z, 'resting')]);
    expect(bench.effects(signal(z, request(one, 'high')), 10_000)).toEqual(
      accepted({ peer: z, initiator: true }),
    );
  });
});

describe('a forced link far over the target', () => {
  it('evicts the newest neighbor that has links to spare, and tells it', () => {
    const bench = linked(8);
    for (const [index, degree] of [9, 7, 8, 6, 5].entries()) {
      bench.feed({ kind: 'known', peer: peer(index + 1), degree });
    }
    expect(bench.effects(signal(z, request(one, 'high')))).toEqual(accepted({ peer: z, initiator: true }));
    expect(bench.effects(opened(z, one))).toEqual([
      { kind: 'neighborUp', peer: z },
      { kind: 'send', to: c, message: { kind: 'disconnect', reason: 'evicted' } },
      { kind: 'destroy', peer: c, attempt: linkAttempt(c) },
      { kind: 'neighborDown', peer: c, reason: 'evicted' },
    ]);
    expect(bench.overlay.inspect().passiveView).toEqual([c]);
  });

  it('evicts nobody who has no links to spare, nor before it is far over', () => {
    const poor = linked(8);
    for (let at = 1; at <= 8; at++) poor.feed({ kind: 'known', peer: peer(at), degree: 6 });
    expect(poor.effects(signal(z, request(one, 'high')))).toEqual(accepted({ peer: z, initiator: true }));
    expect(poor.effects(opened(z, one))).toEqual([{ kind: 'neighborUp', peer: z }]);
    const near = linked(7);
    for (let at = 1; at <= 7; at++) near.feed({ kind: 'known', peer: peer(at), degree: 9 });
    expect(near.effects(signal(z, request(one, 'high')))).toEqual(accepted({ peer: z, initiator: true }));
    expect(near.effects(opened(z, one))).toEqual([{ kind: 'neighborUp', peer: z }]);
  });
});

describe('a forced link after deaths', () => {
  it('evicts nobody for half a minute: known degrees count the dead, and the newest are in for the first time', () => {
    const bench = linked(8);
    for (let at = 1; at <= 8; at++) bench.feed({ kind: 'known', peer: peer(at), degree: 9 });
    bench.feed({ kind: 'drop', peer: peer(60), reason: 'declared-dead' }, 1_000);
    expect(bench.effects(signal(z, request(one, 'high')), 30_999)).toEqual(
      accepted({ peer: z, initiator: true }),
    );
    expect(bench.effects(opened(z, one), 30_999)).toEqual([{ kind: 'neighborUp', peer: z }]);
    bench.feed(signal(peer(201), request(two, 'high')), 31_000);
    expect(bench.effects(opened(peer(201), two), 31_000)).toContainEqual({
      kind: 'neighborDown',
      peer: peer(8),
      reason: 'evicted',
    });
  });
});

describe('glare', () => {
  it('leaves the attempt of the lower id: it ignores the request of the higher', () => {
    const bench = linked(0);
    const own = requestIn(bench.feed(contacts(z)));
    expect(bench.effects(signal(z, request(one, 'high', true)))).toEqual([]);
    expect(bench.effects(signal(z, { kind: 'accept', attempt: own.attempt }))).toEqual(
      accepted({ peer: z, initiator: true }, own.attempt).slice(1),
    );
    // Its request may also come after its answer to ours.
    expect(bench.effects(signal(z, request(one, 'high', true)))).toEqual([]);
  });

  it('makes the higher id drop its own attempt and accept', () => {
    const bench = linked(0);
    const own = requestIn(bench.feed(contacts(a)));
    expect(bench.effects(signal(a, request(one, 'high', true)))).toEqual(accepted({ peer: a }));
    const late = signal(a, { kind: 'accept', attempt: own.attempt });
    expect(bench.effects(late)).toEqual([takenBack(a, own.attempt)]);
    expect(bench.overlay.inspect()).toMatchObject({ constructed: 1, pending: [a] });
  });
});

describe('one who introduces strangers', () => {
  const brought = (bench: Bench, index: number, by: PeerId): string[] => {
    const step = walk({ newcomer: peer(index), attempt: attempt(index), ttl: 0, trail: [by] });
    return answersIn(bench.effects(message(by, step)));
  };
  const asks = (bench: Bench, index: number, trail: readonly PeerId[] = []): string[] =>
    answersIn(bench.effects(signal(peer(index), request(attempt(index), 'high'), trail)));
  const answersIn = (effects: readonly OverlayEffect[]): string[] =>
    effects.flatMap((effect) => (effect.kind === 'signal' ? [effect.signal.kind] : []));

  it('gets two of our links for them, by walks and by requests together; another gets its own', () => {
    const bench = linked(2);
    expect([brought(bench, 50, a), asks(bench, 51, [d, a])]).toEqual([['accept'], ['accept']]);
    expect([brought(bench, 52, a), asks(bench, 53, [d, a])]).toEqual([['refer'], ['refuse']]);
    expect(brought(bench, 54, b)).toEqual(['accept']);
  });

  it('gets another one when one of them is gone', () => {
    const bench = linked(2);
    for (const index of [50, 51]) {
      brought(bench, index, a);
      bench.feed({ kind: 'channelOpened', peer: peer(index), attempt: attempt(index) });
    }
    expect(brought(bench, 52, a)).toEqual(['refuse']);
    bench.feed({ kind: 'channelClosed', peer: peer(50), attempt: attempt(50) });
    expect(brought(bench, 53, a)).toEqual(['accept']);
  });

  it('has introduced one that hung and speaks again still', () => {
    const bench = linked(2);
    brought(bench, 50, a);
    bench.feed({ kind: 'channelOpened', peer: peer(50), attempt: attempt(50) });
    bench.feed({ kind: 'drop', peer: peer(50), reason: 'declared-dead' });
    bench.feed({ kind: 'heardStranger', peer: peer(50) });
    expect([brought(bench, 51, a), brought(bench, 52, a)]).toEqual([['accept'], ['refer']]);
  });

  it('has introduced nobody whom the roster knows, once its channel has opened', () => {
    const bench = linked(2);
    for (const index of [50, 51, 52]) {
      bench.feed({ kind: 'known', peer: peer(index), degree: 1 });
      expect(brought(bench, index, a)).toEqual(['accept']);
      bench.feed({ kind: 'channelOpened', peer: peer(index), attempt: attempt(index) });
    }
  });

  it('brings no more than two at a time of those whom the roster knows, for their names may be borrowed', () => {
    const bench = linked(2);
    for (const index of [50, 51, 52, 53, 54]) bench.feed({ kind: 'known', peer: peer(index), degree: 1 });
    expect([asks(bench, 50, [d, a]), brought(bench, 51, a)]).toEqual([['accept'], ['accept']]);
    const effects = bench.effects(signal(peer(52), request(one, 'high'), [d, a]));
    expect(effects).toEqual([refused(peer(52), 'busy', [a, d])]);
    expect([brought(bench, 53, a), asks(bench, 54, [b])]).toEqual([['refuse'], ['accept']]);
  });

  it('where the server carries it, gets six', () => {
    const bench = linked(2);
    const answers = [50, 51, 52, 53, 54, 55, 56].map((index) => asks(bench, index));
    expect(answers.flat()).toEqual([...Array.from({ length: 6 }, () => 'accept'), 'refuse']);
  });
});

describe('a contact to whom more come than are there', () => {
  /** Two neighbors, and as many newcomers, from 50 on, as the server may bring. */
  const flooded = (): Bench => {
    const bench = linked(2);
    for (let index = 50; index < 56; index++) {
      bench.feed(signal(peer(index), request(attempt(index), 'high', true)));
    }
    return bench;
  };

  it('sends a newcomer on to two of those that it is letting in', () => {
    const effects = flooded().effects(signal(z, request(one, 'high', true)));
    expect(effects).toMatchObject([
      { kind: 'signal', to: z, route: [], signal: { kind: 'refer', attempt: one } },
    ]);
    const peers = effects.flatMap((effect) =>
      effect.kind === 'signal' && effect.signal.kind === 'refer' ? effect.signal.peers : [],
    );
    expect(new Set(peers).size).toBe(2);
    expect(peers.every((other) => other >= peer(50) && other < peer(56))).toBe(true);
  });

  it('refuses who will not be sent on', () => {
    expect(flooded().effects(signal(z, request(one, 'high', false)))).toEqual([refused(z, 'full')]);
  });

  it('starts walks again once they are there', () => {
    const bench = flooded();
    for (let index = 50; index < 53; index++) {
      bench.feed({ kind: 'channelOpened', peer: peer(index), attempt: attempt(index) });
    }
    expect(bench.effects(signal(z, request(one, 'high', true)))).toMatchObject([
      { kind: 'send', message: { kind: 'forwardJoin', newcomer: z } },
    ]);
  });

  it('sends a walk that ends there on to them as well, but to no one itself', () => {
    const bench = flooded();
    const ending = walk({ newcomer: peer(55), attempt: one, ttl: 0 });
    for (let at = 0; at < 20; at++) {
      const [effect] = bench.effects(message(a, ending));
      expect(effect).toMatchObject({ to: peer(55), route: [a], signal: { kind: 'refer', attempt: one } });
      expect(JSON.stringify(effect).split(peer(55))).toHaveLength(2);
    }
  });
});

describe('a walk', () => {
  it('starts where a contact has no slot, with the contact on its trail', () => {
    const bench = linked(10);
    const [effect] = bench.effects(signal(z, request(one, 'high', true)));
    expect(effect).toMatchObject({ kind: 'send', message: walk({ trail: [self] }) });
  });

  it('does not start for a request that must not be forwarded', () => {
    expect(linked(10).effects(signal(z, request(one, 'high', false)))).toEqual([refused(z, 'full')]);
  });

  it('ends at a member with a free slot, which answers back along the trail', () => {
    const bench = linked(2);
    expect(bench.effects(message(a, walk({ ttl: 3, trail: [c, d, a] })))).toEqual(
      accepted({ peer: z, route: [a, d, c], initiator: true }),
    );
  });

  it('passes a member at its target, to a neighbor that it has not met', () => {
    const bench = linked(6);
    const trail = [peer(2), peer(3), peer(4), peer(5), a];
    expect(bench.effects(message(a, walk({ ttl: 2, trail })))).toEqual([
      { kind: 'send', to: peer(6), message: walk({ ttl: 1, trail: [...trail, self] }) },
    ]);
  });

  it('at its end is taken in over the target by need, but not for comfort', () => {
    const trail = [b, c, d, a];
    const route = [a, d, c, b];
    expect(linked(7).effects(message(a, walk({ ttl: 0, trail })))).toEqual(
      accepted({ peer: z, route, initiator: true }),
    );
    expect(linked(8).effects(message(a, walk({ ttl: 0, trail, priority: 'low' })))).toEqual([
      refused(z, 'full', route),
    ]);
    expect(linked(10).effects(message(a, walk({ ttl: 0, trail })))).toEqual([refused(z, 'full', route)]);
  });

  it('that cannot go on ends there', () => {
    const bench = linked(7);
    bench.feed({ kind: 'known', peer: peer(50), degree: 1 });
    bench.feed(signal(peer(50), request(two, 'low')));
    const trail = [peer(2), peer(3), peer(4), peer(5), peer(6), peer(7), a];
    expect(bench.effects(message(a, walk({ ttl: 1, trail, priority: 'low' })))).toEqual([
      refused(z, 'full', trail.toReversed()),
    ]);
  });

  it('passes a member that holds or builds a link with the newcomer', () => {
    const bench = linked(2);
    bench.feed(signal(z, request(two, 'high')));
    expect(bench.effects(message(a, walk({})))).toEqual([
      { kind: 'send', to: b, message: walk({ ttl: 5, trail: [a, self] }) },
    ]);
  });

  it('is never passed to its own newcomer', () => {
    const bench = linked(1);
    bench.linkTo(z);
    expect(bench.effects(message(a, walk({})))).toEqual([refused(z, 'full', [a])]);
  });

  it('from one who is no neighbor crossed the end of a link, and is dropped', () => {
    expect(linked(2).effects(message(d, walk({ trail: [d] })))).toEqual([]);
  });
});

describe('a walk that is malformed', () => {
  it.each([
    { over: { ttl: 7 }, reason: 'walk-ttl-out-of-range' },
    { over: { ttl: -1 }, reason: 'walk-ttl-out-of-range' },
    { over: { ttl: 0.5 }, reason: 'walk-ttl-out-of-range' },
    { over: { trail: [10, 11, 12, 13, 14, 15, 16, 17].map(peer).concat(a) }, reason: 'walk-trail-too-long' },
    { over: { trail: [] }, reason: 'walk-trail-not-by-sender' },
    { over: { trail: [a, b] }, reason: 'walk-trail-not-by-sender' },
    { over: { ttl: 4, trail: [a, b, a] }, reason: 'walk-trail-loops' },
    { over: { ttl: 6, trail: [b, c, a] }, reason: 'walk-trail-too-long' },
    { over: { trail: [self, a] }, reason: 'walk-trail-loops' },
    { over: { newcomer: self }, reason: 'walk-newcomer-on-trail' },
    { over: { newcomer: b, trail: [b, a] }, reason: 'walk-newcomer-on-trail' },
  ])('is misbehaviour: $reason', ({ over, reason }) => {
    expect(linked(2).effects(message(a, walk(over)))).toEqual([{ kind: 'peerMisbehaved', peer: a, reason }]);
  });
});

it('who is alone takes in one newcomer after the other, as when a page is reloaded again and again', () => {
  const bench = createBench(peer(100));
  const answers = Array.from({ length: 30 }, (_, nth) => {
    const newcomer = peer(nth + 1);
    const effects = bench.effects(signal(newcomer, request(attempt(nth), 'high', true)), nth * 500);
    bench.feed({ kind: 'channelOpened', peer: newcomer, attempt: attempt(nth) }, nth * 500 + 100);
    bench.feed(message(newcomer, { kind: 'disconnect', reason: 'leaving' }), nth * 500 + 200);
    return effects[0];
  });
  expect(answers.map((answer) => answer?.kind === 'signal' && answer.signal.kind)).toEqual(
    Array.from({ length: 30 }, () => 'accept'),
  );
});
