import { describe, expect, test } from 'vitest';
import type { PeerId } from '#shared/base/ids.ts';
import { instant } from '#shared/base/time.ts';
import {
  checkScoreConfig,
  createScores,
  defaultScoreConfig,
  faultOf,
  type Fault,
  type ScoreConfig,
} from '#shared/mesh/scores.ts';
import { numberToPeerId } from '../broadcast/world.ts';

const [a, b] = [1, 2].map((number) => numberToPeerId(number)) as [PeerId, PeerId];
const { halfLifeMs, relayedMax, penaltyMax } = defaultScoreConfig;

/** Which of so many faults in a row, one each `everyMs`, has the link dropped; 0: none. */
function droppedAt(fault: Fault, times: number, everyMs: number = 0): number {
  const scores = createScores(defaultScoreConfig);
  for (let time = 1; time <= times; time++) if (scores.charge(a, fault, instant(time * everyMs))) return time;
  return 0;
}

describe('a neighbor', () => {
  test.each([
    { fault: 'invalid', drops: 4 },
    { fault: 'withheld', drops: 8 },
    { fault: 'flooded', drops: 8 },
    { fault: 'relayed', drops: 0 },
  ] as const)('is dropped for $drops of $fault at once (0: never)', ({ fault, drops }) => {
    expect(droppedAt(fault, 1_000)).toBe(drops);
  });

  test('is forgiven by time: what comes seldom enough never adds up', () => {
    expect(droppedAt('invalid', 1_000, halfLifeMs)).toBe(0);
    expect(droppedAt('invalid', 1_000, halfLifeMs / 4)).toBeGreaterThan(4);
    const scores = createScores(defaultScoreConfig);
    for (let time = 0; time < 3; time++) scores.charge(a, 'invalid', instant(0));
    expect(scores.penalty(a, instant(0))).toBe(9);
    expect(scores.penalty(a, instant(halfLifeMs))).toBeCloseTo(9 / 4);
  });

  test('is dropped once, and answers for itself alone', () => {
    const scores = createScores(defaultScoreConfig);
    const dropped = Array.from({ length: 9 }, () => scores.charge(a, 'invalid', instant(0)));
    expect(dropped.filter(Boolean)).toHaveLength(1);
    expect(scores.charge(b, 'invalid', instant(0))).toBe(false);
    expect(scores.inspect().penaltyByPeer).toEqual(
      new Map([
        [a, 81],
        [b, 1],
      ]),
    );
  });

  test('counts what it did of each kind', () => {
    const scores = createScores(defaultScoreConfig);
    for (let time = 0; time < 3; time++) scores.charge(a, 'invalid', instant(0));
    for (let time = 0; time < relayedMax; time++) scores.charge(a, 'relayed', instant(0));
    expect(scores.penalty(a, instant(0))).toBe(9 + relayedMax ** 2);
    scores.charge(a, 'flooded', instant(0));
    for (let time = 0; time < 2; time++) scores.charge(a, 'flooded', instant(0));
    expect(scores.penalty(a, instant(0))).toBeLessThan(penaltyMax);
    expect(scores.charge(a, 'flooded', instant(0))).toBe(true);
  });

  test('is remembered among the last so many', () => {
    const scores = createScores({ ...defaultScoreConfig, peersMax: 16 });
    for (let number = 1; number <= 20; number++) scores.charge(numberToPeerId(number), 'invalid', instant(0));
    expect(scores.inspect().penaltyByPeer.size).toBe(16);
    expect(scores.penalty(a, instant(0))).toBe(0);
  });
});

describe('what counts', () => {
  const own = { from: a, relays: false };
  const onward = { from: a, relays: true };

  test.each([
    { reason: 'malformed', source: own, fault: 'invalid' },
    { reason: 'bad-signature', source: onward, fault: 'invalid' },
    { reason: 'forged-author', source: onward, fault: 'invalid' },
    { reason: 'origin-quota', source: own, fault: 'flooded' },
    { reason: 'letter-quota', source: own, fault: 'relayed' },
    { reason: 'verify-quota', source: own, fault: 'relayed' },
    { reason: 'too-many-forgeries', source: own, fault: 'invalid' },
    { reason: 'forged-presence', source: own, fault: 'relayed' },
    // An honest member passes a message on before it looks into it.
    { reason: 'malformed-claim', source: own, fault: 'invalid' },
    { reason: 'malformed-claim', source: onward, fault: 'relayed' },
    // Software of another version, and frames that come twice.
    { reason: 'newer-version', source: own, fault: undefined },
    { reason: 'stale-version', source: own, fault: undefined },
    { reason: 'replayed', source: own, fault: undefined },
    { reason: 'misordered', source: own, fault: undefined },
    { reason: 'unknown-index', source: own, fault: undefined },
    // It crossed the end of a link.
    { reason: 'not-a-neighbor', source: own, fault: undefined },
  ])('of $reason is $fault', ({ reason, source, fault }) => {
    expect(faultOf(a, reason, source)).toBe(fault);
  });

  test('is what the sender of the frame did, not what came in the name of another', () => {
    expect(faultOf(b, 'origin-quota', own)).toBeUndefined();
    expect(faultOf(a, 'malformed', undefined)).toBeUndefined();
  });
});

test.each<Partial<ScoreConfig>>([
  { halfLifeMs: 999 },
  { peersMax: 15 },
  { penaltyMax: 0 },
  { relayedMax: 4 },
  { weights: { ...defaultScoreConfig.weights, invalid: -1 } },
])('a configuration with %o is refused', (wrong) => {
  expect(() => checkScoreConfig({ ...defaultScoreConfig, ...wrong })).toThrow();
});
