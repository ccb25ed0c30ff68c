/** Text and base64 against the platform's own. */
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { base64ToBytes, bytesToBase64 } from '#shared/wire/base64.ts';
import { isWellFormed, isWireText, utf8Length } from '#shared/wire/text.ts';

const SEED = 20_260_103;

test('the length in UTF-8 is what an encoder makes', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => {
      expect(utf8Length(text)).toBe(new TextEncoder().encode(text).length);
    }),
    { seed: SEED, numRuns: 2_000 },
  );
});

test('well-formed is what comes back out of UTF-8', () => {
  const units = fc
    .array(fc.oneof(fc.integer({ min: 0xd7f0, max: 0xe010 }), fc.nat(0xffff)), { maxLength: 6 })
    .map((codes) => String.fromCharCode(...codes));
  fc.assert(
    fc.property(units, (text) => {
      const survives =
        new TextDecoder('utf-8', { ignoreBOM: true }).decode(new TextEncoder().encode(text)) === text;
      expect(isWellFormed(text)).toBe(survives);
    }),
    { seed: SEED, numRuns: 5_000 },
  );
});

test('a name is measured in bytes, not letters', () => {
  expect(isWireText('éé', 4)).toBe(true);
  expect(isWireText('éé', 3)).toBe(false);
  expect(isWireText('\ud83d\ude00', 4)).toBe(true);
  expect(isWireText('\ud83d', 4)).toBe(false);
});

test('base64 is what the platform makes, and comes back', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 64 }), (bytes) => {
      const text = Buffer.from(bytes).toString('base64');
      expect(bytesToBase64(bytes)).toBe(text);
      expect(base64ToBytes(text)).toStrictEqual({ ok: true, value: bytes });
    }),
    { seed: SEED, numRuns: 1_000 },
  );
});

test.each([
  'A',
  'AA',
  'AAA',
  '=',
  '==',
  '====',
  'A===',
  'AB==',
  'AAB=',
  'AA=A',
  'AA==AAAA',
  'AA-_',
  'AA A',
  'AAé=',
])('%j is not canonical base64', (text) => {
  expect(base64ToBytes(text)).toEqual({ ok: false, error: 'not-base64' });
});
