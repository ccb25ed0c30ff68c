/** What WebCrypto derives, against what Node's own functions derive of the same. */
import { createDecipheriv, createHash, createHmac, hkdfSync, pbkdf2Sync } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import {
  deriveRoomSecrets,
  stretchRoomName,
  STRETCH_ROUNDS,
  type RoomSecret,
  type RoomSecrets,
} from '#client/room/secrets.ts';

const key = (fill: number): RoomSecret => ({ kind: 'key', bytes: new Uint8Array(16).fill(fill) });
const saltOf = (room: string): Buffer => createHash('sha256').update(`gossamer/1\0${room}`).digest();
const expand = (root: Uint8Array, room: string, use: string, bytes: number): Buffer =>
  Buffer.from(hkdfSync('sha256', root, saltOf(room), `gossamer/1 ${use}`, bytes));
const message = new TextEncoder().encode('the same for both');

/** What the keys do shows what they are: nobody can take them out. */
async function expectDerived(secrets: RoomSecrets, root: Uint8Array, room: string): Promise<void> {
  expect(secrets.topic).toBe(expand(root, room, 'topic', 16).toString('hex'));

  const iv = new Uint8Array(12);
  const box = Buffer.from(await crypto.subtle.encrypt({ name: 'AES-GCM', iv }, secrets.signalKey, message));
  const decipher = createDecipheriv('aes-256-gcm', expand(root, room, 'signal', 32), iv);
  decipher.setAuthTag(box.subarray(-16));
  expect(Buffer.concat([decipher.update(box.subarray(0, -16)), decipher.final()])).toEqual(
    Buffer.from(message),
  );

  const mac = createHmac('sha256', expand(root, room, 'link', 32))
    .update(message)
    .digest();
  expect(Buffer.from(await crypto.subtle.sign('HMAC', secrets.linkKey, message))).toEqual(mac);
  for (const held of [secrets.signalKey, secrets.linkKey]) expect(held.extractable).toBe(false);
}

describe('the secrets of a room', () => {
  test('come of its key as Node derives them', async () => {
    await expectDerived(await deriveRoomSecrets('Küche', key(7)), new Uint8Array(16).fill(7), 'Küche');
  });

  test('come of its password as Node derives them, after 600,000 rounds', async () => {
    expect(STRETCH_ROUNDS).toBe(600_000);
    const root = pbkdf2Sync('schön', saltOf('kitchen'), 600_000, 32, 'sha256');
    await expectDerived(
      await deriveRoomSecrets('kitchen', { kind: 'password', password: 'schön' }),
      root,
      'kitchen',
    );
  });

  test('of one password are the same however its letters are put together', async () => {
    const [composed, decomposed] = await Promise.all(
      ['sch\u00f6n', 'scho\u0308n'].map((password) =>
        deriveRoomSecrets('kitchen', { kind: 'password', password }),
      ),
    );
    expect(composed?.topic).toBe(decomposed?.topic);
  });

  test('are others for another key, and for another room of the same key', async () => {
    const all = await Promise.all([
      deriveRoomSecrets('kitchen', key(1)),
      deriveRoomSecrets('kitchen', key(2)),
      deriveRoomSecrets('garden', key(1)),
    ]);
    expect(new Set(all.map(({ topic }) => topic)).size).toBe(3);
  });

  test('leave the key as it was: whoever handed it in may use it again', async () => {
    const secret = key(3);
    expect((await deriveRoomSecrets('a', secret)).topic).toBe((await deriveRoomSecrets('a', secret)).topic);
  });
});

test('the namesake of a room is its name, stretched like a password', async () => {
  const expected = pbkdf2Sync('kitchen', 'gossamer/1 namesake', 600_000, 32, 'sha256').toString('hex');
  expect(await stretchRoomName('kitchen')).toBe(expected.slice(0, 32));
});
