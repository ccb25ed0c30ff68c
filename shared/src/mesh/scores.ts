/**
 * What a neighbor has cost us lately, in the manner of GossipSub v1.1's peer scores: counters that decay, penalties
 * that grow with their square, a threshold below which the link is dropped. All of it is our own view, told to nobody:
 * a score that others could lower would be one more thing to forge.
 *
 * Only what is surely the neighbor's own doing counts in full. Who passes on what it could not know to be false is
 * charged a little, and never enough to be dropped for it; of others than the sender of the frame at hand nothing counts
 * at all, for anyone may have spoken in their name.
 */
import { assert } from '../base/assert.ts';
import { checkRange } from '../base/config-check.ts';
import { createBoundedMap } from '../base/collections.ts';
import type { PeerId } from '../base/ids.ts';
import { elapsedMs, type Instant } from '../base/time.ts';

/**
 * - `invalid`: what no honest software sends.
 * - `withheld`: it announced a message, was asked for it, and never gave it.
 * - `flooded`: a second in which it used more than a quota allows.
 * - `relayed`: false, but it may have been taken in itself.
 */
export type Fault = 'invalid' | 'withheld' | 'flooded' | 'relayed';

export interface ScoreConfig {
  /** In so long a fault comes to weigh half. More: old faults add up to a drop; less: who misbehaves slowly stays. 1 s to 1 h. */
  readonly halfLifeMs: number;
  /** Penalty at which the link is dropped. More: more patience with liars and with bugs alike. At least 1. */
  readonly penaltyMax: number;
  /** Times the square of each fault's count. More of one: fewer of that are borne. From 0, `relayed` within `penaltyMax`. */
  readonly weights: Readonly<Record<Fault, number>>;
  /** Counts of `relayed` beyond this cost no more. More: whoever relays much false is nearer to a drop. At least 1. */
  readonly relayedMax: number;
  /** Peers whose faults are remembered, neighbors and those that were. More: memory; less: a new link washes clean. 16 to 65,536. */
  readonly peersMax: number;
}

export const defaultScoreConfig: ScoreConfig = {
  halfLifeMs: 60_000, // guess: a bug that spoils a frame a minute is borne for ever, three a minute are not
  penaltyMax: 16, // with the weights below: four invalid frames at once, or eight of what an overloaded tab might do
  weights: {
    invalid: 1,
    withheld: 0.25, // simulated: no honest member of 300 seeds came to one in five
    flooded: 0.25, // eight seconds over a quota of thirty times the presence budget
    relayed: 1,
  },
  relayedMax: 2, // a quarter of the penalty that drops: the design's "small, capped"
  peersMax: 256, // guess: 25 times the links of one member
};

/** Asserts bounds and relations. */
export function checkScoreConfig(config: ScoreConfig): void {
  checkRange(config, 'halfLifeMs', { from: 1_000, to: 3_600_000 });
  checkRange(config, 'peersMax', { from: 16, to: 65_536 });
  const { penaltyMax, weights, relayedMax } = config;
  assert(penaltyMax >= 1, `penaltyMax must be at least 1, not ${penaltyMax}`);
  assert(relayedMax >= 1, `relayedMax must be at least 1, not ${relayedMax}`);
  assert(Math.min(...Object.values(weights)) >= 0, 'no weight rewards a fault');
  assert(
    weights.relayed * relayedMax ** 2 < penaltyMax,
    'what was passed on in good faith must never drop a link by itself',
  );
}

/** What the frame at hand was, as far as blame goes. */
export interface Source {
  readonly from: PeerId;
  /** Somebody else said what is in it. */
  readonly relays: boolean;
}

/** The content of a message: its author's fault, who need not be the one who handed it to us. */
const CONTENT: ReadonlySet<string> = new Set([
  'malformed-claim',
  'too-many-links',
  'hollow-verdict',
  'bad-stamp',
  'bad-collection',
  'bad-version',
  'field-too-long',
]);

/**
 * What each other reason counts as. What is not named costs nothing: honest ends meet it in a race, behind a
 * channel that repeats frames, or with software of another version.
 */
