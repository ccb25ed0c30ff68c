/** What is remembered of one table over one link: where its round stands, and what the neighbor has used up. */
import { type Hash64, sameHash, xorHashes, ZERO_HASH } from '../base/hash.ts';
import { elapsedMs, instant, type Instant } from '../base/time.ts';
import type { ReconcileConfig } from './config.ts';
import { LEAVES } from './hash-tree.ts';

/** Beyond, the pause after one more round without an answer is no longer: 8 intervals. */
const DOUBLINGS_MAX = 3;

/**
 * The answer a round waits for. Nothing else of a round is remembered, so one that is lost halfway
 * leaves nothing behind; the next takes its place.
 * - `middle`, `wants`: we began it. `done`: the neighbor did.
 */
export type Waiting = 'nothing' | 'middle' | 'wants' | 'done';

export interface LinkTable {
  waiting: Waiting;
  /** Heartbeats in a row whose root differed from ours. */
  differing: number;
  /** When the first of them came. */
  differingSince: Instant;
  /** Of these, the last in a row between which neither root changed: else what differs may be another record on its way. */
  still: number;
  /** When the first of those came. */
  stillSince: Instant;
  /** The two roots at the last of them, one over the other. */
  lastDifference: Hash64;
  /** Rounds begun by either side since the roots were last equal. */
  rounds: number;
  /** When either side last began a round. */
  lastRoundAt: Instant | null;
  /** Rounds of ours in a row that nothing came back of. */
  unanswered: number;
  /** The neighbor's use of its quota, counted from `quotaFrom`. */
  quotaFrom: Instant | null;
  tops: number;
  work: number;
}

export function createLinkTable(): LinkTable {
  return {
    waiting: 'nothing',
    differing: 0,
    differingSince: instant(0),
    still: 0,
    stillSince: instant(0),
    lastDifference: ZERO_HASH,
    rounds: 0,
    lastRoundAt: null,
    unanswered: 0,
    quotaFrom: null,
    tops: 0,
    work: 0,
  };
}

/** Takes a heartbeat's root; returns whether it is ours. */
export function noteRoot(link: LinkTable, ours: Hash64, theirs: Hash64, at: Instant): boolean {
  if (sameHash(ours, theirs)) {
    link.differing = 0;
    link.still = 0;
    link.rounds = 0;
    return true;
  }
  const difference = xorHashes(ours, theirs);
  const isSame = link.still > 0 && sameHash(difference, link.lastDifference);
  if (link.differing === 0) link.differingSince = at;
  if (!isSame) link.stillSince = at;
  link.still = isSame ? link.still + 1 : 1;
  link.differing++;
  link.lastDifference = difference;
  return false;
}

/**
 * Whether roots have differed often enough: in the same way for longer than a record may be on its way, or in many ways.
 * Patience is one of time as well, for where pings cross four heartbeats come as soon as two.
 */
export function differsForLong(
  link: LinkTable,
  patience: number,
  at: Instant,
  config: ReconcileConfig,
): boolean {
  const { differingHeartbeatsMin, movingHeartbeatsMin, differingMsMin } = config;
  const isEnough = (times: number, timesMin: number, since: Instant): boolean =>
    times >= patience * timesMin && elapsedMs(since, at) >= patience * differingMsMin;
  return (
    isEnough(link.still, differingHeartbeatsMin, link.stillSince) ||
    isEnough(link.differing, movingHeartbeatsMin, link.differingSince)
  );
}

/** Every second round in a row: what a shortened one cannot see, the next one does. */
export function isExactTurn(link: LinkTable): boolean {
  return link.rounds % 2 === 1;
}

/** Marks the beginning of a round, whoever begins it. */
export function beginRound(link: LinkTable, waiting: 'middle' | 'done', at: Instant): void {
  link.waiting = waiting;
  link.differing = 0;
  link.still = 0;
  link.rounds++;
  link.unanswered = waiting === 'middle' ? link.unanswered + 1 : 0;
  link.lastRoundAt = at;
}

/**
 * Whether we may begin another: an interval after the last. While nothing comes back of ours, each next pause is twice as
 * long, for nothing is lost on a link: they are on their way still, and would come at once, more than the quota.
 */
export function mayBeginRound(link: LinkTable, at: Instant, config: ReconcileConfig): boolean {
  const intervals = link.waiting === 'middle' ? 2 ** Math.min(link.unanswered - 1, DOUBLINGS_MAX) : 1;
  return link.lastRoundAt === null || elapsedMs(link.lastRoundAt, at) >= intervals * config.roundIntervalMs;
}

/** Whether the last round began less than an interval ago. */
export function hasRecentRound(link: LinkTable, at: Instant, config: ReconcileConfig): boolean {
  return link.lastRoundAt !== null && elapsedMs(link.lastRoundAt, at) < config.roundIntervalMs;
}

/** Takes one round from the quota; false when none is left. */
export function takeRound(link: LinkTable, at: Instant, config: ReconcileConfig): boolean {
  renewQuota(link, at, config);
  link.tops++;
  return link.tops <= config.quotaRounds;
}

/**
 * Takes work from the quota; false when that is more than is left. A whole round is worth all leaves and
 * all records of the table, once.
 */
export function takeWork(
  link: LinkTable,
  at: Instant,
  { work, tableSize }: { readonly work: number; readonly tableSize: number },
  config: ReconcileConfig,
): boolean {
  renewQuota(link, at, config);
  link.work += work;
  return link.work <= config.quotaRounds * (LEAVES + tableSize);
}

function renewQuota(link: LinkTable, at: Instant, config: ReconcileConfig): void {
  if (link.quotaFrom !== null && elapsedMs(link.quotaFrom, at) < config.roundIntervalMs) return;
  link.quotaFrom = at;
  link.tops = 0;
  link.work = 0;
}
