/**
 * Names for the things that must not be mixed up. Each brand has one door through which a plain
 * string or number becomes it; casts live in this file alone.
 */
import { bytesToHex } from './hex.ts';

/** Names one member for one life of its tab: 16 bytes as 32 lowercase hex digits. Text order is byte order. */
export type PeerId = string & { readonly brand: 'PeerId' };

/** Names a mesh; the one scope of every protocol. 1 to 128 characters. */
export type RoomId = string & { readonly brand: 'RoomId' };

/** Names one try at building a link: 16 lowercase hex digits. What carries an older attempt's id is stale. */
export type AttemptId = string & { readonly brand: 'AttemptId' };

/** One life of a member: raised by join and wake. Sequences and presence belong to it. */
export type Epoch = number & { readonly brand: 'Epoch' };

/** Raised only by the member itself, within an epoch, and only to refute. */
export type Incarnation = number & { readonly brand: 'Incarnation' };

export const PEER_ID_BYTES: number = 16;
export const ROOM_ID_LENGTH_MAX: number = 128;

const PEER_ID: RegExp = /^[0-9a-f]{32}$/;
const ATTEMPT_ID: RegExp = /^[0-9a-f]{16}$/;

export function isPeerId(text: unknown): text is PeerId {
  return typeof text === 'string' && PEER_ID.test(text);
}

export function isAttemptId(text: unknown): text is AttemptId {
  return typeof text === 'string' && ATTEMPT_ID.test(text);
}

export function isRoomId(text: unknown): text is RoomId {
  return typeof text === 'string' && text.length >= 1 && text.length <= ROOM_ID_LENGTH_MAX;
}

/** Makes a `PeerId` of 16 bytes. */
export function bytesToPeerId(bytes: Uint8Array): PeerId {
  return bytesToHex(bytes) as PeerId;
}

/** Makes an `AttemptId` of two random 32-bit numbers. */
export function wordsToAttemptId(high: number, low: number): AttemptId {
  return ((high >>> 0).toString(16).padStart(8, '0') +
    (low >>> 0).toString(16).padStart(8, '0')) as AttemptId;
}

export const epoch = (value: number): Epoch => value as Epoch;
export const incarnation = (value: number): Incarnation => value as Incarnation;

/** Orders two ids by their bytes: negative, zero or positive. */
export function compareIds(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
