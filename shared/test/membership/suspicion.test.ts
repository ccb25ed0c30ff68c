import { describe, expect, it } from 'vitest';
import type { PeerId } from '#shared/base/ids.ts';
import { instant } from '#shared/base/time.ts';
import { defaultMembershipConfig as config } from '#shared/membership/config.ts';
import {
  deadlineAt,
  isAccuser,
  judge,
  medianRoundTripMs,
  openSuspicion,
  restartedWithout,
  verdictOf,
  withAccusation,
  type Standing,
  type Suspicion,
} from '#shared/membership/suspicion.ts';
import type { Accusation } from '#shared/membership/messages.ts';
import { a, accusation, b, c, d, e, peer, verdict } from './fixtures.ts';

/** A suspicion of `e` by each of these, received at these instants after `silentMs` of silence. */
function suspect(held: readonly (readonly [observer: typeof a, at: number, silentMs: number])[]): Suspicion {
  const [first, ...more] = held.map(([observer, at, silentMs]) => ({
    at: instant(at),
    accusation: accusation(e, observer, { silentMs }),
  }));
  return more.reduce(
    (sum, one) => withAccusation(sum, one.accusation, one.at, { accusationsMax, standingOf: anybody }),
    openSuspicion(first!.accusation, first!.at),
  );
}

const { accusationsMax } = config;
const anybody = (): Standing => 'observer';

