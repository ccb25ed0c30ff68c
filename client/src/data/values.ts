/** The door for what an application hands in: checked, copied and frozen, so that nothing changes under us. */
import { isWellFormed } from '#shared/wire/text.ts';
import { checkValue } from '#shared/wire/value-codec.ts';
import { MeshError } from '../errors.ts';
import type { Value } from '../types.ts';

/** Longest name of a map, topic or presence field, in UTF-16 units. */
export const NAME_LENGTH_MAX: number = 64;
export const KEY_LENGTH_MAX: number = 512;

/** A frozen copy. Throws `BAD_VALUE` or `VALUE_TOO_LARGE`. */
export function admitValue<V extends Value>(value: V): V {
  const checked = checkValue(value);
  if (checked.ok) return checked.value as V;
  if (checked.error === 'too-large') {
    throw new MeshError('VALUE_TOO_LARGE', 'A value takes at most 16 KiB when encoded.');
  }
  throw new MeshError(
    'BAD_VALUE',
    checked.error === 'not-a-value'
      ? 'A value is made of null, booleans, finite numbers, well-formed strings, bytes, arrays and plain objects.'
      : 'A value is at most 16 levels deep and its objects have at most 1,024 keys each.',
  );
}

/** Throws `BAD_NAME`. NUL is kept out because it ends a name on the inside. */
export function admitName(name: string, what: string): string {
  if (
    typeof name === 'string' &&
    name.length >= 1 &&
    name.length <= NAME_LENGTH_MAX &&
    !name.includes('\0') &&
    isWellFormed(name)
  ) {
    return name;
  }
  throw new MeshError(
    'BAD_NAME',
    `The name of a ${what} is a well-formed text of 1 to ${NAME_LENGTH_MAX} characters without NUL.`,
  );
}

/** Throws `BAD_KEY`. Any text is a key, `__proto__` too. */
export function admitKey(key: string): string {
  if (typeof key === 'string' && key.length <= KEY_LENGTH_MAX && isWellFormed(key)) return key;
  throw new MeshError('BAD_KEY', `A key is a well-formed text of at most ${KEY_LENGTH_MAX} characters.`);
}
