/**
 * Who is who: what the cards of members say, by the records that the roster holds. Nothing is kept here but for as long
 * as its record is, so that whoever makes up members pushes out nobody.
 */
import type { PeerId } from '#shared/base/ids.ts';
import type { IdentityRecord } from '#shared/membership/messages.ts';
import type { LinkMessage } from '#shared/mesh/messages.ts';
import { readCard, vouchIn, type Card, type Vouch } from './card.ts';

export interface Directory {
  readonly cardOf: (id: PeerId) => Card | undefined;
}

export function createDirectory(identityOf: (id: PeerId) => IdentityRecord | undefined): Directory {
  const cardByRecord = new WeakMap<IdentityRecord, Card | undefined>();
  return {
    cardOf: (id) => {
      const record = identityOf(id);
      if (!record) return undefined;
      if (!cardByRecord.has(record)) cardByRecord.set(record, readCard(record.card));
      return cardByRecord.get(record);
    },
  };
}

/** What users are said to have signed, in a message whose records have proofs. */
export function vouchesIn(room: string, message: LinkMessage): readonly Vouch[] {
  return identitiesIn(message).flatMap((record) => vouchIn(record, room) ?? []);
}

const NONE: readonly IdentityRecord[] = [];

function identitiesIn(message: LinkMessage): readonly IdentityRecord[] {
  if (message.kind === 'hello') return [message.identity];
  if (message.kind === 'gossip') return message.payload.kind === 'identity' ? [message.payload] : NONE;
  if (message.kind === 'claims') return message.claims.filter((one) => one.kind === 'identity');
  if (message.kind !== 'delta' || message.table !== 'roster') return NONE;
  return message.records.filter((one) => one.kind === 'identity');
}
