import { createHash } from 'node:crypto';
import { expect, it } from 'vitest';
import { keyToPeerId } from '#client/identity/member-id.ts';

it('names a key by the first sixteen bytes of its SHA-256', () => {
  const key = Uint8Array.from({ length: 32 }, (_, at) => at);
  expect(keyToPeerId(key)).toBe(createHash('sha256').update(key).digest('hex').slice(0, 32));
});
