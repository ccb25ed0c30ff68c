/**
 * Which sequences of one stream have come: a base up to which all count as received, and what is
 * held beyond the first hole. The reliable lane holds messages there, the record lane only their
 * numbers. Limits are the caller's: it asks what is held before it takes in, or skips after.
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

/**
 * Plain data, changed by the functions of this file alone: each member holds two for every other, nearly all of them
 * without a hole. As closures over a map they made a third of the heap of a room of 150.
 */
export interface ReceiveWindow<T> {
  /** Everything up to here counts as received. */
  base: number;
  /** The newest sequence received. */
  highest: number;
  /** What waits beyond the first hole, by sequence; `null` while nothing does. */
  beyond: Map<number, Held<T>> | null;
  /** The size of what waits. */
  bytes: number;
  /** Nothing has its turn, a hole or none. */
  shut: boolean;
}

export function createReceiveWindow<T>(): ReceiveWindow<T> {
  return { base: 0, highest: 0, beyond: null, bytes: 0, shut: false };
}

export function hasCome({ base, beyond }: ReceiveWindow<unknown>, seq: number): boolean {
  return seq <= base || (beyond?.has(seq) ?? false);
}

/** How many wait beyond the first hole. */
export function countHeld({ beyond }: ReceiveWindow<unknown>): number {
  return beyond?.size ?? 0;
}

/** Takes a new sequence; returns the items whose turn has come, in order. */
export function takeIn<T>(window: ReceiveWindow<T>, seq: number, held: Held<T>): readonly T[] {
  window.highest = Math.max(window.highest, seq);
  if (window.beyond === null && !window.shut && seq === window.base + 1) {
    window.base = seq;
    return [held.item];
  }
  window.beyond ??= new Map();
  window.beyond.set(seq, held);
  window.bytes += held.bytes;
  return window.shut ? [] : takeInOrder(window);
}

/** Ends the wait of a shut window; returns the items whose turn has come, in order. */
export function endWait<T>(window: ReceiveWindow<T>): readonly T[] {
  window.shut = false;
  return takeInOrder(window);
}

/** The holes up to and including `upTo`, in order. */
export function holesUpTo({ base, beyond }: ReceiveWindow<unknown>, upTo: number): readonly Range[] {
  return upTo <= base ? [] : holesBetween(base, heldUpTo(beyond, upTo), upTo);
}

/** The newest held sequence that came at `at` or before: the holes below it are at least as old. */
export function newestHeldSince({ beyond }: ReceiveWindow<unknown>, at: Instant): number | null {
  let newest: number | null = null;
  for (const [seq, held] of beyond ?? []) if (held.at <= at && seq > (newest ?? 0)) newest = seq;
  return newest;
}

/** The oldest held sequence. */
export function lowestHeld({ beyond }: ReceiveWindow<unknown>): number | null {
  return heldUpTo(beyond, Infinity)[0] ?? null;
}

/** What counted as received from here on never was: takes it back. */
export function reopenAt<T>(window: ReceiveWindow<T>, seq: number): void {
  window.base = Math.min(window.base, seq - 1);
  const waiting = [...(window.beyond?.keys() ?? [])];
  window.highest = Math.max(window.base, ...waiting);
}

/** Gives up every hole up to `seq`, and the wait of a shut window. */
export function skipTo<T>(window: ReceiveWindow<T>, seq: number): readonly Step<T>[] {
  const steps: Step<T>[] = endWait(window).map((item) => ({ kind: 'item', item }));
  for (const range of holesUpTo(window, seq)) {
    steps.push({ kind: 'hole', range });
    window.base = range.last;
    steps.push(...takeInOrder(window).map((item): Step<T> => ({ kind: 'item', item })));
  }
  window.highest = Math.max(window.highest, window.base);
  return steps;
}

function takeInOrder<T>(window: ReceiveWindow<T>): T[] {
  const items: T[] = [];
  const { beyond } = window;
  if (beyond === null) return items;
  for (let next = beyond.get(window.base + 1); next; next = beyond.get(window.base + 1)) {
    window.base += 1;
    beyond.delete(window.base);
    window.bytes -= next.bytes;
    items.push(next.item);
  }
  if (beyond.size === 0) window.beyond = null;
  return items;
}

function heldUpTo(beyond: ReadonlyMap<number, unknown> | null, upTo: number): readonly number[] {
  return [...(beyond?.keys() ?? [])].filter((seq) => seq <= upTo).toSorted((a, b) => a - b);
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
