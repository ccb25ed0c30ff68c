/**
 * What a record says, as a text that two records share only if they say the same, and its hash. The text is in the order
 * in which the value is written on a link, so what has one text has one form in bytes.
 */
import { hashText } from './hash.ts';
import type { Value } from './value.ts';

/** One text for each value; the empty one for none. Recursion is bounded by `VALUE_DEPTH_MAX`. */
export function valueToText(value: Value | undefined): string {
  if (value instanceof Uint8Array) return `#${value.join('#')}`;
  if (isList(value)) return `[${value.map(valueToText).join(',')}]`;
  if (Object.is(value, -0)) return '-0';
  if (typeof value !== 'object' || value === null) return JSON.stringify(value) ?? '';
  const fields = Object.entries(value).map(([key, item]) => `${JSON.stringify(key)}:${valueToText(item)}`);
  return `{${fields.join(',')}}`;
}

/**
 * 32 bits, unsigned: enough to see that two records of one version differ, no defence against who makes them alike. The
 * greatest is that of nothing, so that a deletion outranks whatever else its author says under the same version.
 */
export function hashContent(value: Value | undefined): number {
  return value === undefined ? 2 ** 32 - 1 : hashText(valueToText(value)).high >>> 0;
}

function isList(value: Value | undefined): value is readonly Value[] {
  return Array.isArray(value);
}
