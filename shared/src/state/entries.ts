/** The entries held: newest value or tombstone of each (collection, key), within limits. Maps throughout. */
import { assert } from '../base/assert.ts';
import { textBytesMax, valueBytesMax } from '../base/value-bytes.ts';
import type { Value } from '../base/value.ts';
import type { StateConfig } from './config.ts';
import type { Entry } from './messages.ts';
import { createShares } from './shares.ts';

export type LiveCollections = ReadonlyMap<string, ReadonlyMap<string, Value>>;

interface Place {
  readonly collection: string;
  readonly key: string;
}

export interface EntryTable {
  readonly size: number;
  readonly tombstones: number;
  readonly get: (collection: string, key: string) => Entry | undefined;
  /** Whether a key not yet held may be added: names and counts are within limits. */
  readonly hasRoomFor: (place: Place) => boolean;
  /**
   * Whether it may be held for what it weighs and who stamped it, in the place of what is held there. What deletes always
   * may, and is charged to nobody.
   */
  readonly fits: (entry: Entry) => boolean;
  /** Adds or replaces; what is new must have room. */
  readonly put: (entry: Entry) => void;
  readonly remove: (entry: Entry) => void;
  /** Every entry that `isWanted` picks. */
  readonly where: (isWanted: (entry: Entry) => boolean) => readonly Entry[];
  /** Every tombstone that `isDue` picks. */
  readonly tombstonesWhere: (isDue: (tombstone: Entry) => boolean) => readonly Entry[];
  /** Those with tombstones alone included. */
  readonly collectionNames: () => ReadonlySet<string>;
  /** Live values only; keeps identity, as a whole and per collection, until a value changes. */
  readonly live: () => LiveCollections;
}

// oxlint-disable-next-line max-lines-per-function -- A factory: what it closes over is one table.
export function createEntryTable(config: StateConfig): EntryTable {
  const entriesByCollection = new Map<string, Map<string, Entry>>();
  const shares = createShares();
  const staleCollections = new Set<string>();
  let live: LiveCollections = new Map();
  let size = 0;
  let bytes = 0;
  let tombstones = 0;

  const get = (collection: string, key: string): Entry | undefined =>
    entriesByCollection.get(collection)?.get(key);

  const count = (entry: Entry, by: 1 | -1): void => {
    const weight = weightOf(entry);
    size += by;
    bytes += by * weight;
    if (entry.value === undefined) tombstones += by;
    else {
      shares.count(entry.stamp.by, by, weight);
      staleCollections.add(entry.collection);
    }
  };

  const hasRoomFor = ({ collection, key }: Place): boolean =>
    key.length <= config.keyLengthMax &&
    collection.length <= config.collectionLengthMax &&
    size < config.entriesMax &&
    (entriesByCollection.has(collection) || entriesByCollection.size < config.collectionsMax);

  const fits = (entry: Entry): boolean => {
    if (entry.value === undefined) return true;
    const { by } = entry.stamp;
    const held = get(entry.collection, entry.key);
    const [weight, freed] = [weightOf(entry), held ? weightOf(held) : 0];
    const isOwn = held?.value !== undefined && held.stamp.by === by;
    return (
      bytes + weight - freed <= config.bytesMax &&
      shares.bytesOf(by) + weight - (isOwn ? freed : 0) <= config.bytesPerMemberMax &&
      shares.valuesOf(by) + (isOwn ? 0 : 1) <= config.entriesPerMemberMax
    );
  };

  const put = (entry: Entry): void => {
    const held = get(entry.collection, entry.key);
    if (held) count(held, -1);
    else assert(hasRoomFor(entry), `no room for an entry in ${entry.collection}`);
    const collection = entriesByCollection.get(entry.collection) ?? new Map<string, Entry>();
    entriesByCollection.set(entry.collection, collection.set(entry.key, entry));
    count(entry, 1);
  };

  const remove = (entry: Entry): void => {
    const collection = entriesByCollection.get(entry.collection);
    if (!collection?.delete(entry.key)) return;
    if (collection.size === 0) entriesByCollection.delete(entry.collection);
    count(entry, -1);
  };

  const where = (isWanted: (entry: Entry) => boolean): readonly Entry[] =>
    [...entriesByCollection.values()].flatMap((collection) => [...collection.values()].filter(isWanted));

  const tombstonesWhere = (isDue: (tombstone: Entry) => boolean): readonly Entry[] => {
    if (tombstones === 0) return [];
    return where((entry) => entry.value === undefined && isDue(entry));
  };

  const refreshLive = (): LiveCollections => {
    if (staleCollections.size > 0) live = renew(live, staleCollections, entriesByCollection);
    staleCollections.clear();
    return live;
  };

  return {
    get size() {
      return size;
    },
    get tombstones() {
      return tombstones;
    },
    get,
    hasRoomFor,
    fits,
    put,
    remove,
    where,
    tombstonesWhere,
    collectionNames: () => new Set(entriesByCollection.keys()),
    live: refreshLive,
  };
}

/** Kind, stamp and proof. */
const ENTRY_BYTES = 184;

function weightOf({ collection, key, value }: Entry): number {
  return ENTRY_BYTES + textBytesMax(collection) + textBytesMax(key) + valueBytesMax(value);
}

function renew(
  live: LiveCollections,
  stale: Iterable<string>,
  entriesByCollection: ReadonlyMap<string, ReadonlyMap<string, Entry>>,
): LiveCollections {
  const renewed = new Map(live);
  for (const name of stale) {
    const values = liveValues(entriesByCollection.get(name));
    if (values.size === 0) renewed.delete(name);
    else renewed.set(name, values);
  }
  return renewed;
}

function liveValues(entries: ReadonlyMap<string, Entry> = new Map()): ReadonlyMap<string, Value> {
  const values = new Map<string, Value>();
  for (const [key, entry] of entries) if (entry.value !== undefined) values.set(key, entry.value);
  return values;
}
