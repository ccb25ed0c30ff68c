/** The one convention for everything live: a value, a snapshot, a subscription. */
import { isolate } from './isolate.ts';
import type { Abortable, Readable, Unsubscribe } from './types.ts';

/** A readable and the means to change it. */
export interface Source<T> extends Readable<T> {
  /** Sets and tells subscribers, unless `value` is the one held already. */
  readonly set: (value: T) => void;
}

/** A readable of what is kept elsewhere; a snapshot is made when somebody looks, and kept until it is stale. */
export interface View<T> extends Readable<T> {
  /** What it shows has changed: the next look makes a new snapshot. */
  readonly invalidate: () => void;
  /** Tells subscribers, each unless it has been told of this snapshot. */
  readonly tell: () => void;
}

export function createSource<T>(initial: T): Source<T> {
  let value = initial;
  const view = createView(() => value);
  return {
    get value() {
      return value;
    },
    getSnapshot: view.getSnapshot,
    subscribe: view.subscribe,
    set: (next) => {
      value = next;
      view.invalidate();
      view.tell();
    },
  };
}

export function createView<T>(look: () => T): View<T> {
  let snapshot: { readonly value: T } | undefined;
  const runs = new Set<(value: T) => void>();
  const getSnapshot = (): T => (snapshot ??= { value: look() }).value;
  return {
    get value() {
      return getSnapshot();
    },
    getSnapshot,
    subscribe: (run, options = {}) => {
      let told: { readonly value: T } | undefined;
      // Wrapped, so that one function may subscribe twice and end each on its own.
      const own = (value: T): void => {
        if (told && Object.is(told.value, value)) return;
        told = { value };
        isolate(() => run(value));
      };
      const unsubscribe = createUnsubscribe(() => runs.delete(own), options);
      if (!options.signal?.aborted) {
        runs.add(own);
        own(getSnapshot());
      }
      return unsubscribe;
    },
    invalidate: () => {
      snapshot = undefined;
    },
    tell: () => {
      if (runs.size === 0) return;
      const value = getSnapshot();
      // A copy: a subscriber may come or go while it runs.
      for (const run of Array.from(runs)) {
        // One that changes something has told everyone of what is newer, or will: the old must not come after it.
        if (!snapshot || !Object.is(snapshot.value, value)) return;
        if (runs.has(run)) run(value);
      }
    },
  };
}

/** Ends once, by call, by `using`, or when the signal aborts. */
export function createUnsubscribe(end: () => void, { signal }: Abortable): Unsubscribe {
  const stop = (): void => {
    signal?.removeEventListener('abort', stop);
    end();
  };
  signal?.addEventListener('abort', stop, { once: true });
  return Object.assign(stop, { [Symbol.dispose ?? Symbol.for('Symbol.dispose')]: stop }) as Unsubscribe;
}
