/** What follows from presence; and whose presence is let in. */
import { unreachable } from '../../base/assert.ts';
import type { PresenceEffect, PresenceInput, PresenceRecord } from '../../presence/messages.ts';
import { withContent } from '../equivocation.ts';
import type { Hub } from '../hub.ts';

export function afterPresence(effect: PresenceEffect, hub: Hub): void {
  switch (effect.kind) {
    case 'schedule':
      return hub.emit({ ...effect, timer: { layer: 'presence', timer: effect.timer } });
    case 'peerMisbehaved':
    case 'presenceChanged':
      return hub.tell(effect);
    case 'publish': {
      const { update } = effect;
      const lane = update.grade === 'rest' ? 'record' : 'volatile';
      return hub.feed({ layer: 'broadcast', input: { kind: 'broadcast', lane, payload: update } });
    }
    case 'recordChanged': {
      const { key, version, record } = effect;
      hub.tables.presence.set(key, record);
      if (record.owner !== hub.self) hub.news.note('presence', key);
      return hub.feed({
        layer: 'reconcile',
        input: { kind: 'changed', table: 'presence', key, version: withContent(version, record) },
      });
    }
    case 'recordRemoved':
      hub.tables.presence.delete(effect.key);
      return hub.feed({ layer: 'reconcile', input: { kind: 'removed', table: 'presence', key: effect.key } });
    default:
      return unreachable(effect);
  }
}

/**
 * Presence lives and dies with its member: what comes for someone who is not here (any more), or of a life that it has
 * not begun, is left out. If it turns out to be true after all, the next comparison of tables brings it again.
 */
export function ofMembers(input: PresenceInput, { self, members }: Hub): PresenceInput {
  const isHere = ({ owner, epoch }: Pick<PresenceRecord, 'owner' | 'epoch'>): boolean =>
    owner === self || epoch <= (members.get(owner) ?? -1);
  if (input.kind === 'records') return { ...input, records: input.records.filter(isHere) };
  if (input.kind !== 'update' || isHere(input.update)) return input;
  return { kind: 'records', from: input.from, records: [] };
}
