/**
 * The incremental hash tree of one table: a root over 16 nodes over 16 leaves each. A leaf is the xor of
 * its entries' hashes, so that an entry is added or taken away in one step and the order never matters;
 * nodes and root hash their children and are computed again only when asked for after a change.
 */
import { compareHashes, hashHashes, hashText, xorHashes, ZERO_HASH, type Hash64 } from '../base/hash.ts';
import { compareVersions, versionToText, type Version } from '../base/version.ts';
import { createSpares } from './spares.ts';

export const NODES: number = 16;
export const LEAVES_PER_NODE: number = 16;
export const LEAVES: number = NODES * LEAVES_PER_NODE;
/** Keys of one hash that are compared. More than one is an accident, more than a few is contrived. */
export const HASH_GROUP_MAX: number = 16;

export interface TreeEntry {
  readonly key: string;
  readonly keyHash: Hash64;
  readonly version: Version;
  /** Hash of key and version together. */
  readonly hash: Hash64;
}

export interface HashTree {
  readonly size: number;
  /**
   * `full`: a new key found no room, and nothing changed. `waits`: of the keys of one hash the first `HASH_GROUP_MAX` are
   * compared; it is, once one of these is removed.
   */
  readonly set: (key: string, version: Version) => 'changed' | 'same' | 'waits' | 'full';
  /** Tells whether the key was there. */
  readonly remove: (key: string) => boolean;
  readonly root: () => Hash64;
  /** The hashes of the 16 nodes. */
  readonly nodes: () => readonly Hash64[];
  /** The hashes of the 16 leaves under a node. */
  readonly leaves: (node: number) => readonly Hash64[];
  /** What lies under a leaf, ascending by key hash, then by key. */
  readonly entries: (leaf: number) => readonly TreeEntry[];
  /** The keys with this hash, or with its high half; nearly always none or one. */
  readonly find: (keyHash: Hash64, exact: boolean) => readonly TreeEntry[];
}

/** The leaf of a key: the first byte of its hash. */
export function leafOf(keyHash: Hash64): number {
  return keyHash.high >>> 24;
}

/** A hash as a round compares it: whole, or its high half. */
export function shorten(hash: Hash64, exact: boolean): Hash64 {
  return exact ? hash : { high: hash.high, low: 0 };
}

