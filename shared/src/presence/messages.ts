/**
 * Presence: what each member shows right now. It is versioned per (member, epoch, field), so a moving
 * pointer never re-sends a name, and a patch overtaken on another path loses nothing. It has no
 * heartbeat: it lives and dies with its member.
 *
 * A value that changes after a rest goes out at once, at rest (reliable). While it goes on changing it
 * is volatile: throttled, latest wins, unconfirmed. When it has rested for 150 ms the last value goes
 * out at rest again, which outranks every volatile one. A volatile value that nothing confirms for 2 s
 * gives way to the last confirmed one.
 *
 * Volatile values pass unproven, for proving each would cost more than all else: one a second is an anchor,
 * which is proven as values at rest are. Whatever is proven outranks everything unproven that was there before,
 * so a forged value is shown for a second at most, whatever number it bears.
 */
import type { PeerMisbehaved, RecordChanged, RecordRemoved, Schedule } from '../base/effects.ts';
import type { Epoch, PeerId } from '../base/ids.ts';
import type { Proof } from '../base/proof.ts';
import type { Value } from '../base/value.ts';

/** One field's value under one version; the unit that is reconciled (values at rest only). */
export interface PresenceRecord {
  readonly owner: PeerId;
  readonly epoch: Epoch;
  readonly field: string;
  /** Counts the owner's changes of any field; from 1. */
  readonly seq: number;
  /** `undefined`: the owner took the field away. */
  readonly value: Value | undefined;
  /** Carried along, never looked into. `null`: our own, which is proven on its way out, or of a world without keys. */
  readonly proof: Proof | null;
}

/** Changes of one life are counted up to here; what claims more is no count. */
export const PRESENCE_SEQ_MAX: number = 2 ** 48;

/**
 * - `rest`: a record, proven, reliable.
 * - `anchor`: volatile, but proven.
 * - `passing`: volatile, and nobody's word but that of whoever brings it.
 */
export type Grade = 'rest' | 'anchor' | 'passing';

/** Some fields of one owner, broadcast together. */
export interface PresenceUpdate {
  readonly kind: 'presence';
  readonly owner: PeerId;
  readonly epoch: Epoch;
  readonly grade: Grade;
  readonly fields: readonly {
    readonly field: string;
    readonly seq: number;
    readonly value: Value | undefined;
    /** As in a record; a volatile field has none. */
    readonly proof: Proof | null;
  }[];
}

export type PresenceTimer =
  /** The throttle of own volatile fields is over, or own fields have come to rest. */
  | { readonly kind: 'flush'; readonly token: number }
  /** Take back unconfirmed values of others. */
  | { readonly kind: 'expire'; readonly token: number };

export type PresenceInput =
  /** The application shows something new; `undefined` takes a field away. Only changed fields count. */
  | { readonly kind: 'set'; readonly fields: ReadonlyMap<string, Value | undefined> }
  /** An update came by broadcast. `from`: the neighbor that brought it. */
  | { readonly kind: 'update'; readonly from: PeerId; readonly update: PresenceUpdate }
  /** Records came by reconciliation or in a greeting. */
  | { readonly kind: 'records'; readonly from: PeerId; readonly records: readonly PresenceRecord[] }
  /** The member is gone; so is what it showed. */
  | { readonly kind: 'forget'; readonly owner: PeerId }
  /** We slept: what we show is said again in this epoch, with sequences of its own. */
  | { readonly kind: 'woke'; readonly epoch: Epoch }
  /** Neighbors now held; with none, nothing volatile is sent. */
  | { readonly kind: 'neighbors'; readonly count: number }
  | { readonly kind: 'timer'; readonly timer: PresenceTimer };

export type PresenceEffect =
  | Schedule<PresenceTimer>
  | PeerMisbehaved
  /** What is at rest goes out on the record lane, all else on the volatile lane. */
  | { readonly kind: 'publish'; readonly update: PresenceUpdate }
  /** What a member shows is different; `fields` names what changed. */
  | {
      readonly kind: 'presenceChanged';
      readonly owner: PeerId;
      readonly fields: ReadonlyMap<string, Value | undefined>;
    }
  | RecordChanged<PresenceRecord>
  | RecordRemoved;

export interface PresenceSnapshot {
  /** Values now shown, per owner; own ones included. */
  readonly fieldsByOwner: ReadonlyMap<PeerId, ReadonlyMap<string, Value>>;
  /** Owners whose volatile frames came within the last second. */
  readonly movers: number;
}

/** The key of a record in the presence table. */
export function presenceKey(record: Pick<PresenceRecord, 'owner' | 'field'>): string {
  return `${record.owner}/${record.field}`;
}
