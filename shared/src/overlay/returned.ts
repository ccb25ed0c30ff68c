/** Members who were given up and came back: where they are many, the room was parted, and they are its other half. */
import { createBoundedMap } from '../base/collections.ts';
import type { PeerId } from '../base/ids.ts';
import { elapsedMs, instant, type Instant } from '../base/time.ts';
import type { OverlayConfig } from './config.ts';

export interface Returned {
  readonly noteGone: (peer: PeerId) => void;
  /** Somebody is a member from now on. */
  readonly noteMember: (peer: PeerId, at: Instant) => void;
  readonly has: (peer: PeerId, at: Instant) => boolean;
  /** Those who are back; none once nobody has come back for `partedMs`. */
  readonly peers: (at: Instant) => readonly PeerId[];
}

const NOBODY: readonly PeerId[] = [];

export function createReturned(config: OverlayConfig): Returned {
  const gone = createBoundedMap<PeerId, true>(config.knownMembersMax);
  const back = createBoundedMap<PeerId, true>(config.knownMembersMax);
  let backAt = instant(-Infinity);
  const expire = (at: Instant): void => {
    if (back.size > 0 && elapsedMs(backAt, at) >= config.partedMs) back.clear();
  };
  return {
    noteGone: (peer) => {
      gone.set(peer, true);
      back.delete(peer);
    },
    noteMember: (peer, at) => {
      if (!gone.delete(peer)) return;
      back.set(peer, true);
      backAt = at;
    },
    has: (peer, at) => {
      expire(at);
      return back.has(peer);
    },
    peers: (at) => {
      expire(at);
      if (back.size === 0) return NOBODY;
      return [...back.entries()].map(([peer]) => peer);
    },
  };
}
