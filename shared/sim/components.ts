/** How the links of a room hang together: which tabs reach which over open channels. */
import type { SimTab } from './tab.ts';
import type { World } from './world.ts';

/** The connected components that open channels make of these tabs, the largest first. A link counts from either end. */
export function componentsOf<Snapshot>(
  world: Pick<World<Snapshot>, 'neighborsOf' | 'tabOf'>,
  tabs: readonly SimTab<Snapshot>[],
): SimTab<Snapshot>[][] {
  const wanted = new Set(tabs);
  const linked = new Map<SimTab<Snapshot>, SimTab<Snapshot>[]>(tabs.map((tab) => [tab, []]));
  for (const tab of tabs) {
    for (const id of world.neighborsOf(tab).keys()) {
      const other = world.tabOf(id);
      if (other === undefined || !wanted.has(other)) continue;
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
  world: Pick<World<Snapshot>, 'neighborsOf' | 'tabOf'>,
  tabs: readonly SimTab<Snapshot>[],
): number {
  const [largest] = componentsOf(world, tabs);
  return largest === undefined ? 100 : (100 * largest.length) / tabs.length;
}
