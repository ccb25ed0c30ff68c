/**
 * One's own writes that no neighbor has been told of. While a tab is alone they stay within the table like all
 * others; but a room that has gone on without us may have forgotten what it once deleted, and would refuse what
 * is older than that. What has waited so long is therefore stamped anew when a link is
 * there, unless the first neighbor turns out to hold something newer.
 */
import type { Entry } from './messages.ts';
import { stateKey } from './messages.ts';

export interface Outbox {
  /** Notes a local write; the oldest gives way, and is then as safe as any other entry. */
  readonly note: (entry: Entry) => void;
  /** Links are gone, or there again and compared: then gives what has waited, oldest first, and forgets it. */
  readonly setLinked: (linked: boolean) => readonly Entry[];
}

export function createOutbox(limit: number): Outbox {
  const entryByKey = new Map<string, Entry>();
  let linked = false;
  return {
    note: (entry) => {
      if (linked) return;
      const key = stateKey(entry);
      entryByKey.delete(key);
      const oldest = entryByKey.keys().next();
      if (entryByKey.size >= limit && !oldest.done) entryByKey.delete(oldest.value);
      entryByKey.set(key, entry);
    },
    setLinked: (next) => {
      linked = next;
      if (!linked) return [];
      const waiting = [...entryByKey.values()];
      entryByKey.clear();
      return waiting;
    },
  };
}
