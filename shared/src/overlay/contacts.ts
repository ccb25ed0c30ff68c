/** The members whom the server named, and when to ask it for more. */
import { createBoundedMap } from '../base/collections.ts';
import type { PeerId } from '../base/ids.ts';
import type { Rng } from '../base/rng.ts';
import { after, elapsedMs, instant, type Instant } from '../base/time.ts';
import type { OverlayConfig } from './config.ts';

export interface Contacts {
  /** The server's latest word; it takes the place of what it said before. */
  readonly named: (peers: readonly PeerId[], at: Instant) => void;
  /** Whether the server can carry anything; without it nobody whom it named can be reached. */
  readonly setAttached: (attached: boolean) => void;
  readonly isAttached: () => boolean;
  /** Those named lately. */
  readonly fresh: (at: Instant) => readonly PeerId[];
  /** Those named lately whom the roster has had time to name since, be it since `linkedAt`. */
  readonly settled: (linkedAt: Instant, at: Instant) => readonly PeerId[];
  /** The same, and of an older word those on whose account the server was called already. */
  readonly unmet: (linkedAt: Instant, at: Instant) => readonly PeerId[];
  /** True when the server may be asked for contacts now; a longer pause begins then. */
  readonly takeCall: (at: Instant) => boolean;
  /** The same on account of strangers who cannot be asked: each of them is a reason ever more seldom. */
  readonly takeCallFor: (strangers: readonly PeerId[], at: Instant) => boolean;
  /** Whether one of these strangers is a reason again. */
  readonly isCallDue: (strangers: readonly PeerId[], at: Instant) => boolean;
  /** The roster names it: it is no stranger any more. */
  readonly found: (peer: PeerId) => void;
  /** Whether the room as we see it is to be doubted: three times in the first minute after the first link of this life. */
  readonly takeDoubt: (linkedAt: Instant, at: Instant) => boolean;
  /** The next call need not wait longer than the shortest pause. */
  readonly calmDown: () => void;
}

/** Each three times as late as the one before. */
const DOUBTS = 3;

interface StrangerCalls {
  readonly calls: number;
  readonly callAt: Instant;
}

// oxlint-disable-next-line max-lines-per-function -- A factory: what it closes over is what the server has named.
export function createContacts(rng: Rng, config: OverlayConfig): Contacts {
  /** At most `contactsMax`. */
  let firstNamedAtByPeer: ReadonlyMap<PeerId, Instant> = new Map();
  let namedAt = instant(0);
  let attached = false;
  let pauseMs = config.needContactsMsMin;
  let callAt = instant(0);
  /** Calls made on account of each stranger, and from when on it is a reason for the next. */
  const callsByStranger = createBoundedMap<PeerId, StrangerCalls>(config.restsMax);
  let doubts = 0;

  const fresh = (at: Instant): readonly PeerId[] =>
    elapsedMs(namedAt, at) < config.contactsFreshMs ? [...firstNamedAtByPeer.keys()] : [];
  const jittered = (): number => jitter(pauseMs);
  const jitter = (ms: number): number => ms * (0.75 + rng.fraction() / 2);

  const calmDown = (): void => {
    pauseMs = config.needContactsMsMin;
    callAt = instant(0);
  };

  const hasSettled = (peer: PeerId, linkedAt: Instant, at: Instant): boolean => {
    const from = Math.max(linkedAt, firstNamedAtByPeer.get(peer) ?? at);
    return elapsedMs(instant(from), at) >= config.strangerPatienceMs;
  };
  const takeCall = (at: Instant): boolean => {
    if (at < callAt) return false;
    callAt = after(at, Math.min(jittered(), config.needContactsMsMax));
    pauseMs = Math.min(pauseMs * 2, config.needContactsMsMax);
    return true;
  };
  const isCallDue = (strangers: readonly PeerId[], at: Instant): boolean =>
    strangers.some((peer) => at >= (callsByStranger.get(peer)?.callAt ?? instant(0)));
  const noteCall = (peer: PeerId, at: Instant): void => {
    const calls = callsByStranger.get(peer)?.calls ?? 0;
    const nextMs = Math.min(config.needContactsMsMin * 2 ** Math.min(calls, 16), config.strangerCallsMsMax);
    callsByStranger.set(peer, { calls: calls + 1, callAt: after(at, Math.round(jitter(nextMs))) });
  };

  return {
    fresh,
    named: (peers, at) => {
      const kept = rng.sample([...new Set(peers)], config.contactsMax);
      const still = new Set(fresh(at));
      firstNamedAtByPeer = new Map(
        kept.map((peer) => [peer, still.has(peer) ? (firstNamedAtByPeer.get(peer) ?? at) : at]),
      );
      namedAt = at;
      // It has just answered: when these come to nothing, it is not asked again in the same breath.
      const earliest = after(at, Math.min(jittered(), config.needContactsMsMax));
      if (earliest > callAt) callAt = earliest;
    },
    setAttached: (now) => {
      if (now === attached) return;
      attached = now;
      firstNamedAtByPeer = new Map();
      callsByStranger.clear();
      if (now) calmDown();
    },
    isAttached: () => attached,
    settled: (linkedAt, at) => fresh(at).filter((peer) => hasSettled(peer, linkedAt, at)),
    unmet: (linkedAt, at) => {
      const isFresh = elapsedMs(namedAt, at) < config.contactsFreshMs;
      return [...firstNamedAtByPeer.keys()].filter(
        (peer) => (isFresh || callsByStranger.has(peer)) && hasSettled(peer, linkedAt, at),
      );
    },
    takeCall,
    takeCallFor: (strangers, at) => {
      if (!isCallDue(strangers, at) || !takeCall(at)) return false;
      for (const peer of strangers) noteCall(peer, at);
      return true;
    },
    isCallDue,
    found: (peer) => void callsByStranger.delete(peer),
    takeDoubt: (linkedAt, at) => {
      if (doubts === DOUBTS || elapsedMs(linkedAt, at) < config.doubtMs * 3 ** doubts) return false;
      doubts += 1;
      return true;
    },
    calmDown,
  };
}
