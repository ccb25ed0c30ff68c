/**
 * A message comes: the first copy is delivered and sent on, a further one prunes the link that brought
 * it. Plumtree 3.6 and 3.7.
 */
import { unreachable } from '../base/assert.ts';
import type { PeerId } from '../base/ids.ts';
import { elapsedMs } from '../base/time.ts';
import { refusalOfGossip } from './checks.ts';
import { type Gossip, type Head, ROUND_MAX, type Want } from './messages.ts';
import type { MissingHead } from './missing.ts';
import { admit, deliver, resume, waitForBefore } from './delivery.ts';
import { bearOutClaim, isBeyondProof, isNewsAfterAll, isPast, isProven } from './provenance.ts';
import type { Arrival, Origin } from './origins.ts';
import { type Relay, isSpare, neighborsBut, announce, refuse, send, sendHeads } from './relay.ts';
import { noteMissing } from './repair.ts';
import { hasRoom, postpone } from './backlog.ts';
import { countHeld, holesUpTo, lowestHeld, skipTo, takeIn } from './receive-window.ts';
import { headOf } from './streams.ts';
import { isYoung, teaches, type Tree } from './trees.ts';

export function onGossip<P>(relay: Relay<P>, from: PeerId, message: Gossip<P>): void {
  if (!relay.promises.isEmpty()) relay.promises.given(from, message);
  const refusal = refusalOfGossip(relay, message);
  if (refusal !== null) return refuse(relay, from, refusal);
  if (message.origin === relay.deps.self) {
    if (message.epoch === relay.own.epoch()) onDuplicate(relay, from, message);
    return;
  }
  const standing = relay.origins.standing(message.origin, message.epoch);
  if (isPast(relay, message, standing) || isBeyondProof(relay, message, standing)) return;
  if (relay.origins.has(message) && !isNewsAfterAll(relay, message)) return onDuplicate(relay, from, message);
  if (!relay.deps.maySay(message)) return refuse(relay, from, 'forged-author');
  const overspender = relay.deps.overspender(message.origin);
  if (overspender !== undefined) {
    const known = relay.origins.current(message);
    const isOwnDoing = overspender === message.origin && message.lane !== 'volatile';
    if (known !== undefined && isOwnDoing) known.stemmedAt = relay.at;
    return refuse(relay, overspender, 'origin-quota');
  }
  onFirstCopy(relay, from, message);
}

function onFirstCopy<P>(relay: Relay<P>, from: PeerId, message: Gossip<P>): void {
  const head = headOf(message);
  const bytes = relay.deps.sizeOf(message.payload);
  const origin = admit(relay, message.origin, message.epoch);
  origin.proven ||= isProven(relay, message);
  if (!hasRoom(relay, origin, { message, bytes })) {
    relay.waiting.add(origin);
    return postpone(relay, head, { announcer: from, came: true });
  }

  const asked = relay.requests.wasAsked(from, head);
  const announced = relay.missing.settle(head);
  const urgent = relay.deps.isUrgent(message.payload);
  const tree = relay.trees.use(message.origin, message.hot, relay.at);
  if (tree.key === null && !urgent) relay.carving.note(relay.at);
  const onward: Gossip<P> = {
    ...message,
    round: Math.min(message.round + 1, ROUND_MAX),
    ageMs: message.ageMs + waitedMs(relay),
  };
  // Passed on from one that slept to the next, a message would never end.
  const isTooOld = onward.ageMs >= relay.config.cacheMs;
  if (!isTooOld) relay.cache.add({ message: onward, bytes, at: relay.at });
  accept(relay, origin, { message, from }, bytes);
  // The answer to a graft says nothing of the tree, which the graft itself has moved; nor does a flood.
  const teachesTree = !asked && !urgent;
  if (teachesTree) {
    follow(relay, tree, { message, from });
    relay.lag.sample(announced ? elapsedMs(announced.heardAt, relay.at) : 0);
  }
  if (!isTooOld) spread(relay, tree, onward, [from, ...(announced?.announcers ?? [])]);
  if (teachesTree && announced !== undefined) learn(relay, tree, { message, from }, announced);
  noteHole(relay, origin, head, from);
}

