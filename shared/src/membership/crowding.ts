/**
 * A full roster. Names cost nothing, so whoever invents members could fill it and keep every newcomer out: those give
 * way whom nobody in reach names as a neighbor, as an orphan is told from others.
 */
import { elapsedMs } from '../base/time.ts';
import { findWatched } from './orphans.ts';
import { forgetMember } from './standing.ts';
import type { Turn } from './state.ts';

/**
 * Whether one more member may be admitted. Where there is no room, some are let go that nobody names, the longest known
 * first: who has just come may yet be named. To look for them is a walk over all links of the room, so that it is
 * done at most once in `crowdedMs`.
 */
export function makeRoom(turn: Turn): boolean {
  const { state, at } = turn;
  const { roster, config } = state;
  if (!roster.isFull()) return true;
  if (state.crowdedAt !== null && elapsedMs(state.crowdedAt, at) < config.crowdedMs) return false;
  state.crowdedAt = at;
  const watched = findWatched(state);
  const unnamed = [...roster.members.keys()].filter((id) => !watched.has(id));
  for (const id of unnamed.slice(0, Math.ceil(config.membersMax * ROOM_SHARE))) forgetMember(turn, id);
  return !roster.isFull();
}

/** Of the roster, made free at once. More: fewer walks in a flood, more that must be told anew; an honest room is never full. */
const ROOM_SHARE = 1 / 16;
