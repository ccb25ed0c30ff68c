/**
 * Accusations, objections and verdicts: how observers settle whether a silent member is dead.
 *
 *     A has not heard X --accusation--> everyone
 *     B, an observer:  silent too --> accusation;   hears X --> objection, and `accused` to X
 *     X --identity, incarnation + 1--> everyone
 */
import type { PeerId } from '../base/ids.ts';
import { elapsedMs, type Instant } from '../base/time.ts';
import { ACCUSED_INCARNATION_MAX } from './checks.ts';
import type { Accusation, Objection, Verdict } from './messages.ts';
import { refuteIfAccused } from './own.ts';
import { compareLives, type Life } from './roster.ts';
import type { Silence } from './silence.ts';
import {
  acceptVouch,
  endSuspicion,
  hasRoomForSuspicion,
  joinSuspicion,
  removeMember,
  standingsTowards,
} from './standing.ts';
import { refused, takeProbe, type State, type Turn } from './state.ts';
import {
  accusationBy,
  isAccuser,
  isSaidReached,
  judge,
  medianRoundTripMs,
  verdictOf,
  type Seen,
  type Suspicion,
} from './suspicion.ts';

export function onAccusation(turn: Turn, accusation: Accusation): void {
  const { state } = turn;
  const { target, observer } = accusation;
  if (target === state.self) return refuteIfAccused(turn, accusation);
  const member = state.roster.get(target);
  if (!member || compareLives(accusation, member.identity) !== 0) return;
  if (observer === state.self || !state.roster.get(observer)) return;
  if (hearsWell(turn, target) && object(turn, accusation)) return;
  if (!hasRoomForSuspicion(turn, target)) return refused(turn);
  joinSuspicion(turn, accusation);
  answer(turn, target);
  settle(turn, target);
}

export function onObjection(turn: Turn, objection: Objection): void {
  const { state } = turn;
  const { target, observer } = objection;
  const member = state.roster.get(target);
  if (target === state.self || !member || compareLives(objection, member.identity) !== 0) return;
  if (observer === state.self || observer === target || !state.roster.get(observer)) return;
  acceptVouch(turn, target);
  endSuspicion(turn, target);
}

export function onVerdict(turn: Turn, said: Verdict): void {
  const { state } = turn;
  const { target } = said;
  if (target === state.self) return refuteAny(turn, said);
  const member = state.roster.get(target);
  const life = member ? knownLife(said, member.identity) : said;
  const departed = state.roster.ended(target);
  if (departed && compareLives(life, departed) <= 0) return;
  if (member && compareLives(life, member.identity) < 0) return;
  if (member && isContested(turn, said, life)) return;
  const { epoch, incarnation } = life;
  removeMember(turn, { id: target, epoch, incarnation }, said);
}

/**
 * A claim on a later epoch than we know of is one on the life that we know. We may have missed that it began, and with
 * it that ours is over; if it is made up, this life can refute it. What was said stays as it was said: it is proven.
 */
function knownLife(said: Life, known: Life): Life {
  return said.epoch > known.epoch ? known : said;
}

/** Refutes what was said of a life that we have not begun, too: others end the one we lead by it. */
export function refuteAny(turn: Turn, said: Life): void {
  refuteIfAccused(turn, knownLife(said, turn.state.identity));
}

/** Whether the accused may still have a word in it; sees to it that it can. */
function isContested(turn: Turn, { target, accusations }: Verdict, life: Life): boolean {
  const { state, at, out } = turn;
  // Of several the one that says most is kept.
  const accusation = accusations.find(({ reached }) => reached) ?? accusations[0];
  if (!accusation) return false;
  if (hearsWell(turn, target)) {
    // A live link outranks a verdict: the member is told, so that it can refute before everyone.
    object(turn, accusation, life);
    return true;
  }
  // Anybody may have made a verdict of an accusation of its own: without a word of one of its neighbors it is no more than that.
  const isFounded = accusations.some(({ observer }) => state.roster.isNamedBy(target, observer, at));
  const suspicion = state.suspicions.get(target);
  if (suspicion) {
    if (!isFounded) for (const one of accusations) joinSuspicion(turn, one, life);
    return (
      !isFounded || elapsedMs(suspicion.startedAt, at) < state.config.answerMsMin || isSpared(turn, suspicion)
    );
  }
  if (!hasRoomForSuspicion(turn, target)) return !isFounded;
  // Out of the blue, as when parted rooms meet and old claims come again: whoever it names hears of it while there is
  // a way, and has as long to answer as any suspect.
  out.push({ kind: 'route', to: target, message: { kind: 'accused', accusation } });
  joinSuspicion(turn, accusation, life);
  return true;
}

