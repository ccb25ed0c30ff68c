/** State: entries, broadcast together or reconciled one by one. */
import type { Entry, Hlc, StateUpdate } from '../state/messages.ts';
import { COLLECTION_BYTES_MAX, KEY_BYTES_MAX, RECORDS_MAX, STAMP_COUNTER_MAX } from './limits.ts';
import { readProof, writeProof } from './proof-codec.ts';
import { readId, readList, readText, readUint, type Reader } from './reader.ts';
import { readOptionalValue, writeOptionalValue } from './value-codec.ts';
import { writeId, writeList, writeText, writeUint, type Writer } from './writer.ts';

export function writeStateUpdate(writer: Writer, update: StateUpdate): void {
  writeList(writer, update.entries, RECORDS_MAX, writeEntry);
}

export function readStateUpdate(reader: Reader): StateUpdate {
  return { kind: 'state', entries: readList(reader, RECORDS_MAX, readEntry) };
}

export function writeEntry(writer: Writer, entry: Entry): void {
  writeEntryFacts(writer, entry);
  writeProof(writer, entry.proof);
}

/** An entry without its proof. */
export function writeEntryFacts(writer: Writer, entry: Entry): void {
  writeText(writer, entry.collection, COLLECTION_BYTES_MAX);
  writeText(writer, entry.key, KEY_BYTES_MAX);
  writeStamp(writer, entry.stamp);
  writeOptionalValue(writer, entry.value);
}

export function readEntry(reader: Reader): Entry {
  return {
    collection: readText(reader, COLLECTION_BYTES_MAX),
    key: readText(reader, KEY_BYTES_MAX),
    stamp: readStamp(reader),
    value: readOptionalValue(reader),
    proof: readProof(reader),
  };
}

function writeStamp(writer: Writer, stamp: Hlc): void {
  writeUint(writer, stamp.wall);
  writeUint(writer, stamp.counter, STAMP_COUNTER_MAX);
  writeId(writer, stamp.by);
}

function readStamp(reader: Reader): Hlc {
  return { wall: readUint(reader), counter: readUint(reader, STAMP_COUNTER_MAX), by: readId(reader) };
}
