/** Breadth-first searches over the room's graph. Sets of own neighbors are the bits of a number, by order of ids. */
import type { PeerId } from '../base/ids.ts';
import type { EdgesOf } from './edges.ts';

/** What one search finds. */
export interface Search {
  readonly hopsByMember: ReadonlyMap<PeerId, number>;
  /** Which neighbors lie on a shortest path: bit n stands for the n-th in order of ids. */
  readonly firstHopsByMember: ReadonlyMap<PeerId, number>;
}

/** Breadth first from our neighbors outwards. No edge leads back through ourselves, for we name none. */
export function searchFrom(neighbors: readonly PeerId[], edgesOf: EdgesOf): Search {
  const hopsByMember = new Map<PeerId, number>();
  const firstHopsByMember = new Map<PeerId, number>();
  neighbors.forEach((peer, at) => {
    hopsByMember.set(peer, 1);
    firstHopsByMember.set(peer, 1 << at);
  });
  // A map is walked in the order it grows, so it is its own queue.
  for (const [member, hops] of hopsByMember) {
    const firstHops = firstHopsByMember.get(member)!;
    for (const next of edgesOf(member)) {
      const known = hopsByMember.get(next);
      if (known === undefined) hopsByMember.set(next, hops + 1);
      if (known === undefined || known === hops + 1)
        firstHopsByMember.set(next, (firstHopsByMember.get(next) ?? 0) | firstHops);
    }
  }
  return { hopsByMember, firstHopsByMember };
}

/** The graph as one search has found it. */
export interface View {
  readonly search: Search;
  /** Own ones, ascending by id. */
  readonly neighbors: readonly PeerId[];
  readonly edgesOf: EdgesOf;
}

export interface NextHopRequest {
  readonly to: PeerId;
  /** The neighbor to prefer among equals, and to take where no path is known. */
  readonly hinted: PeerId | undefined;
  readonly avoid: ReadonlySet<PeerId>;
}

/** The neighbor on the shortest path to `to` that passes nobody to avoid. */
export function nextHopIn(view: View, { to, hinted, avoid }: NextHopRequest): PeerId | undefined {
  const { search, neighbors } = view;
  const allowed = bitsWithout(neighbors, avoid);
  const shortest = search.firstHopsByMember.get(to);
  if (shortest === undefined) {
    const isAllowed = neighbors.some((peer, at) => peer === hinted && allowed & (1 << at));
    return isAllowed ? hinted : undefined;
  }
  const direct = liesBeyond(search, to, avoid) ? 0 : shortest & allowed;
  const bits = direct || detourBits(view, { to, avoid, allowed });
  return bits === 0 ? undefined : pick(neighbors, bits, hinted);
}

/** Whether somebody to avoid may stand between our neighbors and `to` on one of the shortest paths. */
function liesBeyond({ hopsByMember }: Search, to: PeerId, avoid: ReadonlySet<PeerId>): boolean {
  const hopsTo = hopsByMember.get(to) ?? 0;
  return [...avoid].some((member) => {
    const hops = hopsByMember.get(member) ?? 0;
    return hops > 1 && hops < hopsTo;
  });
}

/** Of the neighbors in `bits`, which are never none: the hinted one, else the lowest id. */
export function pick(neighbors: readonly PeerId[], bits: number, hinted: PeerId | undefined): PeerId {
  const at = neighbors.findIndex((peer) => peer === hinted);
  const lowest = 31 - Math.clz32(bits & -bits);
  return neighbors[at >= 0 && bits & (1 << at) ? at : lowest]!;
}

/** Breadth first from the target back, around everyone to avoid, to the nearest neighbors that are allowed. */
function detourBits(
  { neighbors, edgesOf }: View,
  request: { readonly to: PeerId; readonly avoid: ReadonlySet<PeerId>; readonly allowed: number },
): number {
  const reached = new Set<PeerId>([request.to]);
  let level: readonly PeerId[] = [request.to];
  while (level.length > 0) {
    // Who is no neighbor has index -1 and so bit 31, which is never allowed.
    const bits = level.reduce((sum, id) => sum | (1 << neighbors.indexOf(id)), 0) & request.allowed;
    if (bits !== 0) return bits;
    const around = level.flatMap((id) => [...edgesOf(id)]);
    level = [...new Set(around)].filter((peer) => !reached.has(peer) && !request.avoid.has(peer));
    for (const peer of level) reached.add(peer);
  }
  return 0;
}

/** The bits of all neighbors that are not in `avoid`. */
function bitsWithout(neighbors: readonly PeerId[], avoid: ReadonlySet<PeerId>): number {
  return neighbors.reduce((bits, peer, at) => (avoid.has(peer) ? bits : bits | (1 << at)), 0);
}
