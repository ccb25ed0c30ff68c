/** Reconciliation: hashes, and keys with versions; both shortened unless the round is exact. */
import { assert, unreachable } from '../base/assert.ts';
import type { Hash64 } from '../base/hash.ts';
import type { Version } from '../base/version.ts';
import type {
  LeafPart,
  Leaves,
  Middle,
  ReconcileMessage,
  Roots,
  Summary,
  TableName,
} from '../reconcile/messages.ts';
import { createChoice, type Choice } from './choice.ts';
import { KEY_HASHES_MAX, LEAVES_MAX, SUMMARIES_MAX, TREE_WIDTH } from './limits.ts';
import {
  readByte,
  readChoice,
  readFlag,
  readHalf,
  readHash,
  readId,
  readList,
  readUint,
  refuse,
  type Reader,
} from './reader.ts';
import {
  writeByte,
  writeChoice,
  writeFlag,
  writeHash,
  writeId,
  writeList,
  writeUint,
  writeWord,
  type Writer,
} from './writer.ts';

export const tables: Choice<TableName> = createChoice({ roster: 0, state: 1, presence: 2 });

export function writeReconcile(writer: Writer, message: ReconcileMessage): void {
  writeChoice(writer, tables, message.table);
  if (message.kind === 'roundDone') return;
  const { exact } = message;
  writeFlag(writer, exact);
  switch (message.kind) {
    case 'top':
      return writeHashes(writer, message.hashes, exact);
    case 'middle':
      return writeList(writer, message.nodes, TREE_WIDTH, (to, node) => {
        writeIndex(to, node.index, TREE_WIDTH);
        writeHashes(to, node.hashes, exact);
      });
    case 'leaves':
      return writeLeaves(writer, message);
    case 'wantRecords':
      writeFlag(writer, message.last);
      return writeList(writer, message.keyHashes, KEY_HASHES_MAX, (to, hash) => writeHalves(to, hash, exact));
    default:
      return unreachable(message);
  }
}

export function readReconcile(reader: Reader, kind: ReconcileMessage['kind']): ReconcileMessage {
  const table = readChoice(reader, tables);
  if (kind === 'roundDone') return { kind, table };
  const exact = readFlag(reader);
  switch (kind) {
    case 'top':
      return { kind, table, exact, hashes: readHashes(reader, exact) };
    case 'middle': {
      const readNode = (from: Reader): Middle['nodes'][number] => ({
        index: readIndex(from, TREE_WIDTH),
        hashes: readHashes(from, exact),
      });
      return { kind, table, exact, nodes: readList(reader, TREE_WIDTH, readNode) };
    }
    case 'leaves':
      return readLeaves(reader, table, exact);
    case 'wantRecords': {
      const last = readFlag(reader);
      const keyHashes = readList(reader, KEY_HASHES_MAX, (from) => readHalves(from, exact));
      return { kind, table, exact, last, keyHashes };
    }
    default:
      return unreachable(kind);
  }
}

/** Always roster, state, presence. */
export function writeRoots(writer: Writer, roots: Roots): void {
  writeHash(writer, roots.roster);
  writeHash(writer, roots.state);
  writeHash(writer, roots.presence);
}

export function readRoots(reader: Reader): Roots {
  return { roster: readHash(reader), state: readHash(reader), presence: readHash(reader) };
}

/** The high half, and in an exact round the low one. */
function writeHalves(writer: Writer, hash: Hash64, exact: boolean): void {
  writeWord(writer, hash.high);
  writeLow(writer, hash, exact);
}

function readHalves(reader: Reader, exact: boolean): Hash64 {
  return { high: readHalf(reader), low: exact ? readHalf(reader) : 0 };
}

function writeLow(writer: Writer, { low }: Hash64, exact: boolean): void {
  assert(exact || low === 0, `${low} is more than a shortened hash holds`);
  if (exact) writeWord(writer, low);
}

/** Always 16, so no count. */
function writeHashes(writer: Writer, hashes: readonly Hash64[], exact: boolean): void {
  assert(hashes.length === TREE_WIDTH, `${hashes.length} hashes are not the children of a node`);
  for (const hash of hashes) writeHalves(writer, hash, exact);
}

function readHashes(reader: Reader, exact: boolean): readonly Hash64[] {
  return Array.from({ length: TREE_WIDTH }, () => readHalves(reader, exact));
}

