/** A member's id is the first half of the SHA-256 of its session key: whoever speaks for it must hold that key. */
import { sha256 } from '@noble/hashes/sha2.js';
import { bytesToPeerId, PEER_ID_BYTES, type PeerId } from '#shared/base/ids.ts';

export function keyToPeerId(publicKey: Uint8Array): PeerId {
  return bytesToPeerId(sha256(publicKey).subarray(0, PEER_ID_BYTES));
}
