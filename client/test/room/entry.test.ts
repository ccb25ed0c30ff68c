import { describe, expect, test } from 'vitest';
import { fingerprintOf, readSecret } from '#client/room/entry.ts';
import { newRoomKey, roomKeyToBytes } from '#client/room/room-key.ts';

describe('how one enters', () => {
  test('is open where nothing is given, and private with a key or a password', () => {
    const key = newRoomKey();
    expect(readSecret({})).toBe(undefined);
    expect(readSecret({ key: undefined, password: undefined })).toBe(undefined);
    expect(readSecret({ key })).toEqual({ kind: 'key', bytes: roomKeyToBytes(key) });
    expect(readSecret({ password: 'x' })).toEqual({ kind: 'password', password: 'x' });
  });

  test.each<[string, { key?: unknown; password?: unknown }]>([
    ['both', { key: newRoomKey(), password: 'x' }],
    ['an empty key', { key: '' }],
    ['a cut key', { key: newRoomKey().slice(0, -1) }],
    ['no key, in JavaScript', { key: null }],
    ['a key that is no text', { key: 7 }],
    ['an empty password', { password: '' }],
    ['a password that is no text', { password: ['x'] }],
    ['a password too long', { password: 'x'.repeat(1_025) }],
  ])('is refused with %s: nobody enters openly who meant to enter privately', (_what, options) => {
    const read = (): unknown => readSecret(options as { key?: string; password?: string });
    expect(read).toThrow(expect.objectContaining({ code: 'BAD_ROOM_KEY' }));
  });
});

describe('the fingerprint of a secret', () => {
  const password = (text: string): string => fingerprintOf({ kind: 'password', password: text });

  test('is one for one secret, and does not show it', () => {
    expect(password('swordfish')).toBe(password('swordfish'));
    expect(password('sch\u00f6n')).toBe(password('scho\u0308n'));
    expect(password('swordfish')).not.toContain('swordfish');
    expect(password('swordfish')).not.toBe(password('sword fish'));
  });

  test('tells a key from a password, and either from none', () => {
    const bytes = new TextEncoder().encode('sixteen letters!');
    const prints = [
      fingerprintOf(undefined),
      fingerprintOf({ kind: 'key', bytes }),
      password('sixteen letters!'),
    ];
    expect(new Set(prints).size).toBe(3);
  });
});
