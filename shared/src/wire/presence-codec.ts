/** Presence: updates that are broadcast, and records that are reconciled or greet a newcomer. */
import { assert } from '../base/assert.ts';
import { epoch } from '../base/ids.ts';
import type { Grade, PresenceRecord, PresenceUpdate } from '../presence/messages.ts';
import { createChoice, type Choice } from './choice.ts';
import { FIELD_BYTES_MAX, FIELDS_MAX } from './limits.ts';
import { readProof, writeProof } from './proof-codec.ts';
import { readChoice, readId, readList, readText, readUint, type Reader } from './reader.ts';
import { readOptionalValue, writeOptionalValue } from './value-codec.ts';
import { writeChoice, writeId, writeList, writeText, writeUint, type Writer } from './writer.ts';

type Field = PresenceUpdate['fields'][number];

const grades: Choice<Grade> = createChoice({ passing: 0, rest: 1, anchor: 2 });

export function writePresenceUpdate(writer: Writer, update: PresenceUpdate): void {
  writeId(writer, update.owner);
  writeUint(writer, update.epoch);
  writeChoice(writer, grades, update.grade);
  writeList(writer, update.fields, FIELDS_MAX, update.grade === 'rest' ? writeField : writeVolatileField);
}

export function readPresenceUpdate(reader: Reader): PresenceUpdate {
  const owner = readId(reader);
  const ownersEpoch = epoch(readUint(reader));
  const grade = readChoice(reader, grades);
  const fields = readList(reader, FIELDS_MAX, grade === 'rest' ? readField : readVolatileField);
  return { kind: 'presence', owner, epoch: ownersEpoch, grade, fields };
}

export function writePresenceRecord(writer: Writer, record: PresenceRecord): void {
  writePresenceFacts(writer, record);
  writeProof(writer, record.proof);
}

/** A record without its proof. */
export function writePresenceFacts(writer: Writer, record: Omit<PresenceRecord, 'proof'>): void {
  writeId(writer, record.owner);
  writeUint(writer, record.epoch);
  writeFieldFacts(writer, record);
}

export function readPresenceRecord(reader: Reader): PresenceRecord {
  return { owner: readId(reader), epoch: epoch(readUint(reader)), ...readField(reader) };
}

function writeField(writer: Writer, field: Field): void {
  writeFieldFacts(writer, field);
  writeProof(writer, field.proof);
}

function readField(reader: Reader): Field {
  return { ...readFieldFacts(reader), proof: readProof(reader) };
}

/** What is overtaken within a second is not worth 64 bytes: a volatile field has no room for a proof. */
function writeVolatileField(writer: Writer, field: Field): void {
  assert(field.proof === null, `the volatile field ${field.field} carries a proof`);
  writeFieldFacts(writer, field);
}

function readVolatileField(reader: Reader): Field {
  return { ...readFieldFacts(reader), proof: null };
}

function writeFieldFacts(writer: Writer, field: Omit<Field, 'proof'>): void {
  writeText(writer, field.field, FIELD_BYTES_MAX);
  writeUint(writer, field.seq);
  writeOptionalValue(writer, field.value);
}

function readFieldFacts(reader: Reader): Omit<Field, 'proof'> {
  return {
    field: readText(reader, FIELD_BYTES_MAX),
    seq: readUint(reader),
    value: readOptionalValue(reader),
  };
}
