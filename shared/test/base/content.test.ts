/** What a value says has one text, and no other value has it. */
import * as fc from 'fast-check';
import { createEncoder, toUint8Array } from 'lib0/encoding';
import { describe, expect, test } from 'vitest';
import { hashContent, valueToText } from '#shared/base/content.ts';
import type { Value } from '#shared/base/value.ts';
import { plainReaders, plainWriters } from '#shared/wire/names-codec.ts';
import { readWhole } from '#shared/wire/reader.ts';
import { readValue, writeValue } from '#shared/wire/value-codec.ts';
import { anyValue } from '../wire/arbitraries.ts';

function encodeValue(value: Value): Uint8Array {
  const out = createEncoder();
  writeValue({ out, names: plainWriters }, value);
  return toUint8Array(out);
}

function decodeValue(bytes: Uint8Array): Value {
  const read = readWhole(bytes, plainReaders, readValue);
  if (!read.ok) throw new Error(read.error);
  return read.value;
}

describe('the text of a value', () => {
  test.each<[string, Value | undefined, Value | undefined]>([
    ['nothing and null', undefined, null],
    ['nothing and an empty text', undefined, ''],
    ['a number and its digits', 1, '1'],
    ['bytes and a list', Uint8Array.of(1, 2), [1, 2]],
    ['bytes in a list, parted otherwise', [Uint8Array.of(1), Uint8Array.of(2)], [Uint8Array.of(1, 2)]],
    ['no bytes and no list', new Uint8Array(), []],
    ['a list and an object', ['a'], { 0: 'a' }],
    ['nought and nought below it', 0, -0],
    ['a text that looks like bytes', '#1', Uint8Array.of(1)],
    ['a text that ends its quotes', ['a","b'], ['a', 'b']],
    ['keys in another order', { a: 1, b: 2 }, { b: 2, a: 1 }],
  ])('tells %s apart', (_what, one, other) => {
    expect(valueToText(one)).not.toBe(valueToText(other));
    expect(hashContent(one)).not.toBe(hashContent(other));
  });

  test('is the same after a journey in bytes, and differs where the bytes do', () => {
    fc.assert(
      fc.property(anyValue, anyValue, (one, other) => {
        const bytes = encodeValue(one);
        expect(valueToText(decodeValue(bytes))).toBe(valueToText(one));
        expect(valueToText(one) === valueToText(other)).toBe(String(bytes) === String(encodeValue(other)));
      }),
      { seed: 1, numRuns: 2_000 },
    );
  });

  test('hashes to 32 bits without a sign', () => {
    const hashes = Array.from({ length: 100 }, (_, at) => hashContent(at));
    expect(hashes.every((hash) => Number.isInteger(hash) && hash >= 0 && hash < 2 ** 32)).toBe(true);
    expect(hashes.some((hash) => hash >= 2 ** 31)).toBe(true);
    expect(new Set(hashes).size).toBe(100);
    expect(hashContent(undefined)).toBe(2 ** 32 - 1);
  });
});
