/** The hashes of the protocol, by the vectors that PROTOCOL.md gives to a second implementation. */
import { readFileSync } from 'node:fs';
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { hashText, hashToText, sameHash, xorHashes, ZERO_HASH, type Hash64 } from '#shared/base/hash.ts';
import type { PeerId } from '#shared/base/ids.ts';
import { versionToText } from '#shared/base/version.ts';
import { valueToText } from '#shared/base/content.ts';
import { createHashTree } from '#shared/reconcile/hash-tree.ts';

const SEED = 20_261_125;
const protocol = readFileSync(new URL('../../PROTOCOL.md', import.meta.url), 'utf8');

const stamp = versionToText({
  major: 1_700_000_000_000,
  minor: 3,
  by: '00112233445566778899aabbccddeeff' as PeerId,
});

describe('the vectors', () => {
  test.each<[string, Hash64, string]>([
    ['a text with a letter of two bytes and a pair of surrogates', hashText('naïve 🕸'), '2dbee8f7722e933e'],
    ['an entry of the state table', hashText(`notes\0welcome\0${stamp}`), 'bd5dee12a40d4617'],
    ['a content', hashText(valueToText({ a: [1, -0], b: Uint8Array.of(1, 2) })), '01e9fa38bce17156'],
    ['the root of an empty table', createHashTree(1).root(), 'a05615b541b86693'],
  ])('%s', (_what, hash, expected) => {
    expect(hashToText(hash)).toBe(expected);
    expect(protocol).toContain(`\`${expected}\``);
  });

  test('a version is written with dots, and without a member it ends in one', () => {
    expect(stamp).toBe('1700000000000.3.00112233445566778899aabbccddeeff');
    expect(versionToText({ major: 1, minor: 0, by: null })).toBe('1.0.');
    expect(versionToText({ major: Number.MAX_SAFE_INTEGER, minor: 0, by: null })).toBe('9007199254740991.0.');
  });
});

test('a set of hashes does not know its order, and what is added twice is gone', () => {
  const hash = fc.string({ unit: 'binary' }).map(hashText);
  fc.assert(
    fc.property(hash, hash, hash, (a, b, c) => {
      const set = xorHashes(xorHashes(a, b), c);
      expect(set).toEqual(xorHashes(c, xorHashes(b, a)));
      expect(xorHashes(xorHashes(set, b), b)).toEqual(set);
      expect(sameHash(xorHashes(a, a), ZERO_HASH)).toBe(true);
    }),
    { seed: SEED, numRuns: 500 },
  );
});

test('both halves are signed whole numbers of 32 bits', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => {
      const { high, low } = hashText(text);
      expect([high | 0, low | 0]).toEqual([high, low]);
    }),
    { seed: SEED, numRuns: 500 },
  );
});
