/** What an application may share: JSON, bytes, and nothing else. */
export type Value = null | boolean | number | string | Uint8Array | readonly Value[] | ValueObject;

/** A plain object. `__proto__` is an ordinary key: decoders define it, never assign it. */
export interface ValueObject {
  readonly [key: string]: Value;
}

/** A refused value: what was wrong with it. The state is as it was before. */
export type ValueProblem = 'too-deep' | 'too-many-keys' | 'too-large' | 'not-a-value';

export const VALUE_DEPTH_MAX: number = 16;
export const VALUE_KEYS_MAX: number = 1_024;
/** Encoded size of one value, in bytes. */
export const VALUE_BYTES_MAX: number = 16_384;
