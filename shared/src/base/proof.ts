/**
 * Proof that a member said something: what travels with a record or a message so that anyone can tell who made
 * it. The core carries proofs along and never looks in; what makes and checks them is the shell.
 */
import { bytesToHex, hexToBytes } from './hex.ts';
import type { Epoch } from './ids.ts';

/** A member's session key, which its id is the hash of: 32 bytes as 64 lowercase hex digits. */
export type PublicKey = string & { readonly brand: 'PublicKey' };

/**
 * One signature serves two uses. A record that is broadcast is signed with the place of its gossip, and keeps that
 * proof in every table; what is handed over outside a broadcast is signed with no place: epoch 0, `seq` 0, `of` 1.
 */
export interface Proof {
  readonly key: PublicKey;
  /** Of the gossip that it was first said in. */
  readonly epoch: Epoch;
  /** Likewise; 0: it was said outside a broadcast. */
  readonly seq: number;
  /** How many records that gossip holds, so that none can be left out of it. */
  readonly of: number;
  /** 64 bytes. */
  readonly signature: Uint8Array;
}

export const PUBLIC_KEY_BYTES: number = 32;
export const SIGNATURE_BYTES: number = 64;

const PUBLIC_KEY: RegExp = /^[0-9a-f]{64}$/;

export function isPublicKey(text: unknown): text is PublicKey {
  return typeof text === 'string' && PUBLIC_KEY.test(text);
}

/** Makes a `PublicKey` of 32 bytes. */
export function bytesToPublicKey(bytes: Uint8Array): PublicKey {
  return bytesToHex(bytes) as PublicKey;
}

export function publicKeyToBytes(key: PublicKey): Uint8Array {
  return hexToBytes(key);
}
