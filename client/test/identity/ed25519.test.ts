import { getPublicKey, Point } from '@noble/ed25519';
import { sha512 } from '@noble/hashes/sha2.js';
import { afterEach, describe, expect, it, vi } from 'vitest';
import {
  createKeyPair,
  importVerifier,
  PUBLIC_KEY_BYTES,
  SIGNATURE_BYTES,
} from '#client/identity/ed25519.ts';

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const fromHex = (hex: string): Uint8Array =>
  Uint8Array.from(hex.match(/../g) ?? [], (two) => parseInt(two, 16));

/** RFC 8032, section 7.1, test 2. */
const RFC = {
  publicKey: fromHex('3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c'),
  message: fromHex('72'),
  signature: fromHex(
    '92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00',
  ),
};

/** The eight points of small order, and those of their encodings that are not canonical. */
const SMALL_ORDER: readonly string[] = [
  `01${'00'.repeat(31)}`,
  `ec${'ff'.repeat(30)}7f`,
  '00'.repeat(32),
  `${'00'.repeat(31)}80`,
  '26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05',
  '26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85',
  'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a',
  'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa',
  `01${'00'.repeat(30)}80`,
  `ec${'ff'.repeat(31)}`,
  `ed${'ff'.repeat(30)}7f`,
  `ed${'ff'.repeat(31)}`,
  `ee${'ff'.repeat(30)}7f`,
  `ee${'ff'.repeat(31)}`,
];

/**
 * A key that is an honest one plus a point of order eight, and signatures by it whose equation holds times eight: as it
 * stands it holds where k is a multiple of eight.
 */
function mixedKey(): {
  readonly order: bigint;
  readonly sign: (text: string) => { publicKey: Uint8Array; signature: Uint8Array; k: bigint };
} {
  const { n } = Point.CURVE();
  const [secret, once] = [123_456_789n, 987_654_321n];
  const torsion = Point.fromHex('26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05', true);
  const publicKey = Point.BASE.multiply(secret).add(torsion).toBytes();
  const r = Point.BASE.multiply(once).toBytes();
  const numberOf = (little: Uint8Array): bigint =>
    BigInt(`0x${Buffer.from(little.toReversed()).toString('hex')}`);
  return {
    order: 8n,
    sign: (text) => {
      const k = numberOf(sha512(Uint8Array.of(...r, ...publicKey, ...bytes(text)))) % n;
      const s = (once + k * secret) % n;
      const big = fromHex(s.toString(16).padStart(64, '0'));
      return { publicKey, signature: Uint8Array.of(...r, ...big.toReversed()), k };
    },
  };
}

/** WebCrypto as of a browser that does not know Ed25519. */
function withoutEd25519(): void {
  const refuse = (): never => {
    throw new DOMException('Unrecognized name.', 'NotSupportedError');
  };
  vi.spyOn(crypto.subtle, 'importKey').mockImplementation(async () => refuse());
}

afterEach(() => vi.restoreAllMocks());

describe.each([
  ['by WebCrypto', () => undefined],
  ['by JavaScript, where WebCrypto lacks it', withoutEd25519],
])('Ed25519 %s', (_name, prepare) => {
  it('signs what its public key verifies, and nothing else', async () => {
    prepare();
    const pair = createKeyPair();
    const signature = await pair.sign(bytes('hello'));
    const verify = await importVerifier(pair.publicKey);
    const verifyOther = await importVerifier(createKeyPair().publicKey);
    expect(pair.publicKey).toHaveLength(PUBLIC_KEY_BYTES);
    expect(signature).toHaveLength(SIGNATURE_BYTES);
    expect(await verify(signature, bytes('hello'))).toBe(true);
    expect(await verify(signature, bytes('hellO'))).toBe(false);
    expect(
      await verify(
        signature.map((byte, at) => (at === 5 ? byte ^ 1 : byte)),
        bytes('hello'),
      ),
    ).toBe(false);
    expect(await verify(signature.subarray(1), bytes('hello'))).toBe(false);
    expect(await verifyOther(signature, bytes('hello'))).toBe(false);
  });

  it.each(SMALL_ORDER)(
    'believes no key of small order, nor a signature with such an R: %s',
    async (point) => {
      prepare();
      const verifyAny = await importVerifier(fromHex(point));
      // R the neutral element, S zero: true of every message for the neutral key, and of one in eight for the others.
      const forged = Uint8Array.of(1, ...new Uint8Array(63));
      const answers = await Promise.all(
        Array.from({ length: 32 }, (_, at) => verifyAny(forged, bytes(`message ${at}`))),
      );
      expect(answers).not.toContain(true);
      const verify = await importVerifier(RFC.publicKey);
      expect(await verify(Uint8Array.of(...fromHex(point), ...new Uint8Array(32)), RFC.message)).toBe(false);
    },
  );

  it('believes a key of mixed order only where the equation holds as it stands', async () => {
    prepare();
    const { order, sign } = mixedKey();
    const verify = await importVerifier(sign('0').publicKey);
    const outcomes = await Promise.all(
      Array.from({ length: 24 }, async (_, at) => {
        const { signature, k } = sign(`${at}`);
        return [await verify(signature, bytes(`${at}`)), k % order === 0n] as const;
      }),
    );
    expect(outcomes.map(([believed]) => believed)).toEqual(outcomes.map(([, holds]) => holds));
    // Times eight, all of them hold.
    expect(new Set(outcomes.map(([believed]) => believed))).toEqual(new Set([true, false]));
  });

  it('agrees with the vectors of the standard', async () => {
    prepare();
    const verify = await importVerifier(RFC.publicKey);
    expect(await verify(RFC.signature, RFC.message)).toBe(true);
  });

  it('verifies nothing by what is no key', async () => {
    prepare();
    for (const publicKey of [new Uint8Array(), new Uint8Array(31), new Uint8Array(32).fill(0xff)]) {
      const verify = await importVerifier(publicKey);
      expect(await verify(RFC.signature, RFC.message)).toBe(false);
    }
  });
});

it('has the public half that others compute of the same seed', () => {
  for (let nth = 0; nth < 40; nth++) {
    const seed = new Uint8Array(sha512(Uint8Array.of(nth)).subarray(0, 32));
    const expected = getPublicKey(seed);
    expect(createKeyPair(seed).publicKey).toEqual(expected);
  }
});

describe('a key pair', () => {
  it('is another one each time, and cannot be taken out of WebCrypto', async () => {
    const importKey = vi.spyOn(crypto.subtle, 'importKey');
    const pairs = [createKeyPair(), createKeyPair()];
    await Promise.all(pairs.map((pair) => pair.sign(bytes('x'))));
    expect(pairs[0]?.publicKey).not.toEqual(pairs[1]?.publicKey);
    const made = await Promise.all(importKey.mock.results.map(({ value }) => value as Promise<CryptoKey>));
    expect(made.map(({ type, extractable }) => ({ type, extractable }))).toEqual(
      pairs.map(() => ({ type: 'private', extractable: false })),
    );
  });
});
