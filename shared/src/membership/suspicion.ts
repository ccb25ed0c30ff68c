/**
 * A suspicion: the accusations against one life of one member, and when they are enough. Pure values
 * and functions; who may accuse and what follows is decided elsewhere.
 *
 * SWIM section 4.2 gives a suspect time to refute. Deviation: the time is counted from the last proof of
 * life, not from the suspicion, and is one figure for all rooms; agreement shortens it, as in
 * Lifeguard section IV.B, but all at once with the third observer (Rapid's corroboration). Anybody with a few keys is
 * three members: only those count whom the suspect itself names as its neighbors, and not before it could answer.
 */
import type { PeerId } from '../base/ids.ts';
import { after, elapsedMs, type Instant } from '../base/time.ts';
import type { MembershipConfig } from './config.ts';
import type { Accusation, Verdict } from './messages.ts';
import { compareLives, type Life } from './roster.ts';

/** How many links a claim goes over, about, in a room of a hundred: as many as its answer comes back over. */
const ANSWER_ROUND_TRIPS = 3;

interface HeldAccusation {
  readonly accusation: Accusation;
  readonly receivedAt: Instant;
}

export interface Suspicion extends Life {
  readonly target: PeerId;
  readonly startedAt: Instant;
  /** When any accuser last heard the target, by our clock. */
  readonly provenAt: Instant;
  /** At most `accusationsMax`, one per accuser. */
  readonly held: readonly HeldAccusation[];
}

/** `agreed`: enough observers. `overdue`: the deadline has passed with an accusation unanswered. */
export type Judgement = 'open' | 'agreed' | 'overdue';

/** `life`: which it counts against, where it names a later one than we know. */
export function openSuspicion(
  accusation: Accusation,
  at: Instant,
  { epoch, incarnation }: Life = accusation,
): Suspicion {
  return {
    target: accusation.target,
    epoch,
    incarnation,
    startedAt: at,
    provenAt: after(at, -accusation.silentMs),
    held: [{ accusation, receivedAt: at }],
  };
}

/** Whose accusation it is: our own, that of one whom the suspect names as its neighbor, or anybody's. */
export type Standing = 'self' | 'observer' | 'stranger';

/**
 * Adds one accuser's accusation; the first of each counts, and the first that says that the suspect is reached in its
 * place: that shows only when packets have come for a while. In a full suspicion an observer takes the place of a
 * stranger, and we find one in any: whoever has a few keys would keep those out who know.
 */
export function withAccusation(
  suspicion: Suspicion,
  accusation: Accusation,
  at: Instant,
  { accusationsMax, standingOf }: { accusationsMax: number; standingOf: (accuser: PeerId) => Standing },
): Suspicion {
  const standing = standingOf(accusation.observer);
  const said = accusationBy(suspicion, accusation.observer);
  if (said) return said.reached || !accusation.reached ? suspicion : withSaid(suspicion, said, accusation);
  const held = [...suspicion.held];
  if (held.length >= accusationsMax) {
    if (standing === 'stranger') return suspicion;
    // -1: all are observers; then the last makes room for us.
    const placeAt = held.findLastIndex((one) => standingOf(one.accusation.observer) === 'stranger');
    if (placeAt < 0 && standing === 'observer') return suspicion;
    held.splice(placeAt, 1);
  }
  held.push({ accusation, receivedAt: at });
  // A stranger could say again and again, each time in another name, that it has just heard the suspect.
  const latest = standing === 'stranger' ? suspicion.startedAt : at;
  const heardAt = earlier(after(at, -accusation.silentMs), latest);
  return { ...suspicion, provenAt: heardAt > suspicion.provenAt ? heardAt : suspicion.provenAt, held };
}

function withSaid(suspicion: Suspicion, said: Accusation, accusation: Accusation): Suspicion {
  const held = suspicion.held.map((one) => (one.accusation === said ? { ...one, accusation } : one));
  return { ...suspicion, held };
}

function earlier(a: Instant, b: Instant): Instant {
  return a < b ? a : b;
}

/** Takes one observer's accusation back and lets the time run anew; `null` when none is left. */
export function restartedWithout(suspicion: Suspicion, observer: PeerId, at: Instant): Suspicion | null {
  const held = suspicion.held.filter((entry) => entry.accusation.observer !== observer);
  return held.length === 0 ? null : { ...suspicion, startedAt: at, provenAt: at, held };
}

export function isAccuser(suspicion: Suspicion, observer: PeerId): boolean {
  return accusationBy(suspicion, observer) !== undefined;
}

export function accusationBy({ held }: Suspicion, observer: PeerId): Accusation | undefined {
  return held.find(({ accusation }) => accusation.observer === observer)?.accusation;
}

