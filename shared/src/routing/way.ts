/** The choice of a way: which channel, or the server, brings a packet nearer to its target. */
import type { PeerId } from '../base/ids.ts';
import type { Graph } from './graph.ts';

/**
 * Whether the server may take the packet from here.
 * - `never`: the packet forbids it, it came that way, or we are not attached.
 * - `last`: when no path is known.
 * - `first`: when the next hop is no neighbor; it asked us over the server, so that is where it listens.
 */
export type ServerUse = 'never' | 'last' | 'first';

export interface WayRequest {
  readonly to: PeerId;
  /** Hops to take before `to`, nearest first. */
  readonly route: readonly PeerId[];
  /** Members that the packet must not meet (again). */
  readonly avoid: ReadonlySet<PeerId>;
  readonly server: ServerUse;
}

/** `route`: what of the route is left for the hop. */
export interface Way {
  readonly by: 'channel' | 'server';
  readonly hop: PeerId;
  readonly route: readonly PeerId[];
}

/**
 * A hop of the route that is no neighbor (any more) is reached along a shortest path, and stays on the
 * route until somebody hands it the packet; where it cannot be reached, the rest of the route is skipped.
 */
export function findWay(graph: Graph, { to, route, avoid, server }: WayRequest): Way | undefined {
  const target = route[0] ?? to;
  const rest = route.slice(1);
  if (graph.isNeighbor(target) && !avoid.has(target)) return { by: 'channel', hop: target, route: rest };
  if (server === 'first') return { by: 'server', hop: target, route: rest };
  const towards = graph.nextHop(target, avoid);
  if (towards !== undefined) return { by: 'channel', hop: towards, route };
  const skipping = route.length > 0 ? graph.nextHop(to, avoid) : undefined;
  if (skipping !== undefined) return { by: 'channel', hop: skipping, route: [] };
  return server === 'last' ? { by: 'server', hop: target, route: rest } : undefined;
}
