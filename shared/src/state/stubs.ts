/**
 * Stubs: what stays of collected tombstones. Those above the horizon are records of the table. Those at or below it are
 * none any more, and differ from member to member, but are remembered until the horizon is settled: till then they alone
 * can tell a value that was deleted from one that never came.
 *
 * Deviation: a stub is held under its key's text, not its hash. The mesh keeps the tombstone's record
 * under that text anyhow, `recordRemoved` must name it, and no collision can refuse an innocent key.
 */
import { createBoundedMap } from '../base/collections.ts';
import { compareHlc } from './hlc.ts';
import type { Entry, Hlc } from './messages.ts';
import { stateKey } from './messages.ts';

export interface StubTable {
  /** Of those above the horizon. */
  readonly size: number;
  readonly stampOf: (stateKey: string) => Hlc | undefined;
  /** The key lives again. */
  readonly remove: (stateKey: string) => void;
  /** Takes in collected tombstones. */
  readonly add: (tombstones: readonly Entry[]) => void;
  /** When there are too many: where the horizon must rise to. */
  readonly risen: () => Hlc | undefined;
  /** The horizon has risen; returns the keys of the stubs at or below it, which are records no more. */
  readonly sink: (horizon: Hlc) => readonly string[];
  /** A deletion at or below the horizon was seen. */
  readonly addSunken: (tombstone: Entry) => void;
  /** What is unknown at or below this stamp is refused anyway. */
  readonly settle: (settled: Hlc) => void;
}

export function createStubTable(stubsMax: number): StubTable {
  const stampByKey = new Map<string, Hlc>();
  const sunkenByKey = createBoundedMap<string, Hlc>(stubsMax);

  return {
    get size() {
      return stampByKey.size;
    },
    stampOf: (key) => stampByKey.get(key) ?? sunkenByKey.get(key),
    remove: (key) => {
      stampByKey.delete(key);
      sunkenByKey.delete(key);
    },
    add: (tombstones) => {
      for (const tombstone of tombstones) stampByKey.set(stateKey(tombstone), tombstone.stamp);
    },
    risen: () => {
      const excess = stampByKey.size - stubsMax;
      // An eighth at once: each rise costs every link of the room a comparison.
      return excess <= 0
        ? undefined
        : [...stampByKey.values()].toSorted(compareHlc)[excess - 1 + Math.floor(stubsMax / 8)];
    },
    sink: (horizon) => {
      // The newest last: it is the last to be given up.
      const sunken = [...stampByKey]
        .filter(([, stamp]) => compareHlc(stamp, horizon) <= 0)
        .toSorted(([, a], [, b]) => compareHlc(a, b));
      for (const [key, stamp] of sunken) {
        stampByKey.delete(key);
        sunkenByKey.set(key, stamp);
      }
      return sunken.map(([key]) => key);
    },
    addSunken: (tombstone) => {
      sunkenByKey.set(stateKey(tombstone), tombstone.stamp);
    },
    settle: (settled) => {
      for (const [key, stamp] of sunkenByKey.entries()) {
        if (compareHlc(stamp, settled) <= 0) sunkenByKey.delete(key);
      }
    },
  };
}
