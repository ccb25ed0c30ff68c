import { createHash } from 'node:crypto';
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { bytesToRoomKey, newRoomKey, ROOM_KEY_BYTES, roomKeyToBytes } from '#client/room/room-key.ts';

const bytesOfKey = fc.uint8Array({ minLength: ROOM_KEY_BYTES, maxLength: ROOM_KEY_BYTES });
const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';

describe('a room key', () => {
  test('is 16 bytes and two of their hash, as an address may hold them', () => {
    const bytes = Uint8Array.from({ length: 16 }, (_, at) => 255 - at);
    const checksum = createHash('sha256').update('gossamer/1 room key\0').update(bytes).digest();
    const expected = Buffer.concat([bytes, checksum.subarray(0, 2)]).toString('base64url');
    expect(bytesToRoomKey(bytes)).toBe(expected);
    expect(roomKeyToBytes(expected)).toEqual(bytes);
  });

  test('is another each time, and every one is read back', () => {
    const keys = new Set(Array.from({ length: 100 }, newRoomKey));
    expect(keys.size).toBe(100);
    for (const key of keys) expect(roomKeyToBytes(key)).toHaveLength(16);
    fc.assert(
      fc.property(bytesOfKey, (bytes) => {
        expect(roomKeyToBytes(bytesToRoomKey(bytes))).toEqual(bytes);
      }),
    );
  });

  test('that was cut, or has a letter more, is none', () => {
    const key = newRoomKey();
    for (let length = 0; length < key.length; length++)
      expect(roomKeyToBytes(key.slice(0, length))).toBe(undefined);
    for (const wrong of [`${key}A`, `${key}\n`, ` ${key}`, `${key.slice(0, 23)}=`, undefined, null, 7]) {
      expect(roomKeyToBytes(wrong)).toBe(undefined);
    }
  });

  test('with one letter mistyped is none', () => {
    const key = bytesToRoomKey(new Uint8Array(16).fill(0x5a));
    const passed = Array.from(key, (right, at) =>
      Array.from(ALPHABET, (wrong) => key.slice(0, at) + wrong + key.slice(at + 1)).filter(
        (typed) => typed[at] !== right && roomKeyToBytes(typed) !== undefined,
      ),
    ).flat();
    expect(passed).toEqual([]);
  });
});