/** What all parts of a frame are read by: `newest` is the greatest `major` in it, from which all are counted down. */
interface Scale {
  readonly exact: boolean;
  readonly newest: number;
}

function writeLeaves(writer: Writer, { exact, last, leaves }: Leaves): void {
  writeFlag(writer, last);
  const majors = majorsOf(leaves);
  assert(majors.length <= SUMMARIES_MAX, `${majors.length} summaries are over ${SUMMARIES_MAX}`);
  const newest = Math.max(0, ...majors);
  writeUint(writer, newest);
  writeList(writer, leaves, LEAVES_MAX, (to, part) => writeLeafPart(to, part, { exact, newest }));
}

function readLeaves(reader: Reader, table: TableName, exact: boolean): Leaves {
  const last = readFlag(reader);
  const newest = readUint(reader);
  const leaves = readList(reader, LEAVES_MAX, (from) => readLeafPart(from, { exact, newest }));
  const majors = majorsOf(leaves);
  if (majors.length > SUMMARIES_MAX) refuse(reader, 'value-limit');
  if (newest !== Math.max(0, ...majors)) refuse(reader, 'malformed');
  return { kind: 'leaves', table, exact, last, leaves };
}

function majorsOf(leaves: readonly LeafPart[]): readonly number[] {
  return leaves.flatMap(({ entries }) => entries.map(({ version }) => version.major));
}

const AFTER = 1;
const UP_TO = 2;

function writeLeafPart(writer: Writer, { index, after, upTo, entries }: LeafPart, scale: Scale): void {
  writeIndex(writer, index, LEAVES_MAX);
  writeByte(writer, (after ? AFTER : 0) + (upTo ? UP_TO : 0));
  if (after) writeKeyHash(writer, after, index, scale.exact);
  if (upTo) writeKeyHash(writer, upTo, index, scale.exact);
  writeList(writer, entries, SUMMARIES_MAX, (to, { keyHash, version }) => {
    writeKeyHash(to, keyHash, index, scale.exact);
    writeVersion(to, version, scale);
  });
}

function readLeafPart(reader: Reader, scale: Scale): LeafPart {
  const index = readIndex(reader, LEAVES_MAX);
  const bounds = readIndex(reader, AFTER + UP_TO + 1);
  const readKey = (): Hash64 => readKeyHash(reader, index, scale.exact);
  const after = bounds & AFTER ? readKey() : null;
  const upTo = bounds & UP_TO ? readKey() : null;
  const readSummary = (): Summary => ({ keyHash: readKey(), version: readVersion(reader, scale) });
  return { index, after, upTo, entries: readList(reader, SUMMARIES_MAX, readSummary) };
}

/** Its first byte is the leaf's index, which has been said. */
function writeKeyHash(writer: Writer, hash: Hash64, leaf: number, exact: boolean): void {
  assert(hash.high >>> 24 === leaf, `a key hash is not under leaf ${leaf}`);
  for (const shift of [16, 8, 0]) writeByte(writer, (hash.high >>> shift) & 0xff);
  writeLow(writer, hash, exact);
}

function readKeyHash(reader: Reader, leaf: number, exact: boolean): Hash64 {
  const high = [16, 8, 0].reduce((bits, shift) => bits | (readByte(reader) << shift), leaf << 24);
  return { high, low: exact ? readHalf(reader) : 0 };
}

function writeVersion(writer: Writer, version: Version, { exact, newest }: Scale): void {
  const { major, minor, by, content = 0 } = version;
  writeUint(writer, newest - major);
  writeUint(writer, minor);
  assert(exact || by === null, 'a shortened version names nobody');
  if (!exact) return;
  writeWord(writer, content);
  writeFlag(writer, by !== null);
  if (by !== null) writeId(writer, by);
}

function readVersion(reader: Reader, { exact, newest }: Scale): Version {
  const major = newest - readUint(reader, newest);
  const minor = readUint(reader);
  if (!exact) return { major, minor, by: null };
  const content = readHalf(reader) >>> 0;
  return { major, minor, content, by: readFlag(reader) ? readId(reader) : null };
}

/** One byte below `bound`. */
function writeIndex(writer: Writer, index: number, bound: number): void {
  assert(Number.isInteger(index) && index >= 0 && index < bound, `${index} is no index below ${bound}`);
  writeByte(writer, index);
}

function readIndex(reader: Reader, bound: number): number {
  const index = readByte(reader);
  return index < bound ? index : refuse(reader, 'value-limit');
}
