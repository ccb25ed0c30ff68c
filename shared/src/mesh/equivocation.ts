/**
 * Equivocation: two records of one version that their author signed and that differ. Whoever holds one and meets the
 * other has the proof that it told different members different things, which costs the author its place everywhere:
 * the proof goes from neighbor to neighbor, and to whoever still offers a record of the author later. Only its own
 * signatures speak against it.
 */
import { createBoundedMap, type BoundedMap } from '../base/collections.ts';
import { valueToText, hashContent } from '../base/content.ts';
import type { PeerId } from '../base/ids.ts';
import type { Value } from '../base/value.ts';
import { versionToText, type Version } from '../base/version.ts';
import { rosterKey, type RosterRecord } from '../membership/messages.ts';
import { rosterVersion } from '../membership/roster.ts';
import { presenceKey, type PresenceRecord } from '../presence/messages.ts';
import { HORIZON_KEY, stateKey, type Entry } from '../state/messages.ts';
import type { Equivocation, LinkMessage, Payload } from './messages.ts';
import type { Tables } from './tables.ts';

export type TableRecord = RosterRecord | Entry | PresenceRecord;

/** Proofs kept; each is two records. Who is proven guilty by the oldest beyond these could come again. */
export const PROOFS_MAX: number = 256;

/** What proves that a member had to go. */
export type Outcasts = BoundedMap<PeerId, Equivocation>;

export function createOutcasts(): Outcasts {
  return createBoundedMap(PROOFS_MAX);
}

/** The version as tables are compared by it: where one version says two things, the comparison finds it. */
export function withContent(version: Version, record: TableRecord): Version {
  // Written out: spread, each of them gets a hidden class of its own in V8, twice its size.
  const { major, minor, by } = version;
  return { major, minor, by, content: hashContent(contentOf(record)) };
}

/** What no two records with different content have in common: table, key and version. */
export function versionNameOf(record: TableRecord): string {
  if ('collection' in record) {
    const { wall, counter, by } = record.stamp;
    return `state ${wall}.${counter}.${by} ${stateKey(record)}`;
  }
  if ('field' in record) return `presence ${record.epoch}.${record.seq} ${presenceKey(record)}`;
  return `roster ${versionToText(rosterVersion(record))} ${rosterKey(record)}`;
}

/** All else that a record says. Where and how often its author signed it makes no difference. */
export function contentOf(record: TableRecord): Value | undefined {
  if ('collection' in record || 'field' in record) return record.value;
  if (record.kind === 'links') return [...record.neighbors, record.stability, record.greeter];
  return [record.wireVersion, record.card];
}

export function authorOf(record: TableRecord): PeerId {
  if ('collection' in record) return record.stamp.by;
  return 'field' in record ? record.owner : record.id;
}

/** Who is guilty of it; `undefined` where it proves nothing. The signatures have been verified. */
export function guiltyOf({ records }: Equivocation): PeerId | undefined {
  const [one, other] = records;
  return one && other && records.length === 2 && isEquivocal(one, other) ? authorOf(one) : undefined;
}

function isEquivocal(one: TableRecord, other: TableRecord): boolean {
  if (one.proof === null || other.proof?.key !== one.proof.key) return false;
  if (versionNameOf(one) !== versionNameOf(other)) return false;
  // A horizon speaks for nobody.
  if ('collection' in one && stateKey(one) === HORIZON_KEY) return false;
  return valueToText(contentOf(one)) !== valueToText(contentOf(other));
}

/** This record and the one that is held, where they convict their author; the signatures have been verified. */
export function contradiction(
  record: TableRecord,
  { roster, state, presence }: Tables,
): Equivocation | undefined {
  let found: Equivocation | undefined;
  if ('collection' in record) {
    const held = state.get(stateKey(record));
    if (held) found = { kind: 'equivocation', table: 'state', records: [held, record] };
  } else if ('field' in record) {
    const held = presence.get(presenceKey(record));
    if (held) found = { kind: 'equivocation', table: 'presence', records: [held, record] };
  } else {
    const held = roster.get(rosterKey(record));
    if (held) found = { kind: 'equivocation', table: 'roster', records: [held, record] };
  }
  return found && guiltyOf(found) !== undefined ? found : undefined;
}

const NONE: readonly TableRecord[] = [];

/** The records in a message, whatever carries them. */
export function recordsIn(message: LinkMessage): readonly TableRecord[] {
  if (message.kind === 'hello') return [message.identity, ...message.presence];
  if (message.kind === 'delta') return message.records;
  if (message.kind === 'claims') return message.claims.filter(isRosterRecord);
  if (message.kind !== 'gossip') return NONE;
  const { payload } = message;
  if (payload.kind === 'state') return payload.entries;
  if (payload.kind !== 'presence') return isRosterRecord(payload) ? [payload] : NONE;
  const { owner, epoch, grade, fields } = payload;
  return grade === 'rest' ? fields.map((field) => ({ owner, epoch, ...field })) : NONE;
}

function isRosterRecord(payload: Payload): payload is RosterRecord {
  return payload.kind === 'identity' || payload.kind === 'links';
}
