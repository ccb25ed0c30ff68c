/** What a member must have made before it meets anyone: its key for letters, and the card that says so. */
import type { PeerId } from '#shared/base/ids.ts';
import { MeshError } from '../errors.ts';
import { writeCard } from './card.ts';
import type { KeyPair } from './ed25519.ts';
import { createIndexedDbStore } from './indexed-db-store.ts';
import { createSealer, SEAL_KEY_BYTES, type Sealer } from './seal.ts';
import { openUserIdentity, userKeyToId, type IdentityStore } from './user-identity.ts';

export interface Introduction {
  /** None where the browser knows no X25519: then nobody can write to this member alone, nor it to anybody. */
  readonly sealer: Sealer | undefined;
  readonly card: Uint8Array;
  /** The stored user, where it was asked for and could be had. */
  readonly userId: string | undefined;
  /** Why it could not. */
  readonly trouble: MeshError | undefined;
}

export interface Newcomer {
  readonly self: PeerId;
  readonly keys: KeyPair;
  /** The room's name as it is signed. */
  readonly topic: string | Promise<string>;
}

export async function introduce(
  { self, keys, topic }: Newcomer,
  identity: 'stored' | undefined,
  store: () => IdentityStore = createIndexedDbStore,
): Promise<Introduction> {
  const room = await topic;
  const [sealer, user] = await Promise.all([
    createSealer(self, room).catch(() => undefined),
    identity === 'stored' ? openStored(store) : undefined,
  ]);
  const sealKey = sealer?.sealKey ?? new Uint8Array(SEAL_KEY_BYTES);
  const keyPair = user instanceof MeshError ? undefined : user;
  return {
    sealer,
    card: await writeCard(sealKey, { sessionKey: keys.publicKey, room }, keyPair),
    userId: keyPair && userKeyToId(keyPair.publicKey),
    trouble: user instanceof MeshError ? user : undefined,
  };
}

async function openStored(store: () => IdentityStore): Promise<KeyPair | MeshError> {
  try {
    return await openUserIdentity(store());
  } catch (cause) {
    const said = `This browser keeps no user for this page, so none is shown: ${String(cause)}`;
    return new MeshError('IDENTITY_MISSING', said);
  }
}
