/** What follows from the greeters: the socket to the server is opened or closed, and the application is told. */
import { unreachable } from '../../base/assert.ts';
import type { GreetersEffect } from '../../greeters/messages.ts';
import type { Hub } from '../hub.ts';

export function afterGreeters(effect: GreetersEffect, hub: Hub): void {
  switch (effect.kind) {
    case 'schedule':
      return hub.emit({ ...effect, timer: { layer: 'greeters', timer: effect.timer } });
    case 'attach':
    case 'detach':
      return hub.emit(effect);
    case 'greeterCount':
      return hub.feed({ layer: 'overlay', input: { kind: 'greeters', count: effect.count } });
    case 'greeted':
      return hub.tell(effect);
    default:
      return unreachable(effect);
  }
}
