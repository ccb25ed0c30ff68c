/**
 * The key of a private room as people hand it on: 128 random bits and a checksum, 24 characters that an address may
 * hold as they are. The checksum makes of a cut or mistyped key what it is, and not the key of an empty room.
 */
import { sha256 } from '@noble/hashes/sha2.js';
import { base64ToBytes, bytesToBase64 } from '#shared/wire/base64.ts';

export const ROOM_KEY_BYTES: number = 16;
/** Lets one of 65,536 mistyped keys pass, and makes 18 bytes: 24 characters without padding. */
const CHECKSUM_BYTES: number = 2;
const CHECKSUM_DOMAIN: Uint8Array = new TextEncoder().encode('gossamer/1 room key\0');

/** Makes a key for a new private room; whoever has it is in. */
export function newRoomKey(): string {
  return bytesToRoomKey(crypto.getRandomValues(new Uint8Array(ROOM_KEY_BYTES)));
}

/** The text of 16 bytes. */
export function bytesToRoomKey(bytes: Uint8Array): string {
  return bytesToBase64(Uint8Array.of(...bytes, ...checksum(bytes)))
    .replaceAll('+', '-')
    .replaceAll('/', '_');
}

/** The 16 bytes; `undefined` where the text is no key, or not all of one. */
export function roomKeyToBytes(text: unknown): Uint8Array | undefined {
  if (typeof text !== 'string' || !/^[\w-]{24}$/.test(text)) return undefined;
  const read = base64ToBytes(text.replaceAll('-', '+').replaceAll('_', '/'));
  if (!read.ok) return undefined;
  const bytes = read.value.slice(0, ROOM_KEY_BYTES);
  const given = read.value.subarray(ROOM_KEY_BYTES);
  return checksum(bytes).every((byte, at) => byte === given[at]) ? bytes : undefined;
}

function checksum(bytes: Uint8Array): Uint8Array {
  return sha256(Uint8Array.of(...CHECKSUM_DOMAIN, ...bytes)).subarray(0, CHECKSUM_BYTES);
}
