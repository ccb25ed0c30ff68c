/**
 * Randomness is given, never taken. One seed makes a stream; each layer gets a fork of its own, so
 * that a draw more in one layer does not change the story of another.
 *
 * The generator is xoshiro128** (Blackman and Vigna, "Scrambled linear pseudorandom number
 * generators", 2018, section 4), seeded through SplitMix32. It is not for secrets.
 */
export interface Rng {
  /** A whole number from 0 to 2^32 - 1. */
  readonly word: () => number;
  /** A fraction from 0 (inclusive) to 1 (exclusive). */
  readonly fraction: () => number;
  /** A whole number from 0 (inclusive) to `bound` (exclusive); `bound` at least 1. */
  readonly below: (bound: number) => number;
  /** One element, or `undefined` of an empty list. */
  readonly pick: <T>(from: readonly T[]) => T | undefined;
  /** Up to `count` different elements, in random order. */
  readonly sample: <T>(from: readonly T[], count: number) => T[];
  /** A stream of its own; `label` keeps forks apart. Does not advance this stream. */
  readonly fork: (label: string) => Rng;
}

/** Makes a stream of a seed: any 32-bit words, at least one. */
export function createRng(seed: readonly number[]): Rng {
  let a = mix(seed, 1);
  let b = mix(seed, 2);
  let c = mix(seed, 3);
  let d = mix(seed, 4) | 1;

  const word = (): number => {
    const product = Math.imul(b, 5);
    const result = Math.imul((product << 7) | (product >>> 25), 9) >>> 0;
    const shifted = b << 9;
    c ^= a;
    d ^= b;
    b ^= c;
    a ^= d;
    c ^= shifted;
    d = (d << 11) | (d >>> 21);
    return result;
  };
  const fraction = (): number => word() / 2 ** 32;
  const below = (bound: number): number => Math.floor(fraction() * bound);

  return {
    word,
    fraction,
    below,
    pick: (from) => from[below(from.length)],
    sample: (from, count) => {
      const pool = [...from];
      const wanted = Math.min(count, pool.length);
      for (let at = 0; at < wanted; at++) {
        const other = at + below(pool.length - at);
        const held = pool[at]!;
        pool[at] = pool[other]!;
        pool[other] = held;
      }
      return pool.slice(0, wanted);
    },
    fork: (label) => createRng([...seed, ...labelToWords(label)]),
  };
}

/** SplitMix32 over all words of the seed; `lane` makes the four words of the state differ. */
function mix(seed: readonly number[], lane: number): number {
  let state = Math.imul(lane, 0x9e3779b9);
  for (const part of seed) {
    state = (state + part + 0x9e3779b9) | 0;
    state = Math.imul(state ^ (state >>> 16), 0x21f0aaad);
    state = Math.imul(state ^ (state >>> 15), 0x735a2d97);
    state ^= state >>> 15;
  }
  return state;
}

function labelToWords(label: string): number[] {
  return Array.from(label, (letter) => letter.codePointAt(0) ?? 0);
}
