/** Broadcast's messages, around a payload that `payload-codec.ts` knows. */
import { assert, unreachable } from '../base/assert.ts';
import { epoch } from '../base/ids.ts';
import type {
  BroadcastMessage,
  EndedStream,
  Gossip,
  Head,
  Lane,
  TreeKey,
  VectorHead,
  Want,
} from '../broadcast/messages.ts';
import type { Payload } from '../mesh/messages.ts';
import { createChoice, type Choice } from './choice.ts';
import { AGE_MS_MAX, HEADS_MAX, ROUND_MAX, TREES_MAX, WANTS_MAX } from './limits.ts';
import { readPayload, writePayload } from './payload-codec.ts';
import { readProof, writeProof } from './proof-codec.ts';
import { isProvenByGossip } from './sayings.ts';
import { readChoice, readFlag, readId, readList, readUint, type Reader } from './reader.ts';
import { writeChoice, writeFlag, writeId, writeList, writeUint, type Writer } from './writer.ts';

export const lanes: Choice<Lane> = createChoice({ reliable: 0, record: 1, volatile: 2 });

export function writeBroadcast(writer: Writer, message: BroadcastMessage<Payload>): void {
  switch (message.kind) {
    case 'gossip':
      return writeGossip(writer, message);
    case 'ihave':
      return writeList(writer, message.heads, HEADS_MAX, writeHead);
    case 'vector':
      writeFlag(writer, message.begun);
      writeFlag(writer, message.last);
      return writeList(writer, message.heads, HEADS_MAX, writeVectorHead);
    case 'graft':
      writeList(writer, message.trees, TREES_MAX, writeTree);
      return writeList(writer, message.wants, WANTS_MAX, writeWant);
    case 'prune':
      return writeTree(writer, message.tree);
    default:
      return unreachable(message);
  }
}

export function readBroadcast(
  reader: Reader,
  kind: BroadcastMessage<Payload>['kind'],
): BroadcastMessage<Payload> {
  switch (kind) {
    case 'gossip':
      return readGossip(reader);
    case 'ihave':
      return { kind, heads: readList(reader, HEADS_MAX, readHead) };
    case 'vector':
      return {
        kind,
        begun: readFlag(reader),
        last: readFlag(reader),
        heads: readList(reader, HEADS_MAX, readVectorHead),
      };
    case 'graft':
      return {
        kind,
        trees: readList(reader, TREES_MAX, readTree),
        wants: readList(reader, WANTS_MAX, readWant),
      };
    case 'prune':
      return { kind, tree: readTree(reader) };
    default:
      return unreachable(kind);
  }
}

function writeGossip(writer: Writer, gossip: Gossip<Payload>): void {
  writeHead(writer, gossip);
  writeFlag(writer, gossip.hot);
  writeUint(writer, gossip.round, ROUND_MAX);
  writeUint(writer, gossip.ageMs, AGE_MS_MAX);
  writeFollows(writer, gossip);
  writePayload(writer, gossip.payload);
  if (isProvenByGossip(gossip.payload)) return writeProof(writer, gossip.proof);
  assert(gossip.proof === null, `a gossip of ${gossip.payload.kind} carries a proof of its own`);
}

function readGossip(reader: Reader): Gossip<Payload> {
  const head = readHead(reader);
  const hot = readFlag(reader);
  const round = readUint(reader, ROUND_MAX);
  const ageMs = readUint(reader, AGE_MS_MAX);
  const follows = mayFollow(head) && readFlag(reader) ? readEndedStream(reader) : null;
  const payload = readPayload(reader);
  const proof = isProvenByGossip(payload) ? readProof(reader) : null;
  return { kind: 'gossip', ...head, hot, round, ageMs, follows, proof, payload };
}

/** The first reliable message of a life; no other has the field, not even empty. */
function mayFollow({ lane, seq }: Head): boolean {
  return lane === 'reliable' && seq === 1;
}

/** Also part of what its origin signs: nobody else may say what came before. */
export function writeFollows(writer: Writer, gossip: Gossip<Payload>): void {
  const { follows } = gossip;
  if (!mayFollow(gossip)) return assert(follows === null, 'only a first message follows anything');
  writeFlag(writer, follows !== null);
  if (follows === null) return;
  writeUint(writer, follows.epoch);
  writeUint(writer, follows.seq);
  writeUint(writer, follows.from);
}

function readEndedStream(reader: Reader): EndedStream {
  return { epoch: epoch(readUint(reader)), seq: readUint(reader), from: readUint(reader) };
}

function writeHead(writer: Writer, head: Head): void {
  writeId(writer, head.origin);
  writeUint(writer, head.epoch);
  writeChoice(writer, lanes, head.lane);
  writeUint(writer, head.seq);
}

function readHead(reader: Reader): Head {
  return {
    origin: readId(reader),
    epoch: epoch(readUint(reader)),
    lane: readChoice(reader, lanes),
    seq: readUint(reader),
  };
}

function writeVectorHead(writer: Writer, head: VectorHead): void {
  writeHead(writer, head);
  writeUint(writer, head.from);
}

function readVectorHead(reader: Reader): VectorHead {
  return { ...readHead(reader), from: readUint(reader) };
}

function writeWant(writer: Writer, want: Want): void {
  writeId(writer, want.origin);
  writeUint(writer, want.epoch);
  writeChoice(writer, lanes, want.lane);
  writeUint(writer, want.first);
  writeUint(writer, want.last);
}

function readWant(reader: Reader): Want {
  return {
    origin: readId(reader),
    epoch: epoch(readUint(reader)),
    lane: readChoice(reader, lanes),
    first: readUint(reader),
    last: readUint(reader),
  };
}

/** A flag, then the origin; no origin for the tree that quiet ones share. */
function writeTree(writer: Writer, tree: TreeKey): void {
  writeFlag(writer, tree !== null);
  if (tree !== null) writeId(writer, tree);
}

function readTree(reader: Reader): TreeKey {
  return readFlag(reader) ? readId(reader) : null;
}
