/** How the links of a room hang together: which tabs reach which over open channels, or over links in use. */
import type { PeerId } from '#shared/base/ids.ts';
import type { MeshSnapshot } from '#shared/mesh/node.ts';
import type { SimTab } from './tab.ts';
import type { World } from './world.ts';

/** The connected components that open channels make of these tabs, the largest first. A link counts from either end. */
export function componentsOf<Snapshot>(
  world: Pick<World<Snapshot>, 'neighborsOf'>,
  tabs: readonly SimTab<Snapshot>[],
): SimTab<Snapshot>[][] {
  return componentsBy(tabs, (tab) => world.neighborsOf(tab).keys());
}

/** The same of the links that their nodes use: a parked channel is open, and joins nobody. */
export function componentsInUse(tabs: readonly SimTab<MeshSnapshot>[]): SimTab<MeshSnapshot>[][] {
  return componentsBy(tabs, (tab) => tab.node.inspect().overlay.activeView);
}

function componentsBy<Snapshot>(
  tabs: readonly SimTab<Snapshot>[],
  neighborsOf: (tab: SimTab<Snapshot>) => Iterable<PeerId>,
): SimTab<Snapshot>[][] {
  const tabById = new Map(tabs.map((tab) => [tab.id, tab]));
  const linked = new Map<SimTab<Snapshot>, SimTab<Snapshot>[]>(tabs.map((tab) => [tab, []]));
  for (const tab of tabs) {
    for (const id of neighborsOf(tab)) {
      const other = tabById.get(id);
      if (other === undefined) continue;
      linked.get(tab)?.push(other);
      linked.get(other)?.push(tab);
    }
  }
  const components: SimTab<Snapshot>[][] = [];
  const seen = new Set<SimTab<Snapshot>>();
  for (const tab of tabs) {
    if (seen.has(tab)) continue;
    const component = reach(tab, linked);
    for (const member of component) seen.add(member);
    components.push([...component]);
  }
  return components.toSorted((a, b) => b.length - a.length);
}

function reach<Node>(from: Node, linked: ReadonlyMap<Node, readonly Node[]>): Set<Node> {
  const reached = new Set([from]);
  // A set hands out what is added while it is walked.
  for (const node of reached) for (const other of linked.get(node) ?? []) reached.add(other);
  return reached;
}

/** The share of these tabs, in percent, that are in their largest component; 100 of none. */
export function largestPct<Snapshot>(
  world: Pick<World<Snapshot>, 'neighborsOf'>,
  tabs: readonly SimTab<Snapshot>[],
): number {
  const [largest] = componentsOf(world, tabs);
  return largest === undefined ? 100 : (100 * largest.length) / tabs.length;
}
