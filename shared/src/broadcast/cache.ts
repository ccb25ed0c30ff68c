/**
 * Payloads kept for those who ask, in the form in which we send them on. Bounded in age, number and
 * bytes; the oldest goes first, but who holds over half of it pushes out its own. Of a volatile stream only the newest
 * is kept.
 */
import type { PeerId } from '../base/ids.ts';
import { after, elapsedMs, type Instant } from '../base/time.ts';
import type { BroadcastConfig } from './config.ts';
import type { Gossip, Head, Want } from './messages.ts';
import { streamKey } from './streams.ts';

/** A payload, what it weighs, and since when it is here. */
export interface Cached<P> {
  readonly message: Gossip<P>;
  readonly bytes: number;
  readonly at: Instant;
}

/** The message as it is given away now: older by the whole milliseconds that it was kept here, for what reaches 30 s is refused. */
export function givenAt<P>({ message, at }: Cached<P>, now: Instant): Gossip<P> {
  return { ...message, ageMs: message.ageMs + Math.floor(elapsedMs(at, now)) };
}

export interface Cache<P> {
  readonly size: () => number;
  readonly add: (entry: Cached<P>) => void;
  /** What of a range is still here and not too old to be given, oldest sequence first. */
  readonly range: (want: Want, at: Instant) => readonly Cached<P>[];
  /** The first of the unbroken sequences up to `head`, none said before `since`; above the head when itself is not here. */
  readonly firstUpTo: (head: Head, since: Instant) => number;
  /** What of an origin's came at `since` or later and must not be lost, oldest first. */
  readonly lately: (origin: PeerId, since: Instant) => readonly Gossip<P>[];
  readonly removeOrigin: (origin: PeerId) => void;
  /** Forgets what is too old. */
  readonly sweep: (at: Instant) => void;
  readonly clear: () => void;
}

/** What is cached of a stream; its key is made once, for making it costs more than looking it up. */
interface CachedStream<P> {
  readonly key: string;
  readonly entryBySeq: Map<number, Cached<P>>;
}

/** What is cached of an origin, oldest first, and what that weighs. */
interface CachedOrigin<P> {
  readonly entries: Set<Cached<P>>;
  bytes: number;
}

// oxlint-disable-next-line max-lines-per-function -- A factory: what it closes over is one cache in three orders.
export function createCache<P>(config: BroadcastConfig): Cache<P> {
  /** In the order of arrival, so the first is the oldest; each with what is cached of its stream. */
  const streamByEntry = new Map<Cached<P>, CachedStream<P>>();
  const streamByKey = new Map<string, CachedStream<P>>();
  const originById = new Map<PeerId, CachedOrigin<P>>();
  let bytes = 0;

  const remove = (entry: Cached<P>): void => {
    const stream = streamByEntry.get(entry);
    if (stream === undefined) return;
    streamByEntry.delete(entry);
    bytes -= entry.bytes;
    const origin = originById.get(entry.message.origin);
    origin?.entries.delete(entry);
    if (origin) origin.bytes -= entry.bytes;
    if (origin?.entries.size === 0) originById.delete(entry.message.origin);
    stream.entryBySeq.delete(entry.message.seq);
    if (stream.entryBySeq.size === 0) streamByKey.delete(stream.key);
  };

  const noteOrigin = (entry: Cached<P>): void => {
    const origin = originById.get(entry.message.origin) ?? { entries: new Set(), bytes: 0 };
    originById.set(entry.message.origin, origin);
    origin.entries.add(entry);
    origin.bytes += entry.bytes;
  };

  /** The first to go for the sake of what this origin said. */
  const outdone = (id: PeerId): Cached<P> | undefined => {
    const origin = originById.get(id);
    const isGreedy =
      origin !== undefined &&
      (origin.entries.size > config.cacheMessagesMax / 2 || origin.bytes > config.cacheBytesMax / 2);
    const [oldest] = isGreedy ? origin.entries : streamByEntry.keys();
    return oldest;
  };

  const removeReplaced = ({ message }: Cached<P>, { entryBySeq }: CachedStream<P>): void => {
    const replaced = message.lane === 'volatile' ? [...entryBySeq.values()] : [entryBySeq.get(message.seq)];
    for (const old of replaced) if (old !== undefined) remove(old);
  };

  return {
    size: () => streamByEntry.size,
    add: (entry) => {
      const key = streamKey(entry.message);
      const stream = streamByKey.get(key) ?? { key, entryBySeq: new Map<number, Cached<P>>() };
      removeReplaced(entry, stream);
      streamByKey.set(key, stream);
      stream.entryBySeq.set(entry.message.seq, entry);
      streamByEntry.set(entry, stream);
      bytes += entry.bytes;
      noteOrigin(entry);
      while (streamByEntry.size > config.cacheMessagesMax || bytes > config.cacheBytesMax) {
        const oldest = outdone(entry.message.origin);
        if (oldest === undefined) break;
        remove(oldest);
      }
    },
    range: (want, at) => {
      const held = streamByKey.get(streamKey(want))?.entryBySeq.values();
      return [...(held ?? [])]
        .filter(({ message }) => message.seq >= want.first && message.seq <= want.last)
        .filter((entry) => elapsedMs(saidAt(entry), at) < config.cacheMs)
        .toSorted((a, b) => a.message.seq - b.message.seq);
    },
    firstUpTo: (head, since) => {
      const held = streamByKey.get(streamKey(head))?.entryBySeq;
      const isHere = (seq: number): boolean => {
        const entry = held?.get(seq);
        return entry !== undefined && saidAt(entry) >= since;
      };
      let first = head.seq + 1;
      while (isHere(first - 1)) first -= 1;
      return first;
    },
    lately: (origin, since) =>
      [...(originById.get(origin)?.entries ?? [])].flatMap(({ message, at }) =>
        message.lane !== 'volatile' && at >= since ? [message] : [],
      ),
    removeOrigin: (origin) => {
      for (const entry of originById.get(origin)?.entries ?? []) remove(entry);
    },
    sweep: (at) => {
      for (const oldest of streamByEntry.keys()) {
        if (elapsedMs(oldest.at, at) < config.cacheMs) break;
        remove(oldest);
      }
    },
    clear: () => {
      for (const entry of streamByEntry.keys()) remove(entry);
    },
  };
}

/** When its origin said it, at the latest. */
function saidAt<P>({ message, at }: Cached<P>): Instant {
  return after(at, -message.ageMs);
}
