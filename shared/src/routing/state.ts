/** What the routing layer remembers, and the small steps that all its handlers share. */
import { createBoundedMap, type BoundedMap } from '../base/collections.ts';
import type { PeerId } from '../base/ids.ts';
import type { Rng } from '../base/rng.ts';
import { elapsedMs, type Instant } from '../base/time.ts';
import type { RoutingConfig } from './config.ts';
import { createGraph, type Graph } from './graph.ts';
import type { Packet, RoutingEffect, RoutingMessage, RoutingSnapshot } from './messages.ts';
import { createRates, type Rates } from '../base/rates.ts';
import type { ServerUse, Way } from './way.ts';

export interface RoutingState<P> {
  readonly self: PeerId;
  readonly rng: Rng;
  readonly config: RoutingConfig;
  readonly graph: Graph;
  /** Own `acked` packets, by id; at most `waitingMax`. */
  readonly waitingById: Map<number, Waiting<P>>;
  /** When a packet was delivered here, or a flood passed on; by origin and id. */
  readonly seenAt: BoundedMap<string, Instant>;
  /** When a member last spoke to us through the server, or was named by it. */
  readonly heardByServerAt: BoundedMap<PeerId, Instant>;
  readonly serverRates: Rates;
  readonly floodRatesByOrigin: Rates;
  readonly floodRatesByTarget: Rates;
  attached: boolean;
  nextId: number;
  dropped: number;
  snapshot: RoutingSnapshot | null;
}

/** An own packet that its target has not acknowledged. */
export interface Waiting<P> {
  readonly token: number;
  readonly packet: Packet<P>;
  /** First hops tried. */
  readonly tried: Set<PeerId>;
  attempt: number;
  flooded: boolean;
}

/** One call of `handle`. */
export interface Turn<P> {
  readonly state: RoutingState<P>;
  readonly at: Instant;
  readonly effects: RoutingEffect<P>[];
}

export function createState<P>(
  deps: { readonly self: PeerId; readonly rng: Rng },
  config: RoutingConfig,
): RoutingState<P> {
  return {
    ...deps,
    config,
    graph: createGraph(deps.self, config),
    waitingById: new Map(),
    seenAt: createBoundedMap(config.seenMax),
    heardByServerAt: createBoundedMap(config.ratesMax),
    serverRates: createRates(config.ratesMax),
    floodRatesByOrigin: createRates(config.ratesMax),
    floodRatesByTarget: createRates(config.ratesMax),
    attached: false,
    nextId: 1,
    dropped: 0,
    snapshot: null,
  };
}

/** Sends a message the chosen way. */
export function sendBy<P>({ effects }: Turn<P>, way: Way, message: RoutingMessage<P>): void {
  const routed = { ...message, route: way.route };
  effects.push({ kind: way.by === 'channel' ? 'send' : 'serverSend', to: way.hop, message: routed });
}

export function drop<P>({ state }: Turn<P>): void {
  state.dropped++;
}

/** `hop`: the next member that the message must reach. */
export function serverUse<P>({ state, at }: Turn<P>, serverMay: boolean, hop: PeerId): ServerUse {
  if (!serverMay || !state.attached) return 'never';
  const heardAt = state.heardByServerAt.get(hop);
  const listensThere = heardAt !== undefined && elapsedMs(heardAt, at) < state.config.serverMemoryMs;
  return listensThere ? 'first' : 'last';
}

/** Remembers a packet; false when it was already. */
export function markSeen<P>({ state, at }: Turn<P>, packet: Packet<P>): boolean {
  const key = `${packet.origin}/${packet.id}`;
  const seenAt = state.seenAt.get(key);
  if (seenAt !== undefined && elapsedMs(seenAt, at) < state.config.seenMs) return false;
  state.seenAt.set(key, at);
  return true;
}
