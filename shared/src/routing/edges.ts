/** The edges among other members: what each names, and what both ends name. Our own edges are not kept here. */
import type { PeerId } from '../base/ids.ts';

export interface GraphLimits {
  readonly membersMax: number;
  readonly linksPerMemberMax: number;
  /** At most 30: neighbors are the bits of one number. */
  readonly neighborsMax: number;
}

/** The other ends of the edges of a member that both ends name. */
export type EdgesOf = (id: PeerId) => Iterable<PeerId>;

export interface Edges {
  readonly of: EdgesOf;
  readonly set: (id: PeerId, named: readonly PeerId[]) => 'changed' | 'same' | 'full';
  /** Tells whether an edge went with it. */
  readonly forget: (id: PeerId) => boolean;
}

const NOBODY: ReadonlySet<PeerId> = new Set();

/** The edges among others; those that touch `self` are none of theirs to tell. */
export function createEdges(self: PeerId, limits: GraphLimits): Edges {
  const namedById = new Map<PeerId, ReadonlySet<PeerId>>();
  const edgesById = new Map<PeerId, Set<PeerId>>();

  const join = (a: PeerId, b: PeerId): void => {
    for (const [from, to] of [
      [a, b],
      [b, a],
    ] as const) {
      const ends = edgesById.get(from) ?? new Set();
      edgesById.set(from, ends.add(to));
    }
  };
  const part = (a: PeerId, b: PeerId): boolean => {
    edgesById.get(b)?.delete(a);
    return edgesById.get(a)?.delete(b) ?? false;
  };

  return {
    of: (id) => edgesById.get(id) ?? NOBODY,
    set: (id, named) => {
      if (id === self) return 'same';
      const old = namedById.get(id);
      if (!old && namedById.size >= limits.membersMax) return 'full';
      const now = new Set(named.slice(0, limits.linksPerMemberMax).filter((peer) => peer !== id));
      namedById.set(id, now);
      let outcome: 'changed' | 'same' = 'same';
      for (const peer of old ?? NOBODY) if (!now.has(peer) && part(id, peer)) outcome = 'changed';
      for (const peer of now) {
        if (old?.has(peer) || !namedById.get(peer)?.has(id)) continue;
        join(id, peer);
        outcome = 'changed';
      }
      return outcome;
    },
    forget: (id) => {
      namedById.delete(id);
      const ends = [...(edgesById.get(id) ?? NOBODY)];
      for (const peer of ends) part(id, peer);
      edgesById.delete(id);
      return ends.length > 0;
    },
  };
}
