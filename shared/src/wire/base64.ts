/**
 * Bytes as text (RFC 4648, section 4): the standard alphabet, padded. Only the canonical form decodes, so
 * that one packet has one text.
 */
import { err, ok, type Result } from '../base/result.ts';

const ALPHABET: string = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';
const SIXES_BY_CODE: ReadonlyMap<number, number> = new Map(
  Array.from(ALPHABET, (letter, six) => [letter.charCodeAt(0), six]),
);

export function bytesToBase64(bytes: Uint8Array): string {
  let text = '';
  for (let at = 0; at < bytes.length; at += 3) {
    const group = (bytes[at]! << 16) | ((bytes[at + 1] ?? 0) << 8) | (bytes[at + 2] ?? 0);
    text += ALPHABET[group >>> 18]! + ALPHABET[(group >>> 12) & 63]!;
    text += at + 1 < bytes.length ? ALPHABET[(group >>> 6) & 63]! : '=';
    text += at + 2 < bytes.length ? ALPHABET[group & 63]! : '=';
  }
  return text;
}

export function base64ToBytes(text: string): Result<Uint8Array, 'not-base64'> {
  const padding = text.endsWith('==') ? 2 : text.endsWith('=') ? 1 : 0;
  if (text.length % 4 !== 0) return err('not-base64');
  const bytes = new Uint8Array((text.length / 4) * 3 - padding);
  let held = 0;
  let heldBits = 0;
  let written = 0;
  for (let at = 0; at < text.length - padding; at++) {
    const six = SIXES_BY_CODE.get(text.charCodeAt(at));
    if (six === undefined) return err('not-base64');
    held = ((held << 6) | six) & 0xffff;
    heldBits += 6;
    if (heldBits >= 8) bytes[written++] = (held >>> (heldBits -= 8)) & 0xff;
  }
  const spare = held & ((1 << heldBits) - 1);
  return spare === 0 ? ok(bytes) : err('not-base64');
}
