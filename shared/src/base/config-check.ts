/** Bounds of configurations: a value out of them is a mistake of ours, found when the layer is made. */
import { assert } from './assert.ts';

/** Asserts that a field is a whole number within its bounds, both included. */
export function checkRange<Name extends string>(
  config: Readonly<Record<Name, number>>,
  name: Name,
  { from, to }: { readonly from: number; readonly to: number },
): void {
  const value = config[name];
  assert(
    Number.isInteger(value) && value >= from && value <= to,
    `${name} is ${from} to ${to}, not ${value}`,
  );
}
