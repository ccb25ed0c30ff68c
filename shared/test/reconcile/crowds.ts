/**
 * Thousands of keys with one 64-bit hash, as an attacker makes them (Joux, CRYPTO 2004): some pieces of three letters of
 * which each has a twin that leaves the hash in the same state; each choice between twins is another key.
 */
import { createRng } from '#shared/base/rng.ts';

/** Of MurmurHash3, as `base/hash.ts` uses it. */
function scatter(word: number): number {
  const mixed = Math.imul(word, 0xcc9e2d51);
  return Math.imul((mixed << 15) | (mixed >>> 17), 0x1b873593);
}

function absorb(state: number, word: number): number {
  const next = state ^ scatter(word);
  return (Math.imul((next << 13) | (next >>> 19), 5) + 0xe6546b64) | 0;
}

type State = readonly [high: number, low: number];

const START: State = [0x9747b28c, 0x5bd1e995];
const LETTERS_FROM = 0x20;
const LETTERS_TO = 0xd800;

const after = (state: State, text: string): State =>
  Array.from(text).reduce<State>(
    ([high, low], letter) => [absorb(high, letter.charCodeAt(0)), absorb(low, letter.charCodeAt(0))],
    state,
  );

const letterByScattered = new Map<number, number>();
for (let letter = LETTERS_FROM; letter < LETTERS_TO; letter++) letterByScattered.set(scatter(letter), letter);

/** Two letters, the second of which undoes by what the states of two texts differ, where there are such. */
function closing(difference: number): readonly [number, number] | undefined {
  for (let letter = LETTERS_FROM; letter < LETTERS_TO; letter++) {
    const twin = letterByScattered.get(scatter(letter) ^ difference);
    if (twin !== undefined) return [letter, twin];
  }
  return undefined;
}

/** Two pieces that leave the hash in one state: as both halves absorb the same, they need only differ alike after two letters. */
function twinsFrom(state: State, rng: ReturnType<typeof createRng>): readonly [string, string] {
  const letter = (): number => LETTERS_FROM + rng.below(LETTERS_TO - LETTERS_FROM);
  const textByDifference = new Map<number, string>();
  for (;;) {
    const text = String.fromCharCode(letter(), letter());
    const [high, low] = after(state, text);
    const other = textByDifference.get(high ^ low);
    textByDifference.set(high ^ low, text);
    if (other === undefined || other === text) continue;
    const ends = closing(high ^ after(state, other)[0]);
    if (ends) return [text + String.fromCharCode(ends[0]), other + String.fromCharCode(ends[1])];
  }
}

/** `2 ** pieces` keys that begin with `start` and have one hash. */
export function crowdOf(start: string, pieces: number): readonly string[] {
  const rng = createRng([pieces]);
  let keys: readonly string[] = [start];
  let state = after(START, start);
  for (let piece = 0; piece < pieces; piece++) {
    const [one, other] = twinsFrom(state, rng);
    keys = keys.flatMap((key) => [key + one, key + other]);
    state = after(state, one);
  }
  return keys;
}
