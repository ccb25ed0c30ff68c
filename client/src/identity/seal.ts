/**
 * Messages for one member, sealed against those who forward them: X25519 (RFC 7748), HKDF-SHA-256 (RFC 5869),
 * AES-256-GCM. Two secrets are agreed on for each message: of a fresh key and the receiver's, so that what was sent
 * stays closed even to who later learns the sender's key; and of both ends' own keys, so that the receiver knows who
 * sealed it. The pattern is Noise's `K` (Noise Protocol Framework, revision 34, section 7.4).
 *
 *     sealed = fresh public key (32) | AES-GCM(number (6) | content | tag (16))
 *
 * The key is used once, so the nonce is zero. `number` counts what one sender seals for one receiver: what comes again
 * is not opened again.
 */
import { createBoundedMap } from '#shared/base/collections.ts';
import type { PeerId } from '#shared/base/ids.ts';
import { generatePair } from './generate.ts';

export const SEAL_KEY_BYTES: number = 32;
const NUMBER_BYTES: number = 6;
const TAG_BYTES: number = 16;
/** What sealing adds to a content, in bytes. */
export const SEAL_BYTES: number = SEAL_KEY_BYTES + NUMBER_BYTES + TAG_BYTES;
/** How far behind the newest number one may come and still be opened: ways through a room differ. */
const WINDOW: number = 1_024;
/** Senders, and receivers, whose numbers are remembered. The one met longest ago gives way, of senders one who is gone. Twice the largest room. */
const PARTIES_MAX: number = 4_096;

const DOMAIN: string = 'gossamer/1 seal\0';
const NONCE: Uint8Array<ArrayBuffer> = new Uint8Array(12);

/** One end of a letter: who, and its public key for sealing (32 bytes). */
export interface SealParty {
  readonly id: PeerId;
  readonly sealKey: Uint8Array;
}

export interface Sealer {
  /** The own public key. */
  readonly sealKey: Uint8Array;
  /** Rejects where the receiver's key is none. */
  readonly seal: (to: SealParty, content: Uint8Array) => Promise<Uint8Array>;
  /**
   * `undefined`: not from this sender, not for us, or damaged. `late`: from it, but too far behind the newest to tell whether
   * it was opened. `isHere`: whose numbers must not be forgotten.
   */
  readonly open: (
    from: SealParty,
    sealed: Uint8Array,
    isHere: (sender: PeerId) => boolean,
  ) => Promise<Opened | 'late' | undefined>;
}

export interface Opened {
  readonly content: Uint8Array;
  /** It was opened before. */
  readonly isRepeated: boolean;
}

/** Makes a key of one's own, for one life in one room. `partiesMax`: other than its own in tests only. Rejects where the browser knows no X25519. */
export async function createSealer(
  self: PeerId,
  room: string,
  partiesMax: number = PARTIES_MAX,
): Promise<Sealer> {
  const own = await generatePair('X25519', ['deriveBits']);
  const sealKey = await publicBytes(own);
  const numbers = createNumbers(partiesMax);
  const windows = createWindows(partiesMax);

  const keyFor = async (
    parts: { readonly fresh: ArrayBuffer; readonly lasting: ArrayBuffer },
    names: { readonly from: PeerId; readonly to: PeerId; readonly freshKey: Uint8Array },
    use: 'encrypt' | 'decrypt',
  ): Promise<CryptoKey> => {
    const secret = join(new Uint8Array(parts.fresh), new Uint8Array(parts.lasting));
    const base = await crypto.subtle.importKey('raw', secret, 'HKDF', false, ['deriveKey']);
    const { from, to, freshKey } = names;
    const info = join(utf8(`${DOMAIN}${room}\0${from}${to}`), freshKey);
    const how = { name: 'HKDF', hash: 'SHA-256', salt: new Uint8Array(0), info };
    return crypto.subtle.deriveKey(how, base, { name: 'AES-GCM', length: 256 }, false, [use]);
  };

  return {
    sealKey,
    seal: async (to, content) => {
      const number = numbers.next(to.id);
      const [fresh, theirs] = await Promise.all([
        generatePair('X25519', ['deriveBits']),
        importPublic(to.sealKey),
      ]);
      const freshKey = await publicBytes(fresh);
      const [first, second] = await Promise.all([
        agree(fresh.privateKey, theirs),
        agree(own.privateKey, theirs),
      ]);
      const names = { from: self, to: to.id, freshKey };
      const key = await keyFor({ fresh: first, lasting: second }, names, 'encrypt');
      const closed = await crypto.subtle.encrypt(GCM, key, join(numberToBytes(number), content));
      return join(freshKey, new Uint8Array(closed));
    },
    open: async (from, sealed, isHere) => {
      if (sealed.byteLength < SEAL_BYTES) return undefined;
      try {
        const freshKey = sealed.slice(0, SEAL_KEY_BYTES);
        const [fresh, theirs] = await Promise.all([importPublic(freshKey), importPublic(from.sealKey)]);
        const [first, second] = await Promise.all([
          agree(own.privateKey, fresh),
          agree(own.privateKey, theirs),
        ]);
        const names = { from: from.id, to: self, freshKey };
        const key = await keyFor({ fresh: first, lasting: second }, names, 'decrypt');
        const open = new Uint8Array(await crypto.subtle.decrypt(GCM, key, sealed.slice(SEAL_KEY_BYTES)));
        const arrival = windows.note(from.id, bytesToNumber(open), isHere);
        if (arrival === 'tooOld') return 'late';
        return { content: open.slice(NUMBER_BYTES), isRepeated: arrival === 'repeated' };
      } catch {
        return undefined;
      }
    },
  };
}

