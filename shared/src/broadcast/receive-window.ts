/**
 * Which sequences of one stream have come: a base up to which all count as received, and what is
 * held beyond the first hole. The reliable lane holds messages there, the record lane only their
 * numbers. Limits are the caller's: it asks `held` before it adds, or skips after.
 */
import type { Instant } from '../base/time.ts';
import type { Range } from './streams.ts';

/** Something that came before its turn. */
export interface Held<T> {
  readonly item: T;
  readonly bytes: number;
  readonly at: Instant;
}

/** What skipping uncovers, in order: a hole given up, or an item whose turn has come. */
export type Step<T> =
  { readonly kind: 'hole'; readonly range: Range } | { readonly kind: 'item'; readonly item: T };

export interface ReceiveWindow<T> {
  /** Everything up to here counts as received. */
  readonly base: () => number;
  /** The newest sequence received. */
  readonly highest: () => number;
  readonly has: (seq: number) => boolean;
  /** How much waits beyond the first hole. */
  readonly held: () => { readonly count: number; readonly bytes: number };
  /** Takes a new sequence; returns the items whose turn has come, in order. */
  readonly add: (seq: number, held: Held<T>) => readonly T[];
  /** The holes up to and including `upTo`, in order. */
  readonly missing: (upTo: number) => readonly Range[];
  /** The newest held sequence that came at `at` or before: the holes below it are at least as old. */
  readonly newestHeldSince: (at: Instant) => number | null;
  /** The oldest held sequence. */
  readonly lowestHeld: () => number | null;
  /** Gives up every hole up to `seq`. */
  readonly skipTo: (seq: number) => readonly Step<T>[];
}

export function createReceiveWindow<T>(): ReceiveWindow<T> {
  const beyond = new Map<number, Held<T>>();
  let base = 0;
  let highest = 0;
  let bytes = 0;

  const take = (seq: number): Held<T> | undefined => {
    const held = beyond.get(seq);
    if (held === undefined) return undefined;
    beyond.delete(seq);
    bytes -= held.bytes;
    return held;
  };

  const takeInOrder = (): T[] => {
    const items: T[] = [];
    for (let next = take(base + 1); next !== undefined; next = take(base + 1)) {
      base += 1;
      items.push(next.item);
    }
    return items;
  };

  const missing = (upTo: number): readonly Range[] => holesBetween(base, heldUpTo(beyond, upTo), upTo);

  return {
    base: () => base,
    highest: () => highest,
    has: (seq) => seq <= base || beyond.has(seq),
    held: () => ({ count: beyond.size, bytes }),
    add: (seq, held) => {
      beyond.set(seq, held);
      bytes += held.bytes;
      highest = Math.max(highest, seq);
      return takeInOrder();
    },
    missing,
    newestHeldSince: (at) => {
      let newest: number | null = null;
      for (const [seq, held] of beyond) if (held.at <= at && seq > (newest ?? 0)) newest = seq;
      return newest;
    },
    lowestHeld: () => heldUpTo(beyond, Infinity)[0] ?? null,
    skipTo: (seq) => {
      const steps: Step<T>[] = [];
      for (const range of missing(seq)) {
        steps.push({ kind: 'hole', range });
        base = range.last;
        steps.push(...takeInOrder().map((item): Step<T> => ({ kind: 'item', item })));
      }
      highest = Math.max(highest, base);
      return steps;
    },
  };
}

function heldUpTo(beyond: ReadonlyMap<number, unknown>, upTo: number): readonly number[] {
  return [...beyond.keys()].filter((seq) => seq <= upTo).toSorted((a, b) => a - b);
}

/** The ranges of (`base`, `upTo`] that `present`, sorted, leaves out. */
function holesBetween(base: number, present: readonly number[], upTo: number): readonly Range[] {
  const holes: Range[] = [];
  let next = base + 1;
  for (const seq of present) {
    if (seq > next) holes.push({ first: next, last: seq - 1 });
    next = seq + 1;
  }
  if (upTo >= next) holes.push({ first: next, last: upTo });
  return holes;
}
