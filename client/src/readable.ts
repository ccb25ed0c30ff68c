/** The one convention for everything live: a value, a snapshot, a subscription. */
import { isolate } from './isolate.ts';
import type { Abortable, Readable, Unsubscribe } from './types.ts';

/** A readable and the means to change it. */
export interface Source<T> extends Readable<T> {
  /** Sets and tells subscribers, unless `value` is the one held already. */
  readonly set: (value: T) => void;
}

export function createSource<T>(initial: T): Source<T> {
  let value = initial;
  const runs = new Set<(value: T) => void>();
  return {
    get value() {
      return value;
    },
    getSnapshot: () => value,
    subscribe: (run, options = {}) => {
      // Wrapped, so that one function may subscribe twice and end each on its own.
      const own = (next: T): void => isolate(() => run(next));
      const unsubscribe = createUnsubscribe(() => runs.delete(own), options);
      if (!options.signal?.aborted) {
        runs.add(own);
        own(value);
      }
      return unsubscribe;
    },
    set: (next) => {
      if (Object.is(next, value)) return;
      value = next;
      // A copy: a subscriber may come or go while it runs.
      for (const run of Array.from(runs)) {
        // One that sets anew has told everyone of what is newer: the old must not come after it.
        if (!Object.is(value, next)) return;
        if (runs.has(run)) run(next);
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
