/**
 * The state of one broadcast layer and the few ways in which every part of it speaks: effects of the
 * running input, refusals, and the timers that run only while there is something for them to do.
 */
import { assert } from '../base/assert.ts';
import type { Epoch, PeerId } from '../base/ids.ts';
import type { Rng } from '../base/rng.ts';
import { elapsedMs, type Instant, instant } from '../base/time.ts';
import type { TokenBucket } from '../base/token-bucket.ts';
import { type Announcements, createAnnouncements } from './announcements.ts';
import { type Cache, createCache } from './cache.ts';
import type { BroadcastConfig } from './config.ts';
import { type Carving, createCarving } from './carving.ts';
import { createLag, type Lag } from './lag.ts';
import type {
  BroadcastCounts,
  BroadcastEffect,
  BroadcastMessage,
  BroadcastTimer,
  Gossip,
  Head,
} from './messages.ts';
import { createMissing, type Missing } from './missing.ts';
import { createOrigins, type Origin, type Origins } from './origins.ts';
import { createOwnVoice, type OwnVoice } from './own-voice.ts';
import { createPromises, type Promises } from './promises.ts';
import { createRequests, type Requests } from './requests.ts';
import { createTrees, type Tree, type Trees } from './trees.ts';

/** What the layer is given. */
export interface BroadcastDeps<P> {
  readonly self: PeerId;
  /** The first one; `woke` brings the next. */
  readonly epoch: Epoch;
  readonly rng: Rng;
  /** Encoded size of a payload in bytes; what caches and windows count. */
  readonly sizeOf: (payload: P) => number;
  /** May the origin say this? What it may not say is neither delivered nor sent on. */
  readonly maySay: (message: Gossip<P>) => boolean;
  /** Charges the message at hand to its origin: whom to blame when it is over a quota, and so not taken at all. */
  readonly overspender: (origin: PeerId) => PeerId | undefined;
  /** On the roster. Others may speak, but get no tree, and are forgotten like the dead. */
  readonly isMember: (origin: PeerId) => boolean;
  /** Whether it cannot wait for the tree: it is flooded, each member handing it to all neighbors, lazy or not. */
  readonly isUrgent: (payload: P) => boolean;
  /** Whether a volatile message is proven to be its origin's, epoch and sequence included; the others are not. */
  readonly isAnchor: (payload: P) => boolean;
}

/** Why something from a neighbor was dropped. */
export type BroadcastRefusal =
  | 'not-a-neighbor'
  | 'implausible-sequence'
  | 'implausible-epoch'
  | 'implausible-round'
  | 'implausible-age'
  | 'malformed-follows'
  | 'forged-origin'
  | 'forged-author'
  | 'too-many-heads'
  | 'too-many-wants'
  | 'too-many-trees'
  | 'malformed-want'
  | 'origin-quota'
  | 'graft-flood'
  | 'lying-vector';

interface Neighbor {
  readonly congested: boolean;
  /** It told us that it has begun. */
  readonly begun: boolean;
  /** Payload bytes that it may still ask of us. */
  readonly answers: TokenBucket;
}

/**
 * Before our first vector: `none`. After it, while all we met are newcomers too: `beginner`. Then `begun`.
 * Only what a vector names while we have not begun counts as received though it never came.
 */
type Past = 'none' | 'beginner' | 'begun';

export interface Relay<P> {
  readonly deps: BroadcastDeps<P>;
  readonly config: BroadcastConfig;
  readonly neighbors: Map<PeerId, Neighbor>;
  readonly trees: Trees;
  readonly origins: Origins<P>;
  /** Origins of which something waits behind a hole; a subset of `origins`. */
  readonly waiting: Set<Origin<P>>;
  readonly own: OwnVoice;
  readonly cache: Cache<P>;
  readonly announcements: Announcements;
  readonly missing: Missing;
  readonly requests: Requests;
  readonly promises: Promises;
  readonly lag: Lag;
  readonly carving: Carving;
  readonly counts: { -readonly [K in keyof BroadcastCounts]: BroadcastCounts[K] };
  past: Past;
  /** When we last stood still, and for how long. */
  slept: { readonly at: Instant; readonly forMs: number } | null;
  /** Before we have begun: heads of one who has begun were taken over. */
  tookOver: boolean;
  beginToken: number;
  beginScheduled: boolean;
  /** The instant and the answer of the input that is being handled. */
  at: Instant;
  effects: BroadcastEffect<P>[];
  /** The announce timer in force, and when it is due. */
  announceToken: number;
  announceDueAt: Instant | null;
  sweepToken: number;
  sweepScheduled: boolean;
}

