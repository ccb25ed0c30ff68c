/** What the tests of the wire share. */
import { deepStrictEqual } from 'node:assert/strict';
import { bytesToPeerId, type PeerId } from '#shared/base/ids.ts';

/** The id with this number. */
export function idOf(at: number): PeerId {
  const bytes = new Uint8Array(16);
  new DataView(bytes.buffer).setUint32(12, at);
  return bytesToPeerId(bytes);
}

export const a: PeerId = idOf(0xa);
export const b: PeerId = idOf(0xb);

/** A frame by hand: bytes, ids and lists of them, one after the other. */
export function bytesOf(...parts: readonly (number | string | readonly number[])[]): Uint8Array {
  return Uint8Array.from(parts.flatMap((part) => (typeof part === 'string' ? hexToBytes(part) : part)));
}

function hexToBytes(hex: string): number[] {
  return (hex.match(/../g) ?? []).map((digits) => Number.parseInt(digits, 16));
}

/**
 * Compares all that may differ: own keys of any name, prototypes, -0, absent and `undefined`. vitest's own
 * comparison trips over a key named `constructor`.
 */
export function expectSame(actual: unknown, expected: unknown): void {
  deepStrictEqual(actual, expected);
}
