/** A copy of a map that stays what it is, for everyone who looks at the same snapshot. */

/** Maps cannot be frozen: what changes them is taken away instead. */
export function createReadonlyMap<K, V>(from: ReadonlyMap<K, V>): ReadonlyMap<K, V> {
  const copy = new Map(from);
  for (const name of ['set', 'delete', 'clear']) Object.defineProperty(copy, name, { value: refuse });
  return Object.freeze(copy);
}

function refuse(): never {
  throw new TypeError('A snapshot does not change.');
}
