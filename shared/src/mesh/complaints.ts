/** Floods are told once a second for each peer and reason: telling of every frame would be a flood of its own. */
import { createBoundedMap } from '../base/collections.ts';
import type { PeerId } from '../base/ids.ts';
import { elapsedMs, type Instant } from '../base/time.ts';

const TELL_MS = 1_000;
/** Beyond, the one told longest ago is told again sooner. */
const COMPLAINTS_MAX = 256;

export interface Complaints {
  /** Whether to tell of it now. Reasons that are no flood are always told. */
  readonly isTimely: (peer: PeerId, reason: string, at: Instant) => boolean;
}

export function createComplaints(): Complaints {
  const toldAtByName = createBoundedMap<string, Instant>(COMPLAINTS_MAX);
  return {
    isTimely: (peer, reason, at) => {
      if (!reason.endsWith('-quota') && !reason.endsWith('-flood')) return true;
      const name = `${peer} ${reason}`;
      const toldAt = toldAtByName.get(name);
      if (toldAt !== undefined && elapsedMs(toldAt, at) < TELL_MS) return false;
      toldAtByName.set(name, at);
      return true;
    },
  };
}
