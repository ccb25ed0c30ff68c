/**
 * Orphans: members that no live member names as a neighbor, whose crash no observer would see. The
 * three members nearest to an orphan's id, by hash, ping it through the mesh.
 */
import { compareHashes, hashText, xorHashes, type Hash64 } from '../base/hash.ts';
import type { PeerId } from '../base/ids.ts';
import { elapsedMs } from '../base/time.ts';
import { accuse, review } from './accusing.ts';
import { linksSpacingMs } from './own.ts';
import type { Member } from './roster.ts';
import { scheduleOrphans, takeProbe, type Orphan, type State, type Turn, type WatchBasis } from './state.ts';

export function afterOrphans(turn: Turn, token: number): void {
  const { state, at } = turn;
  if (token !== state.orphanWatch.token) return;
  const earlyMs = elapsedMs(at, state.orphanWatch.dueAt);
  if (earlyMs > 0) return scheduleOrphans(turn, earlyMs);
  state.roster.expire(at);
  const ours = new Set(findOurOrphans(turn));
  for (const id of state.orphans.keys()) if (!ours.has(id)) state.orphans.delete(id);
  for (const id of ours) watchOrphan(turn, id);
  scheduleOrphans(turn, state.config.orphansMs);
}

/** The answer to a routed ping: proof of life, of an orphan or of a neighbor that we lost. */
export function onRoutedAck(turn: Turn, from: PeerId, probe: number): void {
  const { state, at } = turn;
  const isLost = state.lost.get(from)?.probe === probe;
  if (isLost) state.lost.delete(from);
  const orphan = state.orphans.get(from);
  const isOrphan = orphan?.probe === probe;
  // Its next silence is another one, and may be doubted anew.
  if (isLost || isOrphan) state.heldSince.delete(from);
  if (!isOrphan) return;
  state.orphans.set(from, { ...orphan, unanswered: 0, quietSince: at, answeredAt: at });
  review(turn, from);
}

function watchOrphan(turn: Turn, id: PeerId): void {
  const { state, at, out } = turn;
  const orphan: Orphan = state.orphans.get(id) ?? {
    probe: 0,
    unanswered: 0,
    quietSince: at,
    answeredAt: null,
  };
  if (!state.orphans.has(id) && state.orphans.size >= state.config.orphansMax) return;
  const probe = takeProbe(state);
  state.orphans.set(id, { ...orphan, probe, unanswered: orphan.unanswered + 1 });
  out.push({ kind: 'route', to: id, message: { kind: 'routedPing', probe } });
  if (orphan.unanswered >= state.config.orphanMisses) accuse(turn, id, elapsedMs(orphan.quietSince, at));
}

/** Orphans of which we are among the nearest. Those who may watch are ourselves and all who are well and watched. */
function findOurOrphans(turn: Turn): readonly PeerId[] {
  const { state, at } = turn;
  const basis = basisOf(state);
  if (state.allWatched !== null && isSameBasis(state.allWatched, basis)) return [];
  const watched = findWatched(state);
  state.allWatched = isEveryoneIn(watched, state) ? basis : null;
  const knownMs = Math.max(state.config.orphanKnownMs, 2 * linksSpacingMs(state));
  const orphans: Member[] = [];
  const watchers: Hash64[] = [];
  for (const [id, member] of state.roster.members) {
    if (id === state.self) continue;
    if (watched.has(id)) {
      if (!state.suspicions.has(id)) watchers.push(member.hash);
    } else if (elapsedMs(member.knownSince, at) > knownMs) orphans.push(member);
  }
  const own = hashText(state.self);
  return orphans
    .filter((orphan) => isAmongNearest(orphan.hash, own, watchers, state.config.orphanWatchers))
    .map((orphan) => orphan.identity.id);
}

function basisOf({ roster, neighbors, suspicions }: State): WatchBasis {
  return { roster: roster.changes(), neighbors: [...neighbors.keys()], suspects: [...suspicions.keys()] };
}

function isSameBasis(a: WatchBasis, b: WatchBasis): boolean {
  return a.roster === b.roster && isSameList(a.neighbors, b.neighbors) && isSameList(a.suspects, b.suspects);
}

function isSameList(a: readonly PeerId[], b: readonly PeerId[]): boolean {
  return a.length === b.length && a.every((id, at) => id === b[at]);
}

function isEveryoneIn(watched: ReadonlySet<PeerId>, { roster }: State): boolean {
  for (const id of roster.members.keys()) if (!watched.has(id)) return false;
  return true;
}

/**
 * Who is named by a live unsuspected member, over an edge that both ends name. Alive is, beyond our
 * neighbors, only who is so named itself: else the far side of a parted room would vouch for itself.
 */
export function findWatched(state: State): ReadonlySet<PeerId> {
  const watched = new Set<PeerId>([state.self, ...state.neighbors.keys()]);
  // A set hands out what is added while it is walked.
  for (const id of watched) {
    if (id === state.self || state.suspicions.has(id)) continue;
    for (const other of state.roster.get(id)?.links?.neighbors ?? []) {
      // Most are known to be by then, and looking them up is what takes time in a large room.
      if (!watched.has(other) && state.roster.get(other)?.links?.neighbors.includes(id)) watched.add(other);
    }
  }
  return watched;
}

function isAmongNearest(target: Hash64, own: Hash64, others: readonly Hash64[], count: number): boolean {
  let nearer = 0;
  for (const other of others) {
    if (isNearer(target, other, own)) nearer += 1;
    if (nearer >= count) return false;
  }
  return true;
}

function isNearer(target: Hash64, a: Hash64, b: Hash64): boolean {
  return compareHashes(xorHashes(target, a), xorHashes(target, b)) < 0;
}
