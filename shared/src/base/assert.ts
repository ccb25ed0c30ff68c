/** For our own mistakes only. What a peer sends is never asserted on: it is refused with a reason. */
export function assert(condition: boolean, message: string): asserts condition {
  if (!condition) throw new Error(`broken invariant: ${message}`);
}

/** The end of a `switch` over a union: adding a kind breaks the build here. */
export function unreachable(value: never): never {
  throw new Error(`broken invariant: unexpected ${JSON.stringify(value)}`);
}