const GCM: AesGcmParams = { name: 'AES-GCM', iv: NONCE };
const X25519: { readonly name: string } = { name: 'X25519' };

async function publicBytes({ publicKey }: CryptoKeyPair): Promise<Uint8Array> {
  return new Uint8Array(await crypto.subtle.exportKey('raw', publicKey));
}

async function importPublic(bytes: Uint8Array): Promise<CryptoKey> {
  return crypto.subtle.importKey('raw', new Uint8Array(bytes), X25519, false, []);
}

/** Rejects where the result is all zero, as RFC 7748 section 6.1 asks: such a key agrees with anyone. */
async function agree(mine: CryptoKey, theirs: CryptoKey): Promise<ArrayBuffer> {
  const secret = await crypto.subtle.deriveBits({ name: 'X25519', public: theirs }, mine, 256);
  if (new Uint8Array(secret).every((byte) => byte === 0)) throw new RangeError('the key is of small order');
  return secret;
}

interface Numbers {
  readonly next: (receiver: PeerId) => number;
}

/** One more than the last for each receiver. Who was forgotten is counted on above all that were, never anew. */
function createNumbers(partiesMax: number): Numbers {
  const lastByReceiver = createBoundedMap<PeerId, number>(partiesMax);
  let forgottenMax = 0;
  return {
    next: (receiver) => {
      const number = (lastByReceiver.get(receiver) ?? forgottenMax) + 1;
      const [, forgotten] = lastByReceiver.set(receiver, number) ?? [];
      forgottenMax = Math.max(forgottenMax, forgotten ?? 0);
      return number;
    },
  };
}

interface Windows {
  /** Notes that it has come. */
  readonly note: (
    sender: PeerId,
    number: number,
    isHere: (sender: PeerId) => boolean,
  ) => 'new' | 'repeated' | 'tooOld';
}

/** Which numbers have come, as in IPsec (RFC 4303, section 3.4.3). */
function createWindows(partiesMax: number): Windows {
  const seenBySender = new Map<PeerId, { highest: number; readonly seen: Set<number> }>();
  /** Of who is here no more, if there is one: what the others wrote could be told again. */
  const forgetOne = (isHere: (sender: PeerId) => boolean): void => {
    const [idlest] = seenBySender.keys();
    const gone = [...seenBySender.keys()].find((sender) => !isHere(sender)) ?? idlest;
    if (gone !== undefined) seenBySender.delete(gone);
  };
  return {
    note: (sender, number, isHere) => {
      const window = seenBySender.get(sender) ?? { highest: 0, seen: new Set<number>() };
      seenBySender.delete(sender);
      seenBySender.set(sender, window);
      if (seenBySender.size > partiesMax) forgetOne(isHere);
      if (number <= window.highest - WINDOW) return 'tooOld';
      if (window.seen.has(number)) return 'repeated';
      window.seen.add(number);
      if (number <= window.highest) return 'new';
      window.highest = number;
      for (const old of window.seen) if (old <= number - WINDOW) window.seen.delete(old);
      return 'new';
    },
  };
}

function numberToBytes(number: number): Uint8Array {
  const bytes = new Uint8Array(NUMBER_BYTES);
  for (let at = NUMBER_BYTES - 1, rest = number; at >= 0; at--) {
    bytes[at] = rest % 256;
    rest = Math.floor(rest / 256);
  }
  return bytes;
}

function bytesToNumber(bytes: Uint8Array): number {
  return bytes.subarray(0, NUMBER_BYTES).reduce((number, byte) => number * 256 + byte, 0);
}

function utf8(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

function join(...parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(parts.reduce((length, part) => length + part.byteLength, 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.byteLength;
  }
  return bytes;
}
