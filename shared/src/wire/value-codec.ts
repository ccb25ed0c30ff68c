/**
 * What applications share: checked and copied at the door, and as bytes: a tag, then what the tag asks
 * for. lib0's `readAny` is not used, for it sets a prototype from a key `__proto__` and recurses without
 * bound.
 *
 * A whole number (-0 included) is a varint and any other finite number a float, never the other way round.
 * Arrays and objects nest at most 16 deep, an object has at most 1,024 keys, a value at most 16,384 bytes.
 */
import { length, writeUint8Array, writeVarInt } from 'lib0/encoding';
import { assert } from '../base/assert.ts';
import { err, ok, type Result } from '../base/result.ts';
import {
  VALUE_BYTES_MAX,
  VALUE_DEPTH_MAX,
  VALUE_KEYS_MAX,
  type Value,
  type ValueProblem,
} from '../base/value.ts';
import {
  readByte,
  readBytes,
  readCount,
  readFlag,
  readFloat,
  readInt,
  readText,
  refuse,
  type Reader,
} from './reader.ts';
import { isWellFormed, utf8Length } from './text.ts';
import { writeByte, writeFlag, writeFloat, writeText, writeUint, type Writer } from './writer.ts';

const TAG_NULL: number = 0;
const TAG_FALSE: number = 1;
const TAG_TRUE: number = 2;
const TAG_INTEGER: number = 3;
const TAG_FLOAT: number = 4;
const TAG_TEXT: number = 5;
const TAG_BYTES: number = 6;
const TAG_LIST: number = 7;
const TAG_OBJECT: number = 8;

/**
 * Answers with a frozen copy, so that what the application does to its object later changes nothing here.
 *
 * A value is null, a boolean, a finite number, well-formed text, a `Uint8Array`, an array without holes, or
 * a plain object (prototype `Object.prototype` or none, no symbols) of such; never `undefined`. What
 * contains itself is too deep.
 */
export function checkValue(value: unknown): Result<Value, ValueProblem> {
  const walk: Walk = { bytesLeft: VALUE_BYTES_MAX, problem: null };
  const copy = copyAt(walk, value, 0);
  return walk.problem === null ? ok(copy) : err(walk.problem);
}

/** How many bytes a checked value takes on the wire. */
export function encodedValueBytes(value: Value): number {
  const walk: Walk = { bytesLeft: Number.MAX_SAFE_INTEGER, problem: null };
  copyAt(walk, value, 0);
  return Number.MAX_SAFE_INTEGER - walk.bytesLeft;
}

export function writeValue(writer: Writer, value: Value): void {
  const start = length(writer.out);
  writeAt(writer, value, 0);
  const bytes = length(writer.out) - start;
  assert(bytes <= VALUE_BYTES_MAX, `a value of ${bytes} bytes is over ${VALUE_BYTES_MAX}`);
}

/** Arrays and objects come out frozen, and so all that is in them; a `Uint8Array` cannot be. */
export function readValue(reader: Reader): Value {
  const start = reader.from.pos;
  const value = readAt(reader, 0);
  return reader.from.pos - start <= VALUE_BYTES_MAX ? value : refuse(reader, 'value-limit');
}

/** A value, or a flag that says there is none: deleted, or taken away. */
export function writeOptionalValue(writer: Writer, value: Value | undefined): void {
  writeFlag(writer, value !== undefined);
  if (value !== undefined) writeValue(writer, value);
}

export function readOptionalValue(reader: Reader): Value | undefined {
  return readFlag(reader) ? readValue(reader) : undefined;
}

function writeAt(writer: Writer, value: Value, depth: number): void {
  if (value === null) return writeByte(writer, TAG_NULL);
  if (typeof value === 'boolean') return writeByte(writer, value ? TAG_TRUE : TAG_FALSE);
  if (typeof value === 'number') return writeNumber(writer, value);
  if (typeof value === 'string') {
    writeByte(writer, TAG_TEXT);
    return writeText(writer, value, VALUE_BYTES_MAX);
  }
  if (value instanceof Uint8Array) {
    writeByte(writer, TAG_BYTES);
    writeUint(writer, value.length, VALUE_BYTES_MAX);
    return writeUint8Array(writer.out, value);
  }
  assert(depth < VALUE_DEPTH_MAX, `a value nests deeper than ${VALUE_DEPTH_MAX}`);
  if (isList(value)) {
    writeByte(writer, TAG_LIST);
    writeUint(writer, value.length, VALUE_BYTES_MAX);
    for (const item of value) writeAt(writer, item, depth + 1);
    return;
  }
  writeByte(writer, TAG_OBJECT);
  const keys = Object.keys(value);
  writeUint(writer, keys.length, VALUE_KEYS_MAX);
  for (const key of keys) {
    writeText(writer, key, VALUE_BYTES_MAX);
    writeAt(writer, value[key]!, depth + 1);
  }
}

function writeNumber(writer: Writer, value: number): void {
  assert(Number.isFinite(value), `${value} is not finite`);
  if (Number.isSafeInteger(value)) {
    writeByte(writer, TAG_INTEGER);
    writeVarInt(writer.out, value);
  } else {
    writeByte(writer, TAG_FLOAT);
    writeFloat(writer, value);
  }
}

