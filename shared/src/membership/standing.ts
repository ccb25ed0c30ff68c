/** Changes of a member's standing: suspect, recovered, gone. Each tells the application and keeps the tables true. */
import { epoch as toEpoch, incarnation as toIncarnation, type PeerId } from '../base/ids.ts';
import { EPOCH_MAX, INCARNATION_MAX } from './checks.ts';
import type { Accusation, IdentityRecord, LeaveReason, Verdict } from './messages.ts';
import type { Decided } from './departed.ts';
import { compareLives, type Life, type Member } from './roster.ts';
import { recordRemoved, type Turn } from './state.ts';
import { openSuspicion, withAccusation, type Standing } from './suspicion.ts';

export function hasRoomForSuspicion(turn: Turn, target: PeerId): boolean {
  const { suspicions, config } = turn.state;
  return suspicions.has(target) || suspicions.size < config.suspicionsMax;
}

/**
 * Adds an accusation to the suspicion of its target, which begins with the first. There must be room. `life`: which it
 * counts against, where it names a later one than we know.
 */
export function joinSuspicion(turn: Turn, accusation: Accusation, life: Life = accusation): void {
  const { state, at, out } = turn;
  const running = state.suspicions.get(accusation.target);
  if (running && compareLives(running, life) === 0) {
    const { accusationsMax } = state.config;
    const standingOf = standingsTowards(turn, running.target);
    state.suspicions.set(
      running.target,
      withAccusation(running, accusation, at, { accusationsMax, standingOf }),
    );
    return;
  }
  state.suspicions.set(accusation.target, openSuspicion(accusation, at, life));
  out.push({ kind: 'memberSuspected', id: accusation.target, by: accusation.observer });
}

/** Whose word counts against this member. It names its neighbors itself; whom it does not name may be anybody. */
export function standingsTowards({ state, at }: Turn, target: PeerId): (accuser: PeerId) => Standing {
  return (accuser) => {
    if (accuser === state.self) return 'self';
    return state.roster.isNamedBy(target, accuser, at) ? 'observer' : 'stranger';
  };
}

/** The suspect lives, as far as anybody can tell. */
export function endSuspicion(turn: Turn, id: PeerId): void {
  if (turn.state.suspicions.delete(id)) turn.out.push({ kind: 'memberRecovered', id });
}

/** Somebody else, or the member itself, has shown that it lives: our own silence weighs less now. */
export function acceptVouch(turn: Turn, id: PeerId): void {
  const { state, at } = turn;
  state.neighbors.get(id)?.vouched(at);
  state.lost.delete(id);
  state.orphans.delete(id);
  state.heldSince.delete(id);
}

/** No life of its owner is later. */
const LAST_LIFE: Life = { epoch: toEpoch(EPOCH_MAX), incarnation: toIncarnation(INCARNATION_MAX) };

const REASON_BY_CLAIM: Readonly<Record<'identity' | 'verdict', LeaveReason>> = {
  identity: 'goodbye',
  verdict: 'failed',
};

/** Ends every life of a member, those to come too. */
export function expel(turn: Turn, id: PeerId): void {
  removeMember(turn, { id, ...LAST_LIFE }, null);
}

/** Takes a member off the roster, or only remembers the claim if it was not on it. */
export function removeMember(
  turn: Turn,
  life: Life & { readonly id: PeerId },
  claim: IdentityRecord | Verdict | null,
  decided: Decided = 'openly',
): void {
  const { state, at } = turn;
  const reason: LeaveReason = claim ? REASON_BY_CLAIM[claim.kind] : 'expelled';
  const { id, epoch, incarnation } = life;
  const member = state.roster.depart(id, { epoch, incarnation, reason, decided, claim, since: at });
  clearAway(turn, id, member, reason);
}

/** Takes a member off a roster that is full. That is no death: nobody else is told, and it may come again. */
export function forgetMember(turn: Turn, id: PeerId): void {
  const member = turn.state.roster.get(id);
  turn.state.roster.remove(id);
  clearAway(turn, id, member, 'forgotten');
}

function clearAway(turn: Turn, id: PeerId, member: Member | undefined, reason: LeaveReason): void {
  const { state, out } = turn;
  state.suspicions.delete(id);
  state.lost.delete(id);
  state.orphans.delete(id);
  state.heldSince.delete(id);
  if (!member) return;
  recordRemoved(turn, member.identity);
  if (member.links) recordRemoved(turn, member.links);
  out.push({ kind: 'memberGone', id, reason });
}

/** Answers a neighbor that holds a member who is gone: with the claim that ended it, seldom. */
export function tellDeparture(turn: Turn, to: PeerId, id: PeerId): void {
  const { state, at, out } = turn;
  const departed = state.roster.ended(id);
  if (!departed || to === state.self) return;
  const pair = `${to}:${id}`;
  const toldAt = state.toldAt.get(pair);
  if (toldAt !== undefined && at - toldAt < state.config.tellSpacingMs) return;
  state.toldAt.set(pair, at);
  if (departed.claim) out.push({ kind: 'tell', to, claims: [departed.claim] });
  else out.push({ kind: 'tellExpelled', to, id });
}
