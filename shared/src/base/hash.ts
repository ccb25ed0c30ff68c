/**
 * A 64-bit hash as two 32-bit halves, for buckets and fingerprints. It spreads well and is fast; it
 * is no defence against someone who searches for collisions.
 *
 * Each half is MurmurHash3's 32-bit mix (Appleby, 2011) over UTF-16 code units, with a seed of its own.
 */
/** Both halves are signed: an engine holds such a number in place, and an unsigned one apart. Their order is that of unsigned ones. */
export interface Hash64 {
  readonly high: number;
  readonly low: number;
}

export const ZERO_HASH: Hash64 = { high: 0, low: 0 };

export function hashText(text: string): Hash64 {
  let high = 0x9747b28c;
  let low = 0x5bd1e995;
  // Both halves in one pass: they differ only in what each letter meets.
  for (let at = 0; at < text.length; at++) {
    const mixed = scatter(text.charCodeAt(at));
    high = absorb(high, mixed);
    low = absorb(low, mixed);
  }
  return { high: finish(high ^ text.length), low: finish(low ^ text.length) };
}

/** Joins hashes in order: a parent's hash of its children. */
export function hashHashes(parts: readonly Hash64[]): Hash64 {
  let high = 0x2545f491 | 0;
  let low = 0x9e3779b9 | 0;
  for (const part of parts) {
    high = finish(round(round(high, part.high), part.low));
    low = finish(round(round(low, part.low), part.high));
  }
  return { high, low };
}

/** Adds or takes away a member of a set: the order does not matter, and twice undoes it. */
export function xorHashes(a: Hash64, b: Hash64): Hash64 {
  return { high: a.high ^ b.high, low: a.low ^ b.low };
}

export function sameHash(a: Hash64, b: Hash64): boolean {
  return a.high === b.high && a.low === b.low;
}

/** Negative, zero or positive, as unsigned numbers of 64 bits compare. */
export function compareHashes(a: Hash64, b: Hash64): number {
  return (a.high >>> 0) - (b.high >>> 0) || (a.low >>> 0) - (b.low >>> 0);
}

/** 16 hex digits: a hash as a map key. */
export function hashToText(hash: Hash64): string {
  return wordToText(hash.high) + wordToText(hash.low);
}

function wordToText(word: number): string {
  return (word >>> 0).toString(16).padStart(8, '0');
}

function round(state: number, word: number): number {
  return absorb(state, scatter(word));
}

function scatter(word: number): number {
  const mixed = Math.imul(word, 0xcc9e2d51);
  return Math.imul((mixed << 15) | (mixed >>> 17), 0x1b873593);
}

function absorb(state: number, mixed: number): number {
  const next = state ^ mixed;
  return (Math.imul((next << 13) | (next >>> 19), 5) + 0xe6546b64) | 0;
}

function finish(state: number): number {
  let mixed = Math.imul(state ^ (state >>> 16), 0x85ebca6b);
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
  return mixed ^ (mixed >>> 16);
}
