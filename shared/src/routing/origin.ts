/** The sending end: own packets leave, and those to be acknowledged are tried again until they are, or given up. */
import type { PeerId } from '../base/ids.ts';
import type { Packet, PacketAck, RoutingInput } from './messages.ts';
import { drop, sayMisbehaved, sayNoWay, sendBy, serverUse, type Turn, type Waiting } from './state.ts';
import { findWay, type Way } from './way.ts';

/** A retry waits for this many one-way trips: there and back, twice. */
const TRIPS_PER_ATTEMPT: number = 4;
/** Retries of packets sent together drift apart by up to this share of their delay. */
const RETRY_JITTER: number = 0.25;

const NOBODY: ReadonlySet<PeerId> = new Set();

type SendTo<P> = Extract<RoutingInput<P>, { kind: 'sendTo' }>;
type SendAround<P> = Extract<RoutingInput<P>, { kind: 'sendAround' }>;

export function onSendTo<P>(turn: Turn<P>, input: SendTo<P>): void {
  const { state } = turn;
  const acked = input.delivery === 'acked';
  if (input.to === state.self || (acked && state.waitingById.size >= state.config.waitingMax))
    return giveUp(turn, input);
  const packet = packetOf(turn, input);
  const waiting: Waiting<P> = { token: input.token, packet, tried: new Set(), attempt: 1, flooded: false };
  const { to, serverMay } = input;
  const route = input.route ?? [];
  const server = serverUse(turn, serverMay, route[0] ?? to);
  const way = findWay(state.graph, { to, route, avoid: NOBODY, server });
  if (way) sendWaiting(turn, waiting, way);
  else {
    sayNoWay(turn, serverMay);
    // Without a neighbor nothing can change before the retry; with one, a path may yet be heard of.
    const canWait = acked && state.graph.neighbors().length > 0;
    if (!tryFlood(turn, waiting) && !canWait) return giveUp(turn, input);
  }
  if (!acked) return;
  state.waitingById.set(packet.id, waiting);
  scheduleRetry(turn, waiting);
}

/** By a neighbor that is heard, or the server: the target's own channel is what this is about. */
export function onSendAround<P>(turn: Turn<P>, input: SendAround<P>): void {
  const { state } = turn;
  const { to } = input;
  if (to === state.self) return drop(turn);
  const route = input.route ?? [];
  const server = serverUse(turn, true, route[0] ?? to);
  const way = findWay(state.graph, { to, route, avoid: new Set([to, ...input.avoid]), server });
  if (way) sendBy(turn, way, packetOf(turn, { ...input, delivery: 'once', serverMay: true }));
  else drop(turn);
}

/**
 * The target has it. What comes too late, or twice, finds nothing waiting. Who acknowledges a letter without what stands
 * in it has not read it: the letter goes on being tried. `from` brought this, and may have made it or not.
 */
export function onOwnAck<P>(turn: Turn<P>, from: PeerId, ack: PacketAck): void {
  const { state, effects } = turn;
  const waiting = state.waitingById.get(ack.id);
  if (waiting?.packet.to !== ack.origin) return;
  if (ack.receipt !== state.receiptOf(waiting.packet.payload)) return sayMisbehaved(turn, from, 'forged-ack');
  state.waitingById.delete(ack.id);
  effects.push({ kind: 'delivered', token: waiting.token });
}

/** An attempt has had its time: try another way, flood, or give up. */
export function afterRetry<P>(turn: Turn<P>, timer: { readonly id: number; readonly attempt: number }): void {
  const { state, effects } = turn;
  const waiting = state.waitingById.get(timer.id);
  if (waiting?.attempt !== timer.attempt) return;
  if (waiting.attempt >= state.config.attemptsMax) {
    state.waitingById.delete(timer.id);
    effects.push({ kind: 'undeliverable', token: waiting.token });
    return;
  }
  waiting.attempt++;
  if (waiting.attempt !== state.config.floodAttempt || !tryFlood(turn, waiting)) {
    const way = anotherWay(turn, waiting);
    if (way) sendWaiting(turn, waiting, way);
    else {
      sayNoWay(turn, waiting.packet.serverMay);
      tryFlood(turn, waiting);
    }
  }
  scheduleRetry(turn, waiting);
}

function packetOf<P>(
  { state }: Turn<P>,
  input: Pick<SendTo<P>, 'to' | 'delivery' | 'serverMay' | 'payload'>,
): Packet<P> {
  return {
    kind: 'packet',
    origin: state.self,
    to: input.to,
    id: drawId(state),
    ttl: state.config.ttl,
    delivery: input.delivery,
    flooded: false,
    serverMay: input.serverMay,
    route: [],
    trail: [],
    payload: input.payload,
  };
}

/** From 1 to 2^53 - 1, and of no packet that waits. */
function drawId<P>({ ids, waitingById }: Turn<P>['state']): number {
  for (;;) {
    const id = ids.below(2 ** 21) * 2 ** 32 + ids.word();
    if (id > 0 && !waitingById.has(id)) return id;
  }
}

/** A way through none of the first hops tried, or else any. */
function anotherWay<P>(turn: Turn<P>, { packet: { to, serverMay }, tried }: Waiting<P>): Way | undefined {
  const server = serverUse(turn, serverMay, to);
  const { graph } = turn.state;
  return (
    findWay(graph, { to, route: [], avoid: tried, server }) ??
    findWay(graph, { to, route: [], avoid: NOBODY, server })
  );
}

function sendWaiting<P>(turn: Turn<P>, waiting: Waiting<P>, way: Way): void {
  waiting.tried.add(way.hop);
  sendBy(turn, way, waiting.packet);
}

/**
 * A copy to every neighbor: once per packet, for all others pass it on once, and once per target and
 * second. False: none was sent.
 */
function tryFlood<P>({ state, at, effects }: Turn<P>, waiting: Waiting<P>): boolean {
  const { packet, flooded } = waiting;
  const neighbors = state.graph.neighbors();
  if (flooded || neighbors.length === 0 || !state.floodRatesByTarget.take(packet.to, at, 1)) return false;
  waiting.flooded = true;
  const message = { ...packet, flooded: true, ttl: state.config.floodTtl };
  for (const to of neighbors) effects.push({ kind: 'send', to, message });
  return true;
}

function giveUp<P>(turn: Turn<P>, { delivery, token }: SendTo<P>): void {
  if (delivery === 'acked') turn.effects.push({ kind: 'undeliverable', token });
  else drop(turn);
}

function scheduleRetry<P>({ state, effects }: Turn<P>, { packet, attempt }: Waiting<P>): void {
  const { config, graph, rng } = state;
  const hops = graph.hopsTo(packet.to) ?? config.hopsGuess;
  const delayMs = Math.max(config.retryMsMin, TRIPS_PER_ATTEMPT * hops * config.hopMs);
  effects.push({
    kind: 'schedule',
    timer: { kind: 'retry', id: packet.id, attempt },
    afterMs: Math.round(delayMs * (1 + RETRY_JITTER * rng.fraction())),
  });
}
