/**
 * Writing the elements that all messages are made of. Numbers of several bytes are big-endian, varints
 * are lib0's. What is over a limit is our own mistake and asserts.
 */
import {
  toUint8Array,
  writeFloat64,
  writeUint32BigEndian,
  writeUint8,
  writeUint8Array,
  writeVarString,
  writeVarUint,
  type Encoder,
} from 'lib0/encoding';
import { assert } from '../base/assert.ts';
import type { Hash64 } from '../base/hash.ts';
import { isAttemptId, type AttemptId, type PeerId } from '../base/ids.ts';
import type { PublicKey } from '../base/proof.ts';
import { RECEIPT_BYTES, receiptToBytes, type Receipt } from '../base/receipt.ts';
import type { Choice } from './choice.ts';
import { isWireText } from './text.ts';

/** How member ids and keys are written. */
export interface NameWriters {
  readonly writeId: (out: Encoder, id: PeerId) => void;
  readonly writeKey: (out: Encoder, key: PublicKey) => void;
}

/** Where a message goes. */
export interface Writer {
  readonly out: Encoder;
  readonly names: NameWriters;
}

/** The bytes written, asserted to be within the limit. */
export function finish(writer: Writer, bytesMax: number): Uint8Array {
  const bytes = toUint8Array(writer.out);
  assert(bytes.length <= bytesMax, `a message of ${bytes.length} bytes is over ${bytesMax}`);
  return bytes;
}

export function writeByte(writer: Writer, byte: number): void {
  writeUint8(writer.out, byte);
}

export function writeFlag(writer: Writer, flag: boolean): void {
  writeUint8(writer.out, flag ? 1 : 0);
}

/** A count, sequence, epoch or stamp: a whole number from 0 to `max`. */
export function writeUint(writer: Writer, value: number, max: number = Number.MAX_SAFE_INTEGER): void {
  assert(Number.isSafeInteger(value) && value >= 0 && value <= max, `${value} is not a count up to ${max}`);
  writeVarUint(writer.out, value);
}

/** A duration or a reading of a clock; what is finer than a millisecond is rounded away. */
export function writeMs(writer: Writer, ms: number): void {
  writeUint(writer, Math.round(ms));
}

export function writeFloat(writer: Writer, value: number): void {
  writeFloat64(writer.out, value);
}

export function writeText(writer: Writer, text: string, bytesMax: number): void {
  assert(isWireText(text, bytesMax), `a text of ${text.length} is malformed or over ${bytesMax} bytes`);
  writeVarString(writer.out, text);
}

export function writeHash(writer: Writer, hash: Hash64): void {
  writeWord(writer, hash.high);
  writeWord(writer, hash.low);
}

/** 32 bits, with a sign or without. */
export function writeWord(writer: Writer, word: number): void {
  writeUint32BigEndian(writer.out, word);
}

export function writeId(writer: Writer, id: PeerId): void {
  writer.names.writeId(writer.out, id);
}

export function writeKey(writer: Writer, key: PublicKey): void {
  writer.names.writeKey(writer.out, key);
}

/** So many bytes that their number need not be said. */
export function writeBytes(writer: Writer, bytes: Uint8Array, length: number): void {
  assert(bytes.length === length, `${bytes.length} bytes are not ${length}`);
  writeUint8Array(writer.out, bytes);
}

export function writeReceipt(writer: Writer, receipt: Receipt): void {
  writeBytes(writer, receiptToBytes(receipt), RECEIPT_BYTES);
}

export function writeIds(writer: Writer, ids: readonly PeerId[], limit: number): void {
  writeList(writer, ids, limit, writeId);
}

export function writeAttempt(writer: Writer, attempt: AttemptId): void {
  assert(isAttemptId(attempt), `${attempt} is no attempt's id`);
  writeWord(writer, Number.parseInt(attempt.slice(0, 8), 16));
  writeWord(writer, Number.parseInt(attempt.slice(8), 16));
}

export function writeChoice<T extends string>(writer: Writer, choice: Choice<T>, name: T): void {
  writeUint8(writer.out, choice.codeByName[name]);
}

/** A count and that many elements. */
export function writeList<T>(
  writer: Writer,
  items: readonly T[],
  limit: number,
  write: (writer: Writer, item: T) => void,
): void {
  writeUint(writer, items.length, limit);
  for (const item of items) write(writer, item);
}
