/** Neighbors watch each other: what is heard, what is not, and what follows. */
import { assert } from '../base/assert.ts';
import { compareIds, type PeerId } from '../base/ids.ts';
import { after, elapsedMs } from '../base/time.ts';
import { accuse, ping, review } from './accusing.ts';
import { isTick } from './checks.ts';
import type { MembershipMessage } from './messages.ts';
import { beginEpoch, wantLinks } from './own.ts';
import { createSilence, type Silence } from './silence.ts';
import { endSuspicion, tellDeparture } from './standing.ts';
import { misbehaved, scheduleWatch, takeProbe, type Lost, type Turn } from './state.ts';
import { restartedWithout } from './suspicion.ts';

export function onNeighborUp(turn: Turn, peer: PeerId): void {
  const { state, at } = turn;
  assert(peer !== state.self, 'nobody is its own neighbor');
  if (state.neighbors.has(peer)) return;
  assert(state.neighbors.size < state.config.neighborsMax, 'the overlay holds more links than neighborsMax');
  const isReturn = state.neighbors.size === 0 || state.health.deaf(at);
  const silence = createSilence(state.config, at, compareIds(state.self, peer) < 0);
  state.neighbors.set(peer, silence);
  state.lost.delete(peer);
  state.orphans.delete(peer);
  // Both ends ping at once: it announces the tick and measures the link.
  ping(turn, peer, silence);
  onHeard(turn, peer, isReturn);
  wantLinks(turn);
}

/** Whoever went without a goodbye is accused unless it answers by another way or others hear it. */
export function onNeighborDown(turn: Turn, peer: PeerId): void {
  const { state, at } = turn;
  const silence = state.neighbors.get(peer);
  if (!silence) return;
  state.neighbors.delete(peer);
  if (state.roster.get(peer)) {
    askLost(turn, peer, { heardAt: silence.heardAt(), quietSince: silence.quietSince(), lostAt: at });
  }
  wantLinks(turn);
}

/**
 * Any frame proves life: ours, for we hear, and its sender's, whatever anyone claims.
 * `isReturn`: until now we were cut off from everyone.
 */
export function onHeard(turn: Turn, peer: PeerId, isReturn: boolean = turn.state.health.deaf(turn.at)): void {
  const { state, at } = turn;
  const silence = state.neighbors.get(peer);
  if (!silence) return;
  state.health.heard(at);
  silence.heard(at, elapsedMs(state.watch.dueAt, at) > state.config.lateMs);
  state.heldSince.delete(peer);
  if (state.suspicions.has(peer)) review(turn, peer);
  else if (state.roster.ended(peer)?.reason === 'failed') tellDeparture(turn, peer, peer);
  if (isReturn) resume(turn, peer);
}

/** It lives, though we may be deaf. */
export function onLives(turn: Turn, peer: PeerId): void {
  const { state, at } = turn;
  const silence = state.neighbors.get(peer);
  if (!silence) return;
  silence.heard(at);
  state.heldSince.delete(peer);
  if (state.suspicions.has(peer)) review(turn, peer);
}

/** Packets of a silent neighbor's browser still come. */
export function onReached({ state, at }: Turn, peer: PeerId, quietMs: number): void {
  state.neighbors.get(peer)?.reached(after(at, -quietMs));
}

export function onMessage(turn: Turn, from: PeerId, message: MembershipMessage): void {
  const { state, at, out } = turn;
  const silence = state.neighbors.get(from);
  if (message.kind === 'ping') {
    if (isTick(message.tickMs)) {
      out.push({ kind: 'send', to: from, message: { kind: 'ack', probe: message.probe } });
      silence?.announced(message.tickMs);
    } else misbehaved(turn, from, 'malformed-ping');
  } else {
    const rttMs = silence?.acked(message.probe, at) ?? null;
    if (rttMs !== null) out.push({ kind: 'rtt', peer: from, rttMs });
  }
  onHeard(turn, from);
}

export function afterWatch(turn: Turn, token: number): void {
  const { state, at } = turn;
  if (token !== state.watch.token) return;
  const lateMs = elapsedMs(state.watch.dueAt, at);
  state.health.watched(lateMs, state.neighbors.size + state.lost.size, at);
  for (const [peer, silence] of state.neighbors) watchNeighbor(turn, peer, silence);
  state.announcedTickMs = state.health.tickMs(at);
  // A copy, for what is asked again goes to the end.
  for (const [peer, lost] of Array.from(state.lost.entries())) watchLost(turn, peer, lost);
  for (const target of state.suspicions.keys()) review(turn, target);
  scheduleWatch(turn);
}