function readAt(reader: Reader, depth: number): Value {
  const tag = readByte(reader);
  if (tag >= TAG_LIST && depth >= VALUE_DEPTH_MAX) refuse(reader, 'value-limit');
  switch (tag) {
    case TAG_NULL:
      return null;
    case TAG_FALSE:
      return false;
    case TAG_TRUE:
      return true;
    case TAG_INTEGER:
      return readInt(reader);
    case TAG_FLOAT:
      return readFraction(reader);
    case TAG_TEXT:
      return readText(reader, VALUE_BYTES_MAX);
    case TAG_BYTES:
      return readBytes(reader, readCount(reader, VALUE_BYTES_MAX));
    case TAG_LIST:
      return readItems(reader, depth);
    case TAG_OBJECT:
      return readObject(reader, depth);
    default:
      return refuse(reader, 'malformed');
  }
}

function readFraction(reader: Reader): number {
  const value = readFloat(reader);
  const good = Number.isFinite(value) && !Number.isSafeInteger(value);
  return good ? value : refuse(reader, 'malformed');
}

function readItems(reader: Reader, depth: number): Value {
  const count = readCount(reader, VALUE_BYTES_MAX);
  const items: Value[] = [];
  for (let at = 0; at < count; at++) items.push(readAt(reader, depth + 1));
  return Object.freeze(items);
}

function readObject(reader: Reader, depth: number): Value {
  const count = readCount(reader, VALUE_KEYS_MAX);
  const object = {};
  for (let at = 0; at < count; at++) {
    const key = readText(reader, VALUE_BYTES_MAX);
    if (Object.hasOwn(object, key)) refuse(reader, 'malformed');
    defineKey(object, key, readAt(reader, depth + 1));
  }
  return Object.freeze(object);
}

function isList(value: Value): value is readonly Value[] {
  return Array.isArray(value);
}

/** What a walk through one value may still spend, and the first thing that was wrong: it ends the walk. */
interface Walk {
  bytesLeft: number;
  problem: ValueProblem | null;
}

function copyAt(walk: Walk, value: unknown, depth: number): Value {
  spend(walk, 1);
  if (walk.problem !== null || value === null) return null;
  if (typeof value === 'boolean') return value;
  if (typeof value === 'number') return copyNumber(walk, value);
  if (typeof value === 'string') return copyText(walk, value);
  if (typeof value !== 'object') return stop(walk, 'not-a-value');
  if (value instanceof Uint8Array) return copyBytes(walk, value);
  if (depth >= VALUE_DEPTH_MAX) return stop(walk, 'too-deep');
  if (Array.isArray(value)) return copyItems(walk, value, depth);
  return isPlain(value) ? copyObject(walk, value, depth) : stop(walk, 'not-a-value');
}

function copyNumber(walk: Walk, value: number): Value {
  if (!Number.isFinite(value)) return stop(walk, 'not-a-value');
  spend(walk, Number.isSafeInteger(value) ? varintBytes(value) : 8);
  return value;
}

function copyText(walk: Walk, text: string): string {
  if (text.length > walk.bytesLeft) stop(walk, 'too-large');
  else if (!isWellFormed(text)) stop(walk, 'not-a-value');
  else spendSized(walk, utf8Length(text));
  return text;
}

function copyBytes(walk: Walk, bytes: Uint8Array): Value {
  spendSized(walk, bytes.length);
  return walk.problem === null ? new Uint8Array(bytes) : null;
}

function copyItems(walk: Walk, items: readonly unknown[], depth: number): Value {
  spend(walk, varuintBytes(items.length));
  if (items.length > walk.bytesLeft) return stop(walk, 'too-large');
  const copies: Value[] = [];
  for (let at = 0; at < items.length && walk.problem === null; at++) {
    copies.push(Object.hasOwn(items, at) ? copyAt(walk, items[at], depth + 1) : stop(walk, 'not-a-value'));
  }
  return Object.freeze(copies);
}

function copyObject(walk: Walk, object: Readonly<Record<string, unknown>>, depth: number): Value {
  const keys = Object.keys(object);
  if (keys.length > VALUE_KEYS_MAX) return stop(walk, 'too-many-keys');
  if (Object.getOwnPropertySymbols(object).length > 0) return stop(walk, 'not-a-value');
  spend(walk, varuintBytes(keys.length));
  const copy = {};
  for (const key of keys) {
    copyText(walk, key);
    if (walk.problem !== null) return null;
    defineKey(copy, key, copyAt(walk, object[key], depth + 1));
  }
  return Object.freeze(copy);
}

function isPlain(value: object): value is Readonly<Record<string, unknown>> {
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}

function stop(walk: Walk, problem: ValueProblem): null {
  walk.problem ??= problem;
  return null;
}

function spend(walk: Walk, bytes: number): void {
  walk.bytesLeft -= bytes;
  if (walk.bytesLeft < 0) stop(walk, 'too-large');
}

function spendSized(walk: Walk, bytes: number): void {
  spend(walk, varuintBytes(bytes) + bytes);
}

function varuintBytes(value: number): number {
  let bytes = 1;
  for (let left = Math.floor(value / 128); left > 0; left = Math.floor(left / 128)) bytes++;
  return bytes;
}

/** The first byte of a varint holds 6 bits, the others 7. */
function varintBytes(value: number): number {
  const rest = Math.floor(Math.abs(value) / 64);
  return rest === 0 ? 1 : 1 + varuintBytes(rest);
}

/** Adds an own property whatever its name: assigning to `__proto__` would set the prototype instead. */
function defineKey(target: object, key: string, value: Value): void {
  Object.defineProperty(target, key, { value, enumerable: true, configurable: true, writable: true });
}