/** Whoever made the verdict may not know that packets of its browser still come. */
function isSpared(turn: Turn, suspicion: Suspicion): boolean {
  const { state, at } = turn;
  const seen = seenOf(turn, suspicion.target);
  return isSaidReached(suspicion, seen) && judge(suspicion, seen, at, state.config) === 'open';
}

/**
 * Accuses in our own name, unless we doubt ourselves or already do: then only once more, when it has turned out that
 * the accused is reached.
 */
export function accuse(turn: Turn, target: PeerId, silentMs: number): void {
  const { state, out } = turn;
  const member = state.roster.get(target);
  const suspicion = state.suspicions.get(target);
  const said = suspicion && accusationBy(suspicion, state.self);
  const reached = reaches(state, target);
  if (!member || !hasRoomForSuspicion(turn, target)) return;
  if ((said && (said.reached || !reached)) || isHeldBack(turn, target)) return;
  const { epoch, incarnation } = member.identity;
  // Nobody may accuse this life: it has no room to refute. All we can do is let its link go.
  if (incarnation > ACCUSED_INCARNATION_MAX) {
    if (state.neighbors.has(target)) out.push({ kind: 'strangerSilent', peer: target });
    return;
  }
  const accusation: Accusation = {
    kind: 'accusation',
    target,
    epoch,
    incarnation,
    observer: state.self,
    silentMs: Math.floor(silentMs),
    reached,
    proof: null,
  };
  state.heldSince.delete(target);
  out.push({ kind: 'publish', claim: accusation });
  joinSuspicion(turn, accusation);
  const neighbor = state.neighbors.get(target);
  neighbor?.accused();
  if (neighbor && !said) out.push({ kind: 'neighborSuspected', peer: target });
  settle(turn, target);
}

/** Looks at a running suspicion anew: object, or end it in death, or let it run. */
export function review(turn: Turn, target: PeerId): void {
  const suspicion = turn.state.suspicions.get(target);
  const accusation = suspicion?.held[0]?.accusation;
  if (!suspicion || !accusation) return;
  if (hearsWell(turn, target)) object(turn, accusation, suspicion);
  else settle(turn, target);
}

/** Pings a neighbor now. */
export function ping(turn: Turn, peer: PeerId, silence: Silence): void {
  const { state, at, out } = turn;
  const probe = takeProbe(state);
  silence.pinged(probe, at);
  out.push({ kind: 'send', to: peer, message: { kind: 'ping', probe, tickMs: state.health.tickMs(at) } });
}

/**
 * Says that we hear the accused, and carries the accusation to it. False if we said so a moment ago:
 * then the suspicion stays, and the watch comes back to it. `life`: that we know.
 */
function object(turn: Turn, accusation: Accusation, { epoch, incarnation }: Life = accusation): boolean {
  const { state, at, out } = turn;
  const { target } = accusation;
  const objectedAt = state.objectedAt.get(target);
  if (objectedAt !== undefined && elapsedMs(objectedAt, at) < state.config.objectionSpacingMs) return false;
  state.objectedAt.set(target, at);
  out.push({
    kind: 'publish',
    claim: { kind: 'objection', target, epoch, incarnation, observer: state.self, proof: null },
  });
  out.push({ kind: 'route', to: target, message: { kind: 'accused', accusation } });
  endSuspicion(turn, target);
  return true;
}

