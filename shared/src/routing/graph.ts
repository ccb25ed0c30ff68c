/**
 * The room's graph as this member knows it. An edge between two others counts when both name it; our own edges
 * are the channels we hold, by our own knowledge alone. Shortest paths are found by one breadth-first search
 * after a change, when somebody asks.
 */
import { assert } from '../base/assert.ts';
import { createBoundedMap } from '../base/collections.ts';
import { compareIds, type PeerId } from '../base/ids.ts';
import { createEdges, type GraphLimits } from './edges.ts';
import { nextHopIn, pick, searchFrom, type Search } from './search.ts';

export interface Graph {
  readonly addNeighbor: (peer: PeerId) => void;
  readonly removeNeighbor: (peer: PeerId) => void;
  readonly isNeighbor: (peer: PeerId) => boolean;
  /** Ascending by id. */
  readonly neighbors: () => readonly PeerId[];
  /** The links that `id` names now. False when the graph is full and `id` is new. */
  readonly setLinks: (id: PeerId, named: readonly PeerId[]) => boolean;
  readonly forget: (id: PeerId) => void;
  /** `neighbor` was first to bring something of `origin`: it breaks ties, and serves where no path is known. */
  readonly hint: (origin: PeerId, neighbor: PeerId) => void;
  /**
   * The neighbor on a shortest path to `to` that passes nobody in `avoid`; where the graph has no path at
   * all, the neighbor of the hint.
   */
  readonly nextHop: (to: PeerId, avoid: ReadonlySet<PeerId>) => PeerId | undefined;
  readonly hopsTo: (to: PeerId) => number | undefined;
  readonly paths: () => Paths;
}

/** Frozen in effect: a change makes new maps. */
export interface Paths {
  readonly hopsByMember: ReadonlyMap<PeerId, number>;
  readonly nextHopByMember: ReadonlyMap<PeerId, PeerId>;
}

/** Makes a graph that knows nobody but `self`. */
export function createGraph(self: PeerId, limits: GraphLimits): Graph {
  const edges = createEdges(self, limits);
  const hintByOrigin = createBoundedMap<PeerId, PeerId>(limits.membersMax);
  let neighbors: readonly PeerId[] = [];
  let search: Search | null = null;
  let paths: Paths | null = null;

  const isNeighbor = (peer: PeerId): boolean => neighbors.includes(peer);
  const changed = (): void => {
    search = null;
    paths = null;
  };
  const setNeighbors = (next: readonly PeerId[]): void => {
    neighbors = next;
    changed();
  };
  const searched = (): Search => (search ??= searchFrom(neighbors, edges.of));

  const choose = (to: PeerId, bits: number): PeerId => pick(neighbors, bits, hintByOrigin.get(to));

  return {
    addNeighbor: (peer) => {
      if (isNeighbor(peer)) return;
      assert(neighbors.length < limits.neighborsMax, `more than ${limits.neighborsMax} neighbors`);
      setNeighbors([...neighbors, peer].toSorted(compareIds));
    },
    removeNeighbor: (peer) => {
      if (isNeighbor(peer)) setNeighbors(neighbors.filter((other) => other !== peer));
    },
    isNeighbor,
    neighbors: () => neighbors,
    setLinks: (id, named) => {
      const outcome = edges.set(id, named);
      if (outcome === 'changed') changed();
      return outcome !== 'full';
    },
    forget: (id) => {
      hintByOrigin.delete(id);
      if (edges.forget(id)) changed();
    },
    hint: (origin, neighbor) => {
      if (hintByOrigin.get(origin) === neighbor) return;
      hintByOrigin.set(origin, neighbor);
      const before = paths?.nextHopByMember.get(origin);
      const bits = search?.firstHopsByMember.get(origin);
      if (bits !== undefined && choose(origin, bits) !== before) paths = null;
    },
    nextHop: (to, avoid) =>
      nextHopIn(
        { search: searched(), neighbors, edgesOf: edges.of },
        { to, hinted: hintByOrigin.get(to), avoid },
      ),
    hopsTo: (to) => searched().hopsByMember.get(to),
    paths: () => {
      if (paths) return paths;
      const { hopsByMember, firstHopsByMember } = searched();
      const nextHops = Array.from(firstHopsByMember, ([to, bits]) => [to, choose(to, bits)] as const);
      return (paths = Object.freeze({ hopsByMember, nextHopByMember: new Map(nextHops) }));
    },
  };
}
