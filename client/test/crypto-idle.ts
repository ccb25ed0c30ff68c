/** Whether WebCrypto is at work: it answers in real time, so a clock that a test moves must wait for it. */

const work = { underWay: 0 };

const names = [
  'sign',
  'verify',
  'importKey',
  'digest',
  'deriveBits',
  'deriveKey',
  'encrypt',
  'decrypt',
  'generateKey',
  'exportKey',
] as const;

for (const name of names) {
  const original = SubtleCrypto.prototype[name] as (...args: unknown[]) => Promise<unknown>;
  const counted = async function (this: SubtleCrypto, ...args: unknown[]): Promise<unknown> {
    work.underWay += 1;
    try {
      return await original.apply(this, args);
    } finally {
      work.underWay -= 1;
    }
  };
  Object.defineProperty(SubtleCrypto.prototype, name, { value: counted });
}

/** Resolves when nothing is under way, and nothing has been begun upon the last answer. */
export async function cryptoIdle(): Promise<void> {
  // Promises that are ready come first, as what they begin is under way only then.
  do await new Promise((resolve) => setImmediate(resolve));
  while (work.underWay > 0);
}
