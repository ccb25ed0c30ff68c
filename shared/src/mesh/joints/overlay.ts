/** What follows from the overlay: a signal is routed, a new neighbor is greeted, a lost one is mourned. */
import { unreachable } from '../../base/assert.ts';
import type { PeerId } from '../../base/ids.ts';
import type { IdentityRecord } from '../../membership/messages.ts';
import type { OverlayEffect } from '../../overlay/messages.ts';
import { unheardNeighbors, type Hub } from '../hub.ts';

type NeighborDown = Extract<OverlayEffect, { kind: 'neighborDown' }>;

export function afterOverlay(effect: OverlayEffect, hub: Hub): void {
  switch (effect.kind) {
    case 'send':
    case 'construct':
    case 'describe':
    case 'restart':
      return hub.emit(effect);
    case 'destroy':
      hub.congestedPeers.delete(effect.peer);
      return hub.emit(effect);
    case 'schedule':
      return hub.emit({ ...effect, timer: { layer: 'overlay', timer: effect.timer } });
    case 'peerMisbehaved':
    case 'attemptFailed':
      return hub.tell(effect);
    case 'signal': {
      const { to, route, signal } = effect;
      // A request that goes through the mesh may die with a link; all that follows takes the way it was heard by.
      const delivery = signal.kind === 'request' && route === null ? 'acked' : 'once';
      return hub.feed({
        layer: 'routing',
        input: { kind: 'sendTo', to, route, delivery, serverMay: true, token: 0, payload: signal },
      });
    }
    case 'signalAround': {
      const { to, route, signal: payload } = effect;
      const avoid = unheardNeighbors(hub);
      return hub.feed({ layer: 'routing', input: { kind: 'sendAround', to, route, avoid, payload } });
    }
    case 'neighborUp':
      return onNeighborUp(effect.peer, hub);
    case 'neighborDown':
      return onNeighborDown(effect, hub);
    case 'knock':
      return introduce(effect.peer, hub);
    case 'needContacts':
      return hub.emit({ kind: 'askContacts' });
    default:
      return unreachable(effect);
  }
}

/** The greeting is first on the channel; then the past is compared, before anything new is said. */
function onNeighborUp(peer: PeerId, hub: Hub): void {
  const { neighbors, congestedPeers, now } = hub;
  neighbors.set(peer, {
    heardAt: now.instant,
    heartbeatWall: 0,
    comparedTables: new Set(),
    heldNews: new Map(),
  });
  introduce(peer, hub);
  hub.tell({ kind: 'linkOpened', peer });
  hub.feed({ layer: 'reconcile', input: { kind: 'neighborUp', peer } });
  hub.feed({ layer: 'broadcast', input: { kind: 'neighborUp', peer } });
  // A channel that was parked may have been full all the while, and tells only when it has drained.
  if (congestedPeers.has(peer)) {
    hub.feed({ layer: 'broadcast', input: { kind: 'congestion', peer, congested: true } });
  }
  hub.feed({ layer: 'routing', input: { kind: 'neighborUp', peer } });
  hub.feed({ layer: 'membership', input: { kind: 'neighborUp', peer } });
  hub.feed({ layer: 'presence', input: { kind: 'neighbors', count: neighbors.size } });
  hub.feed({ layer: 'greeters', input: { kind: 'links', count: neighbors.size } });
}

/** Says who we are; on a parked channel it is a knock. */
function introduce(peer: PeerId, hub: Hub): void {
  const identity = hub.tables.roster.get(`i:${hub.self}`);
  if (identity?.kind === 'identity') greet(peer, identity, hub);
}

/** What one shows goes with the greeting; what exceeds a frame follows it. */
function greet(peer: PeerId, identity: IdentityRecord, { self, tables, emit }: Hub): void {
  const own = [...tables.presence.entries()].flatMap(([key, { owner }]) => (owner === self ? [key] : []));
  const [first, ...rest] = tables.presenceFrames(own);
  emit({ kind: 'send', to: peer, message: { kind: 'hello', identity, presence: first ?? [] } });
  for (const records of rest) {
    emit({ kind: 'send', to: peer, message: { kind: 'delta', table: 'presence', records } });
  }
}

/** Routing and broadcast first: what membership says of the loss must not try the lost way. */
function onNeighborDown({ peer, reason }: NeighborDown, hub: Hub): void {
  hub.neighbors.delete(peer);
  hub.stability.neighborDown(peer);
  hub.tell({ kind: 'linkClosed', peer, reason });
  hub.feed({ layer: 'routing', input: { kind: 'neighborDown', peer } });
  hub.feed({ layer: 'broadcast', input: { kind: 'neighborDown', peer } });
  hub.feed({ layer: 'reconcile', input: { kind: 'neighborDown', peer } });
  hub.feed({ layer: 'state', input: { kind: 'neighborDown', peer } });
  if (hub.neighbors.size === 0) hub.feed({ layer: 'state', input: { kind: 'linked', linked: false } });
  hub.feed({ layer: 'membership', input: { kind: 'neighborDown', peer } });
  hub.feed({ layer: 'presence', input: { kind: 'neighbors', count: hub.neighbors.size } });
  hub.feed({ layer: 'greeters', input: { kind: 'links', count: hub.neighbors.size } });
}
