/** WebCrypto works beside the test's own thread and clock: this tells when it has ended what it was asked. */
import { vi } from 'vitest';

const METHODS = [
  'digest',
  'importKey',
  'deriveBits',
  'deriveKey',
  'encrypt',
  'decrypt',
  'sign',
  'verify',
] as const;

/** Watches all of WebCrypto until the mocks are restored. What is returned waits until nothing is being computed. */
export function watchCrypto(): () => Promise<void> {
  const pending = new Set<symbol>();
  for (const method of METHODS) {
    const original = crypto.subtle[method].bind(crypto.subtle) as (...args: unknown[]) => Promise<never>;
    vi.spyOn(crypto.subtle, method).mockImplementation(async (...args: unknown[]) => {
      const call = Symbol(method);
      pending.add(call);
      try {
        return await original(...args);
      } finally {
        pending.delete(call);
      }
    });
  }
  return async () => {
    do await new Promise((resolve) => void setImmediate(resolve));
    while (pending.size > 0);
    // What waited for it goes on, and may ask for more.
    await new Promise((resolve) => void setImmediate(resolve));
  };
}
