/** The two bounded collections. Each says what it gave up to make room, so that nothing vanishes unseen. */
import { assert } from './assert.ts';

/** A map that holds at most `limit` entries and gives up the one set longest ago. */
export interface BoundedMap<K, V> {
  readonly size: number;
  readonly get: (key: K) => V | undefined;
  readonly has: (key: K) => boolean;
  /** Sets and makes newest; returns the entry given up for it, if any. */
  readonly set: (key: K, value: V) => readonly [K, V] | undefined;
  readonly delete: (key: K) => boolean;
  readonly clear: () => void;
  /** Oldest first. */
  readonly entries: () => IterableIterator<[K, V]>;
}

export function createBoundedMap<K, V>(limit: number): BoundedMap<K, V> {
  assert(limit >= 1, `a bounded map needs room for one entry, not ${limit}`);
  const map = new Map<K, V>();
  return {
    get size() {
      return map.size;
    },
    get: (key) => map.get(key),
    has: (key) => map.has(key),
    set: (key, value) => {
      map.delete(key);
      const evicted = map.size >= limit ? map.entries().next().value : undefined;
      if (evicted) map.delete(evicted[0]);
      map.set(key, value);
      return evicted;
    },
    delete: (key) => map.delete(key),
    clear: () => map.clear(),
    entries: () => map.entries(),
  };
}

/** The last `limit` values, oldest first. */
export interface Ring<T> {
  readonly push: (value: T) => void;
  readonly values: () => readonly T[];
}

export function createRing<T>(limit: number): Ring<T> {
  assert(limit >= 1, `a ring needs room for one value, not ${limit}`);
  const held: T[] = [];
  /** Where the oldest is, once all room is taken: nothing moves for a new one. */
  let oldestAt = 0;
  return {
    push: (value) => {
      if (held.length < limit) return void held.push(value);
      held[oldestAt] = value;
      oldestAt = (oldestAt + 1) % limit;
    },
    values: () => (oldestAt === 0 ? held : [...held.slice(oldestAt), ...held.slice(0, oldestAt)]),
  };
}
