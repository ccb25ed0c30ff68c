import { describe, expect, test } from 'vitest';
import { epoch } from '#shared/base/ids.ts';
import { bytesToPublicKey } from '#shared/base/proof.ts';
import { instant, type Instant } from '#shared/base/time.ts';
import { createKeyPair, importVerifier, type KeyPair, type Verify } from '#client/identity/ed25519.ts';
import { keyToPeerId } from '#client/identity/member-id.ts';
import { createVerifier, verifierLimits, type Signed, type Verifier } from '#client/identity/verifier.ts';

const text = (what: string): Uint8Array => new TextEncoder().encode(what);

async function sign(keys: KeyPair, bytes: Uint8Array): Promise<Signed> {
  const signature = await keys.sign(bytes);
  return {
    bytes,
    proof: { key: bytesToPublicKey(keys.publicKey), epoch: epoch(1), seq: 1, of: 1, signature },
  };
}

interface Setup {
  readonly verifier: Verifier;
  readonly counts: { imported: number; verified: number };
}

/** The real thing, counted. */
function setUp(limits: Partial<typeof verifierLimits> = {}, nowMs: () => number = () => 0): Setup {
  const counts = { imported: 0, verified: 0 };
  const importKey = async (key: Uint8Array): Promise<Verify> => {
    counts.imported += 1;
    const verify = await importVerifier(key);
    return (signature, bytes) => {
      counts.verified += 1;
      return verify(signature, bytes);
    };
  };
  const now = (): Instant => instant(nowMs());
  return { verifier: createVerifier(now, { ...verifierLimits, ...limits }, importKey), counts };
}

describe('a verifier', () => {
  test('knows whose key it is by the hash, and imports none for it', () => {
    const { verifier, counts } = setUp();
    const [ours, theirs] = [createKeyPair(), createKeyPair()];
    const key = bytesToPublicKey(ours.publicKey);
    expect(verifier.isKeyOf(key, keyToPeerId(ours.publicKey))).toBe(true);
    expect(verifier.isKeyOf(key, keyToPeerId(theirs.publicKey))).toBe(false);
    expect(counts.imported).toBe(0);
  });

  test('finds good what was signed, and nothing else', async () => {
    const { verifier } = setUp();
    const good = await sign(createKeyPair(), text('said'));
    const other = await sign(createKeyPair(), text('said'));
    const bad: Signed[] = [
      { ...good, bytes: text('sais') },
      { ...good, proof: { ...good.proof, key: other.proof.key } },
      { ...good, proof: { ...good.proof, signature: other.proof.signature } },
      { ...good, proof: { ...good.proof, signature: new Uint8Array(64) } },
    ];
    expect(await Promise.all([good, ...bad].map(verifier.verify))).toEqual([true, ...bad.map(() => false)]);
    expect([good, ...bad].map(verifier.isGood)).toEqual([true, ...bad.map(() => false)]);
  });

  test('remembers what was good, and not what was bad', async () => {
    const { verifier, counts } = setUp();
    const good = await sign(createKeyPair(), text('said'));
    const bad = { ...good, bytes: text('never said') };
    for (const each of [good, { ...good, bytes: good.bytes.slice() }, bad, bad]) await verifier.verify(each);
    expect(counts).toEqual({ imported: 1, verified: 3 });
    expect([verifier.isFree(good), verifier.isFree(bad)]).toEqual([true, false]);
  });

  test('forgets what was good two minutes ago, when something else is', async () => {
    let nowMs = 0;
    const { verifier, counts } = setUp({}, () => nowMs);
    const keys = createKeyPair();
    const [first, second, third] = [
      await sign(keys, text('first')),
      await sign(keys, text('second')),
      await sign(keys, text('third')),
    ];
    await verifier.verify(first);
    nowMs = 60_000;
    await verifier.verify(second);
    nowMs = 120_001;
    await verifier.verify(third);
    expect([first, second, third].map(verifier.isGood)).toEqual([false, true, true]);
    expect(await verifier.verify(first)).toBe(true);
    expect(counts).toEqual({ imported: 1, verified: 4 });
  });

  test('is not taken in by a good signature under another statement or key, good before or under way', async () => {
    const { verifier } = setUp();
    const [ours, theirs] = [createKeyPair(), createKeyPair()];
    const good = await sign(ours, text('said'));
    const lies: Signed[] = [
      { ...good, bytes: text('else') },
      { ...good, proof: { ...good.proof, key: bytesToPublicKey(theirs.publicKey) } },
    ];
    const asked = [good, ...lies].map((one) => verifier.verify(one));
    expect(await Promise.all(asked)).toEqual([true, false, false]);
    expect([await verifier.verify(lies[0]!), verifier.isGood(good)]).toEqual([false, true]);
  });

  test('verifies once what comes twice at once', async () => {
    const { verifier, counts } = setUp();
    const good = await sign(createKeyPair(), text('said'));
    const asked = [verifier.verify(good), verifier.verify({ ...good, bytes: good.bytes.slice() })];
    expect([verifier.isFree(good), verifier.isGood(good)]).toEqual([true, false]);
    expect([await Promise.all(asked), counts.verified]).toEqual([[true, true], 1]);
  });

  test('trusts what this member signed itself', async () => {
    const { verifier, counts } = setUp();
    const own = await sign(createKeyPair(), text('said'));
    verifier.trust(own);
    expect([verifier.isGood(own), await verifier.verify(own), counts.verified]).toEqual([true, true, 0]);
  });

  test.each([
    ['signatures', { signaturesMax: 2 }],
    ['bytes of statements', { statementBytesMax: 10 }],
  ])('forgets the oldest beyond its limit of %s', async (_what, limits) => {
    const { verifier } = setUp(limits);
    const keys = createKeyPair();
    const three = await Promise.all(['said', 'more', 'last'].map((what) => sign(keys, text(what))));
    for (const each of three) await verifier.verify(each);
    expect(three.map(verifier.isGood)).toEqual([false, true, true]);
  });

  test('holds no more keys than its limit, and imports again what it forgot', async () => {
    const { verifier, counts } = setUp({ keysMax: 1, signaturesMax: 1 });
    const [first, second] = await Promise.all([1, 2].map(() => sign(createKeyPair(), text('said'))));
    for (const each of [first!, second!, first!]) expect(await verifier.verify(each)).toBe(true);
    expect(counts.imported).toBe(3);
  });

  test('finds nothing good where the platform fails', async () => {
    const verifier = createVerifier(
      () => instant(0),
      verifierLimits,
      async () => async () => {
        throw new DOMException('The operation failed.', 'OperationError');
      },
    );
    expect(await verifier.verify(await sign(createKeyPair(), text('said')))).toBe(false);
  });
});