/** True when so much time has passed over the next watch that this tab must have slept. */
export function hasSlept(turn: Turn): boolean {
  return latenessMs(turn) > turn.state.config.sleptMs;
}

/** How late the next watch is by now, by the clock that says more. */
function latenessMs({ state, at, wall }: Turn): number {
  return Math.max(elapsedMs(state.watch.dueAt, at), wall - state.watch.dueWall);
}

/** After a sleep nobody is accused, and after a long one we come back as another life. Whom nobody knows, nobody missed. */
export function wake(turn: Turn): void {
  const { state } = turn;
  const lateMs = latenessMs(turn);
  doubtAll(turn, lateMs);
  if (lateMs > state.config.newEpochMs && state.roster.size > 1) beginEpoch(turn);
  probe(turn);
  scheduleWatch(turn);
}

/** Whoever has said goodbye is another life when it comes back, however soon. */
export function comeBack(turn: Turn): void {
  doubtAll(turn, latenessMs(turn));
  beginEpoch(turn);
  scheduleWatch(turn);
}

/** What was not heard meanwhile proves nothing. */
function doubtAll(turn: Turn, lateMs: number): void {
  const { state, at, out } = turn;
  if (hasSlept(turn)) out.push({ kind: 'slept', forMs: lateMs });
  state.wokeAt = at;
  state.health.watched(lateMs, state.neighbors.size, at);
  state.lost.clear();
  for (const silence of state.neighbors.values()) silence.restart(at);
  forgetSuspects(turn);
}

/** Asks every neighbor at once whether its link still works. */
export function probe(turn: Turn): void {
  const { state, at, out } = turn;
  out.push({ kind: 'probed' });
  for (const [peer, silence] of state.neighbors) {
    silence.probed(at);
    ping(turn, peer, silence);
  }
}

/**
 * Who could hear nobody was cut off itself, as if asleep. The neighbors that it lost meanwhile could not
 * answer: they are asked again.
 */
function resume(turn: Turn, heard: PeerId): void {
  const { state, at } = turn;
  for (const [peer, silence] of state.neighbors) if (peer !== heard) silence.restart(at);
  // A copy, for what is set again goes to the end.
  const unanswered = [...state.lost.entries()];
  for (const [peer, lost] of unanswered) askLost(turn, peer, { ...lost, quietSince: at });
  forgetSuspects(turn);
}

/** Asks a lost neighbor by another way whether it lives. */
function askLost(turn: Turn, peer: PeerId, lost: Omit<Lost, 'probe' | 'askedAt'>): void {
  ask(turn, peer, { ...lost, probe: takeProbe(turn.state), askedAt: turn.at });
}

function ask({ state, at, out }: Turn, peer: PeerId, lost: Lost): void {
  state.lost.set(peer, { ...lost, askedAt: at });
  out.push({ kind: 'route', to: peer, message: { kind: 'routedPing', probe: lost.probe } });
}

/** Own accusations are taken back, and what others said before must hold for its whole time again. */
function forgetSuspects(turn: Turn): void {
  const { state, at } = turn;
  state.orphans.clear();
  state.heldSince.clear();
  for (const [target, suspicion] of state.suspicions) {
    const rest = restartedWithout(suspicion, state.self, at);
    if (rest) state.suspicions.set(target, rest);
    else endSuspicion(turn, target);
  }
}

function watchNeighbor(turn: Turn, peer: PeerId, silence: Silence): void {
  const { state, at } = turn;
  const tickMs = state.health.tickMs(at);
  if (silence.pingDue(at, tickMs) || tickMs !== state.announcedTickMs) ping(turn, peer, silence);
  if (silence.isSilent(at, tickMs)) turn.out.push({ kind: 'neighborSilent', peer });
  const silentMs = silence.silentMs(at);
  if (silentMs <= state.config.suspectAfterMsMin) return;
  const patienceMs = silence.suspectAfterMs(tickMs);
  if (silentMs <= patienceMs) return;
  // A link may open to one who has just left: no roster names it, so there is nobody to accuse.
  if (!state.roster.get(peer)) return void turn.out.push({ kind: 'strangerSilent', peer });
  if (state.suspicions.has(peer) || silence.mayAccuseAfresh(at, patienceMs)) accuse(turn, peer, silentMs);
}

function watchLost(turn: Turn, peer: PeerId, lost: Lost): void {
  const { state, at } = turn;
  const silentMs = elapsedMs(lost.quietSince, at);
  if (elapsedMs(lost.lostAt, at) > state.config.observerMs) state.lost.delete(peer);
  else if (silentMs > state.config.suspectAfterMsMin) accuse(turn, peer, silentMs);
  else if (elapsedMs(lost.askedAt, at) >= state.config.pingAfterMs) ask(turn, peer, lost);
}
