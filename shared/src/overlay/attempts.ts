/**
 * The life of one link, as a union of phases, and the questions that its phases answer.
 *
 *     requesting --accept--> connecting --channelOpened--> up
 *                              ^ a request that we accept starts here
 *
 * Whatever ends a phase (a refusal, time, a closed channel) removes the link.
 */
import { compareIds, type AttemptId, type PeerId } from '../base/ids.ts';
import { after, elapsedMs, type Instant } from '../base/time.ts';
import type { OverlayConfig } from './config.ts';
import type { Replies } from './replies.ts';

export type Link = Requesting | Connecting | Up;
export type Attempt = Requesting | Connecting;

/** We asked and wait for the answer; nothing is constructed yet. */
export interface Requesting extends Deadline {
  readonly phase: 'requesting';
  readonly attempt: AttemptId;
  readonly purpose: OwnPurpose;
  readonly introducer: Introducer;
}

/**
 * By whom we were made to hold a link to one whom we had not heard of: a neighbor that brought its walk or its
 * request, or the server, by naming it to us or by carrying its request. `null`: the roster knew it, so the choice
 * was its own or ours.
 */
export type Introducer = PeerId | 'named' | 'carried' | null;

/**
 * Who brought the request or the walk on which we construct, also where the roster knows in whose name it came: it is
 * not signed, and proven only when the channel opens. `null`: we asked ourselves.
 */
export type Bringer = Exclude<Introducer, 'named'>;

/**
 * Whose choice a link is. `ours`: we drew the other end at random from the roster. `theirs`: it asked, or somebody
 * introduced it, and whoever wants to surround us can see to that.
 */
export type Choice = 'ours' | 'theirs';

export function choiceOf(link: Link): Choice {
  if (link.phase === 'up') return link.choice;
  return link.purpose === 'degree' && link.introducer === null ? 'ours' : 'theirs';
}

/** Both ends have agreed and construct; descriptions travel by `route`. */
export interface Connecting extends Deadline {
  readonly phase: 'connecting';
  readonly attempt: AttemptId;
  readonly purpose: Purpose;
  readonly introducer: Introducer;
  readonly bringer: Bringer;
  /** Hops to take in order, nearest first: the reverse of the trail by which the other end was heard. */
  readonly route: readonly PeerId[];
  readonly replies: Replies;
}

/** The channel is open: the other end is a neighbor. */
export interface Up {
  readonly phase: 'up';
  readonly attempt: AttemptId;
  readonly introducer: Introducer;
  readonly choice: Choice;
  readonly upSince: Instant;
  /** When a frame of the other end last came, as far as the node has told. */
  readonly heardAt: Instant;
}

interface Deadline {
  /** When this phase began. */
  readonly begunAt: Instant;
  readonly dueAt: Instant;
  /** The deadline was moved once already because we were stalled; it is not moved again. */
  readonly stretched: boolean;
}

/**
 * Why we asked.
 *
 * - `join`: we have no link, and the server named this contact.
 * - `bridge`: the server named one whom our roster lacks, so perhaps another half of the room.
 * - `degree`: we hold fewer links than we want.
 */
export type OwnPurpose = 'join' | 'bridge' | 'degree';
/** `answer`: the other end asked. */
export type Purpose = OwnPurpose | 'answer';

/** A contact may let a walk find somebody else in its place; a member of our roster may not. */
export function mayBeForwarded(purpose: Purpose): boolean {
  return purpose === 'join' || purpose === 'bridge';
}

/** An attempt that we began. */
export function isOwnAttempt(link: Link): link is Attempt {
  return link.phase !== 'up' && link.purpose !== 'answer';
}

/**
 * A request comes in the name of a peer with whom there is something already. It is not signed, so that anybody on the
 * way may have made it up: what works, or may be about to, is not given up for it.
 *
 * - `ignore`: ours stands, or it is a repetition, or it was sent before our link opened; whose end has really lost
 *   the link asks again.
 * - `busy`: the same, but who asks is told, and asks again later: we hear the other end on the link that it would
 *   have lost, or what we construct with it still has its time.
 * - `replace`: its end has given the old one up; the new one takes its place.
 */
export function settleClash(
  ends: { readonly self: PeerId; readonly from: PeerId },
  held: Link,
  attempt: AttemptId,
  { at, answerTimeoutMs, heardWithinMs }: ClashTimes,
): 'ignore' | 'busy' | 'replace' {
  if (held.attempt === attempt) return 'ignore';
  if (held.phase === 'up') {
    if (elapsedMs(held.upSince, at) < answerTimeoutMs) return 'ignore';
    return elapsedMs(held.heardAt, at) < heardWithinMs ? 'busy' : 'replace';
  }
  // Glare: both asked. The lower id's attempt survives at both ends, also when its answer overtook this.
  if (isOwnAttempt(held) && compareIds(ends.self, ends.from) < 0) return 'ignore';
  const isFresh = held.phase === 'connecting' && elapsedMs(held.begunAt, at) < answerTimeoutMs;
  return isFresh ? 'busy' : 'replace';
}

interface ClashTimes {
  readonly at: Instant;
  readonly answerTimeoutMs: number;
  readonly heardWithinMs: number;
}

/**
 * What a due timer means for an attempt: nothing yet (it belongs to an earlier phase), its end, or a
 * new deadline, because our own lateness shows that the answer may still wait in our queue.
 */
export function judgeDeadline(
  attempt: Attempt,
  at: Instant,
  config: OverlayConfig,
):
  | { readonly kind: 'wait' }
  | { readonly kind: 'over' }
  | { readonly kind: 'stretch'; readonly graceMs: number } {
  const lateMs = elapsedMs(attempt.dueAt, at);
  if (lateMs < -TIMER_EARLY_MS_MAX) return { kind: 'wait' };
  if (lateMs <= config.stallMsMin || attempt.stretched) return { kind: 'over' };
  const limitMs = attempt.phase === 'requesting' ? config.answerTimeoutMs : config.openTimeoutMs;
  return { kind: 'stretch', graceMs: Math.min(lateMs, limitMs) };
}

/**
 * The attempt with a later deadline, for its other end has just described something: where a page or its machine is slow
 * each step takes its time, and what is nearly built is not thrown away. `undefined`: it has time enough.
 */
export function prolongAttempt(link: Connecting, at: Instant, config: OverlayConfig): Connecting | undefined {
  const latest = after(link.begunAt, config.openTimeoutMsMax);
  const wanted = after(at, config.describedTimeoutMs);
  const dueAt = wanted < latest ? wanted : latest;
  return elapsedMs(link.dueAt, dueAt) < config.stallMsMin ? undefined : { ...link, dueAt };
}

/** The attempt with its deadline moved. */
export function stretchAttempt(attempt: Attempt, at: Instant, graceMs: number): Attempt {
  return { ...attempt, dueAt: after(at, graceMs), stretched: true };
}

/** Timers of the platform may fire a little before their time; this much earlier counts as due. */
const TIMER_EARLY_MS_MAX = 50;