const FAULT_BY_REASON: ReadonlyMap<string, Fault> = new Map([
  ...[
    // The decoder's and the verifier's.
    'malformed',
    'oversized',
    'unknown-kind',
    'value-limit',
    'unsigned',
    'misplaced-proof',
    'unsealed',
    'bad-signature',
    'too-many-forgeries',
    'bad-card',
    'wrong-author',
    // Words that only their speaker can have made.
    'forged-author',
    'forged-hello',
    'forged-hop',
    'implausible-round',
    'implausible-age',
    'malformed-follows',
    'implausible-epoch',
    'malformed-ping',
    'malformed-want',
    'too-many-heads',
    'too-many-wants',
    'too-many-trees',
    'bad-clock',
    'bad-packet',
    'bad-round',
    'answer-not-asked',
    'not-the-accused',
    'hollow-equivocation',
    'walk-ttl-out-of-range',
    'walk-trail-too-long',
    'walk-trail-not-by-sender',
    'walk-trail-loops',
    'walk-newcomer-on-trail',
  ].map((reason) => [reason, 'invalid'] as const),
  ...['neighbor-quota', 'origin-quota', 'graft-flood', 'reconcile-flood'].map(
    (reason) => [reason, 'flooded'] as const,
  ),
  // Volatile messages are not signed, and what is plausible depends on what one has heard.
  ...[
    'forged-origin',
    'forged-presence',
    'foreign-epoch',
    'implausible-sequence',
    'horizon-too-new',
    'too-many-fields',
    // Nor can a relay tell a letter from noise: who made it carry too many must not cost it its link.
    'letter-quota',
    // It may carry what several say, each within its quota, and together more than is verified of one link.
    'verify-quota',
  ].map((reason) => [reason, 'relayed'] as const),
]);

/** What the sender of `source` is charged for, of what `peer` is said to have done; `undefined`: nothing. */
export function faultOf(peer: PeerId, reason: string, source: Source | undefined): Fault | undefined {
  if (source?.from !== peer) return undefined;
  if (CONTENT.has(reason)) return source.relays ? 'relayed' : 'invalid';
  return FAULT_BY_REASON.get(reason);
}

/** What is remembered of one peer; counts are those of `at`. */
interface Held {
  readonly counts: Readonly<{ [F in Fault]: number }>;
  readonly at: Instant;
}

export interface ScoreSnapshot {
  /** Penalties above zero, as of each peer's last fault; at most `peersMax`. */
  readonly penaltyByPeer: ReadonlyMap<PeerId, number>;
}

export interface Scores {
  /** Counts a fault. True when it is the one that has the link dropped. */
  readonly charge: (peer: PeerId, fault: Fault, at: Instant) => boolean;
  readonly penalty: (peer: PeerId, at: Instant) => number;
  readonly inspect: () => ScoreSnapshot;
}

const BLANK: Held['counts'] = { invalid: 0, withheld: 0, flooded: 0, relayed: 0 };

export function createScores(config: ScoreConfig): Scores {
  checkScoreConfig(config);
  /** A peer is in here once it was a neighbor and at fault: to push others out, one must be many. */
  const recordByPeer = createBoundedMap<PeerId, Held>(config.peersMax);

  const countsAt = (peer: PeerId, at: Instant): Held['counts'] => {
    const held = recordByPeer.get(peer);
    if (!held) return BLANK;
    const share = 0.5 ** (Math.max(0, elapsedMs(held.at, at)) / config.halfLifeMs);
    const { invalid, withheld, flooded, relayed } = held.counts;
    return {
      invalid: invalid * share,
      withheld: withheld * share,
      flooded: flooded * share,
      relayed: relayed * share,
    };
  };
  const penaltyOf = (counts: Held['counts']): number =>
    FAULTS.reduce((sum, fault) => sum + config.weights[fault] * counts[fault] ** 2, 0);

  return {
    charge: (peer, fault, at) => {
      const before = countsAt(peer, at);
      const most = fault === 'relayed' ? config.relayedMax : COUNT_MAX;
      const counts = { ...before, [fault]: Math.min(before[fault] + 1, most) };
      recordByPeer.set(peer, { counts, at });
      return penaltyOf(before) < config.penaltyMax && penaltyOf(counts) >= config.penaltyMax;
    },
    penalty: (peer, at) => penaltyOf(countsAt(peer, at)),
    inspect: () =>
      Object.freeze({
        penaltyByPeer: new Map(
          Array.from(recordByPeer.entries(), ([peer, { counts }]) => [peer, penaltyOf(counts)]),
        ),
      }),
  };
}

const FAULTS: readonly Fault[] = ['invalid', 'withheld', 'flooded', 'relayed'];
/** Beyond this a fault counts no further, so that the worst is forgotten in the time of its last hundred. */
const COUNT_MAX = 100;
