/** Names of streams and messages, and arithmetic on ranges of sequences. All pure. */
import type { Epoch, PeerId } from '../base/ids.ts';
import type { Head, Lane } from './messages.ts';

/** What counts one row of sequences: an origin's lane in one epoch. */
export interface Stream {
  readonly origin: PeerId;
  readonly epoch: Epoch;
  readonly lane: Lane;
}

/** Sequences `first` to `last`, both included. */
export interface Range {
  readonly first: number;
  readonly last: number;
}

export function streamKey(stream: Stream): string {
  return `${stream.origin}/${stream.epoch}/${stream.lane}`;
}

/** The head that names this message; drops whatever else `message` carries. */
export function headOf(message: Head): Head {
  return { origin: message.origin, epoch: message.epoch, lane: message.lane, seq: message.seq };
}

/** What of `ranges` lies in none of `taken`, in order. */
export function subtractRanges(ranges: readonly Range[], taken: readonly Range[]): readonly Range[] {
  let left = ranges;
  for (const hole of taken) left = left.flatMap((range) => cut(range, hole));
  return left;
}

function cut(range: Range, hole: Range): Range[] {
  if (hole.last < range.first || hole.first > range.last) return [range];
  const parts: Range[] = [];
  if (hole.first > range.first) parts.push({ first: range.first, last: hole.first - 1 });
  if (hole.last < range.last) parts.push({ first: hole.last + 1, last: range.last });
  return parts;
}
