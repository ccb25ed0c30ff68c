/** The middle and the far end: packets of others are passed on, and those for us delivered once and acknowledged. */
import type { PeerId } from '../base/ids.ts';
import type { RoutingConfig } from './config.ts';
import type { Packet, PacketAck, RoutingMessage } from './messages.ts';
import { onOwnAck } from './origin.ts';
import { drop, markSeen, sayMisbehaved, sendBy, serverUse, type Turn } from './state.ts';
import { findWay, type ServerUse } from './way.ts';

/** How a message came to us. */
export interface Arrival {
  readonly from: PeerId;
  readonly by: 'channel' | 'server';
}

export function onMessage<P>(turn: Turn<P>, arrival: Arrival, message: RoutingMessage<P>): void {
  const { self, config } = turn.state;
  if (!isSound(message, config) || (arrival.by === 'server' && !mayComeByServer(message)))
    return sayMisbehaved(turn, arrival.from, 'bad-packet');
  if (message.kind === 'packetAck')
    return message.to === self ? onOwnAck(turn, arrival.from, message) : relayAck(turn, arrival, message);
  // Who hands us a packet has made it, or has put itself on the trail.
  if ((message.trail.at(-1) ?? message.origin) !== arrival.from)
    return sayMisbehaved(turn, arrival.from, 'forged-hop');
  if (message.origin === self || message.trail.includes(self)) return drop(turn);
  if (message.to === self) return deliver(turn, message);
  return message.flooded ? relayFlood(turn, message) : relay(turn, arrival, message);
}

/** The first copy is delivered; every copy is acknowledged, for an acknowledgement may have been lost. */
function deliver<P>(turn: Turn<P>, packet: Packet<P>): void {
  const first = markSeen(turn, packet);
  const { origin, trail, payload } = packet;
  if (first) turn.effects.push({ kind: 'deliver', origin, trail, hops: trail.length + 1, payload });
  if (packet.delivery === 'acked') acknowledge(turn, packet, first ? 'shortest' : 'trail');
}

/**
 * Back along a shortest path; or along the packet's own trail, when that is all there is or when the
 * packet came again, so that the first acknowledgement seems lost.
 */
function acknowledge<P>(turn: Turn<P>, packet: Packet<P>, path: 'shortest' | 'trail'): void {
  const { self, config, graph, receiptOf } = turn.state;
  const { origin, id, serverMay, trail } = packet;
  const known = graph.hopsTo(origin) !== undefined;
  const route = path === 'shortest' && known ? [] : trail.toReversed();
  const ack: PacketAck = {
    kind: 'packetAck',
    origin: self,
    to: origin,
    id,
    ttl: config.ttl,
    serverMay,
    route,
    receipt: receiptOf(packet.payload),
  };
  const server = serverUse(turn, serverMay, route[0] ?? origin);
  const way = findWay(graph, { to: origin, route, avoid: new Set(), server });
  if (way) sendBy(turn, way, ack);
  else drop(turn);
}

function relay<P>(turn: Turn<P>, arrival: Arrival, packet: Packet<P>): void {
  const { self, graph } = turn.state;
  const { to, route, origin, trail } = packet;
  const way = findWay(graph, {
    to,
    route,
    avoid: new Set([origin, ...trail]),
    server: onwardServerUse(turn, arrival, packet),
  });
  if (packet.ttl <= 1 || !way) return drop(turn);
  sendBy(turn, way, { ...packet, ttl: packet.ttl - 1, trail: [...trail, self] });
}

function relayAck<P>(turn: Turn<P>, arrival: Arrival, ack: PacketAck): void {
  const { to, route } = ack;
  const way = findWay(turn.state.graph, {
    to,
    route,
    avoid: new Set([arrival.from]),
    server: onwardServerUse(turn, arrival, ack),
  });
  if (ack.ttl <= 1 || !way) return drop(turn);
  sendBy(turn, way, { ...ack, ttl: ack.ttl - 1 });
}

/** Each flood is passed on once, by every member, to whoever is not yet on its trail. */
function relayFlood<P>(turn: Turn<P>, packet: Packet<P>): void {
  const { self, config, graph, floodRatesByOrigin } = turn.state;
  const { origin, trail } = packet;
  // One that ends here must not stop a copy that came a shorter way and has hops left.
  if (packet.ttl <= 1) return drop(turn);
  if (!markSeen(turn, packet)) return;
  if (!floodRatesByOrigin.take(origin, turn.at, config.floodsPerOriginMax)) return drop(turn);
  const message = { ...packet, ttl: packet.ttl - 1, trail: [...trail, self] };
  for (const to of graph.neighbors())
    if (to !== origin && !trail.includes(to)) turn.effects.push({ kind: 'send', to, message });
}

/** What the server brought must not go back to it: nobody may use us as its mirror. */
function onwardServerUse<P>(turn: Turn<P>, { by }: Arrival, message: RoutingMessage<P>): ServerUse {
  return by === 'server' ? 'never' : serverUse(turn, message.serverMay, message.route[0] ?? message.to);
}

function mayComeByServer<P>(message: RoutingMessage<P>): boolean {
  return message.serverMay && !(message.kind === 'packet' && message.flooded);
}

/** Each hop takes one from `ttl` and adds one to the trail, so their sum never exceeds the first `ttl`. */
function isSound<P>(message: RoutingMessage<P>, config: RoutingConfig): boolean {
  const { id, ttl, route } = message;
  const { trail, ttlMax } =
    message.kind === 'packet'
      ? { trail: message.trail, ttlMax: message.flooded ? config.floodTtl : config.ttl }
      : { trail: [], ttlMax: config.ttl };
  return (
    Number.isSafeInteger(id) &&
    id > 0 &&
    Number.isInteger(ttl) &&
    ttl >= 1 &&
    ttl + trail.length <= ttlMax &&
    route.length <= config.ttl
  );
}
