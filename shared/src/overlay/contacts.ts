/** The members whom the server named, and when to ask it for more. */
import { createBoundedMap } from '../base/collections.ts';
import type { PeerId } from '../base/ids.ts';
import type { Rng } from '../base/rng.ts';
import { after, elapsedMs, instant, type Instant } from '../base/time.ts';
import type { OverlayConfig } from './config.ts';

export interface Contacts {
  /** The server's latest word; it takes the place of what it said before. */
  readonly named: (peers: readonly PeerId[], at: Instant) => void;
  /** Who is attached, by the server's list; it counts until the next one, or until the server is lost. */
  readonly listed: (peers: readonly PeerId[], at: Instant) => void;
  /** Whether the server can carry anything; without it nobody whom it named can be reached. */
  readonly setAttached: (attached: boolean) => void;
  readonly isAttached: () => boolean;
  /** Those named lately. */
  readonly fresh: (at: Instant) => readonly PeerId[];
  /** Those, and where there are none, or `all` are wanted, those on the list. */
  readonly reachable: (at: Instant, which?: 'named-first' | 'all') => readonly PeerId[];
  /** Those named lately or listed whom the roster has had time to name since, be it since `linkedAt`. */
  readonly settled: (linkedAt: Instant, at: Instant) => readonly PeerId[];
  /** The same, and of an older word those on whose account the server was called already. */
  readonly unmet: (linkedAt: Instant, at: Instant) => readonly PeerId[];
  /** True when the server may be asked for contacts now; a longer pause begins then. */
  readonly takeCall: (at: Instant) => boolean;
  /** The same on account of strangers who cannot be asked: each of them is a reason ever more seldom. */
  readonly takeCallFor: (strangers: readonly PeerId[], at: Instant) => boolean;
  /** Whether one of these strangers is a reason again. */
  readonly isCallDue: (strangers: readonly PeerId[], at: Instant) => boolean;
  /** It was asked, as a stranger; on the list's account it is asked again ever more seldom. */
  readonly asked: (peer: PeerId, at: Instant) => void;
  /** The roster names it: it is no stranger any more. */
  readonly found: (peer: PeerId) => void;
  /** The roster has ceased to name it: if it is listed still, it is a stranger again. */
  readonly gone: (peer: PeerId, at: Instant) => void;
  /** It said goodbye: the list that names it is old. */
  readonly left: (peer: PeerId) => void;
  /** Whether the room as we see it is to be doubted: three times in the first minute after the first link of this life. */
  readonly takeDoubt: (linkedAt: Instant, at: Instant) => boolean;
  /** The next call need not wait longer than the shortest pause. */
  readonly calmDown: () => void;
}

/** Each three times as late as the one before. */
const DOUBTS = 3;

interface Listed {
  /** When it was first listed, or last a member. */
  readonly since: Instant;
  readonly asks: number;
  readonly askAt: Instant;
}

interface StrangerCalls {
  readonly calls: number;
  readonly callAt: Instant;
}

// oxlint-disable-next-line max-lines-per-function -- A factory: what it closes over is what the server has named.
export function createContacts(rng: Rng, config: OverlayConfig): Contacts {
  /** At most `contactsMax`. */
  let firstNamedAtByPeer: ReadonlyMap<PeerId, Instant> = new Map();
  let namedAt = instant(0);
  /** At most `contactsMax`. */
  let listedByPeer = new Map<PeerId, Listed>();
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

  const hasSettled = (since: Instant, linkedAt: Instant, at: Instant): boolean => {
    const from = Math.max(linkedAt, since);
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
  const everMoreSeldom = (times: number, at: Instant): Instant => {
    const nextMs = Math.min(config.needContactsMsMin * 2 ** Math.min(times, 16), config.strangerCallsMsMax);
    return after(at, Math.round(jitter(nextMs)));
  };
  const noteCall = (peer: PeerId, at: Instant): void => {
    const calls = callsByStranger.get(peer)?.calls ?? 0;
    callsByStranger.set(peer, { calls: calls + 1, callAt: everMoreSeldom(calls, at) });
  };
  const namedSince = (peer: PeerId, at: Instant): Instant => firstNamedAtByPeer.get(peer) ?? at;

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
    listed: (peers, at) => {
      const before = listedByPeer;
      listedByPeer = new Map(
        peers
          .slice(0, config.contactsMax)
          .map((peer) => [peer, before.get(peer) ?? { since: at, asks: 0, askAt: at }]),
      );
    },
    setAttached: (now) => {
      if (now === attached) return;
      attached = now;
      firstNamedAtByPeer = new Map();
      listedByPeer = new Map();
      callsByStranger.clear();
      if (now) calmDown();
    },
    isAttached: () => attached,
    reachable: (at, which = 'named-first') => {
      const named = fresh(at);
      if (which === 'named-first') return named.length > 0 ? named : [...listedByPeer.keys()];
      return [...new Set([...named, ...listedByPeer.keys()])];
    },
    settled: (linkedAt, at) => {
      const named = fresh(at).filter((peer) => hasSettled(namedSince(peer, at), linkedAt, at));
      const listed = [...listedByPeer].flatMap(([peer, { since, askAt }]) =>
        at >= askAt && hasSettled(since, linkedAt, at) ? [peer] : [],
      );
      return [...new Set([...named, ...listed])];
    },
    unmet: (linkedAt, at) => {
      const isFresh = elapsedMs(namedAt, at) < config.contactsFreshMs;
      return [...firstNamedAtByPeer.keys()].filter(
        (peer) => (isFresh || callsByStranger.has(peer)) && hasSettled(namedSince(peer, at), linkedAt, at),
      );
    },
    takeCall,
    takeCallFor: (strangers, at) => {
      if (!isCallDue(strangers, at) || !takeCall(at)) return false;
      for (const peer of strangers) noteCall(peer, at);
      return true;
    },
    isCallDue,
    asked: (peer, at) => {
      const entry = listedByPeer.get(peer);
      if (!entry) return;
      listedByPeer.set(peer, { ...entry, asks: entry.asks + 1, askAt: everMoreSeldom(entry.asks, at) });
    },
    found: (peer) => {
      callsByStranger.delete(peer);
      const entry = listedByPeer.get(peer);
      if (entry) listedByPeer.set(peer, { ...entry, asks: 0 });
    },
    gone: (peer, at) => {
      if (listedByPeer.has(peer)) listedByPeer.set(peer, { since: at, asks: 0, askAt: at });
    },
    left: (peer) => void listedByPeer.delete(peer),
    takeDoubt: (linkedAt, at) => {
      if (doubts === DOUBTS || elapsedMs(linkedAt, at) < config.doubtMs * 3 ** doubts) return false;
      doubts += 1;
      return true;
    },
    calmDown,
  };
}
