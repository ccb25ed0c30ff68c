/** What follows from state: writes go out, changes are told, tables are kept. */
import { unreachable } from '../../base/assert.ts';
import type { StateEffect } from '../../state/messages.ts';
import { withContent } from '../equivocation.ts';
import type { Hub } from '../hub.ts';

export function afterState(effect: StateEffect, hub: Hub): void {
  switch (effect.kind) {
    case 'schedule':
      return hub.emit({ ...effect, timer: { layer: 'state', timer: effect.timer } });
    case 'peerMisbehaved':
    case 'stateChanged':
    case 'entryRefused':
      return hub.tell(effect);
    case 'publish':
      return hub.feed({
        layer: 'broadcast',
        input: { kind: 'broadcast', lane: 'record', payload: effect.update },
      });
    case 'recordChanged': {
      const { key, version, record } = effect;
      hub.tables.state.set(key, record);
      hub.news.note('state', key);
      return hub.feed({
        layer: 'reconcile',
        input: { kind: 'changed', table: 'state', key, version: withContent(version, record) },
      });
    }
    case 'recordRemoved':
      hub.tables.state.delete(effect.key);
      return hub.feed({ layer: 'reconcile', input: { kind: 'removed', table: 'state', key: effect.key } });
    default:
      return unreachable(effect);
  }
}
