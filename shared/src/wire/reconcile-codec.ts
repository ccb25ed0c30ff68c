/** Reconciliation: hashes, and keys with versions. */
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
  type Writer,
} from './writer.ts';

export const tables: Choice<TableName> = createChoice({ roster: 0, state: 1, presence: 2 });

export function writeReconcile(writer: Writer, message: ReconcileMessage): void {
  writeChoice(writer, tables, message.table);
  switch (message.kind) {
    case 'top':
      return writeHashes(writer, message.hashes);
    case 'middle':
      return writeList(writer, message.nodes, TREE_WIDTH, writeNode);
    case 'leaves':
      return writeLeaves(writer, message);
    case 'wantRecords':
      writeFlag(writer, message.last);
      return writeList(writer, message.keyHashes, KEY_HASHES_MAX, writeHash);
    case 'roundDone':
      return;
    default:
      return unreachable(message);
  }
}

export function readReconcile(reader: Reader, kind: ReconcileMessage['kind']): ReconcileMessage {
  const table = readChoice(reader, tables);
  switch (kind) {
    case 'top':
      return { kind, table, hashes: readHashes(reader) };
    case 'middle':
      return { kind, table, nodes: readList(reader, TREE_WIDTH, readNode) };
    case 'leaves':
      return readLeaves(reader, table);
    case 'wantRecords': {
      const last = readFlag(reader);
      return { kind, table, last, keyHashes: readList(reader, KEY_HASHES_MAX, readHash) };
    }
    case 'roundDone':
      return { kind, table };
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

/** Always 16, so no count. */
function writeHashes(writer: Writer, hashes: readonly Hash64[]): void {
  assert(hashes.length === TREE_WIDTH, `${hashes.length} hashes are not the children of a node`);
  for (const hash of hashes) writeHash(writer, hash);
}

function readHashes(reader: Reader): readonly Hash64[] {
  return Array.from({ length: TREE_WIDTH }, () => readHash(reader));
}

type Node = Middle['nodes'][number];

function writeNode(writer: Writer, node: Node): void {
  writeIndex(writer, node.index, TREE_WIDTH);
  writeHashes(writer, node.hashes);
}

function readNode(reader: Reader): Node {
  return { index: readIndex(reader, TREE_WIDTH), hashes: readHashes(reader) };
}

function writeLeaves(writer: Writer, message: Leaves): void {
  writeFlag(writer, message.last);
  const summaries = countSummaries(message.leaves);
  assert(summaries <= SUMMARIES_MAX, `${summaries} summaries are over ${SUMMARIES_MAX}`);
  writeList(writer, message.leaves, LEAVES_MAX, writeLeafPart);
}

function readLeaves(reader: Reader, table: TableName): Leaves {
  const last = readFlag(reader);
  const leaves = readList(reader, LEAVES_MAX, readLeafPart);
  if (countSummaries(leaves) > SUMMARIES_MAX) refuse(reader, 'value-limit');
  return { kind: 'leaves', table, last, leaves };
}

function writeLeafPart(writer: Writer, part: LeafPart): void {
  writeIndex(writer, part.index, LEAVES_MAX);
  writeBound(writer, part.after);
  writeBound(writer, part.upTo);
  writeList(writer, part.entries, SUMMARIES_MAX, writeSummary);
}

function readLeafPart(reader: Reader): LeafPart {
  return {
    index: readIndex(reader, LEAVES_MAX),
    after: readBound(reader),
    upTo: readBound(reader),
    entries: readList(reader, SUMMARIES_MAX, readSummary),
  };
}

/** A flag, then the hash; none for the leaf's own end. */
function writeBound(writer: Writer, bound: Hash64 | null): void {
  writeFlag(writer, bound !== null);
  if (bound !== null) writeHash(writer, bound);
}

function readBound(reader: Reader): Hash64 | null {
  return readFlag(reader) ? readHash(reader) : null;
}

function countSummaries(leaves: readonly LeafPart[]): number {
  return leaves.reduce((sum, part) => sum + part.entries.length, 0);
}

function writeSummary(writer: Writer, summary: Summary): void {
  writeHash(writer, summary.keyHash);
  writeVersion(writer, summary.version);
}

function readSummary(reader: Reader): Summary {
  return { keyHash: readHash(reader), version: readVersion(reader) };
}

function writeVersion(writer: Writer, version: Version): void {
  writeUint(writer, version.major);
  writeUint(writer, version.minor);
  writeFlag(writer, version.by !== null);
  if (version.by !== null) writeId(writer, version.by);
}

function readVersion(reader: Reader): Version {
  return {
    major: readUint(reader),
    minor: readUint(reader),
    by: readFlag(reader) ? readId(reader) : null,
  };
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
