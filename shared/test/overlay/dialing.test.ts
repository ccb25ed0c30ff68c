/** Own attempts, the transport's word, and the end of links. */
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
  type Bench,
} from './helpers.ts';
import type { AttemptId, PeerId } from '#shared/base/ids.ts';
import type { OverlayEffect } from '#shared/overlay/messages.ts';
import { a, b, c, z, self, asking, connecting, askingMember } from './asking.ts';

const constructed = (other: PeerId, id: AttemptId): readonly OverlayEffect[] => [
  { kind: 'construct', peer: other, attempt: id, initiator: self < other },
  { kind: 'schedule', timer: { kind: 'attemptDue', peer: other, attempt: id }, afterMs: 10_000 },
];

describe('a contact that is not attached', () => {
  it('is given up at once', () => {
    const { bench } = asking();
    expect(bench.effects({ kind: 'notAttached', peer: z })[0]).toEqual({
      kind: 'attemptFailed',
      peer: z,
      reason: 'no-answer',
    });
    expect(bench.overlay.inspect().pending).toEqual([]);
  });

  it('changes nothing for an attempt that the server does not carry, nor for one that was answered', () => {
    const member = askingMember();
    expect(member.bench.effects({ kind: 'notAttached', peer: c })).toEqual([]);
    expect(member.bench.overlay.inspect().pending).toEqual([c]);
    expect(connecting().bench.effects({ kind: 'notAttached', peer: z })).toEqual([]);
  });
});

describe('an accept', () => {
  it('of the one asked makes us construct', () => {
    const { bench, id } = asking();
    expect(bench.effects(signal(z, { kind: 'accept', attempt: id }))).toEqual(constructed(z, id));
  });

  it("of one whom the walk found is as good, and the attempt is that one's", () => {
    const { bench, id } = asking();
    expect(bench.effects(signal(a, { kind: 'accept', attempt: id }, [b, z]))).toEqual(constructed(a, id));
    expect(bench.overlay.inspect().pending).toEqual([a]);
    // Our own descriptions take the way back.
    expect(bench.effects({ kind: 'described', peer: a, attempt: id, wireVersion: 1, data: 'x' })).toEqual([
      {
        kind: 'signal',
        to: a,
        route: [z, b],
        signal: { kind: 'description', attempt: id, wireVersion: 1, data: 'x' },
      },
    ]);
  });

  it('of somebody else is misbehaviour where no walk was asked for', () => {
    const { bench, id } = askingMember();
    expect(bench.effects(signal(z, { kind: 'accept', attempt: id }))).toEqual([
      { kind: 'peerMisbehaved', peer: z, reason: 'answer-not-asked' },
    ]);
    expect(bench.overlay.inspect().pending).toEqual([c]);
  });

  it('of one with whom there is a link or an attempt already is taken back', () => {
    const { bench, id } = asking();
    bench.feed(signal(a, request(attempt(5), 'high')));
    expect(bench.effects(signal(a, { kind: 'accept', attempt: id }, [b]))).toEqual([
      { kind: 'signal', to: a, route: [b], signal: { kind: 'refuse', attempt: id, reason: 'busy' } },
    ]);
    expect(bench.overlay.inspect().pending).toEqual([a]);
  });

  it('with an attempt that is unknown, or another has accepted, is taken back; one that comes again is not', () => {
    const { bench, id } = connecting();
    const unknown = attempt(9);
    expect(bench.effects(signal(z, { kind: 'accept', attempt: unknown }))).toEqual([takenBack(z, unknown)]);
    expect(bench.effects(signal(z, { kind: 'accept', attempt: id }))).toEqual([]);
    expect(bench.effects(signal(a, { kind: 'accept', attempt: id }))).toEqual([takenBack(a, id)]);
  });

  it('that the budget does not bear is taken back', () => {
    const bench = createBench(self, {
      budget: {
        tokensMax: 1,
        tokenMs: 4_000,
        constructedPerMinuteMax: 1,
        uncollectedMax: 50,
        collectedAfterMs: 30_000,
      },
    });
    const id = requestIn(bench.feed(contacts(z))).attempt;
    bench.feed({ kind: 'serverDetached' });
    bench.feed(signal(a, { kind: 'accept', attempt: id }));
    expect(bench.overlay.inspect().constructed).toBe(1);
    bench.feed({ kind: 'channelClosed', peer: a, attempt: id });
    const again = requestIn(bench.feed(contacts(b))).attempt;
    expect(bench.effects(signal(b, { kind: 'accept', attempt: again }))).toEqual([
      { kind: 'signal', to: b, route: [], signal: { kind: 'refuse', attempt: again, reason: 'busy' } },
      { kind: 'attemptFailed', peer: b, reason: 'busy' },
    ]);
  });
});

