/**
 * Member ids. On a link, an id is written in full in the first three frames that name it (one may be refused at
 * the other end, and then it must not be nameless for ever) and by a two-byte name after that; in a packet
 * that stands alone, always in full.
 *
 * The two bytes, first bits first: `00` and a 14-bit index: the id so named. `01` and an index: defines
 * it, 16 bytes follow. `10` and zeros: no name, 16 bytes follow. `11` is refused.
 */
import { writeUint8, type Encoder } from 'lib0/encoding';
import { assert } from '../base/assert.ts';
import { bytesToPeerId, eachPeerIdByte, isPeerId, PEER_ID_BYTES, type PeerId } from '../base/ids.ts';
import { readByte, readBytes, refuse, type Reader } from './reader.ts';

const DEFINITION: number = 0x4000;
const LITERAL: number = 0x8000;
const INDEX_BITS: number = 0x3fff;
/** Frames that define an id before it is taken to be known. */
const DEFINING_FRAMES: number = 3;

/** One direction of a link, the writing end. */
export interface IdEncoder {
  readonly write: (out: Encoder, id: PeerId) => void;
  /** The frame goes out: what it defines holds from now on. */
  readonly commit: () => void;
  /** The frame does not go out: what it would have defined is forgotten. */
  readonly rollback: () => void;
}

/** `limit`: ids that get a name; further ones are written in full each time. */
export function createIdEncoder(limit: number): IdEncoder {
  /** Index and frames in one number: an object each would take more than the entry itself. */
  const nameById = new Map<PeerId, number>();
  /** Ids defined in the frame that is being written. */
  const staged = new Set<PeerId>();
  return {
    write: (out, id) => {
      const known = nameById.get(id);
      if (known !== undefined && (framesOf(known) >= DEFINING_FRAMES || staged.has(id))) {
        return writeReference(out, indexOf(known));
      }
      if (known !== undefined || nameById.size < limit) {
        const name = known ?? nameOf(nameById.size, 0);
        if (known === undefined) nameById.set(id, name);
        staged.add(id);
        writeReference(out, DEFINITION | indexOf(name));
      } else {
        writeReference(out, LITERAL);
      }
      writePlainId(out, id);
    },
    commit: () => {
      if (staged.size === 0) return;
      for (const id of staged) {
        const name = nameById.get(id)!;
        nameById.set(id, nameOf(indexOf(name), framesOf(name) + 1));
      }
      staged.clear();
    },
    rollback: () => {
      if (staged.size === 0) return;
      for (const id of staged) if (framesOf(nameById.get(id)!) === 0) nameById.delete(id);
      staged.clear();
    },
  };
}

const nameOf = (index: number, frames: number): number => index * (DEFINING_FRAMES + 1) + frames;
const indexOf = (name: number): number => Math.floor(name / (DEFINING_FRAMES + 1));
const framesOf = (name: number): number => name % (DEFINING_FRAMES + 1);

/** One direction of a link, the reading end. */
export interface IdDecoder {
  readonly read: (reader: Reader) => PeerId;
  /** The frame was good: what it defines holds from now on. */
  readonly commit: () => void;
  /** The frame was refused: what it defines never was. */
  readonly rollback: () => void;
}

export function createIdDecoder(limit: number, sameText: (id: PeerId) => PeerId = (id) => id): IdDecoder {
  const idByIndex: (PeerId | undefined)[] = [];
  let staged: number[] = [];

  function define(reader: Reader, index: number): PeerId {
    const id = readPlainId(reader);
    const known = idByIndex[index];
    if (index >= limit || (known !== undefined && known !== id)) refuse(reader, 'malformed');
    if (known !== undefined) return known;
    const held = sameText(id);
    idByIndex[index] = held;
    staged.push(index);
    return held;
  }

  return {
    read: (reader) => {
      const reference = readByte(reader) * 256 + readByte(reader);
      const index = reference & INDEX_BITS;
      if (reference < DEFINITION) return idByIndex[index] ?? refuse(reader, 'unknown-index');
      if (reference < LITERAL) return define(reader, index);
      return reference === LITERAL ? readPlainId(reader) : refuse(reader, 'malformed');
    },
    commit: () => {
      if (staged.length > 0) staged = [];
    },
    rollback: () => {
      for (const index of staged) idByIndex[index] = undefined;
      staged = [];
    },
  };
}

/** 16 bytes and nothing else. */
export function writePlainId(out: Encoder, id: PeerId): void {
  assert(isPeerId(id), `${id} is no member's id`);
  eachPeerIdByte(id, (byte) => writeUint8(out, byte));
}

export function readPlainId(reader: Reader): PeerId {
  return bytesToPeerId(readBytes(reader, PEER_ID_BYTES));
}

function writeReference(out: Encoder, reference: number): void {
  writeUint8(out, reference >>> 8);
  writeUint8(out, reference & 0xff);
}
