/** Presence: updates that are broadcast, and records that are reconciled or greet a newcomer. */
import { epoch } from '../base/ids.ts';
import type { Grade, PresenceRecord, PresenceUpdate } from '../presence/messages.ts';
import { createChoice, type Choice } from './choice.ts';
import { FIELD_BYTES_MAX, FIELDS_MAX } from './limits.ts';
import { readChoice, readId, readList, readText, readUint, type Reader } from './reader.ts';
import { readOptionalValue, writeOptionalValue } from './value-codec.ts';
import { writeChoice, writeId, writeList, writeText, writeUint, type Writer } from './writer.ts';

type Field = PresenceUpdate['fields'][number];

const grades: Choice<Grade> = createChoice({ passing: 0, rest: 1, anchor: 2 });

export function writePresenceUpdate(writer: Writer, update: PresenceUpdate): void {
  writeId(writer, update.owner);
  writeUint(writer, update.epoch);
  writeChoice(writer, grades, update.grade);
  writeList(writer, update.fields, FIELDS_MAX, writeField);
}

export function readPresenceUpdate(reader: Reader): PresenceUpdate {
  return {
    kind: 'presence',
    owner: readId(reader),
    epoch: epoch(readUint(reader)),
    grade: readChoice(reader, grades),
    fields: readList(reader, FIELDS_MAX, readField),
  };
}

export function writePresenceRecord(writer: Writer, record: PresenceRecord): void {
  writeId(writer, record.owner);
  writeUint(writer, record.epoch);
  writeField(writer, record);
}

export function readPresenceRecord(reader: Reader): PresenceRecord {
  return { owner: readId(reader), epoch: epoch(readUint(reader)), ...readField(reader) };
}

function writeField(writer: Writer, field: Field): void {
  writeText(writer, field.field, FIELD_BYTES_MAX);
  writeUint(writer, field.seq);
  writeOptionalValue(writer, field.value);
}

function readField(reader: Reader): Field {
  return {
    field: readText(reader, FIELD_BYTES_MAX),
    seq: readUint(reader),
    value: readOptionalValue(reader),
  };
}
