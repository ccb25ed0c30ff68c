/**
 * What in a message somebody must answer for: every record in it, and those broadcasts that are no records. One walk
 * serves both ways: it collects what is to be verified, and fills in what has been signed.
 */
import { unreachable } from '../base/assert.ts';
import type { Epoch, PeerId } from '../base/ids.ts';
import type { Proof } from '../base/proof.ts';
import type { Gossip } from '../broadcast/messages.ts';
import type { Accusation, IdentityRecord, LinksRecord, Objection, Verdict } from '../membership/messages.ts';
import type {
  Claims,
  Delta,
  Equivocation,
  Hello,
  LinkMessage,
  Payload,
  RoutedPayload,
  TopicMessage,
} from '../mesh/messages.ts';
import type { PresenceRecord, PresenceUpdate } from '../presence/messages.ts';
import type { Packet } from '../routing/messages.ts';
import type { Entry } from '../state/messages.ts';

/** A broadcast that is no record, and is proven as a whole. */
export type ProvenGossip = Gossip<TopicMessage | Verdict | PresenceUpdate>;

export type Saying =
  IdentityRecord | LinksRecord | Accusation | Objection | PresenceRecord | Entry | ProvenGossip;

/** Where something is said: its gossip, and how many records that holds. */
export interface Place {
  readonly epoch: Epoch;
  readonly seq: number;
  readonly of: number;
}

/**
 * Answers with the proof that the saying is to have. `place` is `null` outside a broadcast. `source` is what carries
 * the proof, and the same object as long as it is the same thing.
 */
export type Visit = (saying: Saying, place: Place | null, source: object) => Proof | null;

export function authorOf(saying: Saying): PeerId {
  if ('collection' in saying) return saying.stamp.by;
  if ('field' in saying) return saying.owner;
  switch (saying.kind) {
    case 'identity':
    case 'links':
      return saying.id;
    case 'accusation':
    case 'objection':
      return saying.observer;
    case 'gossip':
      return saying.origin;
    default:
      return unreachable(saying);
  }
}

/** A horizon speaks for nobody: any member may raise it, and its bound is its age. */
export function isHorizonEntry(saying: Saying): boolean {
  return 'collection' in saying && saying.collection === '\0';
}

/** What holds something that somebody answers for; most messages are none of these. */
type Spoken = Hello | Claims | Delta | Equivocation | Gossip<Payload> | Packet<RoutedPayload>;

/** The message, if there can be anything in it that somebody answers for. Allocates nothing. */
export function asSpoken(message: LinkMessage): Spoken | null {
  if (message.kind === 'hello' || message.kind === 'claims') return message;
  if (message.kind === 'delta' || message.kind === 'equivocation') return message;
  if (message.kind === 'gossip') {
    const passes = message.lane === 'volatile' && !isProvenByGossip(message.payload);
    return passes ? null : message;
  }
  return message.kind === 'packet' && message.payload.kind === 'accused' ? message : null;
}

/** The message with the proofs that `visit` answers with; itself, if none is another. */
export function mapProofs(message: Spoken, visit: Visit): Spoken {
  switch (message.kind) {
    case 'hello': {
      const identity = mapRecord(message.identity, null, visit);
      const presence = mapRecords(message.presence, visit);
      const isSame = identity === message.identity && presence === message.presence;
      return isSame ? message : { ...message, identity, presence };
    }
    case 'claims': {
      const claims = mapList(message.claims, (claim) =>
        claim.kind === 'verdict' ? mapVerdict(claim, visit) : mapRecord(claim, null, visit),
      );
      return claims === message.claims ? message : { ...message, claims };
    }
    case 'delta':
    case 'equivocation':
      return mapTable(message, visit);
    case 'gossip':
      return mapGossip(message, visit);
    case 'packet': {
      const { payload } = message;
      if (payload.kind !== 'accused') return message;
      const accusation = mapRecord(payload.accusation, null, visit);
      return accusation === payload.accusation
        ? message
        : { ...message, payload: { ...payload, accusation } };
    }
    default:
      return unreachable(message);
  }
}

