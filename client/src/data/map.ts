/** A shared map: a face over the entries of one collection. */
import { nanoid } from 'nanoid';
import type { Change } from '#shared/state/messages.ts';
import { MeshError } from '../errors.ts';
import { isolate } from '../isolate.ts';
import { createReadonlyMap } from '../readonly-map.ts';
import { createUnsubscribe, createView } from '../readable.ts';
import type { MapChange, SharedMap, Value } from '../types.ts';
import { admitKey, admitValue } from './values.ts';

export interface MapDeps {
  readonly name: string;
  readonly initial: ReadonlyMap<string, Value>;
  /** Writes; throws `CLOSED`. `undefined` deletes. */
  readonly write: (key: string, value: Value | undefined) => void;
  /** False when one more key would be over the room's limits. */
  readonly hasRoom: () => boolean;
}

export interface MapFace {
  readonly map: SharedMap;
  /** Takes changes of this collection, local ones included; returns what is to be told of them. */
  readonly apply: (changes: readonly Change[]) => () => void;
}

export function createMapFace({ name, initial, write, hasRoom }: MapDeps): MapFace {
  const values = new Map(initial);
  const view = createView<ReadonlyMap<string, Value>>(() => createReadonlyMap(values));
  const listeners = new Set<(changes: readonly MapChange[]) => void>();

  const put = (key: string, value: Value): void => {
    if (!values.has(key) && !hasRoom()) {
      throw new MeshError('LIMIT', 'This room holds as many entries or maps as it may; nothing was written.');
    }
    write(key, value);
  };

  const map: SharedMap = {
    name,
    get value() {
      return view.value;
    },
    getSnapshot: view.getSnapshot,
    subscribe: view.subscribe,
    get size() {
      return values.size;
    },
    get: (key) => values.get(key),
    has: (key) => values.has(key),
    set: (key, value) => put(admitKey(key), admitValue(value)),
    add: (value) => {
      const key = nanoid();
      put(key, admitValue(value));
      return key;
    },
    delete: (key) => {
      if (!values.has(key)) return false;
      write(key, undefined);
      return true;
    },
    on: (_type, run, options = {}) => {
      const listener = (changes: readonly MapChange[]): void => isolate(() => run(changes));
      if (!options.signal?.aborted) listeners.add(listener);
      return createUnsubscribe(() => listeners.delete(listener), options);
    },
    [Symbol.iterator]: () => view.value[Symbol.iterator](),
  };

  return {
    map,
    apply: (changes) => {
      for (const { key, value } of changes) {
        if (value === undefined) values.delete(key);
        else values.set(key, value);
      }
      view.invalidate();
      return () => tell(changes);
    },
  };

  function tell(changes: readonly Change[]): void {
    view.tell();
    if (listeners.size === 0) return;
    const told = Object.freeze(
      changes.map(({ key, old, value, by, at, local }) => Object.freeze({ key, old, value, by, at, local })),
    );
    for (const listener of Array.from(listeners)) if (listeners.has(listener)) listener(told);
  }
}
