/**
 * What the parts of the overlay share: the links, the reserves, and the few steps that touch both (a
 * neighbor is lost, an attempt ends).
 */
import { createBoundedMap, type BoundedMap } from '../base/collections.ts';
import type { PeerId } from '../base/ids.ts';
import type { Rng } from '../base/rng.ts';
import type { Instant } from '../base/time.ts';
import type { OverlayConfig } from './config.ts';
import { createContacts, type Contacts } from './contacts.ts';
import { createLinks, type Links } from './links.ts';
import { createMending, type Mending } from './mending.ts';
import type { AttemptFailure, DisconnectReason, NeighborDownReason, OverlayEffect } from './messages.ts';
import { createPace, type Pace } from './pace.ts';
import { createPress, type Press } from './press.ts';
import { createRecent, type Recent } from './recent.ts';
import { createRests, type Rests } from './rests.ts';
import { createReturned, type Returned } from './returned.ts';
import { createPassiveView, type PassiveView } from './view.ts';

export type Effects = readonly OverlayEffect[];

/** Who sent a signal, and the members it passed: those near the sender first, so the way back is the reverse. */
export interface Sender {
  readonly peer: PeerId;
  readonly trail: readonly PeerId[];
}

export interface Ending {
  readonly reason: AttemptFailure;
  readonly at: Instant;
}

export interface Core {
  readonly self: PeerId;
  readonly rng: Rng;
  readonly config: OverlayConfig;
  readonly links: Links;
  readonly passiveView: PassiveView;
  /** Live members as the roster tells them; at most `knownMembersMax`. */
  readonly degreeByPeer: BoundedMap<PeerId, number>;
  readonly contacts: Contacts;
  readonly rests: Rests;
  readonly recent: Recent;
  readonly press: Press;
  readonly pace: Pace;
  readonly mending: Mending;
  readonly returned: Returned;
  /** How the last attempt with a peer ended that came to nothing, until there is a link; at most `restsMax`. */
  readonly endingByPeer: BoundedMap<PeerId, Ending>;
  /** Others that are attached, where anybody tells; else it is all who are here. */
  greeters: number | undefined;
  readonly counts: {
    /** Descriptions for attempts that were over. */
    staleDescriptions: number;
  };
  /** A live member and its degree; a reserve, unless it is a neighbor. */
  readonly learn: (peer: PeerId, degree: number, at: Instant) => void;
  /** A reserve is none any more. */
  readonly unreserve: (peer: PeerId) => void;
  /** A member is no longer one: no candidate until it is known anew. */
  readonly forget: (peer: PeerId, at: Instant, why?: 'left' | 'crowded') => void;
  /** Takes a neighbor out. `destroy` comes first unless the transport closed the channel itself. */
  readonly loseNeighbor: (peer: PeerId, reason: NeighborDownReason, at: Instant) => Effects;
  /** The same on our own initiative: the neighbor is told. */
  readonly dismissNeighbor: (peer: PeerId, reason: DisconnectReason, at: Instant) => Effects;
  /** Takes an attempt out that came to nothing. */
  readonly endAttempt: (peer: PeerId, reason: AttemptFailure, at: Instant) => Effects;
}

// oxlint-disable-next-line max-lines-per-function -- A factory: what it closes over is shared by all parts of the layer.
export function createCore(deps: { readonly self: PeerId; readonly rng: Rng }, config: OverlayConfig): Core {
  const { self, rng } = deps;
  const links = createLinks(deps, config);
  const passiveView = createPassiveView(config.passiveViewSizeMax, rng);
  const degreeByPeer = createBoundedMap<PeerId, number>(config.knownMembersMax);
  const contacts = createContacts(rng, config);
  const rests = createRests(config);
  const recent = createRecent(config);
  const press = createPress(config);
  const pace = createPace(config);
  const returned = createReturned(config);
  const endingByPeer = createBoundedMap<PeerId, Ending>(config.restsMax);

  const reserve = (peer: PeerId): void => {
    if (!degreeByPeer.has(peer) || links.get(peer)?.phase === 'up') return;
    passiveView.add(peer, degreeByPeer.size - links.activeView().length);
  };
  /** Its place goes to one drawn from all: else it would go to whoever says something of itself next, and most often. */
  const unreserve = (peer: PeerId): void => {
    if (!passiveView.remove(peer)) return;
    const others = [...degreeByPeer.entries()].flatMap(([other]) =>
      links.get(other)?.phase === 'up' || passiveView.has(other) || other === peer ? [] : [other],
    );
    const next = rng.pick(others);
    if (next !== undefined) reserve(next);
  };
  const forget = (peer: PeerId, at: Instant, why?: 'left' | 'crowded'): void => {
    if (degreeByPeer.delete(peer) && why !== 'crowded') returned.noteGone(peer);
    if (why === 'left') contacts.left(peer);
    else contacts.gone(peer, at);
    unreserve(peer);
  };
  const endAttempt = (peer: PeerId, reason: AttemptFailure, at: Instant): Effects => {
    const destroyed = links.remove(peer, at);
    endingByPeer.set(peer, { reason, at });
    if (reason === 'not-opened' || reason === 'channel-failed') rests.failed(peer, at);
    else rests.refused(peer, at);
    if (reason === 'full') pace.refused(at);
    return [...(reason === 'channel-failed' ? [] : destroyed), { kind: 'attemptFailed', peer, reason }];
  };
  const loseNeighbor = (peer: PeerId, reason: NeighborDownReason, at: Instant): Effects => {
    const destroyed = links.remove(peer, at);
    if (reason === 'leaving' || reason === 'declared-dead')
      forget(peer, at, reason === 'leaving' ? 'left' : undefined);
    else reserve(peer);
    pace.calmDown();
    const isLast = links.activeView().length === 0;
    // It may have crashed: while others can be asked, they are asked first.
    if (reason !== 'replaced' && reason !== 'away' && !isLast) rests.refused(peer, at);
    if (reason === 'misbehaved') rests.misbehaved(peer, at);
    // The mesh that carried these requests is out of reach now.
    const unheard = isLast ? links.requested('degree') : [];
    return [
      ...(reason === 'closed' ? [] : destroyed),
      { kind: 'neighborDown', peer, reason },
      ...unheard.flatMap((asked) => endAttempt(asked, 'no-answer', at)),
    ];
  };

  return {
    self,
    rng,
    config,
    links,
    passiveView,
    degreeByPeer,
    contacts,
    rests,
    recent,
    press,
    pace,
    mending: createMending(config),
    returned,
    endingByPeer,
    greeters: undefined,
    counts: { staleDescriptions: 0 },
    learn: (peer, degree, at) => {
      if (peer === self) return;
      contacts.found(peer);
      const isNew = !degreeByPeer.has(peer);
      if (isNew) {
        recent.noteArrival(at);
        returned.noteMember(peer, at);
      }
      const given = degreeByPeer.set(peer, degree);
      if (given) passiveView.remove(given[0]);
      // Once each: who changes its record every second must not be drawn every second.
      if (isNew || passiveView.peers().length < config.passiveViewSizeMax) reserve(peer);
    },
    unreserve,
    forget,
    loseNeighbor,
    dismissNeighbor: (peer, reason, at) => [
      { kind: 'send', to: peer, message: { kind: 'disconnect', reason } },
      ...loseNeighbor(peer, reason, at),
    ],
    endAttempt,
  };
}

export function misbehaved(peer: PeerId, reason: string): Effects {
  return [{ kind: 'peerMisbehaved', peer, reason }];
}
