/**
 * Several frames in one channel message. What a channel costs is paid per message, far more than per byte, and
 * frames come in bursts: a newcomer's greeting is six of them, a storm of joins brings dozens at once.
 *
 * A bundle is its frames in order, each after its length in two bytes, the high one first. A frame that alone
 * fills a bundle travels in one of its own.
 */

/** No frame is added to a bundle that would grow beyond this: a larger message holds up those behind it. */
export const BUNDLE_BYTES: number = 16_384;

const LENGTH_BYTES = 2;

/** Joins as many of the first frames as one bundle takes, at least one; also says how many. */
export function bundleFrames(frames: readonly Uint8Array[]): {
  readonly bytes: Uint8Array;
  readonly count: number;
} {
  let size = 0;
  let count = 0;
  for (const frame of frames) {
    const grown = size + LENGTH_BYTES + frame.byteLength;
    if (count > 0 && grown > BUNDLE_BYTES) break;
    size = grown;
    count += 1;
  }
  const bytes = new Uint8Array(size);
  let at = 0;
  for (const frame of frames.slice(0, count)) {
    bytes[at] = frame.byteLength >>> 8;
    bytes[at + 1] = frame.byteLength & 0xff;
    bytes.set(frame, at + LENGTH_BYTES);
    at += LENGTH_BYTES + frame.byteLength;
  }
  return { bytes, count };
}

/** Takes a bundle apart. What follows a wrong length comes out as one frame, and so does nothing, for the decoder of frames to refuse. */
export function framesOf(bundle: Uint8Array): readonly Uint8Array[] {
  if (bundle.byteLength === 0) return [bundle];
  const frames: Uint8Array[] = [];
  let at = 0;
  while (at < bundle.byteLength) {
    const start = at + LENGTH_BYTES;
    const end = start + (bundle[at]! << 8) + (bundle[at + 1] ?? 0);
    const isWhole = end > start && end <= bundle.byteLength;
    frames.push(bundle.subarray(isWhole ? start : at, isWhole ? end : bundle.byteLength));
    at = isWhole ? end : bundle.byteLength;
  }
  return frames;
}
