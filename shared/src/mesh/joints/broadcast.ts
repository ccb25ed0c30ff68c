/** What follows from a broadcast: the layer whose payload it is hears it, once. */
import { unreachable } from '../../base/assert.ts';
import type { BroadcastEffect } from '../../broadcast/messages.ts';
import { charge, type Hub } from '../hub.ts';
import type { Payload } from '../messages.ts';

type Deliver = Extract<BroadcastEffect<Payload>, { kind: 'deliver' }>;

export function afterBroadcast(effect: BroadcastEffect<Payload>, hub: Hub): void {
  switch (effect.kind) {
    case 'send':
      return hub.emit(effect);
    case 'schedule':
      return hub.emit({ ...effect, timer: { layer: 'broadcast', timer: effect.timer } });
    case 'peerMisbehaved':
      return hub.tell(effect);
    case 'withheld':
      return charge(effect.peer, 'withheld', hub);
    case 'gap':
      return hub.tell({ kind: 'gap', from: effect.origin, missed: effect.last - effect.first + 1 });
    case 'deliver':
      return deliver(effect, hub);
    default:
      return unreachable(effect);
  }
}

function deliver(effect: Deliver, hub: Hub): void {
  const { origin, from, hops, payload } = effect;
  if (hub.outcasts.has(origin)) return;
  hub.feed({ layer: 'routing', input: { kind: 'heardVia', origin, neighbor: from } });
  switch (payload.kind) {
    case 'identity':
    case 'links':
    case 'accusation':
    case 'objection':
    case 'verdict':
      return hub.feed({ layer: 'membership', input: { kind: 'claim', from, claim: payload } });
    case 'presence':
      return hub.feed({ layer: 'presence', input: { kind: 'update', from, update: payload } });
    case 'state':
      return hub.feed({ layer: 'state', input: { kind: 'apply', from, entries: payload.entries } });
    case 'topic':
      return hub.tell({ kind: 'message', topic: payload.topic, data: payload.data, from: origin, hops });
    default:
      return unreachable(payload);
  }
}
