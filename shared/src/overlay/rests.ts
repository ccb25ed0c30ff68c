/** Whom not to ask for a while: pairs whose connection failed, those who refused or kept silent, and those who misbehaved. */
import { createBoundedMap } from '../base/collections.ts';
import type { PeerId } from '../base/ids.ts';
import { after, elapsedMs, instant, type Instant } from '../base/time.ts';
import type { OverlayConfig } from './config.ts';
import type { Priority } from './messages.ts';

export interface Rests {
  /** A connection was built and came to nothing. */
  readonly failed: (peer: PeerId, at: Instant) => void;
  /** Asked in vain. */
  readonly refused: (peer: PeerId, at: Instant) => void;
  /** It misbehaved, or says so of us: neither end wants the other for a while, however much it lacks links. */
  readonly misbehaved: (peer: PeerId, at: Instant) => void;
  /** It gave way to another, and is not to take the place back at once. */
  readonly gaveWay: (peer: PeerId, at: Instant) => void;
  /** A channel opened: the past is forgiven. */
  readonly opened: (peer: PeerId) => void;
  /**
   * One of them misbehaved, or the pair failed too often and rests: long where the asker can do without (`low`), ever a little longer where
   * it is below its minimum (`high`), for then there may be nobody else and the way may have been mended.
   */
  readonly isResting: (peer: PeerId, priority: Priority, at: Instant) => boolean;
  /** Neither resting nor asked in vain a moment ago. */
  readonly mayAsk: (peer: PeerId, priority: Priority, at: Instant) => boolean;
  /** When it may be asked again; in the past where it may now. */
  readonly askAt: (peer: PeerId, priority: Priority, at: Instant) => Instant;
  /** The server is back, so perhaps the whole network is: every pair that failed may try again. */
  readonly forgive: () => void;
}

interface Failures {
  readonly count: number;
  readonly last: Instant;
}

export function createRests(config: OverlayConfig): Rests {
  const failuresByPeer = createBoundedMap<PeerId, Failures>(config.restsMax);
  const refusedUntilByPeer = createBoundedMap<PeerId, Instant>(config.restsMax);

  const barredUntilByPeer = createBoundedMap<PeerId, Instant>(config.restsMax);
  /** Never for less long than it is barred already. */
  const bar = (peer: PeerId, until: Instant): void =>
    void barredUntilByPeer.set(peer, instant(Math.max(until, barredUntilByPeer.get(peer) ?? until)));

  const failures = (peer: PeerId, at: Instant): number => {
    const held = failuresByPeer.get(peer);
    return held && elapsedMs(held.last, at) < config.pairRestMs ? held.count : 0;
  };
  const refused = (peer: PeerId, at: Instant): void => {
    refusedUntilByPeer.set(peer, after(at, config.refusedRestMs));
  };
  const restsUntil = (peer: PeerId, priority: Priority, at: Instant): Instant => {
    const barredUntil = barredUntilByPeer.get(peer) ?? instant(0);
    const beyond = failures(peer, at) - config.pairFailuresMax;
    const held = failuresByPeer.get(peer);
    if (beyond < 0 || !held) return barredUntil;
    const doubledMs = config.urgentRestMs * 2 ** Math.min(beyond, 16);
    const restMs = priority === 'low' ? config.pairRestMs : Math.min(doubledMs, config.urgentRestMsMax);
    return later(barredUntil, after(held.last, restMs));
  };
  const askAt = (peer: PeerId, priority: Priority, at: Instant): Instant =>
    later(restsUntil(peer, priority, at), refusedUntilByPeer.get(peer) ?? instant(0));

  return {
    refused,
    isResting: (peer, priority, at) => at < restsUntil(peer, priority, at),
    failed: (peer, at) => {
      failuresByPeer.set(peer, { count: failures(peer, at) + 1, last: at });
      refused(peer, at);
    },
    misbehaved: (peer, at) => bar(peer, after(at, config.misbehavedRestMs)),
    gaveWay: (peer, at) => bar(peer, after(at, config.urgentRestMsMax)),
    opened: (peer) => {
      failuresByPeer.delete(peer);
      refusedUntilByPeer.delete(peer);
    },
    mayAsk: (peer, priority, at) => at >= askAt(peer, priority, at),
    askAt,
    forgive: () => failuresByPeer.clear(),
  };
}

function later(a: Instant, b: Instant): Instant {
  return a > b ? a : b;
}
