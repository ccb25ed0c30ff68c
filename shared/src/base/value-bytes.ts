/** Upper bounds of what values take when encoded, for whoever bounds what it holds without knowing how bytes are laid out. */
import type { Value } from './value.ts';

/** A number of any kind, with its tag. */
export const NUMBER_BYTES: number = 10;

/** At least what `text` takes in UTF-8 with its length. */
export const textBytesMax = (text: string): number => text.length * 3 + 5;

/** At least what `value` takes when encoded. */
export function valueBytesMax(value: Value | undefined): number {
  if (typeof value === 'string') return textBytesMax(value);
  if (value === null || value === undefined || typeof value !== 'object') return NUMBER_BYTES;
  if (value instanceof Uint8Array) return value.byteLength + 6;
  let bytes = 6;
  if (Array.isArray(value)) {
    for (const item of value as readonly Value[]) bytes += valueBytesMax(item);
    return bytes;
  }
  for (const [key, item] of Object.entries(value)) bytes += textBytesMax(key) + valueBytesMax(item);
  return bytes;
}