/** When the suspect is dead unless somebody objects. `provenAt`: the latest proof of life we know of. */
export function deadlineAt(
  suspicion: Suspicion,
  times: { readonly provenAt: Instant; readonly deadlineMs: number; readonly patienceMs: number },
): Instant {
  const silence = after(times.provenAt, times.deadlineMs);
  const answers = after(suspicion.startedAt, times.patienceMs);
  return silence > answers ? silence : answers;
}

function longestSilenceMs({ held }: Suspicion): number {
  return Math.max(...held.map(({ accusation }) => accusation.silentMs));
}

/**
 * How long an answer may take. An accuser that was patient for longer than usual has a rough link, and the way of an
 * objection may be as rough: it gets that much longer. The least is a guess at the way there and back over the mesh,
 * and where our own links are slower than that, so are those of the others: then it is some of their round trips.
 */
export function answerMs(suspicion: Suspicion, roundTripMs: number, config: MembershipConfig): number {
  const roughMs = Math.max(0, longestSilenceMs(suspicion) - config.suspectAfterMsMin);
  const wayMs = Math.max(config.answerMsMin, ANSWER_ROUND_TRIPS * roundTripMs);
  return Math.min(wayMs + roughMs, config.deadlineMs);
}

/** The middle one of what is known of our links; 0 of none. */
export function medianRoundTripMs(links: readonly (number | null)[]): number {
  const sorted = links.filter((ms) => ms !== null).toSorted((a, b) => a - b);
  return sorted[sorted.length >> 1] ?? 0;
}

/** What a suspicion is judged by, besides its accusations. */
export interface Seen {
  readonly ownProofAt: Instant | null;
  /** No answer could reach us. */
  readonly cutOff: boolean;
  /** There is nobody but the suspect and us. */
  readonly paired: boolean;
  /** What one of our links takes there and back. */
  readonly roundTripMs: number;
  /** Packets of its browser still come over a link of ours. */
  readonly reached: boolean;
  /** All but strangers count towards the quorum: they could hear the suspect. */
  readonly standingOf: (accuser: PeerId) => Standing;
}

export function judge(suspicion: Suspicion, seen: Seen, at: Instant, config: MembershipConfig): Judgement {
  const fresh = countedOf(suspicion, seen).filter(
    ({ receivedAt }) => elapsedMs(receivedAt, at) <= config.accusationLifeMs,
  ).length;
  const reached = isSaidReached(suspicion, seen);
  const isAgreed = fresh >= config.quorum && elapsedMs(suspicion.startedAt, at) >= config.agreedMsMin;
  // All of them may wait for the same page, or behind the same bad line.
  if (isAgreed && !reached) return 'agreed';
  const { provenAt } = suspicion;
  const times = {
    provenAt: seen.ownProofAt !== null && seen.ownProofAt > provenAt ? seen.ownProofAt : provenAt,
    deadlineMs: reached ? config.reachedDeadlineMs : seen.paired ? config.pairDeadlineMs : config.deadlineMs,
    patienceMs: patienceMs(suspicion, seen, config),
  };
  return at >= deadlineAt(suspicion, times) ? 'overdue' : 'open';
}

/** Whether anybody whose word counts has packets of the suspect's browser. */
export function isSaidReached(suspicion: Suspicion, seen: Seen): boolean {
  return seen.reached || countedOf(suspicion, seen).some(({ accusation }) => accusation.reached);
}

function countedOf({ held }: Suspicion, { standingOf }: Seen): readonly HeldAccusation[] {
  return held.filter(({ accusation }) => standingOf(accusation.observer) !== 'stranger');
}

/** The least that a suspicion lasts. */
function patienceMs(
  suspicion: Suspicion,
  { cutOff, paired, roundTripMs }: Seen,
  config: MembershipConfig,
): number {
  if (!paired) {
    // Who hears nobody holds on to dead links: in a room of which most died it waits for no more than it must.
    return cutOff ? config.answerMsMin : answerMs(suspicion, roundTripMs, config);
  }
  // Nobody can object; but what the suspect has said may wait behind our own late timer. Over a link so rough, or so
  // slow at its other end, that suspicion itself outlasted the deadline, it may also be on its way.
  const isSlow = longestSilenceMs(suspicion) > config.pairDeadlineMs;
  return isSlow ? answerMs(suspicion, 0, config) : config.watchMs;
}

/** On the suspect's life; on the one that the first accuser named, if nobody named that which we know. */
export function verdictOf({ target, epoch, incarnation, held }: Suspicion): Verdict {
  const accusations = held.map((entry) => entry.accusation);
  const named = (life: Life): readonly Accusation[] =>
    accusations.filter((one) => compareLives(one, life) === 0);
  const known: Life = { epoch, incarnation };
  const life = named(known).length > 0 ? known : (accusations[0] ?? known);
  return {
    kind: 'verdict',
    target,
    epoch: life.epoch,
    incarnation: life.incarnation,
    accusations: named(life),
  };
}
