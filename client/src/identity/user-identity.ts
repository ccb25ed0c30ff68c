/**
 * A user that stays the same over reloads and in several tabs: a key of its own, kept by the browser. It signs nothing
 * but the session keys of its tabs, each for one room; what a tab says, its session key signs.
 */
import { sha256 } from '@noble/hashes/sha2.js';
import { bytesToHex } from '@noble/hashes/utils.js';
import { generatePair } from './generate.ts';
import type { KeyPair } from './ed25519.ts';

/** A user's id is the first half of the SHA-256 of its key, as a member's is of its own: 32 hex digits. */
const USER_ID_BYTES: number = 16;
const DOMAIN: Uint8Array = new TextEncoder().encode('gossamer/1 user\0');

/** Where a user's key is kept. The browser can store a key that nobody can read. */
export interface IdentityStore {
  /** What was stored first stays: of two tabs that make a key at once, both get the same one. */
  readonly getOrPut: (make: () => Promise<StoredKey>) => Promise<StoredKey>;
}

export interface StoredKey {
  readonly publicKey: Uint8Array;
  /** Not extractable. */
  readonly privateKey: CryptoKey;
}

/** The user of this browser: the stored one, or a new one. Rejects where nothing can be stored. */
export async function openUserIdentity(store: IdentityStore): Promise<KeyPair> {
  const { publicKey, privateKey } = await store.getOrPut(makeStoredKey);
  return {
    publicKey,
    sign: async (bytes) =>
      new Uint8Array(await crypto.subtle.sign('Ed25519', privateKey, new Uint8Array(bytes))),
  };
}

async function makeStoredKey(): Promise<StoredKey> {
  const pair = await generatePair('Ed25519', ['sign', 'verify']);
  const publicKey = new Uint8Array(await crypto.subtle.exportKey('raw', pair.publicKey));
  return { publicKey, privateKey: pair.privateKey };
}

export function userKeyToId(publicKey: Uint8Array): string {
  return bytesToHex(sha256(publicKey).subarray(0, USER_ID_BYTES));
}

/** What a user's key signs: that this session key is one of its own, in this room alone. 64 bytes. */
export function vouchFor(user: KeyPair, sessionKey: Uint8Array, room: string): Promise<Uint8Array> {
  return user.sign(vouched(sessionKey, room));
}

/** The bytes that it signs. */
export function vouched(sessionKey: Uint8Array, room: string): Uint8Array {
  return Uint8Array.of(...DOMAIN, ...sessionKey, ...new TextEncoder().encode(room));
}