function mapTable(message: Delta | Equivocation, visit: Visit): Delta | Equivocation {
  switch (message.table) {
    case 'roster':
      return { ...message, records: mapRecords(message.records, visit) };
    case 'state':
      return { ...message, records: mapRecords(message.records, visit) };
    case 'presence':
      return { ...message, records: mapRecords(message.records, visit) };
    default:
      return unreachable(message);
  }
}

function mapGossip(gossip: Gossip<Payload>, visit: Visit): Gossip<Payload> {
  const payload = mapPayload(gossip, visit);
  const said = payload === gossip.payload ? gossip : { ...gossip, payload };
  if (!isProvenAsAWhole(said)) return said;
  // The gossip itself is another each time that it is given, for it has grown older.
  const proof = visit(said, { epoch: gossip.epoch, seq: gossip.seq, of: 1 }, gossip.payload);
  return proof === said.proof ? said : { ...said, proof };
}

/** Everything else is made of records, which carry their proofs themselves, or is volatile and passes without. */
export function isProvenByGossip(payload: Payload): boolean {
  const { kind } = payload;
  return kind === 'topic' || kind === 'verdict' || (kind === 'presence' && payload.grade === 'anchor');
}

function isProvenAsAWhole(gossip: Gossip<Payload>): gossip is ProvenGossip {
  return isProvenByGossip(gossip.payload);
}

function mapPayload({ payload, epoch, seq }: Gossip<Payload>, visit: Visit): Payload {
  switch (payload.kind) {
    case 'identity':
      // A farewell is signed before it is known which gossip it will be.
      return mapRecord(payload, payload.left ? null : { epoch, seq, of: 1 }, visit);
    case 'links':
    case 'accusation':
    case 'objection':
      return mapRecord(payload, { epoch, seq, of: 1 }, visit);
    case 'presence':
      if (payload.grade !== 'rest') return payload;
      return mapUpdate(payload, { epoch, seq, of: payload.fields.length }, visit);
    case 'state': {
      const place: Place = { epoch, seq, of: payload.entries.length };
      const entries = mapList(payload.entries, (entry) => mapRecord(entry, place, visit));
      return entries === payload.entries ? payload : { ...payload, entries };
    }
    case 'verdict':
      return mapVerdict(payload, visit);
    case 'topic':
      return payload;
    default:
      return unreachable(payload);
  }
}

/** Each field is the record that it will be kept as. */
function mapUpdate(update: PresenceUpdate, place: Place, visit: Visit): PresenceUpdate {
  const { owner, epoch } = update;
  const fields = mapList(update.fields, (field) => {
    const proof = visit({ owner, epoch, ...field }, place, field);
    return proof === field.proof ? field : { ...field, proof };
  });
  return fields === update.fields ? update : { ...update, fields };
}

/** What a verdict stands on was said elsewhere, or is said here for the first time and without a place. */
function mapVerdict(verdict: Verdict, visit: Visit): Verdict {
  const accusations = mapRecords(verdict.accusations, visit);
  return accusations === verdict.accusations ? verdict : { ...verdict, accusations };
}

function mapRecords<R extends Exclude<Saying, ProvenGossip>>(
  records: readonly R[],
  visit: Visit,
): readonly R[] {
  return mapList(records, (record) => mapRecord(record, null, visit));
}

function mapRecord<R extends Exclude<Saying, ProvenGossip>>(record: R, place: Place | null, visit: Visit): R {
  const proof = visit(record, place, record);
  return proof === record.proof ? record : { ...record, proof };
}

/** The list itself, if `map` changes nothing. */
function mapList<T>(items: readonly T[], map: (item: T) => T): readonly T[] {
  let mapped: T[] | undefined;
  for (const [at, item] of items.entries()) {
    const next = map(item);
    if (next !== item) mapped ??= items.slice();
    if (mapped) mapped[at] = next;
  }
  return mapped ?? items;
}
