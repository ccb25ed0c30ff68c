/**
 * Routing: the way to a member to whom no channel is held. Every member holds the room's graph (the
 * links records of the roster), so the next hop is on a shortest path over edges that both ends name.
 * `P` is the payload, which this layer never looks into.
 *
 * A packet may instead carry the hops it must take (`route`): a newcomer that no roster knows yet is
 * answered along the trail its request left. Where no path exists, the server carries a packet whose
 * payload may go that way; last comes a bounded flood, one per target a second.
 */
import type { PeerMisbehaved, Schedule, Send } from '../base/effects.ts';
import type { PeerId } from '../base/ids.ts';
import type { Receipt } from '../base/receipt.ts';

/** Travels over a channel between neighbors, or inside a signal through the server. */
export type RoutingMessage<P> = Packet<P> | PacketAck;

export interface Packet<P> {
  readonly kind: 'packet';
  readonly origin: PeerId;
  readonly to: PeerId;
  /** Drawn at random by the origin, so that who has not seen the packet cannot name it; the receiver delivers an id once. */
  readonly id: number;
  /** Hops the packet may still take. */
  readonly ttl: number;
  /**
   * - `once`: no acknowledgement; the payload's own protocol has timers.
   * - `acked`: acknowledged end to end, tried again on another path, delivered once.
   */
  readonly delivery: 'once' | 'acked';
  /** Copied to every neighbor rather than sent along a path. */
  readonly flooded: boolean;
  /** The server may carry it where no channel leads on. */
  readonly serverMay: boolean;
  /** Hops still to take before `to`, nearest first; empty: take a shortest path. */
  readonly route: readonly PeerId[];
  /** Members passed, the origin's next hop first; neither origin nor target is in it. At most 16. */
  readonly trail: readonly PeerId[];
  readonly payload: P;
}

/** The packet `id` of `to` has arrived; travels back to `to`. */
export interface PacketAck {
  readonly kind: 'packetAck';
  readonly origin: PeerId;
  readonly to: PeerId;
  readonly id: number;
  readonly ttl: number;
  /** As the packet's own. */
  readonly serverMay: boolean;
  /** Hops still to take before `to`, nearest first; empty: take a shortest path. */
  readonly route: readonly PeerId[];
  /** The payload's, where it has one: then whoever lacks it has not read the packet, and cannot acknowledge it. */
  readonly receipt: Receipt | null;
}

export type RoutingTimer =
  /** An `acked` packet has had its time. */
  { readonly kind: 'retry'; readonly id: number; readonly attempt: number };

export type RoutingInput<P> =
  | { readonly kind: 'message'; readonly from: PeerId; readonly message: RoutingMessage<P> }
  /** The server brought it; `from` is the attached member that handed it in. */
  | { readonly kind: 'serverMessage'; readonly from: PeerId; readonly message: RoutingMessage<P> }
  /**
   * Send to one member. `route`: hops to take, or `null` to find the way. `token` comes back in `delivered`
   * or `undeliverable` when `delivery` is `acked`. `serverMay`: the server may carry it.
   */
  | {
      readonly kind: 'sendTo';
      readonly to: PeerId;
      readonly route: readonly PeerId[] | null;
      readonly delivery: 'once' | 'acked';
      readonly serverMay: boolean;
      readonly token: number;
      readonly payload: P;
    }
  /** Send once to a member whose channel, and those to the neighbors in `avoid`, may lead nowhere. The server may carry it. */
  | {
      readonly kind: 'sendAround';
      readonly to: PeerId;
      readonly route: readonly PeerId[] | null;
      readonly avoid: readonly PeerId[];
      readonly payload: P;
    }
  | { readonly kind: 'neighborUp'; readonly peer: PeerId }
  | { readonly kind: 'neighborDown'; readonly peer: PeerId }
  /** A member's links record changed: these are the neighbors it names. */
  | { readonly kind: 'links'; readonly id: PeerId; readonly neighbors: readonly PeerId[] }
  /** A neighbor brought a broadcast of this origin first: a hint at the way to it. */
  | { readonly kind: 'heardVia'; readonly origin: PeerId; readonly neighbor: PeerId }
  | { readonly kind: 'forget'; readonly id: PeerId }
  | { readonly kind: 'serverAttached' }
  /** The server named these members: they are attached, so they listen there. */
  | { readonly kind: 'serverNamed'; readonly peers: readonly PeerId[] }
  | { readonly kind: 'serverDetached' }
  | { readonly kind: 'timer'; readonly timer: RoutingTimer };

export type RoutingEffect<P> =
  | Send<RoutingMessage<P>>
  | Schedule<RoutingTimer>
  | PeerMisbehaved
  | { readonly kind: 'serverSend'; readonly to: PeerId; readonly message: RoutingMessage<P> }
  /** Only the server could carry what is to be sent, and we are not attached. */
  | { readonly kind: 'noWay' }
  /** `trail`: members passed, origin's side first. `hops`: channels crossed. */
  | {
      readonly kind: 'deliver';
      readonly origin: PeerId;
      readonly trail: readonly PeerId[];
      readonly hops: number;
      readonly payload: P;
    }
  | { readonly kind: 'delivered'; readonly token: number }
  | { readonly kind: 'undeliverable'; readonly token: number };

export interface RoutingSnapshot {
  /** Channels to cross to reach each member known to the graph. */
  readonly hopsByMember: ReadonlyMap<PeerId, number>;
  /** Next hop on a shortest path. */
  readonly nextHopByMember: ReadonlyMap<PeerId, PeerId>;
  readonly waitingForAck: number;
  /** Packets and acknowledgements let go since the start: no way, no hops left, a loop, over a quota, not sound. */
  readonly dropped: number;
}