describe('a refusal', () => {
  it('makes us ask the next contact', () => {
    const bench = createBench(self);
    const first = requestIn(bench.feed(contacts(a, b)));
    const effects = bench.feed(signal(first.to, { kind: 'refuse', attempt: first.attempt, reason: 'full' }));
    expect(effects[0]).toEqual({ kind: 'attemptFailed', peer: first.to, reason: 'full' });
    expect(requestIn(effects).to).toBe(first.to === a ? b : a);
  });

  it('may come from the end of the walk', () => {
    const { bench, id } = asking();
    expect(bench.effects(signal(c, { kind: 'refuse', attempt: id, reason: 'full' }))).toEqual([
      { kind: 'attemptFailed', peer: z, reason: 'full' },
    ]);
  });

  it('of an attempt under way ends it, without counting against the pair', () => {
    const { bench, id } = connecting();
    expect(bench.effects(signal(z, { kind: 'refuse', attempt: id, reason: 'busy' }))).toEqual([
      { kind: 'destroy', peer: z, attempt: id },
      { kind: 'attemptFailed', peer: z, reason: 'busy' },
    ]);
  });

  it('that is stale, or of a link that is up, changes nothing', () => {
    const { bench, id } = connecting();
    expect(bench.effects(signal(z, { kind: 'refuse', attempt: attempt(9), reason: 'full' }))).toEqual([]);
    expect(bench.effects(signal(a, { kind: 'refuse', attempt: id, reason: 'full' }))).toEqual([]);
    bench.feed({ kind: 'channelOpened', peer: z, attempt: id });
    expect(bench.effects(signal(z, { kind: 'refuse', attempt: id, reason: 'full' }))).toEqual([]);
  });
});

describe('one who is referred to others', () => {
  const refer = (bench: Bench, from: PeerId, id: AttemptId, peers: readonly PeerId[]): string[] =>
    bench
      .effects(signal(from, { kind: 'refer', attempt: id, peers }))
      .flatMap((effect) =>
        effect.kind === 'signal' ? [`${effect.signal.kind} ${effect.to}`] : [effect.kind],
      )
      .filter((text) => text !== 'schedule');

  it('asks two of them at once, through the server', () => {
    const { bench, id } = asking();
    expect(refer(bench, z, id, [a, b, c])).toEqual(['attemptFailed', `request ${a}`, `request ${b}`]);
    expect(bench.overlay.inspect().pending).toEqual([a, b]);
  });

  it('passes over itself, one named twice, and one who is asked already', () => {
    const { bench, id } = asking();
    expect(refer(bench, z, id, [self, z, a, a])).toEqual(['attemptFailed', `request ${a}`]);
  });

  it('asks no more than there are slots for, though members ask it meanwhile', () => {
    const { bench, id } = asking();
    bench.feed({ kind: 'roomSize', size: 50 });
    for (let index = 0; index < 9; index++) {
      const asker = peer(10 + index);
      bench.feed({ kind: 'known', peer: asker, degree: 1 });
      bench.feed(signal(asker, request(attempt(50 + index), 'high'), [peer(40 + index)]));
    }
    expect(bench.overlay.inspect().pending).toHaveLength(10);
    expect(refer(bench, z, id, [a, b])).toEqual(['attemptFailed', `request ${a}`]);
  });

  it('is not sent on a second time, but asks the next contact', () => {
    const bench = createBench(self);
    const first = requestIn(bench.feed(contacts(a, b)));
    const effects = bench.feed(signal(first.to, { kind: 'refer', attempt: first.attempt, peers: [c] }));
    const again = requestIn(effects);
    expect(again.to).toBe(c);
    const other = first.to === a ? b : a;
    expect(refer(bench, c, again.attempt, [z])).toEqual(['attemptFailed', `request ${other}`]);
  });

  it('by one whom it did not ask for that tells so; a stale one is nothing', () => {
    const { bench, id } = askingMember();
    expect(refer(bench, z, id, [a])).toEqual(['peerMisbehaved']);
    expect(refer(bench, c, attempt(9), [a])).toEqual([]);
    expect(refer(bench, c, id, [a])).toEqual(['attemptFailed']);
  });
});

