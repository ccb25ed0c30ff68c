/**
 * Several broadcast layers and nothing else: links with a fixed latency each, in virtual time. What is
 * under way when a link goes is lost with it; else nothing is lost and each link keeps its order.
 */
import { type Broadcast, createBroadcast } from '#shared/broadcast/broadcast.ts';
import { defaultBroadcastConfig } from '#shared/broadcast/config.ts';
import type { BroadcastEffect, BroadcastInput, Lane } from '#shared/broadcast/messages.ts';
import { bytesToPeerId, epoch, type PeerId } from '#shared/base/ids.ts';
import { createRng, type Rng } from '#shared/base/rng.ts';
import { now } from '#shared/base/time.ts';

export interface Delivery {
  readonly atMs: number;
  readonly origin: PeerId;
  readonly lane: Lane;
  readonly seq: number;
  readonly payload: string;
}

type Told = Exclude<BroadcastEffect<string>, { readonly kind: 'send' | 'schedule' }>;

interface Due {
  readonly atMs: number;
  readonly order: number;
  readonly run: () => void;
}

export interface World {
  readonly rng: Rng;
  readonly nowMs: () => number;
  readonly peers: () => readonly PeerId[];
  readonly add: () => PeerId;
  /** The node vanishes; its neighbors are told at once. */
  readonly remove: (peer: PeerId) => void;
  readonly link: (a: PeerId, b: PeerId, latencyMs: number) => void;
  readonly unlink: (a: PeerId, b: PeerId) => void;
  readonly links: () => readonly (readonly [PeerId, PeerId])[];
  readonly input: (peer: PeerId, input: BroadcastInput<string>) => void;
  readonly say: (peer: PeerId, lane: Lane, payload: string) => void;
  readonly runFor: (ms: number) => void;
  readonly deliveries: (peer: PeerId) => readonly Delivery[];
  /** Effects other than sends, timers and deliveries, of all nodes. */
  readonly told: () => readonly Told[];
  readonly layer: (peer: PeerId) => Broadcast<string>;
  /** Frames under way and timers to come, of all nodes. */
  readonly pendingCount: () => number;
  /** Gossip frames sent by all nodes that live. */
  readonly gossipSent: () => number;
}

export function createWorld(seed: number): World {
  const rng = createRng([seed, 77]);
  const layers = new Map<PeerId, Broadcast<string>>();
  const deliveriesByPeer = new Map<PeerId, Delivery[]>();
  const linkByName = new Map<
    string,
    { readonly a: PeerId; readonly b: PeerId; readonly latencyMs: number }
  >();
  const told: Told[] = [];
  const queue = createQueue();
  let count = 0;
  let clockMs = 0;

  const handle = (peer: PeerId, input: BroadcastInput<string>): void => {
    const effects = layers.get(peer)?.handle(input, now(clockMs)) ?? [];
    for (const effect of effects) carryOut(peer, effect);
  };
  const carryOut = (peer: PeerId, effect: BroadcastEffect<string>): void => {
    if (effect.kind === 'send')
      return transmit(peer, effect.to, { kind: 'message', from: peer, message: effect.message });
    if (effect.kind === 'schedule') {
      return queue.push(clockMs + effect.afterMs, () => handle(peer, { kind: 'timer', timer: effect.timer }));
    }
    if (effect.kind !== 'deliver') return void told.push(effect);
    const { origin, lane, seq, payload } = effect;
    deliveriesByPeer.get(peer)?.push({ atMs: clockMs, origin, lane, seq, payload });
  };
  const transmit = (from: PeerId, to: PeerId, input: BroadcastInput<string>): void => {
    const link = linkByName.get(nameOf(from, to));
    if (link === undefined) return;
    queue.push(clockMs + link.latencyMs, () => {
      if (linkByName.get(nameOf(from, to)) === link) handle(to, input);
    });
  };
  const unlink = (a: PeerId, b: PeerId): void => {
    if (!linkByName.delete(nameOf(a, b))) return;
    handle(a, { kind: 'neighborDown', peer: b });
    handle(b, { kind: 'neighborDown', peer: a });
  };

  return {
    rng,
    nowMs: () => clockMs,
    peers: () => [...layers.keys()],
    add: () => {
      count += 1;
      const peer = numberToPeerId(count);
      const deps = {
        self: peer,
        epoch: epoch(1),
        rng: createRng([seed, count]),
        maySay: () => true,
        overspender: () => undefined,
        isUrgent: () => false,
        isAnchor: () => true,
        isMember: () => true,
        sizeOf: (text: string) => text.length,
      };
      layers.set(peer, createBroadcast<string>(deps, defaultBroadcastConfig));
      deliveriesByPeer.set(peer, []);
      return peer;
    },
    remove: (peer) => {
      layers.delete(peer);
      for (const { a, b } of linkByName.values()) if (a === peer || b === peer) unlink(a, b);
    },
    link: (a, b, latencyMs) => {
      if (a === b || linkByName.has(nameOf(a, b))) return;
      linkByName.set(nameOf(a, b), { a, b, latencyMs });
      handle(a, { kind: 'neighborUp', peer: b });
      handle(b, { kind: 'neighborUp', peer: a });
    },
    unlink,
    links: () => [...linkByName.values()].map(({ a, b }) => [a, b] as const),
    input: handle,
    say: (peer, lane, payload) => handle(peer, { kind: 'broadcast', lane, payload }),
    runFor: (ms) => {
      const untilMs = clockMs + ms;
      for (let due = queue.pop(untilMs); due !== undefined; due = queue.pop(untilMs)) {
        clockMs = due.atMs;
        due.run();
      }
      clockMs = untilMs;
    },
    deliveries: (peer) => deliveriesByPeer.get(peer) ?? [],
    told: () => told,
    layer: (peer) => layers.get(peer)!,
    pendingCount: queue.size,
    gossipSent: () => [...layers.values()].reduce((sum, layer) => sum + layer.inspect().counts.gossipSent, 0),
  };
}

