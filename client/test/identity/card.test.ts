import { describe, expect, test } from 'vitest';
import { writeCard } from '#client/identity/card.ts';
import { createKeyPair } from '#client/identity/ed25519.ts';
import {
  openUserIdentity,
  userKeyToId,
  type IdentityStore,
  type StoredKey,
} from '#client/identity/user-identity.ts';
import { readProvenCard } from '../proven-card.ts';

const sealKey = Uint8Array.from({ length: 32 }, (_, at) => at);
const place = { sessionKey: createKeyPair().publicKey, room: 'tea' };

function createStore(): IdentityStore {
  let held: StoredKey | undefined;
  return { getOrPut: async (make) => (held ??= await make()) };
}

describe('a card', () => {
  test('without a user says the key for sealing', async () => {
    const card = await writeCard(sealKey, place, undefined);
    expect(await readProvenCard(card, place)).toEqual({ sealKey, userId: undefined });
  });

  test('names the user whose key signed this session key', async () => {
    const user = await openUserIdentity(createStore());
    const card = await writeCard(sealKey, place, user);
    expect(await readProvenCard(card, place)).toEqual({ sealKey, userId: userKeyToId(user.publicKey) });
    expect(userKeyToId(user.publicKey)).toMatch(/^[0-9a-f]{32}$/);
  });

  test('with a user is worth nothing for another session key, nor in another room', async () => {
    const card = await writeCard(sealKey, place, await openUserIdentity(createStore()));
    const stolen = { ...place, sessionKey: createKeyPair().publicKey };
    expect(await readProvenCard(card, stolen)).toBeUndefined();
    expect(await readProvenCard(card, { ...place, room: 'coffee' })).toBeUndefined();
  });

  test('that claims a user without its signature is none', async () => {
    const user = await openUserIdentity(createStore());
    const card = await writeCard(sealKey, place, user);
    const other = await writeCard(sealKey, place, await openUserIdentity(createStore()));
    const mixed = Uint8Array.of(...card.subarray(0, 65), ...other.subarray(65));
    expect(await readProvenCard(mixed, place)).toBeUndefined();
  });

  test('that is damaged is none', async () => {
    const card = await writeCard(sealKey, place, await openUserIdentity(createStore()));
    const damaged = [
      new Uint8Array(),
      card.subarray(1),
      card.subarray(0, 32),
      card.subarray(0, 100),
      Uint8Array.of(...card, 0),
      Uint8Array.of(2, ...card.subarray(1)),
      card.map((byte, at) => (at === 128 ? byte ^ 1 : byte)),
      card.map((byte, at) => (at === 40 ? byte ^ 1 : byte)),
    ];
    for (const each of damaged) expect(await readProvenCard(each, place)).toBeUndefined();
  });
});

describe('a stored user', () => {
  test('is the same one wherever its store is opened again, and its key cannot be read', async () => {
    const keys: StoredKey[] = [];
    const store = createStore();
    const noting: IdentityStore = {
      getOrPut: async (make) => {
        const key = await store.getOrPut(make);
        keys.push(key);
        return key;
      },
    };
    const [first, second] = [await openUserIdentity(noting), await openUserIdentity(noting)];
    expect(userKeyToId(first.publicKey)).toBe(userKeyToId(second.publicKey));
    expect(keys.map(({ privateKey }) => privateKey.extractable)).toEqual([false, false]);
    const elsewhere = await openUserIdentity(createStore());
    expect(userKeyToId(elsewhere.publicKey)).not.toBe(userKeyToId(first.publicKey));
  });
});
