/** Snapshots of what every owner shows, made when asked for; each keeps identity until it changes. */
import type { PeerId } from '../base/ids.ts';
import type { Value } from '../base/value.ts';
import type { PresenceSnapshot } from './messages.ts';

export interface Shown {
  /** These owners show something else now. */
  readonly outdate: (owners: Iterable<PeerId>) => void;
  /** Owners that show nothing are absent. */
  readonly fieldsByOwner: () => PresenceSnapshot['fieldsByOwner'];
}

export function createShown(valuesOf: (owner: PeerId) => ReadonlyMap<string, Value>): Shown {
  const outdated = new Set<PeerId>();
  let fieldsByOwner: PresenceSnapshot['fieldsByOwner'] = new Map();
  return {
    outdate: (owners) => {
      for (const owner of owners) outdated.add(owner);
    },
    fieldsByOwner: () => {
      if (outdated.size === 0) return fieldsByOwner;
      const next = new Map(fieldsByOwner);
      for (const owner of outdated) {
        const values = valuesOf(owner);
        if (values.size === 0) next.delete(owner);
        else next.set(owner, values);
      }
      outdated.clear();
      fieldsByOwner = next;
      return fieldsByOwner;
    },
  };
}
