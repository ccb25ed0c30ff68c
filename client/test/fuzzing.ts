/** What both files of fuzzing in this folder make their good inputs from. */
import { createKeyPair, type KeyPair } from '#client/identity/ed25519.ts';
import { createHandshake } from '#client/identity/handshake.ts';
import { keyToPeerId } from '#client/identity/member-id.ts';

export const SEED: number = 20_261_130;

export const toText = (bytes: Uint8Array): string => Buffer.from(bytes).toString('latin1');
export const toBytes = (text: string): Uint8Array => new Uint8Array(Buffer.from(text, 'latin1'));
export const bytesOf = (length: number, first: number): Uint8Array<ArrayBuffer> =>
  Uint8Array.from({ length }, (_, at) => (first + 37 * at) & 0xff);

/** Of the other end, and of this one. */
export const keys: KeyPair = createKeyPair(bytesOf(32, 1));
export const own: KeyPair = createKeyPair(bytesOf(32, 2));

export const greet = (): ReturnType<typeof createHandshake> =>
  createHandshake({
    peer: keyToPeerId(keys.publicKey),
    publicKey: own.publicKey,
    nonce: bytesOf(32, 3),
  });
