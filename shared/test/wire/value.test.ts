/** Values: what is one, what it takes, and what comes out of its bytes. */
import * as fc from 'fast-check';
import { createEncoder, toUint8Array } from 'lib0/encoding';
import { describe, expect, test } from 'vitest';
import type { Result } from '#shared/base/result.ts';
import { VALUE_BYTES_MAX, VALUE_DEPTH_MAX, VALUE_KEYS_MAX, type Value } from '#shared/base/value.ts';
import { plainReaders, plainWriters } from '#shared/wire/names-codec.ts';
import { readWhole, type FrameProblem } from '#shared/wire/reader.ts';
import { checkValue, encodedValueBytes, readValue, writeValue } from '#shared/wire/value-codec.ts';
import { anyValue, objectOf } from './arbitraries.ts';
import { bytesOf, expectSame } from './helpers.ts';

const SEED = 20_260_102;

function encode(value: Value): Uint8Array {
  const out = createEncoder();
  writeValue({ out, names: plainWriters }, value);
  return toUint8Array(out);
}

function decode(bytes: Uint8Array): Result<Value, FrameProblem> {
  return readWhole(bytes, plainReaders, readValue);
}

/** `levels` arrays, one in the other. */
function nested(levels: number): Value {
  let value: Value = null;
  for (let at = 0; at < levels; at++) value = [value];
  return value;
}

function keyed(count: number): Value {
  return objectOf(Array.from({ length: count }, (_, at) => [`k${at}`, null]));
}

describe('laws', () => {
  test('a value comes out of its bytes as it went in, and takes what was reckoned', () => {
    fc.assert(
      fc.property(anyValue, (value) => {
        const bytes = encode(value);
        expectSame(decode(bytes), { ok: true, value });
        expect(encodedValueBytes(value)).toBe(bytes.length);
      }),
      { seed: SEED, numRuns: 3_000 },
    );
  });

  test('the door lets every value in, as a frozen copy', () => {
    fc.assert(
      fc.property(anyValue, (value) => {
        const checked = checkValue(value);
        expectSame(checked, { ok: true, value });
        if (checked.ok) expect(isDeepFrozen(checked.value)).toBe(true);
      }),
      { seed: SEED, numRuns: 1_000 },
    );
  });

  test('what the door lets in can be sent, and what it keeps out cannot', () => {
    fc.assert(
      fc.property(fc.anything({ withBigInt: true, withDate: true, withMap: true }), (thing) => {
        const checked = checkValue(thing);
        if (checked.ok) expectSame(decode(encode(checked.value)), checked);
      }),
      { seed: SEED, numRuns: 3_000 },
    );
  });

  test('any bytes decode to an answer, and what decodes was in its one form', () => {
    fc.assert(
      fc.property(fc.array(fc.oneof(fc.nat(9), fc.nat(255)), { maxLength: 40 }), (numbers) => {
        const bytes = Uint8Array.from(numbers);
        const decoded = decode(bytes);
        if (decoded.ok) expect(encode(decoded.value)).toEqual(bytes);
      }),
      { seed: SEED, numRuns: 20_000 },
    );
  });
});

describe('bytes', () => {
  test.each<readonly [string, Value, readonly (number | string)[]]>([
    ['null', null, [0]],
    ['false', false, [1]],
    ['true', true, [2]],
    ['0', 0, [3, 0]],
    ['-0', -0, [3, 0x40]],
    ['63', 63, [3, 63]],
    ['-64', -64, [3, 0xc0, 1]],
    ['2^53 - 1', Number.MAX_SAFE_INTEGER, [3, 'bfffffffffffff1f']],
    ['0.5', 0.5, [4, '3fe0000000000000']],
    ['2^53', 2 ** 53, [4, '4340000000000000']],
    ['text', 'é', [5, 2, 'c3a9']],
    ['bytes', Uint8Array.of(7, 8), [6, 2, 7, 8]],
    ['an array', [1, []], [7, 2, 3, 1, 7, 0]],
    ['an object', { x: 1 }, [8, 1, 1, '78', 3, 1]],
  ])('%s', (_what, value, parts) => {
    expect(encode(value)).toEqual(bytesOf(...parts));
    expectSame(decode(bytesOf(...parts)), { ok: true, value });
  });

  test.each<readonly [string, readonly (number | string)[]]>([
    ['nothing', []],
    ['an unknown tag', [9]],
    ['a number longer than it need be', [3, 0x80, 0]],
    ['a number over 2^53', [3, 'ffffffffffffffff7f']],
    ['a whole number as a float', [4, '3ff0000000000000']],
    ['NaN', [4, '7ff8000000000000']],
    ['infinity', [4, '7ff0000000000000']],
    ['half a float', [4, '3fe0']],
    ['text longer than what follows', [5, 3, 'c3a9']],
    ['text that is no UTF-8', [5, 1, 'ff']],
    ['half a surrogate pair', [5, 3, 'eda080']],
    ['bytes longer than what follows', [6, 2, 1]],
    ['an array longer than what follows', [7, 2, 0]],
    ['the same key twice', [8, 2, 1, '78', 0, 1, '78', 0]],
    ['__proto__ twice', [8, 2, 9, '5f5f70726f746f5f5f', 0, 9, '5f5f70726f746f5f5f', 0]],
  ])('%s is malformed', (_what, parts) => {
    expect(decode(bytesOf(...parts))).toEqual({ ok: false, error: 'malformed' });
  });

  test('decoded bytes are a copy', () => {
    const bytes = bytesOf(6, 1, 5);
    const decoded = decode(bytes);
    bytes[2] = 9;
    expect(decoded).toEqual({ ok: true, value: Uint8Array.of(5) });
  });

  test('__proto__ is a key like any other and sets no prototype', () => {
    const value = objectOf([['__proto__', { polluted: true }]]);
    const decoded = decode(encode(value));
    expectSame(decoded, { ok: true, value });
    expect(decoded.ok && Object.getPrototypeOf(decoded.value)).toBe(Object.prototype);
    expect('polluted' in {}).toBe(false);
    expectSame(checkValue(JSON.parse('{"__proto__":{"polluted":true}}')), { ok: true, value });
  });

  test('what comes out is frozen through and through', () => {
    const decoded = decode(encode({ list: [{ deep: [] }] }));
    expect(decoded.ok && isDeepFrozen(decoded.value)).toBe(true);
  });
});