/** An observer agrees from its own clock, or asks at once; anyone else says nothing. */
function answer(turn: Turn, target: PeerId): void {
  const { state, at } = turn;
  const neighbor = state.neighbors.get(target);
  const lost = state.lost.get(target);
  if (neighbor) {
    const silentMs = neighbor.silentMs(at);
    if (silentMs > neighbor.suspectAfterMs(state.health.tickMs(at))) accuse(turn, target, silentMs);
    else if (neighbor.mayPing(at)) ping(turn, target, neighbor);
  } else if (lost && elapsedMs(lost.quietSince, at) > state.config.suspectAfterMsMin) {
    accuse(turn, target, elapsedMs(lost.quietSince, at));
  }
}

/**
 * Declares the suspect dead when enough is known. Only who accused publishes the verdict, and only if an
 * objection could have come: who hears nobody may be the one who is cut off.
 */
function settle(turn: Turn, target: PeerId): void {
  const { state, at, out } = turn;
  const suspicion = state.suspicions.get(target);
  if (!suspicion || hearsWell(turn, target)) return;
  const seen = seenOf(turn, target);
  const judgement = judge(suspicion, seen, at, state.config);
  if (judgement === 'open' || (judgement === 'overdue' && mayYetReturn(turn, suspicion.startedAt))) return;
  const decided = judgement === 'overdue' && seen.cutOff ? 'alone' : 'openly';
  const verdict = verdictOf(suspicion);
  if (decided === 'openly' && isAccuser(suspicion, state.self)) out.push({ kind: 'publish', claim: verdict });
  const { epoch, incarnation } = suspicion;
  removeMember(turn, { id: target, epoch, incarnation }, verdict, decided);
}

function seenOf(turn: Turn, target: PeerId): Seen {
  const { state, at } = turn;
  return {
    ownProofAt: ownProofAt(turn, target),
    cutOff: isCutOff(state, at),
    paired: state.roster.size <= 2,
    standingOf: standingsTowards(turn, target),
    reached: reaches(state, target),
    roundTripMs: medianRoundTripMs(Array.from(state.neighbors.values(), (silence) => silence.roundTripMs())),
  };
}

/** Without a link no answer could reach us: suspects wait for the next one, unless there is only one other. */
function mayYetReturn({ state, at }: Turn, suspectedAt: Instant): boolean {
  const { neighbors, roster, config } = state;
  return neighbors.size === 0 && roster.size > 2 && elapsedMs(suspectedAt, at) < config.linklessMs;
}

function isCutOff(state: State, at: Instant): boolean {
  return state.neighbors.size === 0 || state.health.deaf(at);
}

function hearsWell(turn: Turn, target: PeerId): boolean {
  const { state, at } = turn;
  const { orphansMs, deafMs } = state.config;
  const answeredAt = state.orphans.get(target)?.answeredAt ?? null;
  if (answeredAt !== null && elapsedMs(answeredAt, at) <= orphansMs + deafMs) return true;
  return state.neighbors.get(target)?.hearsWell(at) ?? false;
}

/** Packets of its browser come over a link of ours. */
function reaches({ neighbors }: State, target: PeerId): boolean {
  return neighbors.get(target)?.isReached() ?? false;
}

function ownProofAt(turn: Turn, target: PeerId): Instant | null {
  const { neighbors, lost } = turn.state;
  return neighbors.get(target)?.heardAt() ?? lost.get(target)?.heardAt ?? null;
}

/** Lifeguard: who doubts itself waits, but not for ever, and not where it is the only witness there can be. */
function isHeldBack(turn: Turn, target: PeerId): boolean {
  const { state, at } = turn;
  if (isJudgedAsleep(turn, target)) return true;
  if (!state.health.doubting() || state.roster.size <= 2) return false;
  const since = state.heldSince.get(target);
  if (since === undefined) state.heldSince.set(target, at);
  return elapsedMs(since ?? at, at) < state.config.doubtMsMax;
}

/**
 * Who slept has missed what its neighbors said, and its own links may have died of it: for a while it accuses none of
 * whom it has heard nothing since. Those who were awake know better.
 */
function isJudgedAsleep(turn: Turn, target: PeerId): boolean {
  const { state, at } = turn;
  const heardAt = ownProofAt(turn, target);
  if (heardAt === null || heardAt >= state.wokeAt) return false;
  return elapsedMs(state.wokeAt, at) < state.config.wokenMs;
}