describe('a suspicion', () => {
  it.each([
    { held: [[a, 10_000, 2_200]], proof: null, at: 11_799, judgement: 'open' },
    { held: [[a, 10_000, 2_200]], proof: null, at: 11_800, judgement: 'overdue' },
    // Silence that is long already still leaves time for an objection: the more, the longer the accuser was patient.
    { held: [[a, 10_000, 4_200]], proof: null, at: 12_499, judgement: 'open' },
    { held: [[a, 10_000, 4_200]], proof: null, at: 12_500, judgement: 'overdue' },
    // But not for ever.
    { held: [[a, 10_000, 600_000]], proof: null, at: 13_999, judgement: 'open' },
    { held: [[a, 10_000, 600_000]], proof: null, at: 14_000, judgement: 'overdue' },
    // The latest proof of life counts, whoever had it.
    {
      held: [
        [a, 10_000, 3_000],
        [b, 10_100, 2_300],
      ],
      proof: null,
      at: 11_799,
      judgement: 'open',
    },
    {
      held: [
        [a, 10_000, 3_000],
        [b, 10_100, 2_300],
      ],
      proof: null,
      at: 11_800,
      judgement: 'overdue',
    },
    { held: [[a, 10_000, 3_000]], proof: 8_500, at: 12_499, judgement: 'open' },
    { held: [[a, 10_000, 3_000]], proof: 8_500, at: 12_500, judgement: 'overdue' },
    { held: [[a, 10_000, 3_000]], proof: 6_000, at: 11_300, judgement: 'overdue' },
    // Three agree as soon as the accused could have answered the first; two do not.
    {
      held: [
        [a, 10_000, 2_200],
        [b, 10_000, 2_200],
      ],
      proof: null,
      at: 10_000 + config.agreedMsMin,
      judgement: 'open',
    },
    {
      held: [
        [a, 10_000, 2_200],
        [b, 10_000, 2_200],
        [c, 10_000, 2_200],
      ],
      proof: null,
      at: 9_999 + config.agreedMsMin,
      judgement: 'open',
    },
    {
      held: [
        [a, 10_000, 2_200],
        [b, 10_000, 2_200],
        [c, 10_200, 2_200],
      ],
      proof: null,
      at: 10_000 + config.agreedMsMin,
      judgement: 'agreed',
    },
    // The same observer counts once.
    {
      held: [
        [a, 10_000, 2_200],
        [a, 10_000, 2_200],
        [c, 10_000, 2_200],
      ],
      proof: null,
      at: 10_000 + config.agreedMsMin,
      judgement: 'open',
    },
    // Ten seconds apart they do not add up.
    {
      held: [
        [a, 0, 0],
        [b, 9_999, 0],
        [c, 10_001, 0],
      ],
      proof: 9_000,
      at: 10_001,
      judgement: 'open',
    },
  ] as const)('$judgement at $at', ({ held, proof, at, judgement }) => {
    const ownProofAt = proof === null ? null : instant(proof);
    expect(
      judge(
        suspect(held),
        { ownProofAt, cutOff: false, paired: false, roundTripMs: 0, reached: false, standingOf: anybody },
        instant(at),
        config,
      ),
    ).toBe(judgement);
  });

  it('is agreed on by those alone who could hear the suspect; others are accusers like any one', () => {
    const three = suspect([
      [a, 10_000, 2_200],
      [b, 10_000, 2_200],
      [c, 10_000, 2_200],
    ]);
    const judged = (observers: readonly PeerId[], at: number): string => {
      const standingOf = (accuser: PeerId): Standing =>
        observers.includes(accuser) ? 'observer' : 'stranger';
      return judge(
        three,
        { ownProofAt: null, cutOff: false, paired: false, roundTripMs: 0, reached: false, standingOf },
        instant(at),
        config,
      );
    };
    expect([judged([a, b], 11_799), judged([], 11_799), judged([a, b, c], 11_799)]).toEqual([
      'open',
      'open',
      'agreed',
    ]);
    expect(judged([], 11_800)).toBe('overdue');
  });

  it('gives an answer three round trips of our own links if they are slow, and no more than the deadline', () => {
    const one = suspect([[a, 10_000, 3_000]]);
    const judged = (roundTripMs: number, at: number): string => {
      const seen = {
        ownProofAt: null,
        cutOff: false,
        paired: false,
        roundTripMs,
        reached: false,
        standingOf: anybody,
      };
      return judge(one, seen, instant(at), config);
    };
    // And the 800 ms by which the accuser was more patient than it must be.
    expect([judged(60, 11_299), judged(60, 11_300)]).toEqual(['open', 'overdue']);
    expect([judged(400, 11_999), judged(400, 12_000)]).toEqual(['open', 'overdue']);
    expect([judged(9_000, 13_999), judged(9_000, 14_000)]).toEqual(['open', 'overdue']);
  });

  it('takes the middle one of what is known of our links for a round trip', () => {
    expect(medianRoundTripMs([])).toBe(0);
    expect(medianRoundTripMs([null, null])).toBe(0);
    expect(medianRoundTripMs([900, null, 40, 60])).toBe(60);
  });

  it('waits no longer than it must where no answer could come', () => {
    const one = suspect([[a, 10_000, 6_000]]);
    const judged = (at: number): string =>
      judge(
        one,
        {
          ownProofAt: null,
          cutOff: true,
          paired: false,
          roundTripMs: 700,
          reached: false,
          standingOf: anybody,
        },
        instant(at),
        config,
      );
    expect([judged(10_499), judged(10_500)]).toEqual(['open', 'overdue']);
  });

  it('of the only other member is over sooner, but not before what waits in our queue has been heard', () => {
    const judged = (silentMs: number, at: number): string => {
      const seen = {
        ownProofAt: null,
        cutOff: true,
        paired: true,
        roundTripMs: 700,
        reached: false,
        standingOf: anybody,
      };
      return judge(suspect([[a, 10_000, silentMs]]), seen, instant(at), config);
    };
    expect([judged(2_250, 10_849), judged(2_250, 10_850)]).toEqual(['open', 'overdue']);
    expect([judged(3_100, 10_249), judged(3_100, 10_250)]).toEqual(['open', 'overdue']);
  });

  it('of the only other member takes as long as any where the link is rough or its other end hidden', () => {
    const judged = (silentMs: number, at: number): string => {
      const seen = {
        ownProofAt: null,
        cutOff: true,
        paired: true,
        roundTripMs: 700,
        reached: false,
        standingOf: anybody,
      };
      return judge(suspect([[a, 10_000, silentMs]]), seen, instant(at), config);
    };
    expect([judged(3_500, 11_799), judged(3_500, 11_800)]).toEqual(['open', 'overdue']);
    expect([judged(6_000, 13_999), judged(6_000, 14_000)]).toEqual(['open', 'overdue']);
  });

  it('holds one accusation per observer, and no more than its limit', () => {
    const many = Array.from({ length: 20 }, (_, at) => [peer(`o${at}`), 10_000, 2_200] as const);
    expect(suspect(many).held.length).toBe(config.accusationsMax);
    expect(
      suspect([
        [a, 0, 1],
        [a, 5, 1],
      ]).held.length,
    ).toBe(1);
  });

  const by = (observer: PeerId, silentMs: number = 2_200): Accusation =>
    accusation(e, observer, { silentMs });
  const standingOf = (accuser: PeerId): Standing => {
    if (accuser === a) return 'self';
    return accuser === b || accuser === c ? 'observer' : 'stranger';
  };
  const fullOf = (names: readonly PeerId[]): Suspicion => {
    const [first, ...more] = names;
    return more.reduce(
      (sum, name) => withAccusation(sum, by(name), instant(10_000), { accusationsMax: 4, standingOf }),
      openSuspicion(by(first!), instant(10_000)),
    );
  };
  const strangers = [peer('s0'), peer('s1'), peer('s2'), peer('s3'), peer('s4')];
  const accusersOf = (names: readonly PeerId[]): readonly PeerId[] =>
    fullOf(names).held.map((one) => one.accusation.observer);

  it('has room for its observers, and for us, however many strangers accuse', () => {
    expect(accusersOf(strangers)).toEqual(strangers.slice(0, 4));
    expect(accusersOf([...strangers, b, a, c])).toEqual([strangers[0], b, a, c]);
    // Nobody who knows gives way to one who does not, nor to another who knows.
    expect(accusersOf([a, b, c, d, strangers[0]!])).toEqual([a, b, c, d]);
    const filled = fullOf([b, c, b, c]);
    const observersOnly = { accusationsMax: 2, standingOf };
    const observerOf = (one: Suspicion): readonly PeerId[] =>
      one.held.map((held) => held.accusation.observer);
    expect(observerOf(withAccusation(filled, by(a), instant(10_000), observersOnly))).toEqual([b, a]);
  });

  it('is not put off by strangers who say that they have just heard the suspect', () => {
    const begun = fullOf([b]);
    const later = (accuser: PeerId): number =>
      withAccusation(begun, by(accuser, 100), instant(12_000), { accusationsMax: 4, standingOf }).provenAt;
    expect([begun.provenAt, later(strangers[0]!), later(c)]).toEqual([7_800, 10_000, 11_900]);
  });

  it('starts its time again without the accusation that is taken back', () => {
    const both = suspect([
      [a, 10_000, 2_200],
      [b, 10_000, 2_200],
    ]);
    const rest = restartedWithout(both, a, instant(40_000))!;
    expect(isAccuser(rest, a)).toBe(false);
    expect(deadlineAt(rest, { provenAt: rest.provenAt, deadlineMs: 4_000, patienceMs: 500 })).toBe(44_000);
    expect(restartedWithout(rest, b, instant(40_000))).toBeNull();
  });

  it('becomes a verdict that carries its accusations', () => {
    const all = suspect([
      [b, 0, 2_300],
      [c, 0, 2_300],
      [d, 0, 2_300],
    ]);
    expect(verdictOf(all)).toEqual(verdict(e, [b, c, d]));
  });
});
