import { describe, expect, test } from 'vitest';
import { epoch, incarnation } from '#shared/base/ids.ts';
import { bytesToPublicKey } from '#shared/base/proof.ts';
import type { IdentityRecord } from '#shared/membership/messages.ts';
import { farewellOf, type Unproven } from '#shared/wire/statement.ts';
import { createKeyPair, importVerifier, type KeyPair } from '#client/identity/ed25519.ts';
import { keyToPeerId } from '#client/identity/member-id.ts';
import { createSigner, type Signer } from '#client/identity/signer.ts';
import type { Signed } from '#client/identity/verifier.ts';

interface Setup {
  readonly signer: Signer;
  readonly keys: KeyPair;
  readonly signed: Signed[];
  /** Signatures that were asked of the key. */
  readonly count: () => number;
}

function setUp(): Setup {
  const keys = createKeyPair();
  const signed: Signed[] = [];
  let count = 0;
  const counted: KeyPair = {
    ...keys,
    sign: (bytes) => {
      count += 1;
      return keys.sign(bytes);
    },
  };
  const signer = createSigner({ keys: counted, topic: () => 'room', onSigned: (one) => signed.push(one) });
  return { signer, keys, signed, count: () => count };
}

const said = (source: object, what: string, seq: number = 0): Unproven => ({
  source,
  epoch: epoch(seq === 0 ? 0 : 1),
  seq,
  of: 1,
  bytes: () => new TextEncoder().encode(`${what} ${seq}`),
});

const identityOf = ({ publicKey }: KeyPair, raised: number = 0): IdentityRecord => ({
  kind: 'identity',
  id: keyToPeerId(publicKey),
  epoch: epoch(1),
  incarnation: incarnation(raised),
  left: false,
  wireVersion: 1,
  card: new Uint8Array(),
  proof: null,
});

describe('a signer', () => {
  test('proves a thing by the key and at the place that it names', async () => {
    const { signer, keys, signed } = setUp();
    const thing = said({}, 'thing', 7);
    const proof = await signer.sign(thing);
    expect(proof).toMatchObject({ key: bytesToPublicKey(keys.publicKey), epoch: 1, seq: 7, of: 1 });
    const verify = await importVerifier(keys.publicKey);
    expect(await verify(proof.signature, thing.bytes())).toBe(true);
    expect(signed).toEqual([{ proof, bytes: thing.bytes() }]);
  });

  test('signs each thing once per place: while it is under way, and when it is done without a wait', async () => {
    const { signer, count } = setUp();
    const record = {};
    const under = [signer.sign(said(record, 'thing')), signer.sign(said(record, 'thing'))];
    const proof = await under[0]!;
    expect(await under[1]!).toBe(proof);
    expect(signer.sign(said(record, 'thing'))).toBe(proof);
    expect(count()).toBe(1);
    const placed = await signer.sign(said(record, 'thing', 5));
    expect(signer.sign(said(record, 'thing'))).toBe(proof);
    expect(signer.sign(said(record, 'thing', 5))).toBe(placed);
    expect(count()).toBe(2);
  });

  test('holds a few places of one thing only', async () => {
    const { signer, count } = setUp();
    const record = {};
    for (let seq = 1; seq <= 5; seq++) await signer.sign(said(record, 'thing', seq));
    for (let seq = 5; seq >= 2; seq--) await signer.sign(said(record, 'thing', seq));
    expect(count()).toBe(5);
    await signer.sign(said(record, 'thing', 1));
    expect(count()).toBe(6);
  });

  test('has the farewell of an identity ready before it is said, whatever object says it', async () => {
    const { signer, keys, count } = setUp();
    const identity = identityOf(keys);
    signer.foresee(identity);
    signer.foresee(identity);
    const farewell = (): Unproven => farewellOf('room', { ...identity });
    const proof = await signer.sign(farewell());
    expect(signer.sign(farewell())).toBe(proof);
    expect(count()).toBe(1);
  });

  test('signs another farewell when the identity is raised', async () => {
    const { signer, keys, count } = setUp();
    signer.foresee(identityOf(keys));
    signer.foresee(identityOf(keys, 1));
    const proof = await signer.sign(farewellOf('room', identityOf(keys, 1)));
    const verify = await importVerifier(keys.publicKey);
    expect(await verify(proof.signature, farewellOf('room', identityOf(keys, 1)).bytes())).toBe(true);
    expect(count()).toBe(2);
  });

  test('tells whoever waits that it cannot sign, and tries again when asked again', async () => {
    const keys = createKeyPair();
    let works = false;
    const signer = createSigner({
      keys: { ...keys, sign: async (bytes) => (works ? keys.sign(bytes) : Promise.reject(new Error('no'))) },
      topic: () => 'room',
      onSigned: () => {},
    });
    const record = {};
    await expect(signer.sign(said(record, 'thing'))).rejects.toThrow('no');
    works = true;
    expect(await signer.sign(said(record, 'thing'))).toMatchObject({ seq: 0 });
  });
});
