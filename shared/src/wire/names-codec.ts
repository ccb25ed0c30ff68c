/**
 * Member ids and session keys: long, and said again and again. On a link, one is written in full in the first three
 * frames that name it (one may be refused at the other end, and then it must not be nameless for ever) and by a
 * two-byte name after that; in a packet that stands alone, always in full. Ids and keys are named apart.
 *
 * The two bytes, first bits first: `00` and a 14-bit index: what is so named. `01` and an index: defines
 * it, its 16 or 32 bytes follow. `10` and zeros: no name, the bytes follow. `11` is refused.
 */
import { writeUint8, type Encoder } from 'lib0/encoding';
import { assert } from '../base/assert.ts';
import { eachHexByte } from '../base/hex.ts';
import { bytesToPeerId, isPeerId, PEER_ID_BYTES, type PeerId } from '../base/ids.ts';
import { bytesToPublicKey, isPublicKey, PUBLIC_KEY_BYTES, type PublicKey } from '../base/proof.ts';
import { readByte, readBytes, refuse, type NameReaders, type Reader } from './reader.ts';
import type { NameWriters } from './writer.ts';

const DEFINITION: number = 0x4000;
const LITERAL: number = 0x8000;
const INDEX_BITS: number = 0x3fff;
/** Frames that define a name before it is taken to be known. */
const DEFINING_FRAMES: number = 3;

/** One direction of a link, the writing end. */
export interface Interner<T> {
  readonly write: (out: Encoder, item: T) => void;
  /** The frame goes out: what it defines holds from now on. */
  readonly commit: () => void;
  /** The frame does not go out: what it would have defined is forgotten. */
  readonly rollback: () => void;
}

/** `limit`: items that get a name; further ones are written in full each time. */
export function createInterner<T>(limit: number, writePlain: (out: Encoder, item: T) => void): Interner<T> {
  /** Index and frames in one number: an object each would take more than the entry itself. */
  const nameByItem = new Map<T, number>();
  /** Defined in the frame that is being written. */
  const staged = new Set<T>();
  return {
    write: (out, item) => {
      const known = nameByItem.get(item);
      if (known !== undefined && (framesOf(known) >= DEFINING_FRAMES || staged.has(item))) {
        return writeReference(out, indexOf(known));
      }
      if (known !== undefined || nameByItem.size < limit) {
        const name = known ?? nameOf(nameByItem.size, 0);
        if (known === undefined) nameByItem.set(item, name);
        staged.add(item);
        writeReference(out, DEFINITION | indexOf(name));
      } else {
        writeReference(out, LITERAL);
      }
      writePlain(out, item);
    },
    commit: () => {
      if (staged.size === 0) return;
      for (const item of staged) {
        const name = nameByItem.get(item)!;
        nameByItem.set(item, nameOf(indexOf(name), framesOf(name) + 1));
      }
      staged.clear();
    },
    rollback: () => {
      if (staged.size === 0) return;
      for (const item of staged) if (framesOf(nameByItem.get(item)!) === 0) nameByItem.delete(item);
      staged.clear();
    },
  };
}

const nameOf = (index: number, frames: number): number => index * (DEFINING_FRAMES + 1) + frames;
const indexOf = (name: number): number => Math.floor(name / (DEFINING_FRAMES + 1));
const framesOf = (name: number): number => name % (DEFINING_FRAMES + 1);

/** One direction of a link, the reading end. */
export interface InternedReader<T> {
  readonly read: (reader: Reader) => T;
  /** The frame was good: what it defines holds from now on. */
  readonly commit: () => void;
  /** The frame was refused: what it defines never was. */
  readonly rollback: () => void;
}

export function createInternedReader<T>(
  limit: number,
  readPlain: (reader: Reader) => T,
  same: (item: T) => T = (item) => item,
): InternedReader<T> {
  const itemByIndex: (T | undefined)[] = [];
  let staged: number[] = [];

  function define(reader: Reader, index: number): T {
    const item = readPlain(reader);
    const known = itemByIndex[index];
    if (index >= limit || (known !== undefined && known !== item)) refuse(reader, 'malformed');
    if (known !== undefined) return known;
    const held = same(item);
    itemByIndex[index] = held;
    staged.push(index);
    return held;
  }

  return {
    read: (reader) => {
      const reference = readByte(reader) * 256 + readByte(reader);
      const index = reference & INDEX_BITS;
      if (reference < DEFINITION) return itemByIndex[index] ?? refuse(reader, 'unknown-index');
      if (reference < LITERAL) return define(reader, index);
      return reference === LITERAL ? readPlain(reader) : refuse(reader, 'malformed');
    },
    commit: () => {
      if (staged.length > 0) staged = [];
    },
    rollback: () => {
      for (const index of staged) itemByIndex[index] = undefined;
      staged = [];
    },
  };
}

/** Both kinds of name as they stand where nothing is interned: bytes and nothing else. */
export const plainWriters: NameWriters = {
  writeId: (out, id) => {
    assert(isPeerId(id), `${id} is no member's id`);
    eachHexByte(id, (byte) => writeUint8(out, byte));
  },
  writeKey: (out, key) => {
    assert(isPublicKey(key), `${key} is no key`);
    eachHexByte(key, (byte) => writeUint8(out, byte));
  },
};

export const plainReaders: NameReaders = {
  readId: (reader) => bytesToPeerId(readBytes(reader, PEER_ID_BYTES)),
  readKey: (reader) => bytesToPublicKey(readBytes(reader, PUBLIC_KEY_BYTES)),
};

/** The names of one direction of a link, the writing end. */
export interface LinkNames extends NameWriters {
  readonly commit: () => void;
  readonly rollback: () => void;
}

export function createLinkNames(limits: { readonly ids: number; readonly keys: number }): LinkNames {
  const ids = createInterner<PeerId>(limits.ids, plainWriters.writeId);
  const keys = createInterner<PublicKey>(limits.keys, plainWriters.writeKey);
  return {
    writeId: ids.write,
    writeKey: keys.write,
    commit: () => {
      ids.commit();
      keys.commit();
    },
    rollback: () => {
      ids.rollback();
      keys.rollback();
    },
  };
}

/** The same, the reading end. */
export interface LinkNameReaders extends NameReaders {
  readonly commit: () => void;
  readonly rollback: () => void;
}

export function createLinkNameReaders(
  limits: { readonly ids: number; readonly keys: number },
  sameText?: (id: PeerId) => PeerId,
): LinkNameReaders {
  const ids = createInternedReader<PeerId>(limits.ids, plainReaders.readId, sameText);
  const keys = createInternedReader<PublicKey>(limits.keys, plainReaders.readKey);
  return {
    readId: ids.read,
    readKey: keys.read,
    commit: () => {
      ids.commit();
      keys.commit();
    },
    rollback: () => {
      ids.rollback();
      keys.rollback();
    },
  };
}

function writeReference(out: Encoder, reference: number): void {
  writeUint8(out, reference >>> 8);
  writeUint8(out, reference & 0xff);
}
