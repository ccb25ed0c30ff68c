/**
 * Links that fell silent are mended where they are: ICE is restarted, so that the connection and its channel live on
 * over another way. What the two ends tell each other for that cannot take the channel that is silent, so it goes
 * around; and the end that hears of it answers by the way on which it heard.
 */
import { createBoundedMap } from '../base/collections.ts';
import type { AttemptId, PeerId } from '../base/ids.ts';
import { elapsedMs, type Instant } from '../base/time.ts';
import type { OverlayConfig } from './config.ts';

export interface Mending {
  /** True when ICE may be restarted on this link now; it counts as begun then. */
  readonly take: (peer: PeerId, attempt: AttemptId, at: Instant) => boolean;
  /** The other end was heard on this link's account, on a way whose reverse is `route`. */
  readonly heard: (peer: PeerId, attempt: AttemptId, route: readonly PeerId[], at: Instant) => void;
  /** The way on which the other end was heard lately; `null`: it was not. */
  readonly wayTo: (peer: PeerId, attempt: AttemptId, at: Instant) => readonly PeerId[] | null;
  /** A way is there that was not: what was tried without it may be tried again at once. */
  readonly retry: () => void;
  /** Restarts so far. */
  readonly restarts: () => number;
}

interface Mended {
  readonly attempt: AttemptId;
  readonly restartedAt: Instant | undefined;
  readonly way: { readonly route: readonly PeerId[]; readonly heardAt: Instant } | undefined;
}

export function createMending(config: OverlayConfig): Mending {
  /** As many as there are channels. */
  const mendedByPeer = createBoundedMap<PeerId, Mended>(config.degreeMax + config.parkedMax);
  let restarts = 0;
  const mendedOf = (peer: PeerId, attempt: AttemptId): Mended => {
    const mended = mendedByPeer.get(peer);
    return mended?.attempt === attempt ? mended : { attempt, restartedAt: undefined, way: undefined };
  };
  return {
    take: (peer, attempt, at) => {
      const mended = mendedOf(peer, attempt);
      const { restartedAt } = mended;
      if (restartedAt !== undefined && elapsedMs(restartedAt, at) < config.restartEveryMs) return false;
      mendedByPeer.set(peer, { ...mended, restartedAt: at });
      restarts += 1;
      return true;
    },
    heard: (peer, attempt, route, at) => {
      mendedByPeer.set(peer, { ...mendedOf(peer, attempt), way: { route, heardAt: at } });
    },
    wayTo: (peer, attempt, at) => {
      const { way } = mendedOf(peer, attempt);
      return way && elapsedMs(way.heardAt, at) < config.openTimeoutMs ? way.route : null;
    },
    retry: () => {
      // A copy, for what is set again goes to the end.
      for (const [peer, mended] of Array.from(mendedByPeer.entries()))
        mendedByPeer.set(peer, { ...mended, restartedAt: undefined });
    },
    restarts: () => restarts,
  };
}
