/** What this member shows of itself. */
import { PRESENCE_FIELDS_MAX } from '#shared/presence/config.ts';
import { MeshError } from '../errors.ts';
import { admitName, admitValue } from '../data/values.ts';
import type { Presence, PresenceFields, Readable, Value } from '../types.ts';

export interface PresenceDeps<P extends PresenceFields> {
  readonly mine: Readable<Readonly<Partial<P>>>;
  readonly present: (fields: ReadonlyMap<string, Value | undefined>) => void;
}

export function createPresenceFace<P extends PresenceFields>({
  mine,
  present,
}: PresenceDeps<P>): Presence<P> {
  const used = new Set<string>();
  return {
    mine,
    set: (patch) => {
      const fields = new Map<string, Value | undefined>();
      for (const [field, value] of Object.entries(patch) as [string, Value | undefined][]) {
        fields.set(admitName(field, 'presence field'), value === undefined ? undefined : admitValue(value));
      }
      // A field once shown stays known to the others, shown or taken away.
      const all = new Set([...used, ...fields.keys()]);
      if (all.size > PRESENCE_FIELDS_MAX) {
        throw new MeshError('LIMIT', `A member shows at most ${PRESENCE_FIELDS_MAX} different fields.`);
      }
      for (const field of fields.keys()) used.add(field);
      if (fields.size > 0) present(fields);
    },
  };
}
