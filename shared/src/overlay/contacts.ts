/** The members whom the server named, and when to ask it for more. */
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
  /** True when the server may be asked for contacts now; a longer pause begins then. */
  readonly takeCall: (at: Instant) => boolean;
  /** The next call need not wait longer than the shortest pause. */
  readonly calmDown: () => void;
}

export function createContacts(rng: Rng, config: OverlayConfig): Contacts {
  /** At most `contactsMax`. */
  let firstNamedAtByPeer: ReadonlyMap<PeerId, Instant> = new Map();
  let namedAt = instant(0);
  let attached = false;
  let pauseMs = config.needContactsMsMin;
  let callAt = instant(0);

  const fresh = (at: Instant): readonly PeerId[] =>
    elapsedMs(namedAt, at) < config.contactsFreshMs ? [...firstNamedAtByPeer.keys()] : [];
  const jittered = (): number => pauseMs * (0.75 + rng.fraction() / 2);

  const calmDown = (): void => {
    pauseMs = config.needContactsMsMin;
    callAt = instant(0);
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
      if (now) calmDown();
    },
    isAttached: () => attached,
    settled: (linkedAt, at) =>
      fresh(at).filter((peer) => {
        const from = Math.max(linkedAt, firstNamedAtByPeer.get(peer) ?? at);
        return elapsedMs(instant(from), at) >= config.strangerPatienceMs;
      }),
    takeCall: (at) => {
      if (at < callAt) return false;
      callAt = after(at, Math.min(jittered(), config.needContactsMsMax));
      pauseMs = Math.min(pauseMs * 2, config.needContactsMsMax);
      return true;
    },
    calmDown,
  };
}
