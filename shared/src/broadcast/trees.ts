/**
 * Who is eager and who is lazy, per tree. Only the lazy are written down: a tree without a word about
 * a neighbor floods to it, so a new neighbor starts eager and prunes carve the tree. The tree of an origin
 * starts as a copy of the shared one, which reaches everybody, and learns the quickest ways from there:
 * a flood would tell them all at once, at the price of some five needless copies a member and origin.
 */
import type { PeerId } from '../base/ids.ts';
import { elapsedMs, type Instant } from '../base/time.ts';
import type { BroadcastConfig } from './config.ts';
import type { Head, TreeKey } from './messages.ts';

export interface Tree {
  readonly key: TreeKey;
  /** Neighbors that get announcements only; a subset of the neighbors. */
  readonly lazy: Set<PeerId>;
  /** The eager neighbor that last brought a first copy. */
  parent: PeerId | null;
  /** The neighbor that last announced something that travels this tree. */
  announcer: PeerId | null;
  usedAt: Instant | null;
  /** When the tree was last moved to a faster neighbor. */
  optimizedAt: Instant | null;
  /** When we last pruned a neighbor. */
  prunedAt: Instant | null;
  /** Messages that travelled it here, as far as it matters. */
  heard: number;
}

export interface Trees {
  /** The tree a message travels here, made if need be. The shared one when all places are taken, or the origin is no member. */
  readonly use: (origin: PeerId, hot: boolean, at: Instant) => Tree;
  /** The tree a neighbor names; `undefined` when we hold no such tree. */
  readonly find: (key: TreeKey) => Tree | undefined;
  /** The tree by which an origin's messages come, as far as we know. */
  readonly ofOrigin: (origin: PeerId) => Tree;
  /** The names by which neighbors may know that tree. */
  readonly namesFor: (origin: PeerId) => readonly TreeKey[];
  /** The shared tree first. */
  readonly all: () => readonly Tree[];
  readonly hotCount: () => number;
  readonly remove: (origin: PeerId) => void;
  readonly dropPeer: (peer: PeerId) => void;
  /** Forgets the trees of origins that fell silent. */
  readonly sweep: (at: Instant) => void;
}

export function createTrees(config: BroadcastConfig, isMember: (origin: PeerId) => boolean): Trees {
  const shared = createTree(null, []);
  const treeByOrigin = new Map<PeerId, Tree>();
  /** Who invents names must not take the places of others. */
  const hasNoPlace = (origin: PeerId): boolean =>
    treeByOrigin.size >= config.hotTreesMax || !isMember(origin);

  const placeFor = (origin: PeerId): Tree => {
    const known = treeByOrigin.get(origin);
    if (known !== undefined) return known;
    if (hasNoPlace(origin)) return shared;
    const tree = createTree(origin, shared.lazy);
    treeByOrigin.set(origin, tree);
    return tree;
  };

  return {
    use: (origin, hot, at) => {
      const tree = hot ? placeFor(origin) : shared;
      tree.usedAt = at;
      tree.heard = Math.min(tree.heard + 1, config.youngMessages + 1);
      return tree;
    },
    find: (key) =>
      key === null ? shared : (treeByOrigin.get(key) ?? (hasNoPlace(key) ? shared : undefined)),
    ofOrigin: (origin) => treeByOrigin.get(origin) ?? shared,
    namesFor: (origin) => {
      if (treeByOrigin.has(origin)) return [origin];
      return hasNoPlace(origin) ? [null, origin] : [null];
    },
    all: () => [shared, ...treeByOrigin.values()],
    hotCount: () => treeByOrigin.size,
    remove: (origin) => void treeByOrigin.delete(origin),
    dropPeer: (peer) => {
      for (const tree of [shared, ...treeByOrigin.values()]) {
        tree.lazy.delete(peer);
        if (tree.parent === peer) tree.parent = null;
        if (tree.announcer === peer) tree.announcer = null;
      }
    },
    sweep: (at) => {
      for (const [origin, tree] of treeByOrigin) {
        if (tree.usedAt === null || elapsedMs(tree.usedAt, at) >= config.treeIdleMs)
          treeByOrigin.delete(origin);
      }
    },
  };
}

/** Few messages have travelled this tree of an origin here: it is still as its seed was. */
export function isYoung({ key, heard }: Tree, config: BroadcastConfig): boolean {
  return key !== null && heard <= config.youngMessages;
}

/**
 * Whether this message is announced at once, so that who gets it learns which way is quickest: those of a young tree,
 * and one now and then, for latencies change.
 */
export function teaches(tree: Tree, { seq }: Head, config: BroadcastConfig): boolean {
  return tree.key !== null && (isYoung(tree, config) || seq % config.teachEvery === 0);
}

function createTree(key: TreeKey, lazy: Iterable<PeerId>): Tree {
  return {
    key,
    lazy: new Set(lazy),
    parent: null,
    announcer: null,
    usedAt: null,
    optimizedAt: null,
    prunedAt: null,
    heard: 0,
  };
}
