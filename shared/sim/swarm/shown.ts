/** What somebody shows at rest is never shown over what it showed later, whoever brings it. */
import type { PeerId } from '#shared/base/ids.ts';
import { equalValues } from '#shared/base/value-equal.ts';
import type { LinkMessage, MeshEvent } from '#shared/mesh/messages.ts';
import type { PresenceRecord } from '#shared/presence/messages.ts';
import type { SimTab } from '../tab.ts';
import { nameOf, type MakeChecker } from './checker.ts';

type Version = Pick<PresenceRecord, 'epoch' | 'seq'>;

export const newestIsShown: MakeChecker = (_world, complain) => {
  /** The version at rest of each owner's fields that each tab was last seen to show. */
  const versionsByTab = new Map<SimTab, Map<PeerId, Map<string, Version>>>();

  const onShown = (tab: SimTab, record: PresenceRecord): void => {
    const { owner, field, epoch, seq } = record;
    const byOwner = versionsByTab.get(tab) ?? new Map<PeerId, Map<string, Version>>();
    versionsByTab.set(tab, byOwner);
    const byField = byOwner.get(owner) ?? new Map<string, Version>();
    byOwner.set(owner, byField);
    const held = byField.get(field);
    const isOld = held && (epoch < held.epoch || (epoch === held.epoch && seq <= held.seq));
    if (isOld)
      complain(
        `${nameOf(tab.id)} shows ${field} of ${nameOf(owner)} as in ${epoch}/${seq}, after ${held.epoch}/${held.seq}`,
      );
    else byField.set(field, { epoch, seq });
  };

  return {
    name: 'shown',
    observer: {
      told: (tab, event) => {
        if (event.kind === 'memberLeft') versionsByTab.get(tab)?.delete(event.id);
      },
      stepped: (tab, input, effects) => {
        if (input.kind !== 'frame') return;
        const records = recordsIn(input.message);
        if (records.length === 0) return;
        const changes = effects.flatMap((effect) =>
          effect.kind === 'tell' && effect.event.kind === 'presenceChanged' ? [effect.event] : [],
        );
        for (const record of records)
          if (changes.some((change) => tells(change, record))) onShown(tab, record);
      },
    },
  };
};

/** Of one frame only the newest of a field shows: an older one in it may have the same value. */
function tells(
  { owner, fields }: Extract<MeshEvent, { kind: 'presenceChanged' }>,
  record: PresenceRecord,
): boolean {
  return (
    record.owner === owner && fields.has(record.field) && equalValues(fields.get(record.field), record.value)
  );
}

function recordsIn(message: LinkMessage): readonly PresenceRecord[] {
  if (message.kind === 'hello') return message.presence;
  if (message.kind === 'delta') return message.table === 'presence' ? message.records : [];
  if (message.kind !== 'gossip' || message.payload.kind !== 'presence') return [];
  const { owner, epoch, grade, fields } = message.payload;
  if (grade !== 'rest') return [];
  return fields.map((field) => ({ owner, epoch, ...field }));
}
