/**
 * Who is eager and who is lazy, per tree. Only the lazy are written down: a tree without a word about
 * a neighbor floods to it, so a new tree and a new neighbor start eager and prunes carve the tree.
 */
import type { PeerId } from '../base/ids.ts';
import { elapsedMs, type Instant } from '../base/time.ts';
import type { BroadcastConfig } from './config.ts';
import type { TreeKey } from './messages.ts';

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
}

export interface Trees {
  /** The tree a message travels here, made if need be. The shared one when all places are taken. */
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

export function createTrees(config: BroadcastConfig): Trees {
  const shared = createTree(null);
  const treeByOrigin = new Map<PeerId, Tree>();
  const isFull = (): boolean => treeByOrigin.size >= config.hotTreesMax;

  const placeFor = (origin: PeerId): Tree => {
    const known = treeByOrigin.get(origin);
    if (known !== undefined) return known;
    if (isFull()) return shared;
    const tree = createTree(origin);
    treeByOrigin.set(origin, tree);
    return tree;
  };

  return {
    use: (origin, hot, at) => {
      const tree = hot ? placeFor(origin) : shared;
      tree.usedAt = at;
      return tree;
    },
    find: (key) => (key === null ? shared : (treeByOrigin.get(key) ?? (isFull() ? shared : undefined))),
    ofOrigin: (origin) => treeByOrigin.get(origin) ?? shared,
    namesFor: (origin) => {
      if (treeByOrigin.has(origin)) return [origin];
      return isFull() ? [null, origin] : [null];
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

function createTree(key: TreeKey): Tree {
  return { key, lazy: new Set(), parent: null, announcer: null, usedAt: null, optimizedAt: null };
}
