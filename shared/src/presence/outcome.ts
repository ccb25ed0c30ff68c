/** What one input changed, gathered so that each thing is told once, however often it was touched. */
import type { PeerId } from '../base/ids.ts';
import type { Value } from '../base/value.ts';
import type { PresenceEffect, PresenceRecord } from './messages.ts';
import { presenceKey } from './messages.ts';

export interface Outcome {
  /** `peer` sent what it should not have. */
  readonly refuse: (peer: PeerId, reason: string) => void;
  /** `owner` now shows `value` in `field`. */
  readonly show: (owner: PeerId, field: string, value: Value | undefined) => void;
  /** A record is new or newer. */
  readonly keep: (record: PresenceRecord) => void;
  /** A record is gone. */
  readonly drop: (key: string) => void;
  /** Owners who show something else now. */
  readonly owners: () => Iterable<PeerId>;
  /** In the order: refusals, what is shown, records removed, records changed. */
  readonly effects: () => readonly PresenceEffect[];
}

export function createOutcome(): Outcome {
  const peerByReason = new Map<string, PeerId>();
  const shownByOwner = new Map<PeerId, Map<string, Value | undefined>>();
  const dropped = new Set<string>();
  const recordByKey = new Map<string, PresenceRecord>();

  return {
    refuse: (peer, reason) => {
      peerByReason.set(reason, peer);
    },
    show: (owner, field, value) => {
      const shown = shownByOwner.get(owner) ?? new Map<string, Value | undefined>();
      shownByOwner.set(owner, shown.set(field, value));
    },
    keep: (record) => {
      dropped.delete(presenceKey(record));
      recordByKey.set(presenceKey(record), record);
    },
    drop: (key) => {
      recordByKey.delete(key);
      dropped.add(key);
    },
    owners: () => shownByOwner.keys(),
    effects: () => [
      ...Array.from(peerByReason, ([reason, peer]): PresenceEffect => ({
        kind: 'peerMisbehaved',
        peer,
        reason,
      })),
      ...Array.from(shownByOwner, ([owner, fields]): PresenceEffect => ({
        kind: 'presenceChanged',
        owner,
        fields,
      })),
      ...Array.from(dropped, (key): PresenceEffect => ({ kind: 'recordRemoved', key })),
      ...Array.from(recordByKey, ([key, record]) => recordChanged(key, record)),
    ],
  };
}

function recordChanged(key: string, record: PresenceRecord): PresenceEffect {
  return {
    kind: 'recordChanged',
    key,
    version: { major: record.epoch, minor: record.seq, by: null },
    record,
  };
}
