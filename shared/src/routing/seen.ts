/**
 * The packets that were here: delivered, or passed on as floods. Bounded; the oldest goes first, but an origin that
 * holds over half pushes out its own.
 */
import type { PeerId } from '../base/ids.ts';
import type { Receipt } from '../base/receipt.ts';
import { elapsedMs, type Instant } from '../base/time.ts';

export interface SeenLimits {
  readonly seenMax: number;
  readonly seenMs: number;
}

export interface Seen {
  /**
   * Remembers a packet; false when it was remembered already. One that brings a receipt is another than one of the
   * same id without: who has not read it cannot have it taken for one that came before.
   */
  readonly mark: (
    packet: { readonly origin: PeerId; readonly id: number; readonly receipt: Receipt | null },
    at: Instant,
  ) => boolean;
}

interface Mark {
  readonly name: string;
  readonly origin: PeerId;
  readonly at: Instant;
}

export function createSeen({ seenMax, seenMs }: SeenLimits): Seen {
  /** Oldest first, as those of each origin. */
  const markByName = new Map<string, Mark>();
  const marksByOrigin = new Map<PeerId, Set<Mark>>();

  const forget = (mark: Mark): void => {
    markByName.delete(mark.name);
    const own = marksByOrigin.get(mark.origin);
    own?.delete(mark);
    if (own?.size === 0) marksByOrigin.delete(mark.origin);
  };

  /** The first to go for the sake of another of this origin's. */
  const outdone = (origin: PeerId): Mark | undefined => {
    const own = marksByOrigin.get(origin);
    const [oldest] = own && own.size > seenMax / 2 ? own : markByName.values();
    return oldest;
  };

  return {
    mark: ({ origin, id, receipt }, at) => {
      const name = `${origin}/${id}/${receipt ?? ''}`;
      const before = markByName.get(name);
      if (before && elapsedMs(before.at, at) < seenMs) return false;
      if (before) forget(before);
      const first = markByName.size >= seenMax ? outdone(origin) : undefined;
      if (first) forget(first);
      const mark: Mark = { name, origin, at };
      markByName.set(name, mark);
      const own = marksByOrigin.get(origin) ?? new Set<Mark>();
      marksByOrigin.set(origin, own.add(mark));
      return true;
    },
  };
}
