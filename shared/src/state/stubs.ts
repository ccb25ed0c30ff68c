/**
 * Stubs: what stays of collected tombstones, and the horizon below which even they are gone.
 *
 * Deviation: a stub is held under its key's text, not its hash. The mesh keeps the tombstone's record
 * under that text anyhow, `recordRemoved` must name it, and no collision can refuse an innocent key.
 */
import { compareHlc } from './hlc.ts';
import type { Entry, Hlc } from './messages.ts';
import { stateKey } from './messages.ts';

export interface StubTable {
  readonly size: number;
  /** Wall time of the newest stub ever given up; 0: none was. */
  readonly horizon: number;
  readonly stampOf: (stateKey: string) => Hlc | undefined;
  /** The key lives again. */
  readonly remove: (stateKey: string) => void;
  /** Takes in collected tombstones; returns the keys given up for them, oldest stamp first. */
  readonly add: (tombstones: readonly Entry[]) => readonly string[];
}

export function createStubTable(stubsMax: number): StubTable {
  const stampByKey = new Map<string, Hlc>();
  let horizon = 0;

  const giveUpOldest = (): readonly string[] => {
    const excess = stampByKey.size - stubsMax;
    if (excess <= 0) return [];
    const oldest = [...stampByKey].toSorted(([, a], [, b]) => compareHlc(a, b)).slice(0, excess);
    for (const [key, stamp] of oldest) {
      stampByKey.delete(key);
      horizon = Math.max(horizon, stamp.wall);
    }
    return oldest.map(([key]) => key);
  };

  return {
    get size() {
      return stampByKey.size;
    },
    get horizon() {
      return horizon;
    },
    stampOf: (key) => stampByKey.get(key),
    remove: (key) => {
      stampByKey.delete(key);
    },
    add: (tombstones) => {
      for (const tombstone of tombstones) stampByKey.set(stateKey(tombstone), tombstone.stamp);
      return giveUpOldest();
    },
  };
}