describe('limits', () => {
  test('arrays and objects nest sixteen deep', () => {
    expect(checkValue(nested(VALUE_DEPTH_MAX)).ok).toBe(true);
    expect(decode(encode(nested(VALUE_DEPTH_MAX))).ok).toBe(true);
    expect(checkValue(nested(VALUE_DEPTH_MAX + 1))).toEqual({ ok: false, error: 'too-deep' });
    expect(() => encode(nested(VALUE_DEPTH_MAX + 1))).toThrow('nests deeper');
    const deep = bytesOf(...Array.from({ length: VALUE_DEPTH_MAX + 1 }, () => [7, 1]), 0);
    expect(decode(deep)).toEqual({ ok: false, error: 'value-limit' });
  });

  test('what contains itself is too deep', () => {
    const loop: unknown[] = [];
    loop.push(loop);
    expect(checkValue(loop)).toEqual({ ok: false, error: 'too-deep' });
  });

  test('a small thing that unfolds without bound is too large, soon', () => {
    let fold: unknown = 'x';
    for (let at = 0; at < VALUE_DEPTH_MAX; at++) fold = Array.from({ length: 100 }, () => fold);
    expect(checkValue(fold)).toEqual({ ok: false, error: 'too-large' });
  });

  test('an object has up to 1,024 keys', () => {
    expect(checkValue(keyed(VALUE_KEYS_MAX)).ok).toBe(true);
    expect(checkValue(keyed(VALUE_KEYS_MAX + 1))).toEqual({ ok: false, error: 'too-many-keys' });
    expect(decode(bytesOf(8, 0x81, 8))).toEqual({ ok: false, error: 'value-limit' });
    expect(() => encode(keyed(VALUE_KEYS_MAX + 1))).toThrow('1025 is not a count up to 1024');
  });

  test.each<readonly [string, (bytes: number) => Value]>([
    ['text', (bytes) => 'x'.repeat(bytes - 3)],
    ['bytes', (bytes) => new Uint8Array(bytes - 3)],
    ['an array', (bytes) => Array.from({ length: bytes - 3 }, () => null)],
    ['an object', (bytes) => ({ x: 'x'.repeat(bytes - 7) })],
  ])('%s takes up to 16,384 bytes', (_what, make) => {
    expect(encode(make(VALUE_BYTES_MAX))).toHaveLength(VALUE_BYTES_MAX);
    expect(checkValue(make(VALUE_BYTES_MAX)).ok).toBe(true);
    expect(checkValue(make(VALUE_BYTES_MAX + 1))).toEqual({ ok: false, error: 'too-large' });
    expect(() => encode(make(VALUE_BYTES_MAX + 1))).toThrow('over 16384');
  });

  test('a decoded value over the limit is refused', () => {
    expect(decode(bytesOf(7, 2, textOf(8_000), textOf(8_400)))).toEqual({ ok: false, error: 'value-limit' });
    expect(decode(bytesOf(7, 2, textOf(8_000), textOf(8_000))).ok).toBe(true);
  });
});

describe('what is no value', () => {
  class Thing {
    readonly x = 1;
  }
  const sparse: unknown[] = [];
  sparse[1] = 1;

  test.each<readonly [string, unknown]>([
    ['undefined', undefined],
    ['undefined in an object', { x: undefined }],
    ['a hole', sparse],
    ['NaN', Number.NaN],
    ['infinity', Number.NEGATIVE_INFINITY],
    ['a bigint', 1n],
    ['a symbol', Symbol('x')],
    ['a symbol as a key', { [Symbol('x')]: 1 }],
    ['a function', () => 1],
    ['an instance', new Thing()],
    ['a date', new Date(0)],
    ['a map', new Map()],
    ['another typed array', new Float32Array(1)],
    ['half a surrogate pair', 'x\ud83d'],
    ['half a surrogate pair as a key', { '\ude00': 1 }],
  ])('%s', (_what, thing) => {
    expect(checkValue(thing)).toEqual({ ok: false, error: 'not-a-value' });
    expect(checkValue([thing])).toEqual({ ok: false, error: 'not-a-value' });
  });

  test('an object without prototype is a value, and becomes an ordinary one', () => {
    const bare: unknown = Object.assign(Object.create(null), { x: 1 });
    expectSame(checkValue(bare), { ok: true, value: { x: 1 } });
  });

  test('a view that only looks like bytes becomes plain bytes', () => {
    const checked = checkValue(Buffer.from([1, 2]));
    expectSame(checked, { ok: true, value: Uint8Array.of(1, 2) });
  });
});

function isDeepFrozen(value: Value): boolean {
  if (value === null || typeof value !== 'object' || value instanceof Uint8Array) return true;
  return Object.isFrozen(value) && Object.values(value).every(isDeepFrozen);
}

/** A text of this many bytes, by hand; from 128 to 16,383. */
function textOf(bytes: number): readonly number[] {
  return [5, (bytes & 127) | 128, bytes >>> 7, ...new Uint8Array(bytes)];
}
