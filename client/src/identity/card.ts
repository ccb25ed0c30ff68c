/**
 * What a member's identity record says of it beyond the protocol: the key to seal messages for it, and if it has one, its
 * user. The record is signed by the session key, so the card is as well; the user's own signature stands in it.
 *
 *     card = 1 | key for sealing (32) [| user's key (32) | user's signature (64)]
 */
import { SIGNATURE_BYTES, type KeyPair, PUBLIC_KEY_BYTES } from './ed25519.ts';
import { SEAL_KEY_BYTES } from './seal.ts';
import { isVouchedFor, userKeyToId, vouchFor } from './user-identity.ts';

/** One byte before all, so that a later card may say more. */
const CARD_VERSION: number = 1;
const PLAIN_BYTES: number = 1 + SEAL_KEY_BYTES;
const USER_BYTES: number = PLAIN_BYTES + PUBLIC_KEY_BYTES + SIGNATURE_BYTES;

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

/** `undefined`: it is no card, or claims a user who has not signed. */
export async function readCard(
  card: Uint8Array,
  place: { readonly sessionKey: Uint8Array; readonly room: string },
): Promise<Card | undefined> {
  if (card[0] !== CARD_VERSION) return undefined;
  const sealKey = card.slice(1, PLAIN_BYTES);
  if (card.byteLength === PLAIN_BYTES) return { sealKey, userId: undefined };
  if (card.byteLength !== USER_BYTES) return undefined;
  const userKey = card.slice(PLAIN_BYTES, PLAIN_BYTES + PUBLIC_KEY_BYTES);
  const signature = card.slice(PLAIN_BYTES + PUBLIC_KEY_BYTES);
  const isTrue = await isVouchedFor({ userKey, signature }, place.sessionKey, place.room);
  return isTrue ? { sealKey, userId: userKeyToId(userKey) } : undefined;
}
