/**
 * Reading the elements that all messages are made of. Whatever is wrong throws, and is caught once, at
 * the door (`readWhole`), where it becomes a `FrameProblem`. lib0 gives `undefined` or 0 for some reads
 * past the end, so what is left is checked before each. Every element has exactly one form in bytes.
 */
import {
  createDecoder,
  hasContent,
  readFloat64,
  readUint32BigEndian,
  readUint8,
  readUint8Array,
  readVarInt,
  readVarString,
  readVarUint,
  type Decoder,
} from 'lib0/decoding';
import type { Hash64 } from '../base/hash.ts';
import { wordsToAttemptId, type AttemptId, type PeerId } from '../base/ids.ts';
import type { PublicKey } from '../base/proof.ts';
import { bytesToReceipt, RECEIPT_BYTES, type Receipt } from '../base/receipt.ts';
import { err, ok, type Result } from '../base/result.ts';
import type { Choice } from './choice.ts';
import { TOO_OLD_NOTICE, type WireVersions } from './versions.ts';

/** Why a frame was refused. The decoder's state is as it was before, and the next good frame decodes. */
export type FrameProblem =
  /** Longer than a frame may be. */
  | 'oversized'
  /** Of a version older than those read here. */
  | 'stale-version'
  /** Of a version that came after this software. */
  | 'newer-version'
  /** The other end says that all we can write is too old for it. */
  | 'too-old'
  /** Its sequence was seen before. */
  | 'replayed'
  /** Its sequence is lower than the highest, and was never seen. */
  | 'misordered'
  /** A message, payload or record of a kind that is not known, or not allowed there. */
  | 'unknown-kind'
  /** A member's or a key's two-byte name that was never defined. */
  | 'unknown-index'
  /** A list, text, number or value beyond its limit. */
  | 'value-limit'
  /** Too short, too long, or not in the one form that is written. */
  | 'malformed';

/** How member ids and keys are read. */
export interface NameReaders {
  readonly readId: (reader: Reader) => PeerId;
  readonly readKey: (reader: Reader) => PublicKey;
}

/** Where a message comes from. `problem` is what a throw means. */
export interface Reader {
  readonly from: Decoder;
  readonly names: NameReaders;
  problem: FrameProblem;
}

const REFUSED: Error = new Error('refused');

/** Ends the reading of this frame. */
export function refuse(reader: Reader, problem: FrameProblem): never {
  reader.problem = problem;
  throw REFUSED;
}

/** The door: reads all of `bytes` with `read`, or says why not. Never throws. */
export function readWhole<T>(
  bytes: Uint8Array,
  names: NameReaders,
  read: (reader: Reader) => T,
): Result<T, FrameProblem> {
  const reader: Reader = { from: createDecoder(bytes), names, problem: 'malformed' };
  try {
    const value = read(reader);
    return hasContent(reader.from) ? err('malformed') : ok(value);
  } catch {
    return err(reader.problem);
  }
}

/** Refuses what is of none of these versions. */
export function readVersion(reader: Reader, { oldest, newest }: WireVersions): void {
  const version = readByte(reader);
  if (version === TOO_OLD_NOTICE) {
    const isTrue = readByte(reader) > newest && !hasContent(reader.from);
    refuse(reader, isTrue ? 'too-old' : 'malformed');
  }
  if (version < oldest) refuse(reader, 'stale-version');
  if (version > newest) refuse(reader, 'newer-version');
}

export function readByte(reader: Reader): number {
  demand(reader, 1);
  return readUint8(reader.from);
}

export function readFlag(reader: Reader): boolean {
  const byte = readByte(reader);
  return byte <= 1 ? byte === 1 : refuse(reader, 'malformed');
}

export function readUint(reader: Reader, max: number = Number.MAX_SAFE_INTEGER): number {
  const start = reader.from.pos;
  const value = readVarUint(reader.from);
  if (!Number.isSafeInteger(value) || !isShortest(reader, start)) refuse(reader, 'malformed');
  return value <= max ? value : refuse(reader, 'value-limit');
}

/** A whole number with a sign; -0 is a number of its own. */
export function readInt(reader: Reader): number {
  demand(reader, 1);
  const start = reader.from.pos;
  const value = readVarInt(reader.from);
  const good = Number.isSafeInteger(value) && isShortest(reader, start);
  return good ? value : refuse(reader, 'malformed');
}

export function readFloat(reader: Reader): number {
  return readFloat64(reader.from);
}

/** Text that is valid UTF-8 and not over `bytesMax`. */
export function readText(reader: Reader, bytesMax: number): string {
  const start = reader.from.pos;
  readCount(reader, bytesMax);
  reader.from.pos = start;
  return readVarString(reader.from);
}

/** A copy of the next `length` bytes: a view would keep the whole frame alive. */
export function readBytes(reader: Reader, length: number): Uint8Array {
  return readUint8Array(reader.from, length).slice();
}

export function readReceipt(reader: Reader): Receipt {
  return bytesToReceipt(readUint8Array(reader.from, RECEIPT_BYTES));
}

export function readHash(reader: Reader): Hash64 {
  return { high: readHalf(reader), low: readHalf(reader) };
}

/** One half of a hash. */
export function readHalf(reader: Reader): number {
  return readWord(reader) | 0;
}

export function readId(reader: Reader): PeerId {
  return reader.names.readId(reader);
}

export function readKey(reader: Reader): PublicKey {
  return reader.names.readKey(reader);
}

export function readIds(reader: Reader, limit: number): readonly PeerId[] {
  return readList(reader, limit, readId);
}

export function readAttempt(reader: Reader): AttemptId {
  return wordsToAttemptId(readWord(reader), readWord(reader));
}

export function readChoice<T extends string>(
  reader: Reader,
  choice: Choice<T>,
  problem: FrameProblem = 'malformed',
): T {
  return choice.nameByCode.get(readByte(reader)) ?? refuse(reader, problem);
}

/** How many elements follow: within the limit, and no more than the bytes left, for each takes at least one. */
export function readCount(reader: Reader, limit: number): number {
  const count = readUint(reader, limit);
  demand(reader, count);
  return count;
}

export function readList<T>(reader: Reader, limit: number, read: (reader: Reader) => T): readonly T[] {
  const count = readCount(reader, limit);
  const items: T[] = [];
  for (let at = 0; at < count; at++) items.push(read(reader));
  // Cut to size: what has grown by pushing has room for 17, and the links of 1,000 members are held for long.
  return items.slice();
}

/** 32 bits. */
export function readWord(reader: Reader): number {
  demand(reader, 4);
  return readUint32BigEndian(reader.from);
}

function demand(reader: Reader, bytes: number): void {
  if (reader.from.arr.length - reader.from.pos < bytes) refuse(reader, 'malformed');
}

/** A varint of several bytes whose last is zero could have been shorter. */
function isShortest(reader: Reader, start: number): boolean {
  return reader.from.pos - start === 1 || reader.from.arr[reader.from.pos - 1] !== 0;
}
