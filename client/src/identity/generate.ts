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
