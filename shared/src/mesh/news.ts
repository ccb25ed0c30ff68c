/**
 * What one comparison of tables taught us is news to our other neighbors too. They are handed it at once, for
 * the next comparison with them may be seconds away: two halves that meet are one after a single wave, not
 * after as many comparisons as the room is hops wide. (Presence of members that had been declared dead comes with
 * the next comparison: it is not taken before they are back on the roster.) Who knows a record already does not
 * pass it on, which ends the wave. A congested link is left out; its own comparisons mend it later.
 */
import type { PeerId } from '../base/ids.ts';
import type { TableName } from '../reconcile/messages.ts';
import type { LinkMessage } from './messages.ts';
import type { Quotas } from './quotas.ts';
import { DELTA_RECORDS_MAX, type Tables } from './tables.ts';

export interface News {
  /** From here on, what changes was brought by this neighbor's delta. */
  readonly open: (from: PeerId) => void;
  /** A record of somebody else is new to us, or newer. Counts only while a delta is being worked off. */
  readonly note: (table: TableName, key: string) => void;
  /** Everything noted since `open`, which ends with this. */
  readonly close: () => Gathered | undefined;
}

interface Gathered {
  readonly from: PeerId;
  /** At most the records of one delta. */
  readonly keysByTable: ReadonlyMap<TableName, readonly string[]>;
}

export function createNews(): News {
  let gathered: { readonly from: PeerId; readonly keysByTable: Map<TableName, string[]> } | undefined;
  return {
    open: (from) => {
      gathered = { from, keysByTable: new Map() };
    },
    note: (table, key) => {
      if (!gathered) return;
      const keys = gathered.keysByTable.get(table);
      if (keys) keys.push(key);
      else gathered.keysByTable.set(table, [key]);
    },
    close: () => {
      const closed = gathered;
      gathered = undefined;
      return closed;
    },
  };
}

/**
 * Keys by table that wait until the first comparison with a neighbor has ended, which may have begun before we knew them.
 * One more than a delta has stands for too many: a newcomer that is being told a large state by one neighbor must not
 * tell it to all the others, and leaves it to the comparisons.
 */
export type HeldNews = Map<TableName, Set<string>>;

function hold(held: HeldNews, table: TableName, keys: readonly string[]): void {
  const waiting = held.get(table) ?? new Set();
  held.set(table, waiting);
  for (const key of keys) if (waiting.size <= DELTA_RECORDS_MAX) waiting.add(key);
}

/** What has waited, unless it is too much. */
export function takeHeld(held: HeldNews, table: TableName): readonly string[] {
  const waiting = held.get(table);
  held.delete(table);
  return waiting && waiting.size <= DELTA_RECORDS_MAX ? [...waiting] : [];
}

/** Where news goes: the neighbors, which of them can take it, what it may cost, and the way there. */
interface Onward {
  readonly news: News;
  readonly neighbors: ReadonlyMap<
    PeerId,
    { readonly comparedTables: ReadonlySet<TableName>; readonly heldNews: HeldNews }
  >;
  readonly congestedPeers: ReadonlySet<PeerId>;
  readonly tables: Tables;
  readonly quotas: Quotas;
  readonly emit: (effect: {
    readonly kind: 'send';
    readonly to: PeerId;
    readonly message: LinkMessage;
  }) => void;
}

/** Hands what the last delta taught us to everyone but its bringer; beyond the bringer's quota comparisons do. */
export function passOnNews({ news, neighbors, congestedPeers, tables, quotas, emit }: Onward): void {
  const gathered = news.close();
  if (!gathered || gathered.keysByTable.size === 0 || !quotas.maySpread(Math.max(0, neighbors.size - 1)))
    return;
  for (const [table, keys] of gathered.keysByTable) {
    const deltas = tables.deltas(table, keys);
    for (const [peer, { comparedTables, heldNews }] of neighbors) {
      if (peer === gathered.from || congestedPeers.has(peer)) continue;
      // Who is here is little, and cannot wait.
      if (table !== 'roster' && !comparedTables.has(table)) {
        hold(heldNews, table, keys);
        continue;
      }
      for (const message of deltas) emit({ kind: 'send', to: peer, message });
    }
  }
}
