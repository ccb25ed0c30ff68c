/** What follows from routing: a packet that has arrived is opened by the layer it is for. */
import { unreachable } from '../../base/assert.ts';
import type { PeerId } from '../../base/ids.ts';
import type { RoutingEffect } from '../../routing/messages.ts';
import type { Hub } from '../hub.ts';
import type { RoutedPayload } from '../messages.ts';

type Deliver = Extract<RoutingEffect<RoutedPayload>, { kind: 'deliver' }>;

export function afterRouting(effect: RoutingEffect<RoutedPayload>, hub: Hub): void {
  switch (effect.kind) {
    case 'send':
      return hub.emit(effect);
    case 'serverSend':
      hub.feed({ layer: 'greeters', input: { kind: 'carried' } });
      return hub.emit(effect);
    case 'noWay':
      return hub.feed({ layer: 'greeters', input: { kind: 'need', need: 'no-path' } });
    case 'schedule':
      return hub.emit({ ...effect, timer: { layer: 'routing', timer: effect.timer } });
    case 'peerMisbehaved':
      return hub.tell(effect);
    case 'delivered':
    case 'undeliverable':
      // What the node itself sends has token 0, and whoever sent it has a timer of its own.
      return effect.token === 0 ? undefined : hub.tell(effect);
    case 'deliver':
      return open(effect, hub);
    default:
      return unreachable(effect);
  }
}

function open({ origin, trail, hops, payload }: Deliver, hub: Hub): void {
  if (hub.outcasts.has(origin)) return;
  switch (payload.kind) {
    case 'request':
      noteHeard(origin, hub);
      return hub.feed({ layer: 'overlay', input: { kind: 'signal', from: origin, trail, signal: payload } });
    case 'accept':
    case 'refuse':
    case 'refer':
    case 'description':
      return hub.feed({ layer: 'overlay', input: { kind: 'signal', from: origin, trail, signal: payload } });
    case 'routedPing':
    case 'routedAck':
    case 'accused':
      return hub.feed({ layer: 'membership', input: { kind: 'routed', from: origin, message: payload } });
    case 'direct':
      return hub.tell({ kind: 'message', topic: payload.topic, data: payload.data, from: origin, hops });
    case 'sealed':
      // Whoever opens them has not, or has done so before: there is nobody here to read it.
      return;
    case 'echo':
      // Its acknowledgement, which routing has sent, is all it asked for.
      return;
    default:
      return unreachable(payload);
  }
}

/** A request in a neighbor's name may be anybody's: the overlay learns how lately we heard that neighbor itself. */
function noteHeard(peer: PeerId, { neighbors, feed }: Hub): void {
  const neighbor = neighbors.get(peer);
  if (neighbor) feed({ layer: 'overlay', input: { kind: 'heard', peer, heardAt: neighbor.heardAt } });
}
