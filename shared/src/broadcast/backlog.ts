/**
 * Room in the reliable lane. What must wait behind a hole needs room; what has none is neither taken nor
 * asked for, but remembered until the lane moves on.
 */
import type { PeerId } from '../base/ids.ts';
import type { BroadcastConfig } from './config.ts';
import type { Gossip, Head } from './messages.ts';
import type { Origin } from './origins.ts';
import { countHeld, lowestHeld, type ReceiveWindow } from './receive-window.ts';
import type { Relay } from './relay.ts';
import type { Range } from './streams.ts';

export function hasRoom<P>(
  { config }: Relay<P>,
  { reliable }: Origin<P>,
  { message, bytes }: { readonly message: Gossip<P>; readonly bytes: number },
): boolean {
  if (message.lane !== 'reliable' || message.seq === reliable.base + 1) return true;
  const count = countHeld(reliable);
  return (
    count === 0 || (count < config.reorderMessagesMax && reliable.bytes + bytes <= config.reorderBytesMax)
  );
}

/** Remembers that `head` is there to be asked for. `came`: itself was here, and refused. */
export function postpone<P>(
  relay: Relay<P>,
  head: Head,
  { announcer, came }: { readonly announcer: PeerId; readonly came: boolean },
): void {
  const origin = relay.origins.current(head);
  if (origin === undefined || origin.reliable.base >= head.seq) return;
  const known = origin.backlog ?? {
    seq: 0,
    came: 0,
    announcer,
    base: origin.reliable.base,
    at: relay.at,
  };
  origin.backlog = {
    ...known,
    seq: Math.max(known.seq, head.seq),
    came: came ? Math.max(known.came, head.seq) : known.came,
    announcer: head.seq > known.seq ? announcer : known.announcer,
  };
}

/**
 * What is missing up to `head`, as far ahead as the window could take it. Below the first message that
 * waits, a few are asked for even when there is no room: in order they need none.
 */
export function missingWithRoom<P>(relay: Relay<P>, head: Head): readonly Range[] {
  const missing = relay.origins.missing(head);
  if (head.lane !== 'reliable') return missing;
  const window = relay.origins.current(head)?.reliable;
  const room = roomFor(relay.config, window);
  const base = window?.base ?? 0;
  const waitsAt = (window && lowestHeld(window)) ?? Infinity;
  const inFirstHole = cutBelow(
    missing,
    Math.min(waitsAt - 1, base + Math.max(room, relay.config.repairAheadMin)),
  );
  return [
    ...inFirstHole,
    ...takeFirst(
      missing.filter(({ first }) => first > waitsAt),
      room,
    ),
  ];
}

/** Messages that the window can still hold, of the size of those it holds. */
function roomFor(config: BroadcastConfig, window: ReceiveWindow<unknown> | undefined): number {
  const count = window ? countHeld(window) : 0;
  if (!window || count === 0) return config.reorderMessagesMax;
  const room = config.reorderMessagesMax - count;
  const bytesEach = Math.max(1, window.bytes / count);
  return Math.max(0, Math.min(room, Math.floor((config.reorderBytesMax - window.bytes) / bytesEach)));
}

/** What of `ranges` lies at or below `last`. */
function cutBelow(ranges: readonly Range[], last: number): readonly Range[] {
  return ranges
    .filter(({ first }) => first <= last)
    .map((range) => ({ first: range.first, last: Math.min(range.last, last) }));
}

/** The first `count` sequences of `ranges`. */
function takeFirst(ranges: readonly Range[], count: number): readonly Range[] {
  const taken: Range[] = [];
  let left = count;
  for (const { first, last } of ranges) {
    if (left <= 0) break;
    taken.push({ first, last: Math.min(last, first + left - 1) });
    left -= last - first + 1;
  }
  return taken;
}