/** A member by number. */
export function numberToPeerId(number: number): PeerId {
  const bytes = new Uint8Array(16);
  new DataView(bytes.buffer).setUint32(12, number);
  return bytesToPeerId(bytes);
}

/** Links all nodes as three random rings: connected, degree up to six. Latency 10 to 50 ms. */
export function linkAsRings(world: World, peers: readonly PeerId[]): void {
  for (let ring = 0; ring < 3; ring++) {
    const order = world.rng.sample(peers, peers.length);
    for (const [at, peer] of order.entries()) {
      world.link(peer, order[(at + 1) % order.length]!, 10 + world.rng.below(41));
    }
  }
}

/** A world of `nodes` members, linked and past their first vectors. */
export function createLinkedWorld({ nodes, seed }: { readonly nodes: number; readonly seed: number }): World {
  const world = createWorld(seed);
  const peers = Array.from({ length: nodes }, () => world.add());
  linkAsRings(world, peers);
  world.runFor(200);
  return world;
}

/** `origin:lane:seq` of each delivery, in order. */
export function names(deliveries: readonly Delivery[]): readonly string[] {
  return deliveries.map(({ origin, lane, seq }) => `${origin}:${lane}:${seq}`);
}

function nameOf(a: PeerId, b: PeerId): string {
  return a < b ? `${a}-${b}` : `${b}-${a}`;
}

/** A heap by time, then by order of entry. */
function createQueue(): {
  readonly push: (atMs: number, run: () => void) => void;
  readonly pop: (untilMs: number) => Due | undefined;
  readonly size: () => number;
} {
  const heap: Due[] = [];
  let order = 0;
  const isBefore = (a: Due, b: Due): boolean => a.atMs < b.atMs || (a.atMs === b.atMs && a.order < b.order);
  const swap = (i: number, j: number): void => {
    const held = heap[i]!;
    heap[i] = heap[j]!;
    heap[j] = held;
  };
  const sink = (): void => {
    for (let at = 0; ;) {
      let least = at;
      for (const child of [2 * at + 1, 2 * at + 2]) {
        if (child < heap.length && isBefore(heap[child]!, heap[least]!)) least = child;
      }
      if (least === at) return;
      swap(at, least);
      at = least;
    }
  };
  return {
    push: (atMs, run) => {
      heap.push({ atMs, order: order++, run });
      for (let at = heap.length - 1; at > 0;) {
        const parent = (at - 1) >> 1;
        if (!isBefore(heap[at]!, heap[parent]!)) break;
        swap(at, parent);
        at = parent;
      }
    },
    size: () => heap.length,
    pop: (untilMs) => {
      const first = heap[0];
      if (first === undefined || first.atMs > untilMs) return undefined;
      const last = heap.pop()!;
      if (heap.length > 0) {
        heap[0] = last;
        sink();
      }
      return first;
    },
  };
}
