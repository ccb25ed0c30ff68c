/**
 * Reconciliation (anti-entropy): find and mend what differs between two neighbors, over any table of
 * versioned records. It knows keys and versions; it never sees a record.
 *
 * Each table has an incremental hash tree: 16 nodes of 16 leaves. A leaf hashes the set of its
 * (key, version) pairs; a node hashes its children; the root hashes the nodes. Equal roots: equal tables.
 *
 *     A                                   B
 *     top: 16 hashes        ------------>
 *                           <------------ middle: 16 hashes under each node that differs
 *     leaves: keys and versions under
 *     each leaf that differs ----------->
 *                           <------------ (delta: records newer at B)  want: keys newer at A
 *     (delta: what B wants) ------------>
 *     done                  ------------>
 *
 * Two round trips until the records flow. A round is started on a new link by the lower id, and by
 * anyone who saw the other's root differ on two heartbeats, the higher id on six; at most one per table and link in 5 s.
 *
 * A round shortens what it sends: of a hash the high half, of `by` a few bits. What that hides, the roots still
 * show: every second round in a row over a link whose roots did not become equal meanwhile is `exact`.
 */
import type { PeerMisbehaved, Send } from '../base/effects.ts';
import type { Hash64 } from '../base/hash.ts';
import type { PeerId } from '../base/ids.ts';
import type { Version } from '../base/version.ts';

export type TableName = 'roster' | 'state' | 'presence';
export const TABLES: readonly TableName[] = ['roster', 'state', 'presence'];

/** The root of each table; rides on heartbeats. */
export type Roots = Readonly<Record<TableName, Hash64>>;

export type ReconcileMessage = Top | Middle | Leaves | WantRecords | RoundDone;

export interface Top {
  readonly kind: 'top';
  readonly table: TableName;
  /** Whole hashes and versions; shortened ones otherwise. Told in every message, for each is answered by itself. */
  readonly exact: boolean;
  /** Hashes of the 16 nodes. */
  readonly hashes: readonly Hash64[];
}

export interface Middle {
  readonly kind: 'middle';
  readonly table: TableName;
  readonly exact: boolean;
  /** The 16 leaf hashes of each node that differs; none: the tables are equal. */
  readonly nodes: readonly { readonly index: number; readonly hashes: readonly Hash64[] }[];
}

export interface Leaves {
  readonly kind: 'leaves';
  readonly table: TableName;
  readonly exact: boolean;
  /** What the sender holds under each leaf that differs. */
  readonly leaves: readonly LeafPart[];
  /** False while more frames of the same answer follow. */
  readonly last: boolean;
}

/**
 * What the sender holds under one leaf; or, where that is too much for a frame, under a range of it.
 * The bounds make each part answerable by itself: what lies within them and is not named is missing.
 */
export interface LeafPart {
  /** 0 to 255: the first byte of the key hashes under it. */
  readonly index: number;
  /** Covers the key hashes above this one; `null`: from the leaf's start. */
  readonly after: Hash64 | null;
  /** Covers the key hashes up to this one; `null`: to the leaf's end. */
  readonly upTo: Hash64 | null;
  /** Ascending by key hash. */
  readonly entries: readonly Summary[];
}

export interface Summary {
  readonly keyHash: Hash64;
  readonly version: Version;
}

/** Send me the records of these keys; empty: none. Ends the answerer's half of the round. */
export interface WantRecords {
  readonly kind: 'wantRecords';
  readonly table: TableName;
  readonly exact: boolean;
  readonly keyHashes: readonly Hash64[];
  readonly last: boolean;
}

/** All that was wanted has been sent. */
export interface RoundDone {
  readonly kind: 'roundDone';
  readonly table: TableName;
}

export type ReconcileInput =
  | { readonly kind: 'message'; readonly from: PeerId; readonly message: ReconcileMessage }
  /** A record of ours is new or newer. */
  | { readonly kind: 'changed'; readonly table: TableName; readonly key: string; readonly version: Version }
  | { readonly kind: 'removed'; readonly table: TableName; readonly key: string }
  | { readonly kind: 'neighborUp'; readonly peer: PeerId }
  | { readonly kind: 'neighborDown'; readonly peer: PeerId }
  /** A heartbeat showed the neighbor's roots. */
  | { readonly kind: 'roots'; readonly from: PeerId; readonly roots: Roots };

export type ReconcileEffect =
  | Send<ReconcileMessage>
  | PeerMisbehaved
  /** Send the records of these keys to the neighbor, cut to frames; in this place of the order. */
  | {
      readonly kind: 'give';
      readonly to: PeerId;
      readonly table: TableName;
      readonly keys: readonly string[];
    }
  /** A round with this neighbor has ended: what each had at its start, both have, but for what shortening hid. */
  | { readonly kind: 'roundEnded'; readonly peer: PeerId; readonly table: TableName };

export interface ReconcileSnapshot {
  readonly roots: Roots;
  readonly sizes: Readonly<Record<TableName, number>>;
  /** Rounds begun by either side since the start. */
  readonly rounds: number;
  /** Changes that found their table full; their keys are not reconciled. */
  readonly refused: number;
}
