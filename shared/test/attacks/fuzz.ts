/**
 * Random and mutated input for whatever takes bytes or text from strangers. Plain loops over one generator: property
 * tests spend their time on shrinking, and here it is the number that finds things.
 */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { createRng, type Rng } from '#shared/base/rng.ts';

/** How many inputs each decoder gets; `npm run fuzz` sets more. */
export const FUZZ_INPUTS: number = Number(process.env['FUZZ_INPUTS'] ?? 100_000);

export interface FuzzTarget {
  readonly name: string;
  /** Good inputs, of all kinds there are: what is mutated. */
  readonly corpus: readonly Uint8Array[];
  /**
   * Takes one input; must not throw. `accepted`, or why it was refused. Where something is accepted that is not what
   * it says, it throws: that is a finding.
   */
  readonly take: (bytes: Uint8Array) => string;
}

export interface FuzzCounts {
  readonly name: string;
  readonly inputs: number;
  readonly accepted: number;
  readonly refused: Readonly<Record<string, number>>;
  /**
   * Bytes of heap held after all inputs beyond those held after the first half: what the engine keeps of texts that it has
   * parsed rises to 6 MB within the first million, and then no more.
   */
  readonly grownBytes: number;
}

/** For decoders that answer later. */
export interface SlowFuzzTarget extends Omit<FuzzTarget, 'take'> {
  readonly take: (bytes: Uint8Array) => Promise<string>;
}

/** One line for people. */
export function textOfCounts(
  counts: Omit<FuzzCounts, 'grownBytes'> & { readonly grownBytes?: number },
): string {
  const reasons = Object.entries(counts.refused).map(([reason, count]) => `${reason} ${count}`);
  const heap = counts.grownBytes === undefined ? '' : `; heap ${counts.grownBytes} B`;
  return `${counts.name}: ${counts.inputs} inputs, accepted ${counts.accepted}, ${reasons.join(', ')}${heap}\n`;
}

/** As many as these are looked at together, so that the threads of WebCrypto do not wait for us. */
const SIDE_BY_SIDE = 256;

/** What they leave behind is not looked at. */
export async function fuzzSlowly(
  { name, corpus, take }: SlowFuzzTarget,
  inputs: number,
  seed: number,
): Promise<Omit<FuzzCounts, 'grownBytes'>> {
  const rng = createRng([seed]).fork(name);
  const refused: Record<string, number> = {};
  let accepted = 0;
  const takeNth = async (nth: number): Promise<void> => {
    const bytes = inputOf(rng, corpus);
    const verdict = await take(bytes).catch((error: unknown) => failOn(bytes, nth, error));
    if (verdict === 'accepted') accepted += 1;
    else refused[verdict] = (refused[verdict] ?? 0) + 1;
  };
  for (let first = 0; first < inputs; first += SIDE_BY_SIDE) {
    const length = Math.min(SIDE_BY_SIDE, inputs - first);
    await Promise.all(Array.from({ length }, (_, at) => takeNth(first + at)));
  }
  return { name, inputs, accepted, refused };
}

function failOn(bytes: Uint8Array, nth: number, cause: unknown): never {
  throw new Error(`input ${nth}: ${Buffer.from(bytes).toString('base64')}`, { cause });
}

export function fuzz({ name, corpus, take }: FuzzTarget, inputs: number, seed: number): FuzzCounts {
  const rng = createRng([seed]).fork(name);
  const refused: Record<string, number> = {};
  let accepted = 0;
  let heldBefore = 0;
  for (let nth = 0; nth < inputs; nth++) {
    if (nth === Math.floor(inputs / 2)) heldBefore = heldBytes();
    const bytes = inputOf(rng, corpus);
    const verdict = takeSafely(take, bytes, nth);
    if (verdict === 'accepted') accepted += 1;
    else refused[verdict] = (refused[verdict] ?? 0) + 1;
  }
  return { name, inputs, accepted, refused, grownBytes: heldBytes() - heldBefore };
}

/** A throw names the input that caused it, so that it can be tried alone. */
function takeSafely(take: FuzzTarget['take'], bytes: Uint8Array, nth: number): string {
  try {
    return take(bytes);
  } catch (error) {
    return failOn(bytes, nth, error);
  }
}

/** One in eight is noise; the others are good inputs that were damaged once or more. */
function inputOf(rng: Rng, corpus: readonly Uint8Array[]): Uint8Array {
  if (rng.below(8) === 0) return noise(rng, rng.below(300));
  let bytes = corpus[rng.below(corpus.length)]!;
  for (let times = 1 + rng.below(3); times > 0; times--) bytes = damage(rng, bytes, corpus);
  return bytes;
}

function damage(rng: Rng, bytes: Uint8Array, corpus: readonly Uint8Array[]): Uint8Array {
  const at = rng.below(bytes.length + 1);
  const before = bytes.subarray(0, at);
  const rest = bytes.subarray(at);
  switch (rng.below(7)) {
    case 0:
      return join(before, Uint8Array.of((rest[0] ?? 0) ^ (1 << rng.below(8))), rest.subarray(1));
    case 1:
      return join(before, Uint8Array.of(EDGES[rng.below(EDGES.length)]!), rest.subarray(1));
    case 2:
      return before;
    case 3:
      return join(before, noise(rng, 1 + rng.below(12)), rest);
    case 4:
      return join(before, rest.subarray(rng.below(rest.length + 1)));
    case 5:
      return join(before, rest.subarray(0, rng.below(40)), rest);
    default: {
      const other = corpus[rng.below(corpus.length)]!;
      return join(before, other.subarray(rng.below(other.length + 1)));
    }
  }
}

/** Where numbers and lengths turn over. */
const EDGES: readonly number[] = [0, 1, 2, 0x7e, 0x7f, 0x80, 0x81, 0xbf, 0xc0, 0xfe, 0xff];

function noise(rng: Rng, length: number): Uint8Array {
  const bytes = new Uint8Array(length);
  for (let at = 0; at < length; at++) bytes[at] = rng.below(256);
  return bytes;
}

function join(...parts: readonly Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(parts.reduce((length, part) => length + part.length, 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}

function heldBytes(): number {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  // V8 keeps the shapes of objects that are gone for two collections more, and JSON makes one of each set of keys.
  for (let time = 0; time < 4; time++) collect();
  return process.memoryUsage().heapUsed;
}
