import { describe, expect, test } from 'vitest';
import type { Value } from '#shared/base/value.ts';
import { equalValues } from '#shared/base/value-equal.ts';

/** An object with an own key `__proto__`, as decoders make it. */
function withProtoKey(value: Value): Value {
  return JSON.parse(JSON.stringify({ x: 0 }).replace('x', '__proto__').replace('0', JSON.stringify(value)));
}

describe('equal values', () => {
  test.each<[Value | undefined, Value | undefined]>([
    [undefined, undefined],
    [null, null],
    [0.5, 0.5],
    [Number.NaN, Number.NaN],
    ['a', 'a'],
    [
      [1, [2, null]],
      [1, [2, null]],
    ],
    [
      { a: 1, b: { c: [] } },
      { b: { c: [] }, a: 1 },
    ],
    [new Uint8Array([1, 2]), new Uint8Array([1, 2])],
    [withProtoKey(1), withProtoKey(1)],
  ])('%j equals %j', (a, b) => {
    expect(equalValues(a, b)).toBe(true);
  });

  test.each<[Value | undefined, Value | undefined]>([
    [undefined, null],
    [0, false],
    [1, '1'],
    [[], {}],
    [[1], [1, 1]],
    [[1], [2]],
    [{ a: 1 }, { a: 1, b: 1 }],
    [{ a: 1 }, { b: 1 }],
    [{ toString: 1 }, { valueOf: 1 }],
    [new Uint8Array([1]), new Uint8Array([2])],
    [new Uint8Array([1]), new Uint8Array([1, 0])],
    [new Uint8Array([1]), [1]],
    [{ 0: 1 }, new Uint8Array([1])],
    [withProtoKey(1), withProtoKey(2)],
    [withProtoKey(1), {}],
    [withProtoKey({}), { a: {} }],
  ])('%j differs from %j', (a, b) => {
    expect(equalValues(a, b)).toBe(false);
    expect(equalValues(b, a)).toBe(false);
  });
});
