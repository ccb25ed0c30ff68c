/** Who is who: what the cards of members say, once their records have been found to be theirs. */
import { createBoundedMap } from '#shared/base/collections.ts';
import type { PeerId } from '#shared/base/ids.ts';
import { publicKeyToBytes } from '#shared/base/proof.ts';
import type { IdentityRecord } from '#shared/membership/messages.ts';
import type { LinkMessage } from '#shared/mesh/messages.ts';
import { isEqualBytes } from './bytes.ts';
import { readCard, type Card } from './card.ts';

/** Twice the largest room of the design. */
const MEMBERS_MAX: number = 4_096;

export interface Directory {
  /** Reads the cards in a message whose records are verified; `undefined` where there is nothing new to read. */
  readonly learn: (message: LinkMessage) => Promise<void> | undefined;
  readonly cardOf: (id: PeerId) => Card | undefined;
}

interface Entry {
  readonly bytes: Uint8Array;
  /** `undefined`: it is no card, or names a user who has not signed. */
  readonly card: Card | undefined;
}

export function createDirectory(topic: () => string): Directory {
  const entryById = createBoundedMap<PeerId, Entry>(MEMBERS_MAX);

  const read = async ({ id, card: bytes, proof }: IdentityRecord): Promise<void> => {
    if (!proof) return;
    const card = await readCard(bytes, { sessionKey: publicKeyToBytes(proof.key), room: topic() });
    entryById.set(id, { bytes, card });
  };

  const isNew = ({ id, card }: IdentityRecord): boolean => {
    const held = entryById.get(id);
    return card.byteLength > 0 && !(held && isEqualBytes(held.bytes, card));
  };

  return {
    learn: (message) => {
      const fresh = identitiesIn(message).filter(isNew);
      return fresh.length === 0 ? undefined : Promise.all(fresh.map(read)).then(() => undefined);
    },
    cardOf: (id) => entryById.get(id)?.card,
  };
}

const NONE: readonly IdentityRecord[] = [];

function identitiesIn(message: LinkMessage): readonly IdentityRecord[] {
  if (message.kind === 'hello') return [message.identity];
  if (message.kind === 'gossip') return message.payload.kind === 'identity' ? [message.payload] : NONE;
  if (message.kind === 'claims') return message.claims.filter((one) => one.kind === 'identity');
  if (message.kind !== 'delta' || message.table !== 'roster') return NONE;
  return message.records.filter((one) => one.kind === 'identity');
}
