/** Structural equality of values, so that showing or writing the same thing again can be told from a change. */
import type { Value, ValueObject } from './value.ts';

/** Whether both are the same JSON, the same bytes, or both absent. Recursion is bounded by `VALUE_DEPTH_MAX`. */
export function equalValues(a: Value | undefined, b: Value | undefined): boolean {
  if (Object.is(a, b)) return true;
  if (!isCompound(a) || !isCompound(b)) return false;
  if (a instanceof Uint8Array || b instanceof Uint8Array) return equalBytes(a, b);
  if (isList(a) || isList(b)) return isList(a) && isList(b) && equalLists(a, b);
  return equalObjects(a, b);
}

type Compound = Uint8Array | readonly Value[] | ValueObject;

function isCompound(value: Value | undefined): value is Compound {
  return typeof value === 'object' && value !== null;
}

function isList(value: Compound): value is readonly Value[] {
  return Array.isArray(value);
}

function equalBytes(a: Compound, b: Compound): boolean {
  if (!(a instanceof Uint8Array) || !(b instanceof Uint8Array)) return false;
  return a.length === b.length && a.every((byte, at) => byte === b[at]);
}

function equalLists(a: readonly Value[], b: readonly Value[]): boolean {
  return a.length === b.length && a.every((item, at) => equalValues(item, b[at]));
}

/** Own keys only: `__proto__` is an ordinary key where it is one's own, and inherited ones do not count. */
function equalObjects(a: ValueObject, b: ValueObject): boolean {
  const keys = Object.keys(a);
  if (keys.length !== Object.keys(b).length) return false;
  return keys.every((key) => Object.hasOwn(b, key) && equalValues(a[key], b[key]));
}
