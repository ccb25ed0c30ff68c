/**
 * Payloads kept for those who ask, in the form in which we send them on. Bounded in age, number and
 * bytes; the oldest goes first. Of a volatile stream only the newest is kept.
 */
import type { PeerId } from '../base/ids.ts';
import { elapsedMs, type Instant } from '../base/time.ts';
import type { BroadcastConfig } from './config.ts';
import type { Gossip, Head, Want } from './messages.ts';
import { streamKey } from './streams.ts';

/** A payload and what it weighs. */
export interface Cached<P> {
  readonly message: Gossip<P>;
  readonly bytes: number;
  readonly at: Instant;
}

export interface Cache<P> {
  readonly size: () => number;
  readonly add: (entry: Cached<P>) => void;
  /** What of a range is still here, oldest sequence first. */
  readonly range: (want: Want) => readonly Cached<P>[];
  /** The first of the unbroken sequences up to `head`, none older than `since`; above the head when itself is not here. */
  readonly firstUpTo: (head: Head, since: Instant) => number;
  /** What of an origin's came at `since` or later and must not be lost, oldest first. */
  readonly lately: (origin: PeerId, since: Instant) => readonly Gossip<P>[];
  readonly removeOrigin: (origin: PeerId) => void;
  /** Forgets what is too old. */
  readonly sweep: (at: Instant) => void;
}

export function createCache<P>(config: BroadcastConfig): Cache<P> {
  /** In the order of arrival, so the first is the oldest. */
  const entries = new Set<Cached<P>>();
  const bySeqByStream = new Map<string, Map<number, Cached<P>>>();
  let bytes = 0;

  const remove = (entry: Cached<P>): void => {
    if (!entries.delete(entry)) return;
    bytes -= entry.bytes;
    const key = streamKey(entry.message);
    const bySeq = bySeqByStream.get(key);
    bySeq?.delete(entry.message.seq);
    if (bySeq?.size === 0) bySeqByStream.delete(key);
  };

  const removeReplaced = (entry: Cached<P>): void => {
    const bySeq = bySeqByStream.get(streamKey(entry.message));
    if (bySeq === undefined) return;
    const replaced = entry.message.lane === 'volatile' ? [...bySeq.values()] : [bySeq.get(entry.message.seq)];
    for (const old of replaced) if (old !== undefined) remove(old);
  };

  return {
    size: () => entries.size,
    add: (entry) => {
      removeReplaced(entry);
      const key = streamKey(entry.message);
      const bySeq = bySeqByStream.get(key) ?? new Map<number, Cached<P>>();
      bySeqByStream.set(key, bySeq.set(entry.message.seq, entry));
      entries.add(entry);
      bytes += entry.bytes;
      for (const oldest of entries) {
        if (entries.size <= config.cacheMessagesMax && bytes <= config.cacheBytesMax) break;
        remove(oldest);
      }
    },
    range: (want) => {
      const held = bySeqByStream.get(streamKey(want)) ?? new Map<number, Cached<P>>();
      return [...held.values()]
        .filter(({ message }) => message.seq >= want.first && message.seq <= want.last)
        .toSorted((a, b) => a.message.seq - b.message.seq);
    },
    firstUpTo: (head, since) => {
      const held = bySeqByStream.get(streamKey(head));
      const isHere = (seq: number): boolean => (held?.get(seq)?.at ?? -Infinity) >= since;
      let first = head.seq + 1;
      while (isHere(first - 1)) first -= 1;
      return first;
    },
    lately: (origin, since) =>
      [...entries].flatMap(({ message, at }) =>
        message.origin === origin && message.lane !== 'volatile' && at >= since ? [message] : [],
      ),
    removeOrigin: (origin) => {
      for (const entry of entries) if (entry.message.origin === origin) remove(entry);
    },
    sweep: (at) => {
      for (const oldest of entries) {
        if (elapsedMs(oldest.at, at) < config.cacheMs) break;
        remove(oldest);
      }
    },
  };
}