describe('a description', () => {
  it('reaches the transport while its attempt lasts', () => {
    const { bench, id } = connecting();
    const described = { kind: 'describe', peer: z, attempt: id, wireVersion: 1, data: 'x' };
    const arrived = signal(z, { kind: 'description', attempt: id, wireVersion: 1, data: 'x' });
    expect(bench.effects(arrived)).toEqual([described]);
    bench.feed({ kind: 'channelOpened', peer: z, attempt: id });
    expect(bench.effects(arrived)).toEqual([described]);
  });

  it('that overtakes the accept counts as one', () => {
    const { bench, id } = asking();
    expect(bench.effects(signal(z, { kind: 'description', attempt: id, wireVersion: 1, data: 'x' }))).toEqual(
      [...constructed(z, id), { kind: 'describe', peer: z, attempt: id, wireVersion: 1, data: 'x' }],
    );
    expect(bench.effects(signal(z, { kind: 'accept', attempt: id }))).toEqual([]);
  });

  it('of an older attempt, of somebody else, or of none never reaches the transport', () => {
    const { bench, id } = connecting();
    const stale = attempt(9);
    expect(
      bench.effects(signal(z, { kind: 'description', attempt: stale, wireVersion: 1, data: 'x' })),
    ).toEqual([]);
    expect(bench.effects(signal(a, { kind: 'description', attempt: id, wireVersion: 1, data: 'x' }))).toEqual(
      [],
    );
    const member = askingMember();
    expect(
      member.bench.effects(signal(z, { kind: 'description', attempt: member.id, wireVersion: 1, data: 'x' })),
    ).toEqual([]);
  });

  it('of our own takes the way on which the other end was heard, and none when stale', () => {
    const { bench, id } = connecting();
    expect(bench.effects({ kind: 'described', peer: z, attempt: id, wireVersion: 1, data: 'x' })).toEqual([
      {
        kind: 'signal',
        to: z,
        route: [c, b],
        signal: { kind: 'description', attempt: id, wireVersion: 1, data: 'x' },
      },
    ]);
    expect(
      bench.effects({ kind: 'described', peer: z, attempt: attempt(9), wireVersion: 1, data: 'x' }),
    ).toEqual([]);
    expect(bench.effects({ kind: 'described', peer: a, attempt: id, wireVersion: 1, data: 'x' })).toEqual([]);
  });

  it('waits when one who asked has been sent three signals for each of its own', () => {
    const bench = createBench(self);
    bench.feed(signal(z, request(attempt(1), 'high')));
    const describes = (data: string): readonly OverlayEffect[] =>
      bench.effects({ kind: 'described', peer: z, attempt: attempt(1), wireVersion: 1, data });
    const sent = (data: string): OverlayEffect => ({
      kind: 'signal',
      to: z,
      route: [],
      signal: { kind: 'description', attempt: attempt(1), wireVersion: 1, data },
    });
    // The accept was the first.
    expect([describes('2'), describes('3'), describes('4')]).toEqual([[sent('2')], [sent('3')], []]);
    for (let n = 5; n < 30; n++) expect(describes(`${n}`)).toEqual([]);
    const answer = signal(z, { kind: 'description', attempt: attempt(1), wireVersion: 1, data: 'x' });
    expect(bench.effects(answer).slice(1)).toEqual([sent('4'), sent('5'), sent('6')]);
    const rest = Array.from({ length: 20 }, () => bench.effects(answer).slice(1)).flat();
    expect(rest).toEqual(Array.from({ length: 13 }, (_, at) => sent(`${at + 7}`)));
  });

  it('goes out at once to whomever we asked ourselves', () => {
    const { bench, id } = connecting();
    for (let n = 0; n < 10; n++) {
      expect(
        bench.effects({ kind: 'described', peer: z, attempt: id, wireVersion: 1, data: 'x' }),
      ).toHaveLength(1);
    }
  });

  it('goes around the channel once that is open', () => {
    const { bench, id } = connecting();
    bench.feed({ kind: 'channelOpened', peer: z, attempt: id });
    expect(bench.effects({ kind: 'described', peer: z, attempt: id, wireVersion: 1, data: 'x' })).toEqual([
      {
        kind: 'signalAround',
        to: z,
        route: null,
        signal: { kind: 'description', attempt: id, wireVersion: 1, data: 'x' },
      },
    ]);
  });
});

