import { describe, expect, test } from 'vitest';
import type { PeerId } from '#shared/base/ids.ts';
import { SIGNAL_DATA_LENGTH_MAX } from '#shared/signaling/messages.ts';
import { base64ToBytes, bytesToBase64 } from '#shared/wire/base64.ts';
import { PACKET_BYTES_MAX } from '#shared/wire/limits.ts';
import { deriveRoomSecrets } from '#client/room/secrets.ts';
import { createSealer, SEAL_BYTES, type Sealer } from '#client/signaling/sealer.ts';

const [a, b, c] = ['0a', '0b', '0c'].map((digits) => digits.repeat(16)) as [PeerId, PeerId, PeerId];
const bytes = new TextEncoder().encode('v=0 candidate:1 192.0.2.7');
const opened = { ok: true, value: bytes };
const problem = (error: string) => ({ ok: false, error });

async function sealersOf(room: string, ...ids: PeerId[]): Promise<Sealer[]> {
  const { signalKey, topic } = await deriveRoomSecrets(room, { kind: 'key', bytes: new Uint8Array(16) });
  return ids.map((self) => createSealer({ signalKey, topic, self }));
}

const pair = async (): Promise<[Sealer, Sealer]> => (await sealersOf('kitchen', a, b)) as [Sealer, Sealer];

describe('a sealed signal', () => {
  test('opens where it was sealed for, and shows nothing on the way', async () => {
    const [from, to] = await pair();
    const text = await from.seal(b, bytes);
    expect(atob(text)).not.toContain('candidate');
    expect(await to.open(a, text)).toEqual(opened);
  });

  test('opens nowhere else: not at another member, not as from another, not at its sender', async () => {
    const [from, to, third] = (await sealersOf('kitchen', a, b, c)) as [Sealer, Sealer, Sealer];
    const text = await from.seal(b, bytes);
    expect(await third.open(a, text)).toEqual(problem('not-opened'));
    expect(await to.open(c, text)).toEqual(problem('not-opened'));
    expect(await from.open(b, text)).toEqual(problem('not-opened'));
    expect(await to.open(a, text)).toEqual(opened);
  });

  test('does not open in another room, be it of the same key', async () => {
    const [from] = await sealersOf('kitchen', a);
    const [to] = await sealersOf('garden', b);
    expect(await to!.open(a, await from!.seal(b, bytes))).toEqual(problem('not-opened'));
  });

  test('opens once, and not after what its sender said later', async () => {
    const [from, to] = await pair();
    const [first, second, third] = [
      await from.seal(b, bytes),
      await from.seal(b, bytes),
      await from.seal(b, bytes),
    ];
    expect(await to.open(a, first)).toEqual(opened);
    expect(await to.open(a, first)).toEqual(problem('replayed'));
    expect(await to.open(a, third)).toEqual(opened);
    expect(await to.open(a, second)).toEqual(problem('replayed'));
  });

  test('does not open once a bit of it is another, wherever that is', async () => {
    const [from, to] = await pair();
    const text = await from.seal(b, bytes);
    const read = base64ToBytes(text);
    const sealed = read.ok ? read.value : new Uint8Array();
    for (let at = 0; at < sealed.byteLength; at++) {
      const changed = sealed.slice();
      changed[at] = changed[at]! ^ 1;
      expect(await to.open(a, bytesToBase64(changed))).toEqual(problem('not-opened'));
    }
    expect(await to.open(a, text)).toEqual(opened);
  });

  test.each(['', 'AAAA', '!', 'A'.repeat(43), 'A'.repeat(44), 'A'.repeat(400)])(
    'is not what anyone makes up: %s',
    async (text) => {
      const [, to] = await pair();
      expect(await to.open(a, text)).toEqual(problem('not-opened'));
    },
  );

  test('of the largest packet is as long as the server carries at most', async () => {
    const [from, to] = await pair();
    const largest = new Uint8Array(PACKET_BYTES_MAX).fill(7);
    const text = await from.seal(b, largest);
    expect(text.length).toBeLessThanOrEqual(SIGNAL_DATA_LENGTH_MAX);
    expect(((PACKET_BYTES_MAX + SEAL_BYTES) * 4) / 3).toBeLessThanOrEqual(SIGNAL_DATA_LENGTH_MAX);
    expect(await to.open(a, text)).toEqual({ ok: true, value: largest });
  });

  test('is another each time, of an empty packet too', async () => {
    const [from, to] = await pair();
    const [one, other] = [await from.seal(b, new Uint8Array()), await from.seal(b, new Uint8Array())];
    expect(one).not.toBe(other);
    expect(await to.open(a, one)).toEqual({ ok: true, value: new Uint8Array() });
  });
});
