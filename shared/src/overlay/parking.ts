/**
 * Parked channels: those of members who fell silent and were declared dead. A tab that hung for some seconds is
 * silent too, and its channel is the only way back that costs no construction and needs no server. So it stays
 * open outside the degree, is knocked at now and then, and goes back into use when anything comes by it.
 */
import type { AttemptId, PeerId } from '../base/ids.ts';
import { elapsedMs, type Instant } from '../base/time.ts';
import type { Choice, Introducer } from './attempts.ts';
import type { OverlayConfig } from './config.ts';

export interface Parked {
  readonly peer: PeerId;
  readonly attempt: AttemptId;
  /** Who introduced it, as of any link. */
  readonly introducer: Introducer;
  /** Whose choice it was. */
  readonly choice: Choice;
  readonly since: Instant;
  readonly knockedAt: Instant;
}

export interface Parking {
  readonly get: (peer: PeerId) => Parked | undefined;
  /** Takes a channel in; returns the one parked longest when there was no room. */
  readonly add: (
    link: Pick<Parked, 'peer' | 'attempt' | 'introducer' | 'choice'>,
    at: Instant,
  ) => Parked | undefined;
  readonly remove: (peer: PeerId) => void;
  readonly peers: () => readonly PeerId[];
  /** Those whose time is up. */
  readonly overdue: (at: Instant) => readonly Parked[];
  /** Those at whom nobody knocked for a while; they count as knocked at. */
  readonly takeKnocks: (at: Instant) => readonly PeerId[];
}

export function createParking({ parkedMax, parkedMs, knockMs }: OverlayConfig): Parking {
  /** At most `parkedMax`, the one parked longest first. */
  const parkedByPeer = new Map<PeerId, Parked>();
  return {
    get: (peer) => parkedByPeer.get(peer),
    add: (link, at) => {
      const [longest] = parkedByPeer.values();
      const given = parkedByPeer.size >= parkedMax ? longest : undefined;
      if (given) parkedByPeer.delete(given.peer);
      parkedByPeer.set(link.peer, { ...link, since: at, knockedAt: at });
      return given;
    },
    remove: (peer) => void parkedByPeer.delete(peer),
    peers: () => [...parkedByPeer.keys()],
    overdue: (at) => [...parkedByPeer.values()].filter(({ since }) => elapsedMs(since, at) >= parkedMs),
    takeKnocks: (at) => {
      const due = [...parkedByPeer.values()].filter(({ knockedAt }) => elapsedMs(knockedAt, at) >= knockMs);
      // Setting what is there keeps its place in the order.
      for (const parked of due) parkedByPeer.set(parked.peer, { ...parked, knockedAt: at });
      return due.map(({ peer }) => peer);
    },
  };
}
