/** Keys as text: what is one, and that it is its bytes. */
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { bytesToPublicKey, isPublicKey, publicKeyToBytes } from '#shared/base/proof.ts';

const SEED = 20_261_130;

test('a key comes out of its text as it went in', () => {
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 32, maxLength: 32 }), (bytes) => {
      const key = bytesToPublicKey(bytes);
      expect(isPublicKey(key)).toBe(true);
      expect(publicKeyToBytes(key)).toEqual(bytes);
    }),
    { seed: SEED, numRuns: 200 },
  );
});

test.each(['', 'ab', 'A'.repeat(64), 'g'.repeat(64), '0'.repeat(66), null, 5])('%j is no key', (text) => {
  expect(isPublicKey(text)).toBe(false);
});
