/**
 * What a room's key or password becomes: the topic under which the server knows the room, and one key for each use.
 * None of them tells anything about another, about the key, or about the room's name.
 */
import { bytesToHex, utf8ToBytes } from '@noble/hashes/utils.js';
import { assert } from '#shared/base/assert.ts';
import { isRoomId, type RoomId } from '#shared/base/ids.ts';
import { isNamesake, type Namesake } from '#shared/signaling/messages.ts';

/**
 * Rounds of PBKDF2: OWASP's figure for HMAC-SHA-256 (2023). More make each guess at a password dearer, and each join
 * with one slower: 0.2 s here, some 2 s on a slow phone.
 */
export const STRETCH_ROUNDS: number = 600_000;
/** A longer one would be hashed before use in any case. */
export const PASSWORD_LENGTH_MAX: number = 1_024;

/** Words that keep what is derived here apart from all else that is ever derived of the same. */
const SALT_DOMAIN: string = 'gossamer/1\0';
const NAMESAKE_SALT: string = 'gossamer/1 namesake';
const USES = { topic: 'gossamer/1 topic', signal: 'gossamer/1 signal', link: 'gossamer/1 link' } as const;

const STRETCHED_BITS: number = 256;
const NAME_BITS: number = 128;

/** What lets one in. */
export type RoomSecret =
  | { readonly kind: 'key'; readonly bytes: Uint8Array }
  | { readonly kind: 'password'; readonly password: string };

export interface RoomSecrets {
  /** The room's name for the server: 32 hex digits. */
  readonly topic: RoomId;
  /** AES-GCM: seals signals on their way through the server. */
  readonly signalKey: CryptoKey;
  /** HMAC-SHA-256: proves to the other end of a link that one holds the room's key. */
  readonly linkKey: CryptoKey;
}

/** Derives a room's secrets. The name counts: one key makes two rooms of two names. */
export async function deriveRoomSecrets(room: string, secret: RoomSecret): Promise<RoomSecrets> {
  const salt = await digest(SALT_DOMAIN + room);
  const root =
    secret.kind === 'key' ? owned(secret.bytes) : await stretch(secret.password.normalize('NFC'), salt);
  const base = await crypto.subtle.importKey('raw', root, 'HKDF', false, ['deriveBits', 'deriveKey']);
  root.fill(0);
  const use = (info: string): HkdfParams => ({
    name: 'HKDF',
    hash: 'SHA-256',
    salt,
    info: owned(utf8ToBytes(info)),
  });
  const [topic, signalKey, linkKey] = await Promise.all([
    crypto.subtle.deriveBits(use(USES.topic), base, NAME_BITS),
    crypto.subtle.deriveKey(use(USES.signal), base, { name: 'AES-GCM', length: 256 }, false, [
      'encrypt',
      'decrypt',
    ]),
    crypto.subtle.deriveKey(use(USES.link), base, { name: 'HMAC', hash: 'SHA-256', length: 256 }, false, [
      'sign',
      'verify',
    ]),
  ]);
  const name = bytesToHex(new Uint8Array(topic));
  assert(isRoomId(name), 'a topic is a room name');
  return { topic: name, signalKey, linkKey };
}

/**
 * What rooms of one name have in common whatever their keys: so that who came with a wrong one can be told. The server
 * can guess at it, at as many rounds a guess.
 */
export async function stretchRoomName(room: string): Promise<Namesake> {
  const stretched = await stretch(room, owned(utf8ToBytes(NAMESAKE_SALT)));
  const name = bytesToHex(stretched.subarray(0, NAME_BITS / 8));
  assert(isNamesake(name), 'a namesake is 32 hex digits');
  return name;
}

async function stretch(text: string, salt: Uint8Array<ArrayBuffer>): Promise<Uint8Array<ArrayBuffer>> {
  const bytes = owned(utf8ToBytes(text));
  const base = await crypto.subtle.importKey('raw', bytes, 'PBKDF2', false, ['deriveBits']);
  bytes.fill(0);
  const how: Pbkdf2Params = { name: 'PBKDF2', hash: 'SHA-256', salt, iterations: STRETCH_ROUNDS };
  return new Uint8Array(await crypto.subtle.deriveBits(how, base, STRETCHED_BITS));
}

async function digest(text: string): Promise<Uint8Array<ArrayBuffer>> {
  return new Uint8Array(await crypto.subtle.digest('SHA-256', owned(utf8ToBytes(text))));
}

/** A copy: WebCrypto's types take no view of a buffer that might be shared. */
function owned(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  return new Uint8Array(bytes);
}