describe('a channel', () => {
  it('that opens makes a neighbor, who leaves the passive view', () => {
    const { bench, id } = connecting();
    bench.feed({ kind: 'known', peer: z, degree: 3 });
    expect(bench.overlay.inspect().passiveView).toEqual([z]);
    expect(bench.effects({ kind: 'channelOpened', peer: z, attempt: id })).toEqual([
      { kind: 'neighborUp', peer: z },
    ]);
    expect(bench.overlay.inspect()).toEqual({
      activeView: [z],
      ownChoices: [],
      passiveView: [],
      pending: [],
      parked: [],
      targetDegree: 1,
      constructed: 1,
      restarts: 0,
      staleDescriptions: 0,
      why: expect.any(Function),
    });
  });

  it('of another attempt neither opens nor closes anything', () => {
    const { bench, id } = connecting();
    expect(bench.effects({ kind: 'channelOpened', peer: z, attempt: attempt(9) })).toEqual([]);
    expect(bench.effects({ kind: 'channelClosed', peer: z, attempt: attempt(9) })).toEqual([]);
    bench.feed({ kind: 'channelOpened', peer: z, attempt: id });
    expect(bench.effects({ kind: 'channelOpened', peer: z, attempt: id })).toEqual([]);
    expect(bench.effects({ kind: 'channelClosed', peer: z, attempt: attempt(9) })).toEqual([]);
    expect(bench.overlay.inspect().activeView).toEqual([z]);
  });

  it('of a neighbor that closes is replaced at once from the reserves', () => {
    const bench = createBench(self);
    bench.linkTo(a, b);
    bench.feed({ kind: 'roomSize', size: 4 });
    bench.feed({ kind: 'known', peer: c, degree: 2 });
    const effects = bench.feed({ kind: 'channelClosed', peer: a, attempt: linkAttempt(a) });
    expect(effects[0]).toEqual({ kind: 'neighborDown', peer: a, reason: 'closed' });
    expect(requestIn(effects)).toMatchObject({ to: c, route: null, priority: 'high', forward: false });
  });
});

describe('the end of a link', () => {
  it('by a goodbye is told first, and looks for no other', () => {
    const bench = createBench(self);
    bench.linkTo(a);
    bench.feed({ kind: 'known', peer: c, degree: 1 });
    expect(bench.effects({ kind: 'drop', peer: a, reason: 'leaving' })).toEqual([
      { kind: 'send', to: a, message: { kind: 'disconnect', reason: 'leaving' } },
      { kind: 'destroy', peer: a, attempt: linkAttempt(a) },
      { kind: 'neighborDown', peer: a, reason: 'leaving' },
    ]);
  });

  it('by word of the other end is taken as it is told', () => {
    const bench = createBench(self);
    bench.linkTo(a, b);
    bench.feed({ kind: 'known', peer: a, degree: 9 });
    expect(bench.effects(message(a, { kind: 'disconnect', reason: 'evicted' }))).toEqual([
      { kind: 'destroy', peer: a, attempt: linkAttempt(a) },
      { kind: 'neighborDown', peer: a, reason: 'evicted' },
    ]);
    expect(bench.overlay.inspect().passiveView).toEqual([a]);
    expect(bench.effects(message(a, { kind: 'disconnect', reason: 'evicted' }))).toEqual([]);
  });

  it('that was the last gives up the requests that went through the mesh', () => {
    const { bench } = askingMember();
    expect(bench.effects({ kind: 'channelClosed', peer: a, attempt: linkAttempt(a) })).toEqual([
      { kind: 'neighborDown', peer: a, reason: 'closed' },
      { kind: 'attemptFailed', peer: c, reason: 'no-answer' },
      { kind: 'needContacts' },
    ]);
  });
});
