/**
 * What two ends say on a channel before anything else, so that each knows that the other holds the session key of
 * its id and that nobody sits between them: a hail, and then a proof, which signs both hails and both certificates.
 *
 *     hail --their hail--> proof --their proof--> judging --proven--> over
 *
 * Pure: it makes and reads bytes and keeps the order. Signing, verifying and time are the doorway's.
 */
import type { PeerId, RoomId } from '#shared/base/ids.ts';
import type { Fingerprints } from '../transport/transport.ts';
import { PUBLIC_KEY_BYTES, SIGNATURE_BYTES } from './ed25519.ts';
import { keyToPeerId } from './member-id.ts';

/** Stands where frames have their version; no version of the wire is ever this number. */
export const HANDSHAKE_MARK: number = 0xff;
export const NONCE_BYTES: number = 32;
export const ROOM_MAC_BYTES: number = 32;
/** What may come behind the other end's proof while it is judged: what a neighbor says unasked is far less. */
export const HELD_BYTES_MAX: number = 1_048_576;
export const HELD_FRAMES_MAX: number = 1_024;

const HAIL = 1;
const PROOF = 2;
const VERSION = 1;
const HEAD_BYTES = 2;
const HAIL_BYTES = HEAD_BYTES + 1 + NONCE_BYTES + PUBLIC_KEY_BYTES;
const PROOF_BYTES = HEAD_BYTES + SIGNATURE_BYTES;
const DOMAIN = 'gossamer/1 channel\0';
const DESCRIPTION_DOMAIN = 'gossamer/1 description\0';

/**
 * Why a channel is given up before it is open.
 *
 * - `bad-handshake`: what came was not what is due: no hail, no proof, a second one, a frame too early.
 * - `wrong-identity`: the key of the hail is not that of the peer with whom the attempt is.
 * - `not-proven`: the proof is not for this key, these certificates, these hails and this room. Somebody may sit between.
 * - `wrong-room-key`: it is, and yet its signer does not hold the room's key.
 * - `handshake-flood`: too much came before the proof could be judged.
 * - `handshake-timeout`: it began, and took too long.
 * - `cannot-prove`: this end cannot tell its certificates, or cannot sign.
 */
export type HandshakeProblem =
  | 'bad-handshake'
  | 'wrong-identity'
  | 'not-proven'
  | 'wrong-room-key'
  | 'handshake-flood'
  | 'handshake-timeout'
  | 'cannot-prove';

export interface Proof {
  readonly signature: Uint8Array<ArrayBuffer>;
  /** By the room's key; in rooms without one there is none. */
  readonly mac: Uint8Array<ArrayBuffer> | undefined;
}

/** What follows from a message of the other end. */
export type Step =
  | { readonly kind: 'prove'; readonly theirKey: Uint8Array }
  | { readonly kind: 'judge'; readonly proof: Proof }
  /** A frame of the link; it waits until the proof is judged. */
  | { readonly kind: 'hold' }
  | { readonly kind: 'refuse'; readonly problem: HandshakeProblem };

export interface Handshake {
  /** To be sent as soon as the channel is open. */
  readonly hail: Uint8Array;
  readonly receive: (bytes: Uint8Array) => Step;
  /** What each end signs, once both hails are there. Its own hail and certificate come first, so neither serves for the other. */
  readonly statements: (place: Place) => {
    readonly own: Uint8Array<ArrayBuffer>;
    readonly theirs: Uint8Array<ArrayBuffer>;
  };
  /** The same for what an end describes once the channel is open; `count` rises with each. */
  readonly descriptionStatements: (said: { readonly count: number; readonly descriptions: string }) => {
    readonly own: Uint8Array<ArrayBuffer>;
    readonly theirs: Uint8Array<ArrayBuffer>;
  };
  /** The frames that were held, in order. */
  readonly release: () => readonly Uint8Array[];
}

/** Where the two ends have met. */
export interface Place {
  /** The room's name as the server knows it. */
  readonly topic: RoomId;
  readonly fingerprints: Fingerprints;
}

