/** Proves what a member says, as its own shell would: for messages that a test makes up. */
import type { PeerId } from '#shared/base/ids.ts';
import type { LinkMessage } from '#shared/mesh/messages.ts';
import { unprovenIn, withProofs } from '#shared/wire/statement.ts';
import { createKeyPair, type KeyPair } from '#client/identity/ed25519.ts';
import { keyToPeerId } from '#client/identity/member-id.ts';
import { createSigner } from '#client/identity/signer.ts';

export interface Prover {
  readonly keys: KeyPair;
  readonly id: PeerId;
  /** The message with proofs of all in it that this member says and has not proven. */
  readonly prove: (message: LinkMessage) => Promise<LinkMessage>;
}

/** `id`: in whose name; another's than the key's is a lie. */
export function createProver(
  room: string = 'test',
  keys: KeyPair = createKeyPair(),
  id: PeerId = keyToPeerId(keys.publicKey),
): Prover {
  const signer = createSigner({ keys, topic: () => room, onSigned: () => {} });
  return {
    keys,
    id,
    prove: async (message) =>
      withProofs(
        message,
        id,
        await Promise.all(unprovenIn(room, message, id).map(async (one) => signer.sign(one))),
      ),
  };
}