/** How long what comes now may have waited for us. */
function waitedMs<P>({ slept, at, config }: Relay<P>): number {
  return slept !== null && elapsedMs(slept.at, at) < config.queueMs ? Math.round(slept.forMs) : 0;
}

/** Sends a message on: itself to eager neighbors, its name to lazy and congested ones; what is urgent to lazy ones too. */
export function spread<P>(relay: Relay<P>, tree: Tree, message: Gossip<P>, holders: readonly PeerId[]): void {
  const atOnce = teaches(tree, message, relay.config);
  const urgent = relay.deps.isUrgent(message.payload);
  for (const [peer, { congested }] of relay.neighbors) {
    if (holders.includes(peer)) continue;
    if (!congested && (urgent || !tree.lazy.has(peer))) send(relay, peer, message);
    else if (atOnce && !congested) sendHeads(relay, peer, [headOf(message)]);
    else announce(relay, peer, headOf(message));
  }
}

function accept<P>(relay: Relay<P>, origin: Origin<P>, arrival: Arrival<P>, bytes: number): void {
  const { lane, seq } = arrival.message;
  bearOutClaim(origin, lane, seq);
  switch (lane) {
    case 'reliable':
      waitForBefore(relay, origin, arrival);
      for (const next of takeIn(origin.reliable, seq, { item: arrival, bytes, at: relay.at }))
        deliver(relay, next);
      return resume(relay, origin);
    case 'record':
      takeIn(origin.record, seq, { item: null, bytes: 0, at: relay.at });
      keepWithinWindow(relay, origin);
      return deliver(relay, arrival);
    case 'volatile':
      origin.newestVolatile = seq;
      if (isProven(relay, arrival.message)) origin.newestAnchor = seq;
      return deliver(relay, arrival);
    default:
      unreachable(lane);
  }
}

function keepWithinWindow<P>({ config }: Relay<P>, { record }: Origin<P>): void {
  const lowest = countHeld(record) > config.recordWindowMax ? lowestHeld(record) : null;
  if (lowest !== null) skipTo(record, lowest);
}

/**
 * The neighbor that brings a first copy is the parent, and eager (Plumtree 3.6). Deviation: what a
 * pruned link still had under way does not undo the prune while the parent stands; else two messages
 * that come by two ways each make either link prune the other, and none is left. Long after, the bringer does
 * not know that it is lazy, and the parent may be one that has us for its own: a circle, fed by the bringer alone.
 */
function follow<P>(relay: Relay<P>, tree: Tree, { from }: Arrival<P>): void {
  if (!tree.lazy.has(from)) {
    tree.parent = from;
    return;
  }
  if (tree.parent !== null && !tree.lazy.has(tree.parent) && hasPrunedLately(relay, tree)) return;
  tree.lazy.delete(from);
  tree.parent = from;
  send(relay, from, { kind: 'graft', trees: [tree.key], wants: [] });
}

/** A message came by itself after others had announced it: how late, and was another way quicker? */
function learn<P>(relay: Relay<P>, tree: Tree, { message, from }: Arrival<P>, announced: MissingHead): void {
  const lagMs = elapsedMs(announced.heardAt, relay.at);
  const [quicker] = announced.announcers;
  if (quicker === undefined || quicker === from || !relay.neighbors.has(quicker)) return;
  // Else whoever announces all that it hears and gives none of it would be the parent of every tree.
  if (relay.promises.isOwing(quicker)) return;
  // What the slower link had under way when they were swapped is no reason to ask once more.
  if (tree.parent === quicker) return;
  const young = isYoung(tree, relay.config);
  if (!message.hot || tree.key === null || lagMs <= (young ? 0 : relay.config.optimizeHysteresisMs)) return;
  if (young || hasRested(relay, tree)) optimize(relay, tree, message, { quicker, slower: from });
}

