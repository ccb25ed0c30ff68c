/**
 * Ed25519 (RFC 8032) by WebCrypto, or where that lacks it (Chromium before 137) by JavaScript, at some thirty
 * times the cost. All else in the library signs and verifies through these three functions.
 */
import * as noble from '@noble/ed25519';
import { sha512 } from '@noble/hashes/sha2.js';
import { bytesToHex } from '#shared/base/hex.ts';

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
  const publicKey = publicKeyOf(seed);
  const signing = importSeed(seed);
  return { publicKey, sign: async (bytes) => (await signing)(bytes) };
}

/**
 * RFC 8032, section 5.1.5. Deviation from `noble.getPublicKey`, for its time: a base point's first multiple has it make a
 * table, which costs a page 57 ms of its join, and pays only from the tenth key on. Of any other point it takes 2 to 10 ms;
 * so we take half the multiple of the double.
 */
function publicKeyOf(seed: Uint8Array): Uint8Array {
  const { n: order } = noble.Point.CURVE();
  const half = (order + 1n) / 2n;
  const digest = sha512(seed);
  const secret = digest.subarray(0, SEED_BYTES);
  secret[0]! &= 0xf8;
  secret[SEED_BYTES - 1]! &= 0x7f;
  secret[SEED_BYTES - 1]! |= 0x40;
  const multiple = ((toNumber(secret) % order) * half) % order;
  digest.fill(0);
  return noble.Point.BASE.double().multiply(multiple).toBytes();
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

/**
 * False for everything where `publicKey` is no key, or one of small order: such a key signs everything with one
 * signature, and browsers do not agree on whether it does. Nor is a signature good whose R is such a point.
 */
export async function importVerifier(publicKey: Uint8Array): Promise<Verify> {
  if (publicKey.byteLength !== PUBLIC_KEY_BYTES || isOfSmallOrder(publicKey)) return async () => false;
  const verify = await importAny(publicKey);
  return async (signature, bytes) =>
    !isOfSmallOrder(signature.subarray(0, PUBLIC_KEY_BYTES)) && verify(signature, bytes);
}

async function importAny(publicKey: Uint8Array): Promise<Verify> {
  try {
    const key = await crypto.subtle.importKey('raw', owned(publicKey), 'Ed25519', false, ['verify']);
    return (signature, bytes) => crypto.subtle.verify('Ed25519', key, owned(signature), owned(bytes));
  } catch (error) {
    if (!isUnknownAlgorithm(error)) return async () => false;
    return async (signature, bytes) => verifyByHand(signature, bytes, publicKey);
  }
}

/**
 * RFC 8032, section 5.1.7, without the cofactor, as all browsers' WebCrypto has it: [S]B - [k]A must be R to the bit.
 * `noble.verify` multiplies both sides by eight, and so believes some signatures by keys of mixed order that they do not;
 * but members must agree on every signature.
 */
function verifyByHand(signature: Uint8Array, bytes: Uint8Array, publicKey: Uint8Array): boolean {
  if (signature.byteLength !== SIGNATURE_BYTES) return false;
  const { n: order } = noble.Point.CURVE();
  const [r, s] = [signature.subarray(0, PUBLIC_KEY_BYTES), toNumber(signature.subarray(PUBLIC_KEY_BYTES))];
  if (s >= order) return false;
  try {
    const k = toNumber(sha512(Uint8Array.of(...r, ...publicKey, ...bytes))) % order;
    const answer = noble.Point.fromBytes(publicKey, false).negate().multiplyUnsafe(k);
    return bytesToHex(noble.Point.BASE.multiplyUnsafe(s).add(answer).toBytes()) === bytesToHex(r);
  } catch {
    // It is no key.
    return false;
  }
}

/** The first byte is the smallest. */
function toNumber(bytes: Uint8Array): bigint {
  return BigInt(`0x${bytesToHex(bytes.toReversed())}`);
}

/**
 * The y of every point whose order divides 8, in hexadecimal, in both forms where there are two; either sign of x makes
 * a point of it (libsodium, `ge25519_has_small_order`).
 */
const SMALL_ORDER_YS: ReadonlySet<string> = new Set([
  '00'.repeat(32),
  `01${'00'.repeat(31)}`,
  '26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05',
  'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a',
  ...['ec', 'ed', 'ee'].map((first) => `${first}${'ff'.repeat(30)}7f`),
]);

function isOfSmallOrder(point: Uint8Array): boolean {
  const y = point.slice();
  y[PUBLIC_KEY_BYTES - 1]! &= 0x7f;
  return SMALL_ORDER_YS.has(bytesToHex(y));
}

function isUnknownAlgorithm(error: unknown): boolean {
  return error instanceof DOMException && error.name === 'NotSupportedError';
}

/** A copy: WebCrypto's types take no view of a buffer that might be shared. */
function owned(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  return new Uint8Array(bytes);
}
