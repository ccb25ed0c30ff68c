/** One layer alone, members by letter, and short words for messages. */
import { type Broadcast, createBroadcast } from '#shared/broadcast/broadcast.ts';
import { type BroadcastConfig, defaultBroadcastConfig } from '#shared/broadcast/config.ts';
import type {
  BroadcastEffect,
  BroadcastInput,
  BroadcastMessage,
  BroadcastTimer,
  Gossip,
  Head,
  Vector,
  VectorHead,
} from '#shared/broadcast/messages.ts';
import { epoch, type PeerId } from '#shared/base/ids.ts';
import { createRng } from '#shared/base/rng.ts';
import { now } from '#shared/base/time.ts';
import { numberToPeerId } from './world.ts';

export const self: PeerId = numberToPeerId(1);
export const a: PeerId = numberToPeerId(10);
export const b: PeerId = numberToPeerId(11);
export const c: PeerId = numberToPeerId(12);
export const o: PeerId = numberToPeerId(20);
/** Has used up its quota. */
export const LOUD: PeerId = numberToPeerId(21);

export type Effect = BroadcastEffect<string>;

export interface Bench {
  readonly layer: Broadcast<string>;
  /** Hands in one input at an instant; answers without the timers that every first neighbor and memory bring. */
  readonly give: (atMs: number, input: BroadcastInput<string>) => readonly Effect[];
  readonly from: (atMs: number, peer: PeerId, message: BroadcastMessage<string>) => readonly Effect[];
  readonly timer: (atMs: number, timer: BroadcastTimer) => readonly Effect[];
  readonly sweep: (atMs: number) => readonly Effect[];
}

/** What every node floods. */
export const URGENT = 'urgent';

/** What a volatile message begins with that nobody vouches for; all others are anchors. */
export const UNPROVEN = 'unproven';

/** A layer with these neighbors that has begun, by an empty vector of the first. */
export function createBench(
  peers: readonly PeerId[],
  changes: Partial<BroadcastConfig> = {},
  /** Everybody is a member, unless named; over its quota is one, unless others are. */
  {
    members,
    loud = new Set([LOUD]),
  }: { readonly members?: readonly PeerId[]; readonly loud?: Set<PeerId> } = {},
): Bench {
  /** Forgotten, and never to return. */
  const gone = new Set<PeerId>();
  const deps = {
    self,
    epoch: epoch(1),
    rng: createRng([5]),
    maySay: ({ payload }: Gossip<string>) => payload !== FORGED,
    overspender: (origin: PeerId) => (loud.has(origin) ? origin : undefined),
    isUrgent: (payload: string) => payload === URGENT,
    isAnchor: (payload: string) => !payload.startsWith(UNPROVEN),
    isMember: (origin: PeerId) => !gone.has(origin) && (members?.includes(origin) ?? true),
    sizeOf: (text: string) => text.length,
  };
  const layer = createBroadcast<string>(deps, { ...defaultBroadcastConfig, ...changes });
  let sweepTimer: BroadcastTimer | null = null;
  const give = (atMs: number, input: BroadcastInput<string>): readonly Effect[] => {
    if (input.kind === 'forget') gone.add(input.origin);
    const effects = layer.handle(input, now(atMs)).filter((effect) => !isBegin(effect));
    for (const effect of effects)
      if (isSweep(effect) && effect.kind === 'schedule') sweepTimer = effect.timer;
    return effects.filter((effect) => !isSweep(effect));
  };
  const from = (atMs: number, peer: PeerId, message: BroadcastMessage<string>): readonly Effect[] =>
    give(atMs, { kind: 'message', from: peer, message });
  for (const peer of peers) give(0, { kind: 'neighborUp', peer });
  if (peers[0] !== undefined) from(0, peers[0], { kind: 'vector', heads: [], begun: true, last: true });
  return {
    layer,
    give,
    from,
    timer: (atMs, timer) => give(atMs, { kind: 'timer', timer }),
    sweep: (atMs) => (sweepTimer === null ? [] : give(atMs, { kind: 'timer', timer: sweepTimer })),
  };
}

/** What nobody may say. */
export const FORGED = 'forged';

/** A message of `o`; hot and reliable unless said otherwise. */
export function gossip(seq: number, changes: Partial<Gossip<string>> = {}): Gossip<string> {
  const name = { origin: o, epoch: epoch(1), lane: 'reliable', seq } as const;
  return {
    kind: 'gossip',
    ...name,
    hot: true,
    round: 0,
    ageMs: 0,
    follows: null,
    proof: null,
    payload: `m${seq}`,
    ...changes,
  };
}

export function head(seq: number, changes: Partial<Head> = {}): Head {
  return { origin: o, epoch: epoch(1), lane: 'reliable', seq, ...changes };
}

/** A head of a vector whose sender can give everything, unless said otherwise. */
export function vectorHead(seq: number, changes: Partial<VectorHead> = {}): VectorHead {
  return { ...head(seq), from: 1, ...changes };
}

/** A whole vector of one who has begun. */
export function vector(...heads: readonly VectorHead[]): Vector {
  return { kind: 'vector', heads, begun: true, last: true };
}

export function ihave(...heads: readonly Head[]): BroadcastMessage<string> {
  return { kind: 'ihave', heads };
}

export function send(to: PeerId, message: BroadcastMessage<string>): Effect {
  return { kind: 'send', to, message };
}

export function schedule(timer: BroadcastTimer, afterMs: number): Effect {
  return { kind: 'schedule', timer, afterMs };
}

/** `message` delivered, brought by `from`. */
export function deliver(
  from: PeerId,
  { origin, epoch: life, lane, seq, round, payload }: Gossip<string>,
): Effect {
  return { kind: 'deliver', origin, epoch: life, lane, seq, hops: round + 1, from, payload };
}

/** `message` as it is sent on, at once or when it has been kept for so long. */
export function onward(message: Gossip<string>, ageMs: number = message.ageMs): Gossip<string> {
  return { ...message, round: message.round + 1, ageMs };
}

export function misbehaved(peer: PeerId, reason: string): Effect {
  return { kind: 'peerMisbehaved', peer, reason };
}

function isBegin(effect: Effect): boolean {
  return effect.kind === 'schedule' && effect.timer.kind === 'begin';
}

function isSweep(effect: Effect): boolean {
  return effect.kind === 'schedule' && effect.timer.kind === 'sweep';
}
