/** Links come, go, fall silent and fill up: what that means for trees and for what was missed. */
import type { PeerId } from '../base/ids.ts';
import { assert } from '../base/assert.ts';
import { createTokenBucket } from '../base/token-bucket.ts';
import { givenAt } from './cache.ts';
import type { TreeKey } from './messages.ts';
import { type Relay, inFrames, neighborsBut, send } from './relay.ts';
import { refillOwnTrees } from './receive.ts';
import type { Tree } from './trees.ts';
import { sendVector, unheardOf, vectorHeads } from './vectors.ts';

/** A new neighbor is eager in every tree (Plumtree 3.9) and is told first what we hold. */
export function onNeighborUp<P>(relay: Relay<P>, peer: PeerId): void {
  if (peer === relay.deps.self || relay.neighbors.has(peer)) return;
  assert(relay.neighbors.size < relay.config.neighborsMax, `a neighbor beyond ${relay.config.neighborsMax}`);
  const { cacheBytesMax: burst, answersBytesPerS: perSecond } = relay.config;
  const answers = createTokenBucket({ burst, perSecond }, relay.at);
  relay.neighbors.set(peer, { congested: false, begun: false, answers });
  const unheard = unheardOf(relay);
  sendVector(relay, peer, vectorHeads(relay, unheard));
  for (const entry of unheard) send(relay, peer, givenAt(entry, relay.at));
  relay.own.clearUnheard();
}

export function onNeighborDown<P>(relay: Relay<P>, peer: PeerId): void {
  if (!relay.neighbors.delete(peer)) return;
  regraft(relay, peer);
  relay.promises.forget(peer);
  relay.trees.dropPeer(peer);
  relay.announcements.dropPeer(peer);
  refillOwnTrees(relay);
}

/** The link may live; until we know, its trees come by another. */
export function onNeighborSuspected<P>(relay: Relay<P>, peer: PeerId): void {
  if (relay.neighbors.has(peer)) regraft(relay, peer);
}

/**
 * Every tree that came by `lost` is asked of another neighbor, all at once: of the one that last
 * announced something of it, else of one at random. Plumtree 3.9 leaves this to the graft timers;
 * one frame now spares each origin's next message the wait.
 */
function regraft<P>(relay: Relay<P>, lost: PeerId): void {
  const others = neighborsBut(relay, lost);
  const anyone = relay.deps.rng.pick(others);
  if (anyone === undefined) return;
  const keysByPeer = new Map<PeerId, TreeKey[]>();
  for (const tree of relay.trees.all().filter((each) => cameBy(each, lost))) {
    const announcer = others.find((peer) => peer === tree.announcer);
    const peer = announcer ?? anyone;
    tree.lazy.delete(peer);
    tree.parent = peer;
    const keys = keysByPeer.get(peer);
    if (keys) keys.push(tree.key);
    else keysByPeer.set(peer, [tree.key]);
  }
  const { treesPerGraftMax } = relay.config;
  for (const [peer, keys] of keysByPeer) {
    for (const trees of inFrames(keys, treesPerGraftMax))
      send(relay, peer, { kind: 'graft', trees, wants: [] });
  }
}

/** The shared tree has many roots: any of its eager links may have fed us. */
function cameBy(tree: Tree, peer: PeerId): boolean {
  return tree.parent === peer || (tree.key === null && !tree.lazy.has(peer));
}

/**
 * A congested link counts as lazy in every tree; who was eager is not forgotten. What it asked for meanwhile it was
 * not given, and has ceased to ask for: a vector when it has drained lets it find out anew what it lacks.
 */
export function onCongestion<P>(relay: Relay<P>, peer: PeerId, congested: boolean): void {
  const neighbor = relay.neighbors.get(peer);
  if (neighbor === undefined || neighbor.congested === congested) return;
  relay.neighbors.set(peer, { ...neighbor, congested });
  relay.promises.forget(peer);
  if (!congested) sendVector(relay, peer, vectorHeads(relay, []));
}
