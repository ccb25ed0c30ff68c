import { describe, expect, test } from 'vitest';
import { admitKey, admitName, admitValue, KEY_LENGTH_MAX, NAME_LENGTH_MAX } from '#client/data/values.ts';
import { MeshError } from '#client/errors.ts';
import type { Value } from '#client/types.ts';

const codeOf = (run: () => unknown): string | undefined => {
  try {
    run();
  } catch (error) {
    return error instanceof MeshError ? error.code : String(error);
  }
  return undefined;
};
const admit = (value: unknown): unknown => admitValue(value as Value);
const nested = (depth: number): unknown => JSON.parse(`${'['.repeat(depth)}1${']'.repeat(depth)}`);
const loop: unknown[] = [];
loop.push(loop);

describe('a value', () => {
  test.each<[string, unknown]>([
    ['null', null],
    ['a boolean', false],
    ['a number', -1.5],
    ['the largest number', Number.MAX_VALUE],
    ['minus zero', -0],
    ['an empty text', ''],
    ['a text beyond the first plane', 'a😀b'],
    ['bytes', Uint8Array.of(0, 255)],
    ['a list', [1, [2, [3]]]],
    ['an object', { a: { b: [null] } }],
    ['an object without a prototype', Object.assign(Object.create(null), { a: 1 })],
    ['16 levels', nested(16)],
    ['1,024 keys', Object.fromEntries(Array.from({ length: 1_024 }, (_, n) => [`k${n}`, 0]))],
  ])('is admitted: %s', (_what, value) => {
    expect(admit(value)).toEqual(value);
  });

  test.each<[string, unknown]>([
    ['nothing', undefined],
    ['nothing within', { a: undefined }],
    ['a function', () => 1],
    ['a symbol', Symbol('s')],
    ['a large whole number', 1n],
    ['no number', Number.NaN],
    ['an endless number', Number.POSITIVE_INFINITY],
    ['half a character', '\ud800'],
    ['half a character in a key', { '\udc00': 1 }],
    ['a date', new Date(0)],
    ['a map', new Map()],
    ['an object with a prototype of its own', Object.create({ a: 1 })],
    ['other bytes', new Uint16Array(2)],
    ['a list with a hole', Array(2)],
    ['an object with a symbol', { [Symbol('s')]: 1 }],
    ['17 levels', nested(17)],
    ['a list that holds itself', loop],
    ['1,025 keys', Object.fromEntries(Array.from({ length: 1_025 }, (_, n) => [`k${n}`, 0]))],
  ])('is refused as bad: %s', (_what, value) => {
    expect(codeOf(() => admit(value))).toBe('BAD_VALUE');
  });

  test.each<[string, unknown]>([
    ['text', 'x'.repeat(16_384)],
    ['bytes', new Uint8Array(16_384)],
    ['a list', Array.from({ length: 10_000 }, () => 1)],
    ['texts together', { a: 'x'.repeat(9_000), b: 'x'.repeat(9_000) }],
    ['few characters of many bytes', '😀'.repeat(5_000)],
  ])('is refused as too large: %s', (_what, value) => {
    expect(codeOf(() => admit(value))).toBe('VALUE_TOO_LARGE');
  });

  test('is a copy, frozen all the way down', () => {
    const given = { list: [{ a: 1 }], bytes: Uint8Array.of(1) };
    const taken = admitValue(given);
    given.list[0]!.a = 2;
    given.list.push({ a: 3 });
    given.bytes[0] = 9;
    expect(taken).toEqual({ list: [{ a: 1 }], bytes: Uint8Array.of(1) });
    expect([taken, taken.list, taken.list[0]].every((part) => Object.isFrozen(part))).toBe(true);
  });

  test('keeps __proto__ as a key, and no prototype changes', () => {
    const taken = admit(JSON.parse('{"__proto__":{"polluted":true},"constructor":1}')) as object;
    expect(Object.keys(taken)).toEqual(['__proto__', 'constructor']);
    expect(Object.getPrototypeOf(taken)).toBe(Object.prototype);
    expect(({} as { polluted?: unknown }).polluted).toBeUndefined();
  });
});

describe('a name', () => {
  test.each(['a', '__proto__', 'größe 😀', ' ', 'x'.repeat(NAME_LENGTH_MAX)])('is admitted: %s', (name) => {
    expect(admitName(name, 'map')).toBe(name);
  });

  test.each<[string, unknown]>([
    ['an empty text', ''],
    ['a text too long', 'x'.repeat(NAME_LENGTH_MAX + 1)],
    ['a text with NUL', 'a\0b'],
    ['half a character', 'a\ud800'],
    ['a number', 1],
    ['nothing', undefined],
    ['a list', ['a']],
  ])('is refused: %s', (_what, name) => {
    expect(codeOf(() => admitName(name as string, 'map'))).toBe('BAD_NAME');
  });
});

describe('a key', () => {
  test.each(['', '__proto__', 'a\0b', '😀', 'x'.repeat(KEY_LENGTH_MAX)])('is admitted: %j', (key) => {
    expect(admitKey(key)).toBe(key);
  });

  test.each<[string, unknown]>([
    ['a text too long', 'x'.repeat(KEY_LENGTH_MAX + 1)],
    ['half a character', '\udc00'],
    ['a number', 1],
    ['a symbol', Symbol('s')],
  ])('is refused: %s', (_what, key) => {
    expect(codeOf(() => admitKey(key as string))).toBe('BAD_KEY');
  });
});
