/**
 * What a member's identity record says of it beyond the protocol: the key to seal messages for it, and if it has one, its
 * user. The record is signed by the session key, so the card is as well; the user's own signature stands in it.
 *
 *     card = 1 | key for sealing (32) [| user's key (32) | user's signature (64)]
 */
import { epoch, type PeerId } from '#shared/base/ids.ts';
import { bytesToPublicKey, publicKeyToBytes } from '#shared/base/proof.ts';
import type { IdentityRecord } from '#shared/membership/messages.ts';
import { SIGNATURE_BYTES, type KeyPair, PUBLIC_KEY_BYTES } from './ed25519.ts';
import { SEAL_KEY_BYTES } from './seal.ts';
import { userKeyToId, vouched, vouchFor } from './user-identity.ts';
import type { Signed } from './verifier.ts';

/** One byte before all, so that a later card may say more. */
const CARD_VERSION: number = 1;
const PLAIN_BYTES: number = 1 + SEAL_KEY_BYTES;
const USER_KEY_END: number = PLAIN_BYTES + PUBLIC_KEY_BYTES;
const USER_BYTES: number = USER_KEY_END + SIGNATURE_BYTES;

export interface Card {
  /** 32 bytes. */
  readonly sealKey: Uint8Array;
  readonly userId: string | undefined;
}

/** The card of a session key in a room. */
export async function writeCard(
  sealKey: Uint8Array,
  place: { readonly sessionKey: Uint8Array; readonly room: string },
  user: KeyPair | undefined,
): Promise<Uint8Array> {
  const head = Uint8Array.of(CARD_VERSION, ...sealKey);
  if (!user) return head;
  const signature = await vouchFor(user, place.sessionKey, place.room);
  return Uint8Array.of(...head, ...user.publicKey, ...signature);
}

/** What a card says. `undefined`: it is none. That its user has signed is for `vouchIn` to tell. */
export function readCard(card: Uint8Array): Card | undefined {
  if (card[0] !== CARD_VERSION) return undefined;
  const sealKey = card.slice(1, PLAIN_BYTES);
  if (card.byteLength === PLAIN_BYTES) return { sealKey, userId: undefined };
  if (card.byteLength !== USER_BYTES) return undefined;
  return { sealKey, userId: userKeyToId(card.slice(PLAIN_BYTES, USER_KEY_END)) };
}

/** That a user signed the session key of a member, as the member's card says. */
export interface Vouch extends Signed {
  /** Who says so: who lies if the user did not. */
  readonly author: PeerId;
}

/** `undefined`: the record names no user, or has no proof, and so no session key to sign. */
export function vouchIn({ id, card, proof }: IdentityRecord, room: string): Vouch | undefined {
  if (!proof || card[0] !== CARD_VERSION || card.byteLength !== USER_BYTES) return undefined;
  const key = bytesToPublicKey(card.slice(PLAIN_BYTES, USER_KEY_END));
  const signature = card.slice(USER_KEY_END);
  const bytes = vouched(publicKeyToBytes(proof.key), room);
  return { author: id, proof: { key, epoch: epoch(0), seq: 0, of: 0, signature }, bytes };
}
