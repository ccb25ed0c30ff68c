import { bytesToReceipt, RECEIPT_BYTES, type Receipt } from '#shared/base/receipt.ts';
import { assert } from '#shared/base/assert.ts';

/** A pair of keys, of which the private one cannot be read. Rejects where the browser does not know the algorithm. */
export async function generatePair(
  name: 'Ed25519' | 'X25519',
  usages: readonly KeyUsage[],
): Promise<CryptoKeyPair> {
  const made = await crypto.subtle.generateKey({ name }, false, usages);
  assert('privateKey' in made, `${name} makes pairs`);
  return made;
}

/** What only the reader of a letter is to know. */
export function drawReceipt(): Receipt {
  return bytesToReceipt(crypto.getRandomValues(new Uint8Array(RECEIPT_BYTES)));
}
