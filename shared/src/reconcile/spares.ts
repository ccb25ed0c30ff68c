/** Keys of one hash beyond those that are compared: each waits until one of these goes. */
import { hashToText, type Hash64 } from '../base/hash.ts';

/** What is kept: a key, and whatever is known of it. */
interface Keyed {
  readonly key: string;
  readonly keyHash: Hash64;
}

export interface Spares<E extends Keyed> {
  readonly size: number;
  readonly has: (entry: E) => boolean;
  /** Adds an entry, or takes it in the place of another version. */
  readonly put: (entry: E) => void;
  /** Tells whether the key was there. */
  readonly remove: (keyHash: Hash64, key: string) => boolean;
  /** The first in order of keys; it is here no more. */
  readonly takeFirst: (keyHash: Hash64) => E | undefined;
}

/** The caller bounds how many there are. */
export function createSpares<E extends Keyed>(): Spares<E> {
  /** Ascending by key: thousands may share a hash. */
  const entriesByHash = new Map<string, E[]>();
  let size = 0;

  const leave = (keyHash: Hash64, entries: E[], at: number): E | undefined => {
    const [gone] = entries.splice(at, 1);
    if (gone) size--;
    if (entries.length === 0) entriesByHash.delete(hashToText(keyHash));
    return gone;
  };

  return {
    get size() {
      return size;
    },
    has: ({ keyHash, key }) => {
      const entries = entriesByHash.get(hashToText(keyHash));
      return entries?.[placeOf(entries, key)]?.key === key;
    },
    put: (entry) => {
      const name = hashToText(entry.keyHash);
      const entries = entriesByHash.get(name) ?? [];
      entriesByHash.set(name, entries);
      const at = placeOf(entries, entry.key);
      const isKnown = entries[at]?.key === entry.key;
      entries.splice(at, isKnown ? 1 : 0, entry);
      if (!isKnown) size++;
    },
    remove: (keyHash, key) => {
      const entries = entriesByHash.get(hashToText(keyHash));
      if (!entries) return false;
      const at = placeOf(entries, key);
      return entries[at]?.key === key && leave(keyHash, entries, at) !== undefined;
    },
    takeFirst: (keyHash) => {
      const entries = entriesByHash.get(hashToText(keyHash));
      return entries && leave(keyHash, entries, 0);
    },
  };
}

/** Where the key stands, or where it would stand. */
function placeOf(entries: readonly Keyed[], key: string): number {
  let low = 0;
  let high = entries.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (entries[middle]!.key < key) low = middle + 1;
    else high = middle;
  }
  return low;
}
