/** Names, short forms, and a small world of members that route over channels with latency and over a server. */
import { bytesToPeerId, type PeerId } from '#shared/base/ids.ts';
import { bytesToReceipt, RECEIPT_BYTES, type Receipt } from '#shared/base/receipt.ts';
import { createRng, type Rng } from '#shared/base/rng.ts';
import { now } from '#shared/base/time.ts';
import { defaultRoutingConfig, type RoutingConfig } from '#shared/routing/config.ts';
import type {
  Packet,
  PacketAck,
  RoutingEffect,
  RoutingInput,
  RoutingMessage,
} from '#shared/routing/messages.ts';
import { createRouting, type Routing } from '#shared/routing/routing.ts';

export type Input = RoutingInput<string>;
export type Effect = RoutingEffect<string>;
export type Message = RoutingMessage<string>;
type SendTo = Extract<Input, { kind: 'sendTo' }>;

/** Ids in the order of their numbers. */
export const id = (number: number): PeerId =>
  bytesToPeerId(Uint8Array.from({ length: 16 }, (_, at) => (at === 1 ? number : at === 0 ? 0xa0 : 0)));

export const a: PeerId = id(1);
export const b: PeerId = id(2);
export const c: PeerId = id(3);
export const d: PeerId = id(4);
export const e: PeerId = id(5);
export const f: PeerId = id(6);
/** Somebody of whom no graph has heard. */
export const stranger: PeerId = id(250);

export interface Member {
  readonly id: PeerId;
  readonly layer: Routing<string>;
  readonly handle: (input: Input, atMs?: number) => readonly Effect[];
}

/** Only who has read it knows it. */
export const receipt: Receipt = bytesToReceipt(new Uint8Array(RECEIPT_BYTES).fill(7));
/** A payload with that receipt; others have none. */
export const LETTER = 'a letter';

/** The first packet's id is 1, the second's 2. */
function countIds(rng: Rng): Rng {
  let last = 0;
  const counting: Rng = { ...rng, below: () => 0, word: () => (last += 1) };
  return { ...rng, fork: (label) => (label === 'packet ids' ? counting : rng.fork(label)) };
}

export function createMember(
  self: PeerId,
  config: Partial<RoutingConfig> = {},
  rng: Rng = countIds(createRng([7]).fork(self)),
): Member {
  const receiptOf = (payload: string): Receipt | null => (payload === LETTER ? receipt : null);
  const layer = createRouting<string>({ self, rng, receiptOf }, { ...defaultRoutingConfig, ...config });
  return { id: self, layer, handle: (input, atMs = 0) => layer.handle(input, now(atMs)) };
}

/** A member that holds its own channels and has heard of all other edges. */
export function createMemberIn(
  self: PeerId,
  edges: readonly (readonly [PeerId, PeerId])[],
  config: Partial<RoutingConfig> = {},
): Member {
  const member = createMember(self, config);
  const neighborsOf = neighborsIn(edges);
  for (const peer of neighborsOf.get(self) ?? []) member.handle({ kind: 'neighborUp', peer });
  for (const [other, neighbors] of neighborsOf) member.handle({ kind: 'links', id: other, neighbors });
  return member;
}

export function neighborsIn(edges: readonly (readonly [PeerId, PeerId])[]): Map<PeerId, PeerId[]> {
  const neighbors = new Map<PeerId, PeerId[]>();
  for (const [one, other] of edges) {
    neighbors.set(one, [...(neighbors.get(one) ?? []), other]);
    neighbors.set(other, [...(neighbors.get(other) ?? []), one]);
  }
  return neighbors;
}

export const packet = (parts: Partial<Packet<string>>): Packet<string> => ({
  kind: 'packet',
  origin: a,
  to: d,
  id: 1,
  ttl: 16,
  delivery: 'once',
  flooded: false,
  serverMay: false,
  route: [],
  trail: [],
  payload: 'hello',
  ...parts,
});

export const packetAck = (parts: Partial<PacketAck>): PacketAck => ({
  kind: 'packetAck',
  origin: d,
  to: a,
  id: 1,
  ttl: 16,
  serverMay: false,
  route: [],
  receipt: null,
  ...parts,
});

export const sendTo = (to: PeerId, parts: Partial<SendTo> = {}): SendTo => ({
  kind: 'sendTo',
  to,
  route: null,
  delivery: 'once',
  serverMay: false,
  token: 1,
  payload: 'hello',
  ...parts,
});

export const from = (peer: PeerId, message: Message): Input => ({ kind: 'message', from: peer, message });
export const byServer = (peer: PeerId, message: Message): Input => ({
  kind: 'serverMessage',
  from: peer,
  message,
});
export const retry = (packetId: number, attempt: number): Input => ({
  kind: 'timer',
  timer: { kind: 'retry', id: packetId, attempt },
});
export const send = (to: PeerId, message: Message): Effect => ({ kind: 'send', to, message });
export const misbehaved = (peer: PeerId, reason: string): Effect => ({
  kind: 'peerMisbehaved',
  peer,
  reason,
});

/** To whom a message went, by channel or server. */
export const hopsOf = (effects: readonly Effect[]): PeerId[] =>
  effects.flatMap((effect) => (effect.kind === 'send' || effect.kind === 'serverSend' ? [effect.to] : []));

/** `n` members on a ring, with random chords besides: connected even when many edges go. */
export function randomEdges(ids: readonly PeerId[], chords: number, rng: Rng): [PeerId, PeerId][] {
  const edges = ids.map((one, at): [PeerId, PeerId] => [one, ids[(at + 1) % ids.length]!]);
  const known = new Set(edges.flatMap(([one, other]) => [one + other, other + one]));
  while (edges.length < ids.length + chords) {
    const [one, other] = rng.sample(ids, 2);
    if (one === undefined || other === undefined || known.has(one + other)) continue;
    known.add(one + other).add(other + one);
    edges.push([one, other]);
  }
  return edges;
}