/** The place of the first entry whose key hash is not below (or, for `above`, is above) `keyHash`. */
export function seek(
  entries: readonly { readonly keyHash: Hash64 }[],
  where: 'at-or-above' | 'above',
  keyHash: Hash64,
): number {
  let low = 0;
  let high = entries.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    const order = compareHashes(entries[middle]!.keyHash, keyHash);
    if (order < 0 || (where === 'above' && order === 0)) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Makes an empty tree that holds at most `recordsMax` keys. */
export function createHashTree(recordsMax: number): HashTree {
  const leaves = createLeaves();
  const spares = createSpares<TreeEntry>();

  /**
   * Keys of one hash are cheap to make by the thousand, and comparing sorts them by hand. The first in order of keys stay,
   * so that all who know the same keys hold the same ones here.
   */
  const makeRoom = (entry: TreeEntry): boolean => {
    const entries = leaves.entries(leafOf(entry.keyHash));
    const end = seek(entries, 'above', entry.keyHash);
    if (end - seek(entries, 'at-or-above', entry.keyHash) < HASH_GROUP_MAX) return true;
    const last = entries[end - 1]!;
    const isLater = last.key < entry.key;
    spares.put(isLater ? entry : last);
    if (!isLater) leaves.takeOut(last);
    return !isLater;
  };

  const isFull = (entry: TreeEntry): boolean => leaves.size + spares.size >= recordsMax && !spares.has(entry);

  return {
    get size() {
      return leaves.size;
    },
    set: (key, version) => {
      const entry = entryOf(key, version);
      const old = leaves.find(entry.keyHash, key);
      if (old && compareVersions(old.version, version) === 0) return 'same';
      if (old) leaves.takeOut(old);
      else if (isFull(entry)) return 'full';
      else if (!makeRoom(entry)) return 'waits';
      leaves.putIn(entry);
      return 'changed';
    },
    remove: (key) => {
      const keyHash = hashText(key);
      const old = leaves.find(keyHash, key);
      if (!old) return spares.remove(keyHash, key);
      leaves.takeOut(old);
      const spare = spares.takeFirst(keyHash);
      if (spare) leaves.putIn(spare);
      return true;
    },
    root: leaves.hashes.root,
    nodes: leaves.hashes.nodes,
    leaves: leaves.hashes.leaves,
    entries: leaves.entries,
    find: (keyHash, exact) => {
      const entries = leaves.entries(leafOf(keyHash));
      const last = exact ? keyHash : { high: keyHash.high, low: -1 };
      return entries.slice(seek(entries, 'at-or-above', keyHash), seek(entries, 'above', last));
    },
  };
}

interface Leaves {
  readonly size: number;
  readonly hashes: Hashes;
  readonly entries: (leaf: number) => readonly TreeEntry[];
  readonly find: (keyHash: Hash64, key: string) => TreeEntry | undefined;
  /** Its key is not here. */
  readonly putIn: (entry: TreeEntry) => void;
  /** It is here. */
  readonly takeOut: (entry: TreeEntry) => void;
}

/** The entries that are compared, in order, and the hashes over them. */
function createLeaves(): Leaves {
  const entriesByLeaf: TreeEntry[][] = Array.from({ length: LEAVES }, () => []);
  const hashes = createHashes();
  let size = 0;
  return {
    get size() {
      return size;
    },
    hashes,
    entries: (leaf) => entriesByLeaf[leaf]!,
    find: (keyHash, key) => {
      const entries = entriesByLeaf[leafOf(keyHash)]!;
      const entry = entries[placeOf(entries, keyHash, key)];
      return entry?.key === key ? entry : undefined;
    },
    putIn: (entry) => {
      const leaf = leafOf(entry.keyHash);
      const entries = entriesByLeaf[leaf]!;
      entries.splice(placeOf(entries, entry.keyHash, entry.key), 0, entry);
      size++;
      hashes.toggle(leaf, entry.hash);
    },
    takeOut: (entry) => {
      const leaf = leafOf(entry.keyHash);
      const entries = entriesByLeaf[leaf]!;
      entries.splice(placeOf(entries, entry.keyHash, entry.key), 1);
      size--;
      hashes.toggle(leaf, entry.hash);
    },
  };
}

interface Hashes {
  /** Adds `hash` to the leaf, or takes it away if it was added before. */
  readonly toggle: (leaf: number, hash: Hash64) => void;
  readonly root: () => Hash64;
  readonly nodes: () => readonly Hash64[];
  readonly leaves: (node: number) => readonly Hash64[];
}

/** The hashes alone: leaves are kept up to date, nodes and root are made on demand. */
function createHashes(): Hashes {
  const leaves: Hash64[] = Array.from({ length: LEAVES }, () => ZERO_HASH);
  const nodes: (Hash64 | undefined)[] = Array.from({ length: NODES }, () => undefined);
  let root: Hash64 | undefined;

  const leavesOf = (node: number): readonly Hash64[] =>
    leaves.slice(node * LEAVES_PER_NODE, (node + 1) * LEAVES_PER_NODE);
  const allNodes = (): readonly Hash64[] =>
    nodes.map((hash, node) => hash ?? (nodes[node] = hashHashes(leavesOf(node))));

  return {
    toggle: (leaf, hash) => {
      leaves[leaf] = xorHashes(leaves[leaf]!, hash);
      nodes[Math.floor(leaf / LEAVES_PER_NODE)] = undefined;
      root = undefined;
    },
    root: () => (root ??= hashHashes(allNodes())),
    nodes: allNodes,
    leaves: leavesOf,
  };
}

function entryOf(key: string, version: Version): TreeEntry {
  return { key, version, keyHash: hashText(key), hash: hashText(`${key}\0${versionToText(version)}`) };
}

/** Where the key stands, or where it would stand; at most `HASH_GROUP_MAX` have its hash. */
function placeOf(entries: readonly TreeEntry[], keyHash: Hash64, key: string): number {
  let at = seek(entries, 'at-or-above', keyHash);
  while (at < entries.length && compareHashes(entries[at]!.keyHash, keyHash) === 0 && entries[at]!.key < key)
    at++;
  return at;
}
