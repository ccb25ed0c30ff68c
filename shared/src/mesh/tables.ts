/**
 * The records behind the reconciled tables: what is handed over when a neighbor lacks it. The layers
 * decide what is in them; reconciliation decides what differs.
 */
import { createBoundedMap, type BoundedMap } from '../base/collections.ts';
import type { RosterRecord } from '../membership/messages.ts';
import type { PresenceRecord } from '../presence/messages.ts';
import type { TableName } from '../reconcile/messages.ts';
import type { Entry } from '../state/messages.ts';
import type { Delta } from './messages.ts';
import { recordBytesMax } from './sizes.ts';

/** Records held per table; the layers' own limits are lower, so nothing is given up here. */
export const TABLE_RECORDS_MAX: number = 131_072;
/** A delta is closed when it has reached this size, so that a frame never holds up a heartbeat for long. */
export const DELTA_BYTES: number = 8_192;
export const DELTA_RECORDS_MAX: number = 128;

export interface Tables {
  readonly roster: BoundedMap<string, RosterRecord>;
  readonly state: BoundedMap<string, Entry>;
  readonly presence: BoundedMap<string, PresenceRecord>;
  /** The records of these keys, cut to frames. Keys that have meanwhile gone are left out. */
  readonly deltas: (table: TableName, keys: readonly string[]) => Delta[];
  /** The same for presence, as records: the first frame rides in a greeting. */
  readonly presenceFrames: (keys: readonly string[]) => PresenceRecord[][];
}

export function createTables(): Tables {
  const roster = createBoundedMap<string, RosterRecord>(TABLE_RECORDS_MAX);
  const state = createBoundedMap<string, Entry>(TABLE_RECORDS_MAX);
  const presence = createBoundedMap<string, PresenceRecord>(TABLE_RECORDS_MAX);
  return {
    roster,
    state,
    presence,
    presenceFrames: (keys) => cut(presence, keys),
    deltas: (table, keys) => {
      if (table === 'roster') return cut(roster, keys).map((records) => ({ kind: 'delta', table, records }));
      if (table === 'state') return cut(state, keys).map((records) => ({ kind: 'delta', table, records }));
      return cut(presence, keys).map((records) => ({ kind: 'delta', table, records }));
    },
  };
}

function cut<R extends RosterRecord | Entry | PresenceRecord>(
  table: BoundedMap<string, R>,
  keys: readonly string[],
): R[][] {
  const frames: R[][] = [];
  let frame: R[] = [];
  let bytes = 0;
  for (const key of keys) {
    const record = table.get(key);
    if (record === undefined) continue;
    const size = recordBytesMax(record);
    if (frame.length > 0 && (bytes + size > DELTA_BYTES || frame.length === DELTA_RECORDS_MAX)) {
      frames.push(frame);
      frame = [];
      bytes = 0;
    }
    frame.push(record);
    bytes += size;
  }
  if (frame.length > 0) frames.push(frame);
  return frames;
}
