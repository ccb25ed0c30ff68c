/**
 * The broadcast layer: every input, and the part that answers it. Start here; `messages.ts` says what
 * travels, `receive.ts` how a tree is carved, `repair.ts` how what is missing is found, `vectors.ts` where
 * a newcomer starts.
 */
import { unreachable } from '../base/assert.ts';
import type { Epoch, PeerId } from '../base/ids.ts';
import type { Layer } from '../base/layer.ts';
import { after } from '../base/time.ts';
import { type BroadcastConfig, checkBroadcastConfig } from './config.ts';
import { giveUpHoles } from './delivery.ts';
import { onCongestion, onNeighborDown, onNeighborSuspected, onNeighborUp } from './links.ts';
import type {
  BroadcastEffect,
  BroadcastInput,
  BroadcastMessage,
  BroadcastSnapshot,
  BroadcastTimer,
  EndedStream,
  Gossip,
  Lane,
} from './messages.ts';
import { onGossip, onPrune, spread } from './receive.ts';
import {
  type BroadcastDeps,
  type Relay,
  armAnnounce,
  armBegin,
  armSweep,
  createRelay,
  refuse,
  send,
  sendHeads,
} from './relay.ts';
import { afterGraft, onGraft, onIHave } from './repair.ts';
import { afterBegin, firstGiven, onVector, unheardOf } from './vectors.ts';

/** The layer for payloads `P`. */
export type Broadcast<P> = Layer<BroadcastInput<P>, BroadcastEffect<P>, BroadcastSnapshot>;

export function createBroadcast<P>(deps: BroadcastDeps<P>, config: BroadcastConfig): Broadcast<P> {
  checkBroadcastConfig(config);
  const relay = createRelay(deps, config);
  return {
    handle: (input, now) => {
      relay.at = now.instant;
      relay.effects = [];
      onInput(relay, input);
      armAnnounce(relay);
      armBegin(relay);
      armSweep(relay);
      return relay.effects;
    },
    inspect: () => inspect(relay),
  };
}

function onInput<P>(relay: Relay<P>, input: BroadcastInput<P>): void {
  switch (input.kind) {
    case 'message':
      return onMessage(relay, input.from, input.message);
    case 'broadcast':
      return broadcast(relay, input.lane, input.payload);
    case 'farewell':
      return farewell(relay, input.payload);
    case 'slept':
      return standStill(relay, input.forMs);
    case 'woke':
      return wake(relay, input.epoch);
    case 'neighborUp':
      return onNeighborUp(relay, input.peer);
    case 'neighborDown':
      return onNeighborDown(relay, input.peer);
    case 'neighborSuspected':
      return onNeighborSuspected(relay, input.peer);
    case 'congestion':
      return onCongestion(relay, input.peer, input.congested);
    case 'forget':
      return forget(relay, input.origin);
    case 'timer':
      return onTimer(relay, input.timer);
    default:
      unreachable(input);
  }
}

function onMessage<P>(relay: Relay<P>, from: PeerId, message: BroadcastMessage<P>): void {
  if (!relay.neighbors.has(from)) return refuse(relay, from, 'not-a-neighbor');
  switch (message.kind) {
    case 'gossip':
      return onGossip(relay, from, message);
    case 'ihave':
      return onIHave(relay, from, message);
    case 'vector':
      return onVector(relay, from, message);
    case 'graft':
      return onGraft(relay, from, message);
    case 'prune':
      return onPrune(relay, from, message.tree);
    default:
      unreachable(message);
  }
}

function onTimer<P>(relay: Relay<P>, timer: BroadcastTimer): void {
  switch (timer.kind) {
    case 'announce':
      return afterAnnounce(relay, timer.token);
    case 'graft':
      return afterGraft(relay, timer);
    case 'begin':
      return afterBegin(relay, timer.token);
    case 'sweep':
      return afterSweep(relay, timer.token);
    default:
      unreachable(timer);
  }
}

/** The application speaks. A message takes its sequence even where nobody is there to hear it. */
function broadcast<P>(relay: Relay<P>, lane: Lane, payload: P): void {
  const message = utter(relay, lane, payload);
  relay.cache.add({ message, bytes: relay.deps.sizeOf(payload), at: relay.at });
  if (relay.neighbors.size === 0) relay.own.noteUnheard(lane, message.seq);
  spread(relay, relay.trees.use(message.origin, message.hot, relay.at), message, []);
}

