/** How one means to enter a room: openly, with a key, or with a password. */
import { sha256 } from '@noble/hashes/sha2.js';
import { bytesToHex, utf8ToBytes } from '@noble/hashes/utils.js';
import { MeshError } from '../errors.ts';
import type { JoinOptions } from '../types.ts';
import { roomKeyToBytes } from './room-key.ts';
import { PASSWORD_LENGTH_MAX, type RoomSecret } from './secrets.ts';

/** The key or password among the options; `undefined` for an open room. Throws `BAD_ROOM_KEY`. */
export function readSecret({ key, password }: Pick<JoinOptions, 'key' | 'password'>): RoomSecret | undefined {
  if (key !== undefined && password !== undefined) throw badKey('A room has a key or a password, not both.');
  if (key !== undefined) {
    const bytes = roomKeyToBytes(key);
    if (!bytes) throw badKey('This is no room key, or not all of one: it may have been cut or mistyped.');
    return { kind: 'key', bytes };
  }
  if (password === undefined) return undefined;
  if (typeof password !== 'string' || password === '' || password.length > PASSWORD_LENGTH_MAX) {
    throw badKey(`A password is a text of 1 to ${PASSWORD_LENGTH_MAX} characters.`);
  }
  return { kind: 'password', password };
}

const badKey = (message: string): MeshError => new MeshError('BAD_ROOM_KEY', message);

let pageSalt: Uint8Array | undefined;

/** Tells secrets of this page apart without keeping them: neither can be had from it, nor looked up elsewhere. */
export function fingerprintOf(secret: RoomSecret | undefined): string {
  if (!secret) return '';
  pageSalt ??= crypto.getRandomValues(new Uint8Array(32));
  const bytes = secret.kind === 'key' ? secret.bytes : utf8ToBytes(secret.password.normalize('NFC'));
  return `${secret.kind} ${bytesToHex(sha256(Uint8Array.of(...pageSalt, ...bytes)))}`;
}
