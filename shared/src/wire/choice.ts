/** A union of names as one byte each. A name without a code does not compile. */
import { assert } from '../base/assert.ts';

export interface Choice<T extends string> {
  readonly names: readonly T[];
  readonly codeByName: Readonly<Record<T, number>>;
  readonly nameByCode: ReadonlyMap<number, T>;
}

export function createChoice<T extends string>(codeByName: Readonly<Record<T, number>>): Choice<T> {
  const isName = (key: string): key is T => Object.hasOwn(codeByName, key);
  const names = Object.keys(codeByName).filter(isName);
  const nameByCode = new Map(names.map((name) => [codeByName[name], name]));
  assert(nameByCode.size === names.length, `two of ${names.join(', ')} share a code`);
  return { names, codeByName, nameByCode };
}
