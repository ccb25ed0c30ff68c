/**
 * State: entries that converge. Each (collection, key) holds a value or a tombstone under a hybrid
 * logical clock stamp (Kulkarni, Demirbas, Madappa, Avva, Leone, OPODIS 2014); the higher stamp wins,
 * and on a tie of time and counter the higher member id.
 *
 * Stamps use the mesh's corrected time: our wall clock plus the median offset of the neighbors' clocks.
 * An entry ahead of the drift bound is applied at once but does not move our clock past the bound; a
 * later local write of that key takes its stamp and adds one. Over 24 h ahead it is refused.
 *
 * A tombstone becomes a stub (key, full stamp, member) once the least stability stamp of the room has
 * passed it and its time is up. A stub refuses what its tombstone would have refused. When there are too many, the
 * oldest sink below the horizon, which is a record of the table: an entry of the reserved collection NUL.
 */
import type { PeerMisbehaved, RecordChanged, RecordRemoved, Schedule } from '../base/effects.ts';
import type { PeerId } from '../base/ids.ts';
import type { Proof } from '../base/proof.ts';
import type { Value } from '../base/value.ts';

/** A hybrid logical clock stamp; compared in the order of its fields. */
export interface Hlc {
  /** Milliseconds since 1970 in the mesh's time, never behind what was seen. */
  readonly wall: number;
  /** Orders stamps of one millisecond: 0 to 65,535. */
  readonly counter: number;
  readonly by: PeerId;
}

export interface Entry {
  readonly collection: string;
  readonly key: string;
  /** `undefined`: deleted (a tombstone). */
  readonly value: Value | undefined;
  readonly stamp: Hlc;
  /** Carried along, never looked into. `null`: our own, which is proven on its way out, or of a world without keys. */
  readonly proof: Proof | null;
}

/** Entries written together, broadcast together. */
export interface StateUpdate {
  readonly kind: 'state';
  readonly entries: readonly Entry[];
}

export type StateTimer =
  /** Turn tombstones whose time is up into stubs. */
  { readonly kind: 'collect'; readonly token: number };

/** Why an entry was not applied; nothing changed. */
export type EntryRefusal = 'too-far-ahead' | 'older' | 'over-limit';

export interface Change {
  readonly collection: string;
  readonly key: string;
  readonly old: Value | undefined;
  readonly value: Value | undefined;
  readonly by: PeerId;
  /** The stamp's wall time. */
  readonly at: number;
  readonly local: boolean;
}

export type StateInput =
  /** A local write; `undefined` deletes. Sizes have been checked at the door. */
  | {
      readonly kind: 'write';
      readonly collection: string;
      readonly key: string;
      readonly value: Value | undefined;
    }
  /** Entries came, by broadcast or reconciliation. `from`: the neighbor that brought them. */
  | { readonly kind: 'apply'; readonly from: PeerId; readonly entries: readonly Entry[] }
  /** A neighbor's raw wall clock is ahead of ours by `offsetMs` (behind: negative). */
  | { readonly kind: 'clockSample'; readonly peer: PeerId; readonly offsetMs: number }
  | { readonly kind: 'neighborDown'; readonly peer: PeerId }
  /** A first neighbor's table has been compared with ours, or the last link is gone; at the start there is none. */
  | { readonly kind: 'linked'; readonly linked: boolean }
  /** The least stability stamp among all live members; 0: unknown. */
  | { readonly kind: 'stability'; readonly stamp: number }
  | { readonly kind: 'start' }
  | { readonly kind: 'timer'; readonly timer: StateTimer };

export type StateEffect =
  | Schedule<StateTimer>
  | PeerMisbehaved
  | { readonly kind: 'publish'; readonly update: StateUpdate }
  | { readonly kind: 'stateChanged'; readonly changes: readonly Change[] }
  /** An entry was refused for its stamp or for a limit; the application is told. */
  | { readonly kind: 'entryRefused'; readonly entry: Entry; readonly reason: EntryRefusal }
  | RecordChanged<Entry>
  | RecordRemoved;

export interface StateSnapshot {
  /** Live values only, per collection. */
  readonly collections: ReadonlyMap<string, ReadonlyMap<string, Value>>;
  /** Collections that hold anything, deleted or not: no further one is taken when they are as many as may be. */
  readonly collectionNames: ReadonlySet<string>;
  readonly entries: number;
  readonly tombstones: number;
  /** Of those above the horizon. */
  readonly stubs: number;
  /** Wall time at or below which deletions are forgotten; 0: none was. */
  readonly horizon: number;
  /** Whether what lives below the horizon is known in full. */
  readonly settled: boolean;
  /** The clock's last stamp. */
  readonly clock: Hlc;
  /** Median offset in use, in milliseconds. */
  readonly offsetMs: number;
}

/**
 * The key of the horizon in the state table. Without a NUL, so that no entry can have it; its hash begins with 21 ones,
 * so that a comparison, which goes by ascending hashes, hands it over last, when what lives below it has been.
 */
export const HORIZON_KEY: string = 'horizon 1997079';

/** The key of an entry in the state table. Collections hold no NUL, so no two entries share a key. */
export function stateKey(entry: Pick<Entry, 'collection' | 'key'>): string {
  return entry.collection === '\0' ? HORIZON_KEY : `${entry.collection}\0${entry.key}`;
}