/**
 * Plumtree 3.8, optimization: swap the eager link for the one whose announcement beat it. Deviation:
 * time decides, not rounds; only in a tree of one origin, where "quicker" has one meaning. Who had a
 * message before us cannot have it by us, so all members may swap for the same message and no circle closes.
 */
function optimize<P>(
  relay: Relay<P>,
  tree: Tree,
  { origin, epoch, lane, seq }: Head,
  { quicker, slower }: { readonly quicker: PeerId; readonly slower: PeerId },
): void {
  tree.optimizedAt = tree.prunedAt = relay.at;
  tree.lazy.delete(quicker);
  tree.lazy.add(slower);
  tree.parent = quicker;
  // What follows may have passed the one before the graft comes, and pass the other after the prune has.
  const next: Want = { origin, epoch, lane, first: seq + 1, last: seq + relay.config.answerMessagesMax };
  send(relay, quicker, { kind: 'graft', trees: [tree.key], wants: [next] });
  send(relay, slower, { kind: 'prune', tree: tree.key });
}

function hasPrunedLately<P>({ at, config }: Relay<P>, { prunedAt }: Tree): boolean {
  return prunedAt !== null && elapsedMs(prunedAt, at) < config.requestMs;
}

function hasRested<P>({ at, config }: Relay<P>, { optimizedAt }: Tree): boolean {
  return optimizedAt === null || elapsedMs(optimizedAt, at) >= config.optimizeIntervalMs;
}

/** A jump in a lane without gaps: what lies before must be somewhere, the sender most likely. */
function noteHole<P>(relay: Relay<P>, origin: Origin<P>, head: Head, from: PeerId): void {
  if (head.lane === 'volatile') return;
  if (origin[head.lane].base >= head.seq) return;
  relay.waiting.add(origin);
  const hole = holesUpTo(origin[head.lane], head.seq).at(-1);
  if (hole !== undefined) noteMissing(relay, { ...head, seq: hole.last }, { peer: from, by: 'guess' });
}

/**
 * A second copy makes its link lazy at both ends (Plumtree 3.6). Not when we asked for it, and never
 * the link that feeds us. For a volatile lane an overtaken message is a second copy as well.
 */
function onDuplicate<P>(relay: Relay<P>, from: PeerId, message: Gossip<P>): void {
  relay.counts.duplicates += 1;
  const head = headOf(message);
  relay.announcements.peerHas(from, head);
  // A flood comes by every link: its copies say nothing of the tree.
  if (relay.requests.wasAsked(from, head) || relay.deps.isUrgent(message.payload)) return;
  const key = message.hot ? message.origin : null;
  const tree = relay.trees.find(key);
  if (tree === undefined) return;
  const spare = isSpare(relay, tree, from);
  const feedsUs = tree.key !== relay.deps.self && (tree.parent === from || !spare);
  if (feedsUs) return;
  if (!relay.carving.carves(tree.key, head)) return;
  if (spare) {
    tree.lazy.add(from);
    tree.prunedAt = relay.at;
  }
  send(relay, from, { kind: 'prune', tree: key });
}

/** A neighbor wants announcements only. The last eager link of a tree that we feed stays. */
export function onPrune<P>(relay: Relay<P>, from: PeerId, key: PeerId | null): void {
  const tree = relay.trees.find(key);
  if (tree === undefined) return;
  const feeds = tree.key === null || tree.key === relay.deps.self;
  if (feeds && !isSpare(relay, tree, from)) return;
  tree.lazy.add(from);
  if (tree.parent === from) tree.parent = null;
}

/** Makes all neighbors eager in a tree that we feed and that has lost its last eager one. */
export function refillOwnTrees<P>(relay: Relay<P>): void {
  for (const key of [null, relay.deps.self]) {
    const tree = relay.trees.find(key);
    if (tree === undefined) continue;
    const hasEager = neighborsBut(relay, relay.deps.self).some((peer) => !tree.lazy.has(peer));
    if (!hasEager) tree.lazy.clear();
  }
}
