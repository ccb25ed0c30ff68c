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

const NOBODY: readonly PeerId[] = [];

/**
 * The edges among others; those that touch `self` are none of theirs to tell. Lists of their size, for they are short
 * and N members keep N times N of them; those that were named are the record's own.
 */
export function createEdges(self: PeerId, limits: GraphLimits): Edges {
  const namedById = new Map<PeerId, readonly PeerId[]>();
  const edgesById = new Map<PeerId, readonly PeerId[]>();

  const add = (from: PeerId, to: PeerId): void => {
    const ends = edgesById.get(from) ?? NOBODY;
    if (!ends.includes(to)) edgesById.set(from, [...ends, to]);
  };
  const join = (a: PeerId, b: PeerId): void => {
    add(a, b);
    add(b, a);
  };
  const remove = (from: PeerId, to: PeerId): boolean => {
    const ends = edgesById.get(from);
    const at = ends?.indexOf(to) ?? -1;
    if (ends === undefined || at < 0) return false;
    edgesById.set(from, ends.toSpliced(at, 1));
    return true;
  };
  const part = (a: PeerId, b: PeerId): boolean => {
    remove(b, a);
    return remove(a, b);
  };

  return {
    of: (id) => edgesById.get(id) ?? NOBODY,
    set: (id, named) => {
      if (id === self) return 'same';
      const old = namedById.get(id);
      if (!old && namedById.size >= limits.membersMax) return 'full';
      const isSound = named.length <= limits.linksPerMemberMax && !named.includes(id);
      const now = isSound ? named : named.slice(0, limits.linksPerMemberMax).filter((peer) => peer !== id);
      namedById.set(id, now);
      let outcome: 'changed' | 'same' = 'same';
      for (const peer of old ?? NOBODY) if (!now.includes(peer) && part(id, peer)) outcome = 'changed';
      for (const peer of now) {
        if (old?.includes(peer) || !namedById.get(peer)?.includes(id)) continue;
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
