/** What the routing layer remembers, and the small steps that all its handlers share. */
import { createBoundedMap, type BoundedMap } from '../base/collections.ts';
import type { PeerId } from '../base/ids.ts';
import type { Receipt } from '../base/receipt.ts';
import type { Rng } from '../base/rng.ts';
import { elapsedMs, type Instant } from '../base/time.ts';
import type { RoutingConfig } from './config.ts';
import { createGraph, type Graph } from './graph.ts';
import type { Packet, RoutingEffect, RoutingMessage, RoutingSnapshot } from './messages.ts';
import { createSeen, type Seen } from './seen.ts';
import { createRates, type Rates } from '../base/rates.ts';
import type { ServerUse, Way } from './way.ts';

export interface RoutingDeps<P> {
  readonly self: PeerId;
  readonly rng: Rng;
  /** What only the reader of a payload knows; `null`: anyone on its way may acknowledge it. */
  readonly receiptOf: (payload: P) => Receipt | null;
}

export interface RoutingState<P> extends RoutingDeps<P> {
  /** A stream of its own for the ids of packets. */
  readonly ids: Rng;
  readonly config: RoutingConfig;
  readonly graph: Graph;
  /** Own `acked` packets, by id; at most `waitingMax`. */
  readonly waitingById: Map<number, Waiting<P>>;
  /** Packets that were delivered here, and floods that were passed on. */
  readonly seen: Seen;
  /** When a member last spoke to us through the server, or was named by it. */
  readonly heardByServerAt: BoundedMap<PeerId, Instant>;
  readonly serverRates: Rates;
  readonly floodRatesByOrigin: Rates;
  readonly floodRatesByTarget: Rates;
  attached: boolean;
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

export function createState<P>(deps: RoutingDeps<P>, config: RoutingConfig): RoutingState<P> {
  return {
    ...deps,
    ids: deps.rng.fork('packet ids'),
    config,
    graph: createGraph(deps.self, config),
    waitingById: new Map(),
    seen: createSeen(config),
    heardByServerAt: createBoundedMap(config.ratesMax),
    serverRates: createRates(config.ratesMax),
    floodRatesByOrigin: createRates(config.ratesMax),
    floodRatesByTarget: createRates(config.ratesMax),
    attached: false,
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

/** No channel leads on, and the server, which might carry it, must be attached to first. */
export function sayNoWay<P>({ state, effects }: Turn<P>, serverMay: boolean): void {
  if (serverMay && !state.attached) effects.push({ kind: 'noWay' });
}

export function sayMisbehaved<P>({ effects }: Turn<P>, peer: PeerId, reason: string): void {
  effects.push({ kind: 'peerMisbehaved', peer, reason });
}

/** Remembers a packet; false when it was already. */
export function markSeen<P>({ state, at }: Turn<P>, { origin, id, payload }: Packet<P>): boolean {
  return state.seen.mark({ origin, id, receipt: state.receiptOf(payload) }, at);
}