/**
 * A tree may lead through one neighbor only, and that one may be leaving too, or have crashed. What we said last goes
 * to the lazy and the congested ones as well: they would ask for it when we are gone.
 */
function farewell<P>(relay: Relay<P>, payload: P): void {
  if (relay.neighbors.size === 0) return;
  const since = after(relay.at, -relay.config.lastWordsMs);
  const lastWords = relay.cache.lately(relay.deps.self, since);
  const message = utter(relay, 'record', payload);
  for (const [peer, { congested }] of relay.neighbors) {
    for (const said of lastWords) if (congested || isLazy(relay, peer, said)) send(relay, peer, said);
    send(relay, peer, message);
  }
}

/** What was kept has grown old meanwhile, be it that our own clock stood still as well. */
function standStill<P>(relay: Relay<P>, forMs: number): void {
  relay.slept = { at: relay.at, forMs };
  if (forMs >= relay.config.cacheMs) relay.cache.clear();
}

/** What nobody has heard yet is said anew; records are not, for their tables are compared with the next neighbor. */
function wake<P>(relay: Relay<P>, epoch: Epoch): void {
  relay.cache.sweep(relay.at);
  const unheard = unheardOf(relay).filter(({ message }) => message.lane === 'reliable');
  relay.own.begin(epoch);
  for (const { message } of unheard) broadcast(relay, 'reliable', message.payload);
}

function isLazy<P>({ trees }: Relay<P>, peer: PeerId, { origin, hot }: Gossip<P>): boolean {
  return trees.find(hot ? origin : null)?.lazy.has(peer) ?? false;
}

function utter<P>(relay: Relay<P>, lane: Lane, payload: P): Gossip<P> {
  const { self: origin } = relay.deps;
  const epoch = relay.own.epoch();
  const { seq, hot } = relay.own.speak(lane, relay.at);
  const follows = lane === 'reliable' && seq === 1 ? lifeBefore(relay) : null;
  return { kind: 'gossip', origin, epoch, lane, seq, hot, round: 0, ageMs: 0, follows, proof: null, payload };
}

/** What our first message follows: those who have not heard all of it must not hear this first. */
function lifeBefore<P>(relay: Relay<P>): EndedStream | null {
  const head = relay.own.endedHeads().find(({ lane }) => lane === 'reliable');
  if (head === undefined || head.seq === 0) return null;
  return { epoch: head.epoch, seq: head.seq, from: firstGiven(relay, head) };
}

function forget<P>(relay: Relay<P>, origin: PeerId): void {
  if (origin === relay.deps.self) return;
  // What it said last is still asked for here and there: the cache lets go of it in its own time.
  relay.trees.remove(origin);
  relay.origins.forget(origin, relay.at);
}

function afterAnnounce<P>(relay: Relay<P>, token: number): void {
  if (token !== relay.announceToken || relay.announceDueAt === null) return;
  relay.announceDueAt = null;
  for (const { peer, heads } of relay.announcements.takeDue(relay.at)) sendHeads(relay, peer, heads);
}

function afterSweep<P>(relay: Relay<P>, token: number): void {
  if (token !== relay.sweepToken || !relay.sweepScheduled) return;
  relay.sweepScheduled = false;
  relay.cache.sweep(relay.at);
  relay.trees.sweep(relay.at);
  relay.requests.sweep(relay.at);
  relay.origins.sweep(relay.at);
  for (const peer of relay.promises.takeBroken(relay.at)) relay.effects.push({ kind: 'withheld', peer });
  giveUpHoles(relay);
}

function inspect<P>(relay: Relay<P>): BroadcastSnapshot {
  const neighbors = [...relay.neighbors.keys()];
  const eagerByTree = new Map(
    relay.trees
      .all()
      .map((tree) => [tree.key ?? 'shared', Object.freeze(neighbors.filter((peer) => !tree.lazy.has(peer)))]),
  );
  return Object.freeze({
    neighbors: Object.freeze(neighbors),
    eagerByTree,
    heads: Object.freeze([...relay.own.heads(), ...relay.origins.heads()]),
    cachedMessages: relay.cache.size(),
    counts: Object.freeze({ ...relay.counts }),
  });
}
