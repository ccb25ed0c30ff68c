/** The filter of the departed: the claims that ended lives, so that old records of them do not rise again. */
import { createBoundedMap, type BoundedMap } from '../base/collections.ts';
import type { Epoch, Incarnation, PeerId } from '../base/ids.ts';
import { elapsedMs, type Instant } from '../base/time.ts';
import type { IdentityRecord, LeaveReason, Verdict } from './messages.ts';

/** `alone`: by us, while nobody could have told us better. It is our own view, and binds no one else. */
export type Decided = 'openly' | 'alone';

/** One who was here, with the claim that ended it. */
export interface Departed {
  /** The life that ended. */
  readonly epoch: Epoch;
  readonly incarnation: Incarnation;
  readonly reason: LeaveReason;
  readonly decided: Decided;
  /** `null`: what proves that it was expelled is kept elsewhere. */
  readonly claim: IdentityRecord | Verdict | null;
  readonly since: Instant;
}

export interface DepartedFilter {
  readonly get: (id: PeerId) => Departed | undefined;
  /** `wasKnown`: it was a member here. */
  readonly set: (id: PeerId, entry: Departed, wasKnown: boolean) => void;
  readonly delete: (id: PeerId) => void;
  readonly entries: () => IterableIterator<[PeerId, Departed]>;
  /** Forgets those whose time is over; who was expelled stays. */
  readonly expire: (at: Instant) => void;
}

/**
 * Holds at most `departedMax`, shared out as DECISIONS, 2026-11-29, says. Anybody can make up farewells of strangers by
 * the thousand, and a few members that come and go: each of these kinds pushes out its own only, and who was expelled
 * stays out.
 */
export function createDepartedFilter(departedMax: number, departedMs: number): DepartedFilter {
  const known = createBoundedMap<PeerId, Departed>(Math.floor(departedMax / 2));
  const strangers = createBoundedMap<PeerId, Departed>(Math.floor(departedMax / 4));
  const expelled = createBoundedMap<PeerId, Departed>(Math.floor(departedMax / 4));
  const kinds = [expelled, known, strangers] as const;

  const remove = (id: PeerId): void => kinds.forEach((kind) => kind.delete(id));
  const kindOf = (id: PeerId, { reason }: Departed, wasKnown: boolean): BoundedMap<PeerId, Departed> => {
    if (reason === 'expelled') return expelled;
    return wasKnown || known.has(id) ? known : strangers;
  };

  return {
    get: (id) => expelled.get(id) ?? known.get(id) ?? strangers.get(id),
    set: (id, entry, wasKnown) => {
      const kind = kindOf(id, entry, wasKnown);
      remove(id);
      kind.set(id, entry);
    },
    delete: remove,
    *entries() {
      for (const kind of kinds) yield* kind.entries();
    },
    expire: (at) => {
      for (const kind of [known, strangers])
        for (const [id, { since }] of kind.entries()) {
          if (elapsedMs(since, at) < departedMs) break;
          kind.delete(id);
        }
    },
  };
}
