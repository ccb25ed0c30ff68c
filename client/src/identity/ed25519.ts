/**
 * Ed25519 (RFC 8032) by WebCrypto, or where that lacks it (Chromium before 137) by JavaScript, at some thirty
 * times the cost. All else in the library signs and verifies through these three functions.
 */
import * as noble from '@noble/ed25519';
import { sha512 } from '@noble/hashes/sha2.js';

export const PUBLIC_KEY_BYTES: number = 32;
export const SIGNATURE_BYTES: number = 64;
const SEED_BYTES: number = 32;

/** The frame of a bare seed in PKCS #8 (RFC 8410, section 7): WebCrypto imports a private key in no shorter form. */
const PKCS8_HEAD: readonly number[] = [
  0x30, 0x2e, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x04, 0x22, 0x04, 0x20,
];

noble.hashes.sha512 = sha512;

/** The two halves of a key; the private one is held by WebCrypto and cannot be taken out of it. */
export interface KeyPair {
  /** 32 bytes. */
  readonly publicKey: Uint8Array;
  /** Resolves with 64 bytes. */
  readonly sign: (bytes: Uint8Array) => Promise<Uint8Array>;
}

/**
 * Makes a key at once. Deviation from WebCrypto's own `generateKey`, which is asynchronous: a member's id is the hash
 * of its key, and an application has it as soon as it joins. The seed exists here for as long as the import takes.
 */
export function createKeyPair(
  /** 32 bytes, random but in tests; overwritten. */
  seed: Uint8Array = crypto.getRandomValues(new Uint8Array(SEED_BYTES)),
): KeyPair {
  const publicKey = noble.getPublicKey(seed);
  const signing = importSeed(seed);
  return { publicKey, sign: async (bytes) => (await signing)(bytes) };
}

type Sign = (bytes: Uint8Array) => Promise<Uint8Array>;

async function importSeed(seed: Uint8Array): Promise<Sign> {
  const wrapped = Uint8Array.of(...PKCS8_HEAD, ...seed);
  try {
    const key = await crypto.subtle.importKey('pkcs8', wrapped, 'Ed25519', false, ['sign']);
    seed.fill(0);
    return async (bytes) => new Uint8Array(await crypto.subtle.sign('Ed25519', key, owned(bytes)));
  } catch (error) {
    if (!isUnknownAlgorithm(error)) throw error;
    return async (bytes) => noble.sign(bytes, seed);
  } finally {
    wrapped.fill(0);
  }
}

/** Whether the holder of `publicKey` signed these bytes. */
export type Verify = (signature: Uint8Array, bytes: Uint8Array) => Promise<boolean>;

/** False for everything where `publicKey` is no key. */
export async function importVerifier(publicKey: Uint8Array): Promise<Verify> {
  if (publicKey.byteLength !== PUBLIC_KEY_BYTES) return async () => false;
  try {
    const key = await crypto.subtle.importKey('raw', owned(publicKey), 'Ed25519', false, ['verify']);
    return (signature, bytes) => crypto.subtle.verify('Ed25519', key, owned(signature), owned(bytes));
  } catch (error) {
    if (!isUnknownAlgorithm(error)) return async () => false;
    // The strict reading of the RFC, as WebCrypto has it: members must agree on every signature.
    return async (signature, bytes) =>
      signature.byteLength === SIGNATURE_BYTES &&
      noble.verify(signature, bytes, publicKey, { zip215: false });
  }
}

function isUnknownAlgorithm(error: unknown): boolean {
  return error instanceof DOMException && error.name === 'NotSupportedError';
}

/** A copy: WebCrypto's types take no view of a buffer that might be shared. */
function owned(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  return new Uint8Array(bytes);
}
