/**
 * Signals as they go through the server in a room with a key: AES-GCM under a key that only members can derive. A seal
 * opens at the member it was made for, once, in the room and under the sender that it was made in and by. Ids are new
 * at every join, so nothing that an earlier life was told opens in a later one.
 */
import { utf8ToBytes } from '@noble/hashes/utils.js';
import { assert } from '#shared/base/assert.ts';
import { createBoundedMap } from '#shared/base/collections.ts';
import type { PeerId, RoomId } from '#shared/base/ids.ts';
import { err, ok, type Result } from '#shared/base/result.ts';
import { ROOM_MEMBERS_MAX } from '#shared/signaling/messages.ts';
import { base64ToBytes, bytesToBase64 } from '#shared/wire/base64.ts';

/**
 * Drawn anew for each seal: 2^32 of them under one key are safe (NIST SP 800-38D, 8.3). All members share the key for as
 * long as the room has it, which is 100,000 signals a day for a hundred years.
 */
const IV_BYTES: number = 12;
const TAG_BYTES: number = 16;
const COUNTER_BYTES: number = 4;
/** What a seal adds to a packet. */
export const SEAL_BYTES: number = IV_BYTES + COUNTER_BYTES + TAG_BYTES;
/** Senders whose last count is remembered: as many as the server attaches to a room. */
const SENDERS_MAX: number = ROOM_MEMBERS_MAX;

export type SealProblem =
  /** Not base64, another key, another room, sender or receiver, or changed on the way. */
  | 'not-opened'
  /** Opened before, or overtaken by what its sender said later. */
  | 'replayed';

export interface Sealer {
  /** Base64 for the server to carry. Seals of one sender open in the order in which they were made. */
  readonly seal: (to: PeerId, bytes: Uint8Array) => Promise<string>;
  readonly open: (from: PeerId, text: string) => Promise<Result<Uint8Array, SealProblem>>;
}

export interface SealerOptions {
  readonly signalKey: CryptoKey;
  readonly topic: RoomId;
  readonly self: PeerId;
}

export function createSealer({ signalKey, topic, self }: SealerOptions): Sealer {
  let sealed = 0;
  const countBySender = createBoundedMap<PeerId, number>(SENDERS_MAX);

  const how = (iv: Uint8Array<ArrayBuffer>, from: PeerId, to: PeerId): AesGcmParams => ({
    name: 'AES-GCM',
    iv,
    // Each part has one length, so no two of these are the same text.
    additionalData: new Uint8Array(utf8ToBytes(`gossamer/1 signal\0${topic}\0${from}\0${to}`)),
  });

  return {
    seal: async (to, bytes) => {
      sealed += 1;
      assert(sealed < 2 ** 32, 'one member seals less than 2^32 signals');
      const plain = new Uint8Array(COUNTER_BYTES + bytes.byteLength);
      new DataView(plain.buffer).setUint32(0, sealed);
      plain.set(bytes, COUNTER_BYTES);
      const iv = crypto.getRandomValues(new Uint8Array(IV_BYTES));
      const box = new Uint8Array(await crypto.subtle.encrypt(how(iv, self, to), signalKey, plain));
      const all = new Uint8Array(IV_BYTES + box.byteLength);
      all.set(iv);
      all.set(box, IV_BYTES);
      return bytesToBase64(all);
    },
    open: async (from, text) => {
      const plain = await decrypt(signalKey, text, (iv) => how(iv, from, self));
      if (!plain) return err('not-opened');
      const count = new DataView(plain.buffer).getUint32(0);
      if (count <= (countBySender.get(from) ?? 0)) return err('replayed');
      countBySender.set(from, count);
      return ok(plain.subarray(COUNTER_BYTES));
    },
  };
}

async function decrypt(
  key: CryptoKey,
  text: string,
  how: (iv: Uint8Array<ArrayBuffer>) => AesGcmParams,
): Promise<Uint8Array<ArrayBuffer> | undefined> {
  const all = base64ToBytes(text);
  if (!all.ok || all.value.byteLength < SEAL_BYTES) return undefined;
  const [iv, box] = [all.value.slice(0, IV_BYTES), all.value.slice(IV_BYTES)];
  try {
    return new Uint8Array(await crypto.subtle.decrypt(how(iv), key, box));
  } catch {
    return undefined;
  }
}
