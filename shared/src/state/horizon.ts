/**
 * The horizon: at or below this stamp the room has forgotten its deletions. It is one record of the state
 * table, and of two the higher stays, so that all members forget the same.
 *
 * To know it is not to know what lives below it: who has just come, or has been away, still lacks some of that. The
 * horizon is settled for us once the room's least stability stamp has passed the moment at which we took it: since
 * then all tables were equal, and what we do not hold below it was deleted, or never reached the room.
 */
import type { PeerId } from '../base/ids.ts';
import { compareHlc } from './hlc.ts';
import type { Entry, Hlc } from './messages.ts';

export interface Horizon {
  /** Its wall is 0 while nothing has been forgotten. */
  readonly stamp: Hlc;
  /** Where knowledge is complete: what is unknown at or below this stamp may not come in. Never above `stamp`. */
  readonly settled: Hlc;
  readonly isSettled: () => boolean;
  /** False when it is as high already. */
  readonly raise: (stamp: Hlc, correctedMs: number) => boolean;
  /** The room's least stability stamp is this. Tells whether `settled` rose. */
  readonly settle: (stability: number, correctedMs: number) => boolean;
  /** It turned out to be none: the clock that made it was wrong. */
  readonly reset: () => void;
}

export function createHorizon(self: PeerId): Horizon {
  const none: Hlc = { wall: 0, counter: 0, by: self };
  let stamp = none;
  let settled = none;
  /** One at a time: what is raised meanwhile waits for its turn, or frequent raises would put it off for ever. */
  let pending: { readonly stamp: Hlc; readonly sinceMs: number } | undefined;

  const wait = (correctedMs: number): void => {
    pending ??= compareHlc(stamp, settled) > 0 ? { stamp, sinceMs: correctedMs } : undefined;
  };

  return {
    get stamp() {
      return stamp;
    },
    get settled() {
      return settled;
    },
    isSettled: () => pending === undefined,
    raise: (next, correctedMs) => {
      if (compareHlc(next, stamp) <= 0) return false;
      stamp = next;
      wait(correctedMs);
      return true;
    },
    settle: (stability, correctedMs) => {
      if (pending === undefined || stability < pending.sinceMs) return false;
      settled = pending.stamp;
      pending = undefined;
      wait(correctedMs);
      return true;
    },
    reset: () => {
      stamp = settled = none;
      pending = undefined;
    },
  };
}

/** The horizon as it travels: a deletion in the one collection that no application can name. */
export function horizonEntry(stamp: Hlc): Entry {
  return { collection: '\0', key: '', value: undefined, stamp, proof: null };
}

export function isHorizon({ collection, key, value }: Entry): boolean {
  return collection === '\0' && key === '' && value === undefined;
}