/** `nonce`: fresh for every channel. */
// oxlint-disable-next-line max-lines-per-function -- A factory: what it closes over is one handshake.
export function createHandshake(options: {
  readonly peer: PeerId;
  readonly publicKey: Uint8Array;
  readonly nonce: Uint8Array;
}): Handshake {
  const hail = Uint8Array.of(HANDSHAKE_MARK, HAIL, VERSION, ...options.nonce, ...options.publicKey);
  let due: 'hail' | 'proof' | 'nothing' = 'hail';
  let theirHail: Uint8Array = new Uint8Array(0);
  let held: Uint8Array[] = [];
  let heldBytes = 0;

  return {
    hail,
    receive: (bytes) => {
      switch (due) {
        case 'hail':
          return onHail(bytes);
        case 'proof':
          return onProof(bytes);
        case 'nothing':
          return onMore(bytes);
      }
    },
    statements: ({ topic, fingerprints: { own, other } }) => ({
      own: toStatement(topic, [own, other, hail, theirHail]),
      theirs: toStatement(topic, [other, own, theirHail, hail]),
    }),
    descriptionStatements: ({ count, descriptions }) => ({
      own: toDescriptionStatement(count, [hail, theirHail], descriptions),
      theirs: toDescriptionStatement(count, [theirHail, hail], descriptions),
    }),
    release: () => {
      const frames = held;
      held = [];
      return frames;
    },
  };

  function onHail(bytes: Uint8Array): Step {
    const isHail = isMessage(bytes, HAIL) && bytes.byteLength === HAIL_BYTES && bytes[HEAD_BYTES] === VERSION;
    if (!isHail) return refuse('bad-handshake');
    const theirKey = bytes.slice(-PUBLIC_KEY_BYTES);
    if (keyToPeerId(theirKey) !== options.peer) return refuse('wrong-identity');
    theirHail = bytes.slice();
    due = 'proof';
    return { kind: 'prove', theirKey };
  }

  function onProof(bytes: Uint8Array): Step {
    const macBytes = bytes.byteLength - PROOF_BYTES;
    const isProof = isMessage(bytes, PROOF) && (macBytes === 0 || macBytes === ROOM_MAC_BYTES);
    if (!isProof) return refuse('bad-handshake');
    due = 'nothing';
    const signature = bytes.slice(HEAD_BYTES, PROOF_BYTES);
    return { kind: 'judge', proof: { signature, mac: macBytes ? bytes.slice(PROOF_BYTES) : undefined } };
  }

  function onMore(bytes: Uint8Array): Step {
    if (bytes[0] === HANDSHAKE_MARK) return refuse('bad-handshake');
    heldBytes += bytes.byteLength;
    if (heldBytes > HELD_BYTES_MAX || held.length >= HELD_FRAMES_MAX) return refuse('handshake-flood');
    held.push(bytes);
    return { kind: 'hold' };
  }
}

/** `mac`: in rooms with a key. */
export function encodeProof(signature: Uint8Array, mac: ArrayBuffer = new ArrayBuffer(0)): Uint8Array {
  return Uint8Array.of(HANDSHAKE_MARK, PROOF, ...signature, ...new Uint8Array(mac));
}

function isMessage(bytes: Uint8Array, kind: number): boolean {
  return bytes[0] === HANDSHAKE_MARK && bytes[1] === kind;
}

function refuse(problem: HandshakeProblem): Step {
  return { kind: 'refuse', problem };
}

/** All parts but the topic have one size, so what is signed can be read in one way only. */
function toStatement(topic: RoomId, parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const name = new TextEncoder().encode(topic);
  return Uint8Array.from([
    ...new TextEncoder().encode(DOMAIN),
    name.byteLength >>> 8,
    name.byteLength & 0xff,
    ...name,
    ...parts.flatMap((part) => [...part]),
  ]);
}

/** The hails are of one channel alone, so this is of use for no other; all but the text has one size. */
function toDescriptionStatement(
  count: number,
  hails: readonly Uint8Array[],
  descriptions: string,
): Uint8Array<ArrayBuffer> {
  const number = new Uint8Array(4);
  new DataView(number.buffer).setUint32(0, count);
  return Uint8Array.from([
    ...new TextEncoder().encode(DESCRIPTION_DOMAIN),
    ...hails.flatMap((hail) => [...hail]),
    ...number,
    ...new TextEncoder().encode(descriptions),
  ]);
}
