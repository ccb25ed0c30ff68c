/** Shortest paths over open channels: no message can be everywhere sooner. */
import type { PeerId } from '#shared/base/ids.ts';
import { createAgenda } from './agenda.ts';

/** Latency by neighbor of each member. */
export type LatenciesOf = (id: PeerId) => ReadonlyMap<PeerId, number>;

/** By member that can be reached, how long the quickest way from `source` takes (Dijkstra); the source takes 0. */
export function quickestWays(source: PeerId, latenciesOf: LatenciesOf): ReadonlyMap<PeerId, number> {
  const takesMs = new Map<PeerId, number>();
  const agenda = createAgenda();
  const reach = (id: PeerId, ms: number): void => {
    if (takesMs.has(id)) return;
    takesMs.set(id, ms);
    for (const [neighbor, latencyMs] of latenciesOf(id)) {
      if (!takesMs.has(neighbor)) agenda.add(ms + latencyMs, () => reach(neighbor, ms + latencyMs));
    }
  };
  agenda.add(0, () => reach(source, 0));
  while (agenda.size() > 0) agenda.step();
  return takesMs;
}

/** When the last of those who can be reached has been. */
export function lastOfWays(takesMs: ReadonlyMap<PeerId, number>): number {
  let last = 0;
  for (const ms of takesMs.values()) last = Math.max(last, ms);
  return last;
}
