/** Frames joined into one channel message, and taken apart again. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { BUNDLE_BYTES, bundleFrames, framesOf } from '#client/transport/bundles.ts';
import { TRANSPORT_FRAME_BYTES_MAX } from '#client/transport/transport.ts';

const SEED = 20_261_125;
const LENGTH_BYTES = 2;

/** A frame of so many bytes; `mark` tells it from others. */
const frame = (length: number, mark = 0): Uint8Array => new Uint8Array(length).fill(mark);
const bundle = (...bytes: number[]): Uint8Array => Uint8Array.from(bytes);
const lists = (frames: readonly Uint8Array[]): readonly number[][] => frames.map((bytes) => [...bytes]);
const lengths = (frames: readonly Uint8Array[]): readonly number[] => frames.map((bytes) => bytes.byteLength);

/** Bundles until nothing is left, as the transport does. */
function bundleAll(frames: readonly Uint8Array[]): readonly Uint8Array[] {
  const bundles: Uint8Array[] = [];
  for (let at = 0; at < frames.length;) {
    const { bytes, count } = bundleFrames(frames.slice(at));
    bundles.push(bytes);
    at += count;
  }
  return bundles;
}

describe('the bytes', () => {
  test('a bundle is its frames in order, each after its length, the high byte first', () => {
    expect(bundleFrames([bundle(7), bundle(8, 9)])).toEqual({
      bytes: bundle(0, 1, 7, 0, 2, 8, 9),
      count: 2,
    });
    expect([...bundleFrames([frame(0x1234)]).bytes.subarray(0, LENGTH_BYTES)]).toEqual([0x12, 0x34]);
  });

  test('nothing at all is one frame, which is none', () => {
    expect(framesOf(bundle())).toEqual([bundle()]);
  });
});

describe('the cut', () => {
  test.each<[string, number, number]>([
    ['a frame that just fits is taken', 16_384 - 1_002 - LENGTH_BYTES, 2],
    ['a frame that is one byte too long waits', 16_384 - 1_002 - LENGTH_BYTES + 1, 1],
  ])('%s', (_what, length, count) => {
    const taken = bundleFrames([frame(1_000), frame(length), frame(1)]);
    expect(taken.count).toBe(count);
    expect(taken.bytes.byteLength).toBeLessThanOrEqual(16_384);
  });

  test('a smaller frame never overtakes one that waits', () => {
    expect(bundleFrames([frame(10_000), frame(10_000), frame(1)]).count).toBe(1);
  });

  test.each([16_382, 16_383, 32_768, TRANSPORT_FRAME_BYTES_MAX])(
    'a frame of %d bytes travels alone, and comes whole',
    (length) => {
      const large = frame(length, 5);
      const { bytes, count } = bundleFrames([large, frame(1)]);
      expect(count).toBe(1);
      expect(bytes.byteLength).toBe(length + LENGTH_BYTES);
      const [whole, ...others] = framesOf(bytes);
      expect(whole).toEqual(large);
      expect(others).toEqual([]);
    },
  );
});

describe('what follows a wrong length comes out as one frame, the length included', () => {
  test.each<[string, Uint8Array, readonly number[][]]>([
    ['one byte', bundle(7), [[7]]],
    ['a length without a frame', bundle(0, 3), [[0, 3]]],
    ['a length that reaches beyond the end', bundle(0, 3, 7, 8), [[0, 3, 7, 8]]],
    ['the greatest length', bundle(255, 255, 7), [[255, 255, 7]]],
    ['no length', bundle(0, 0), [[0, 0]]],
    ['no length, and a good frame behind it', bundle(0, 0, 0, 1, 7), [[0, 0, 0, 1, 7]]],
    ['one byte after a good frame', bundle(0, 1, 7, 9), [[7], [9]]],
    ['a length that is too long after a good frame', bundle(0, 1, 7, 0, 2, 8), [[7], [0, 2, 8]]],
    ['no length after a good frame', bundle(0, 1, 7, 0, 0, 8, 9), [[7], [0, 0, 8, 9]]],
  ])('%s', (_what, bytes, expected) => {
    expect(lists(framesOf(bytes))).toEqual(expected);
  });
});

describe('laws', () => {
  const small = fc.uint8Array({ minLength: 1, maxLength: 40 });
  const sized = fc
    .tuple(
      fc.oneof(fc.integer({ min: 1, max: 3_000 }), fc.integer({ min: 15_000, max: 40_000 })),
      fc.nat(255),
    )
    .map(([length, mark]) => frame(length, mark));

  test('what was bundled comes apart as it was, in order', () => {
    fc.assert(
      fc.property(fc.array(small, { maxLength: 30 }), (frames) => {
        expect(lists(bundleAll(frames).flatMap(framesOf))).toEqual(lists(frames));
      }),
      { seed: SEED, numRuns: 500 },
    );
  });

  test('only a bundle of one frame is larger than the limit, and none could have taken the next', () => {
    fc.assert(
      fc.property(fc.array(sized, { minLength: 1, maxLength: 30 }), (frames) => {
        const bundles = bundleAll(frames).map(framesOf);
        expect(lengths(bundles.flat())).toEqual(lengths(frames));
        bundles.forEach((held, at) => {
          const size = sizeOf(held);
          if (held.length > 1) expect(size).toBeLessThanOrEqual(BUNDLE_BYTES);
          const next = bundles[at + 1]?.[0];
          if (next) expect(size + sizeOf([next])).toBeGreaterThan(BUNDLE_BYTES);
        });
      }),
      { seed: SEED, numRuns: 300 },
    );
  });

  test('whatever comes, nothing is thrown, no byte is lost, and only the last frame may be a wrong one', () => {
    // Small numbers make lengths that are sometimes right.
    const bytes = fc.array(fc.oneof(fc.nat(3), fc.nat(255)), { maxLength: 60 });
    fc.assert(
      fc.property(bytes, (given) => {
        const frames = framesOf(Uint8Array.from(given));
        const good = frames.slice(0, -1);
        const before = good.flatMap((held) => [...bundleFrames([held]).bytes]);
        const last = frames.at(-1) ?? bundle();
        const written = [
          ...(last.byteLength === given.length - before.length ? [] : lengthOf(last)),
          ...last,
        ];
        expect([...before, ...written]).toEqual(given);
        for (const held of frames) expect(held.byteLength).toBeGreaterThan(given.length > 0 ? 0 : -1);
      }),
      { seed: SEED, numRuns: 5_000 },
    );
  });

  const sizeOf = (frames: readonly Uint8Array[]): number =>
    frames.reduce((sum, held) => sum + LENGTH_BYTES + held.byteLength, 0);
  const lengthOf = (held: Uint8Array): readonly number[] => [held.byteLength >>> 8, held.byteLength & 0xff];
});
