/** Reads a card as a member does who got it in a record: the door verifies its user, then the directory reads it. */
import { instant } from '#shared/base/time.ts';
import { epoch, incarnation } from '#shared/base/ids.ts';
import { bytesToPublicKey } from '#shared/base/proof.ts';
import { readCard, vouchIn, type Card } from '#client/identity/card.ts';
import { keyToPeerId } from '#client/identity/member-id.ts';
import { createVerifier, type Verifier } from '#client/identity/verifier.ts';

/** `undefined`: it is no card, or its user has not signed this session key for this room. */
export async function readProvenCard(
  card: Uint8Array,
  { sessionKey, room }: { readonly sessionKey: Uint8Array; readonly room: string },
  verifier: Verifier = createVerifier(() => instant(0)),
): Promise<Card | undefined> {
  const vouch = vouchIn(
    {
      kind: 'identity',
      id: keyToPeerId(sessionKey),
      epoch: epoch(1),
      incarnation: incarnation(0),
      left: false,
      wireVersion: 1,
      card,
      proof: {
        key: bytesToPublicKey(sessionKey),
        epoch: epoch(0),
        seq: 0,
        of: 1,
        signature: new Uint8Array(64),
      },
    },
    room,
  );
  return vouch && !(await verifier.verify(vouch)) ? undefined : readCard(card);
}