export function createRelay<P>(deps: BroadcastDeps<P>, config: BroadcastConfig): Relay<P> {
  return {
    deps,
    config,
    neighbors: new Map(),
    trees: createTrees(config, (origin) => origin === deps.self || deps.isMember(origin)),
    origins: createOrigins<P>(config, deps.isMember),
    waiting: new Set(),
    own: createOwnVoice(deps.self, deps.epoch, config),
    cache: createCache<P>(config),
    announcements: createAnnouncements(deps.self, config),
    missing: createMissing(config),
    requests: createRequests(config),
    promises: createPromises(config),
    lag: createLag(config),
    carving: createCarving(config),
    counts: { delivered: 0, duplicates: 0, gossipSent: 0, controlSent: 0, grafts: 0, gaps: 0 },
    past: 'none',
    slept: null,
    tookOver: false,
    beginToken: 0,
    beginScheduled: false,
    at: instant(0),
    effects: [],
    announceToken: 0,
    announceDueAt: null,
    sweepToken: 0,
    sweepScheduled: false,
  };
}

export function send<P>(relay: Relay<P>, to: PeerId, message: BroadcastMessage<P>): void {
  assert(relay.neighbors.has(to), `sends go to neighbors only, not to ${to}`);
  if (message.kind === 'gossip') relay.counts.gossipSent += 1;
  else relay.counts.controlSent += 1;
  if (message.kind === 'graft') relay.counts.grafts += 1;
  relay.effects.push({ kind: 'send', to, message });
}

export function schedule<P>(relay: Relay<P>, timer: BroadcastTimer, afterMs: number): void {
  relay.effects.push({ kind: 'schedule', timer, afterMs });
}

export function refuse<P>(relay: Relay<P>, peer: PeerId, reason: BroadcastRefusal): void {
  relay.effects.push({ kind: 'peerMisbehaved', peer, reason });
}

/** Neighbors other than `except`, in the order in which they came up. */
export function neighborsBut<P>(relay: Relay<P>, except: PeerId): readonly PeerId[] {
  return [...relay.neighbors.keys()].filter((peer) => peer !== except);
}

/** Would the tree still have an eager neighbor with `peer` lazy? */
export function isSpare<P>(relay: Relay<P>, tree: Tree, peer: PeerId): boolean {
  return neighborsBut(relay, peer).some((other) => !tree.lazy.has(other));
}

/** Announces `head` to a neighbor, soon. */
export function announce<P>(relay: Relay<P>, peer: PeerId, head: Head): void {
  if (relay.announcements.queue(peer, head, relay.at) === 'queued') return;
  sendHeads(relay, peer, relay.announcements.takeLink(peer));
}

/** Sends announcements, in frames. */
export function sendHeads<P>(relay: Relay<P>, peer: PeerId, heads: readonly Head[]): void {
  for (const frame of inFrames(heads, relay.config.headsPerFrameMax)) {
    send(relay, peer, { kind: 'ihave', heads: frame });
  }
}

/** `items` in pieces of at most `size`; no piece for an empty list. */
export function inFrames<T>(items: readonly T[], size: number): readonly (readonly T[])[] {
  const frames: (readonly T[])[] = [];
  for (let at = 0; at < items.length; at += size) frames.push(items.slice(at, at + size));
  return frames;
}

/** Sees to it that what waits to be announced has a timer. A new token makes a later timer void. */
export function armAnnounce<P>(relay: Relay<P>): void {
  const dueAt = relay.announcements.nextDueAt();
  if (dueAt === null || (relay.announceDueAt !== null && relay.announceDueAt <= dueAt)) return;
  relay.announceToken += 1;
  relay.announceDueAt = dueAt;
  const timer: BroadcastTimer = { kind: 'announce', token: relay.announceToken };
  schedule(relay, timer, Math.max(0, elapsedMs(relay.at, dueAt)));
}

/** Sees to it that newcomers among themselves begin some day. */
export function armBegin<P>(relay: Relay<P>): void {
  if (relay.past === 'begun' || relay.beginScheduled || relay.neighbors.size === 0) return;
  relay.beginToken += 1;
  relay.beginScheduled = true;
  schedule(relay, { kind: 'begin', token: relay.beginToken }, relay.config.beginMs);
}

/** Sees to it that a sweep comes while there is something to forget. */
export function armSweep<P>(relay: Relay<P>): void {
  if (relay.sweepScheduled || !hasPerishables(relay)) return;
  relay.sweepToken += 1;
  relay.sweepScheduled = true;
  schedule(relay, { kind: 'sweep', token: relay.sweepToken }, relay.config.sweepIntervalMs);
}

function hasPerishables<P>(relay: Relay<P>): boolean {
  return (
    relay.cache.size() > 0 ||
    relay.trees.hotCount() > 0 ||
    relay.requests.size() > 0 ||
    relay.waiting.size > 0
  );
}
