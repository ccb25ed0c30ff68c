import { instant } from '#shared/base/time.ts';
import { describe, expect, test } from 'vitest';
import type { PeerId } from '#shared/base/ids.ts';
import { bytesToReceipt, RECEIPT_BYTES } from '#shared/base/receipt.ts';
import { ok } from '#shared/base/result.ts';
import type { IdentityRecord } from '#shared/membership/messages.ts';
import type { LinkMessage } from '#shared/mesh/messages.ts';
import { directToBytes } from '#shared/wire/direct-codec.ts';
import { createSealer, SEAL_KEY_BYTES } from '#client/identity/seal.ts';
import { createVerifier } from '#client/identity/verifier.ts';
import { cryptoIdle } from '../crypto-idle.ts';
import { createProver, type Prover } from '../prover.ts';
import { believing, neighbor, type Setup, setUp, withUser, identityOf } from './doors-setup.ts';

describe('a card that names a user', () => {
  const table = (...records: readonly IdentityRecord[]): LinkMessage => ({
    kind: 'delta',
    table: 'roster',
    records,
  });

  test('is verified once, however often it comes, and though another of the same member comes between', async () => {
    const verifier = believing();
    const { told, openIn } = setUp({ verifier });
    const author = createProver();
    const [first, second] = [await withUser(author, 1), await withUser(author, 2)];
    const door = openIn();
    for (let round = 0; round < 20; round++) {
      const record = round % 2 === 0 ? first : second;
      door.take(ok(table(...Array.from({ length: 100 }, () => record))), 100);
      await cryptoIdle();
    }
    expect(told).toEqual(Array.from({ length: 20 }, () => 'delta'));
    // Both records, and both users.
    expect(verifier.verified()).toBe(4);
  });

  test('is paid for like all else that is verified', async () => {
    const { told, openIn } = setUp({ limits: { verifications: { burst: 3, perSecond: 0 } } });
    const door = openIn();
    for (let nth = 0; nth < 2; nth++) {
      door.take(ok(table(await withUser(createProver(), 1))), 100);
      await cryptoIdle();
    }
    expect(told).toEqual(['delta', 'verify-quota']);
  });

  test('who has not signed is refused, and is as bad as a bad signature', async () => {
    const { told, openIn } = setUp({ limits: { badSignatures: { burst: 1, perSecond: 0 } } });
    const [liar, honest] = [createProver(), createProver()];
    const door = openIn();
    const good = await withUser(honest, 1);
    door.take(ok(table(good, await withUser(liar, 1, { signs: 'another' }))), 100);
    door.take(ok(table(good)), 100);
    await cryptoIdle();
    door.take(ok(table(await withUser(createProver(), 1))), 100);
    await cryptoIdle();
    // What was found good before costs nothing.
    expect(told).toEqual(['bad-card', 'delta', 'too-many-forgeries']);
  });
});

describe('letters', () => {
  const letterOf = (origin: PeerId, to: PeerId, bytes: Uint8Array): LinkMessage => ({
    kind: 'packet',
    origin,
    to,
    id: 1,
    ttl: 3,
    delivery: 'acked',
    flooded: false,
    serverMay: false,
    route: [],
    trail: [neighbor],
    payload: { kind: 'sealed', bytes },
  });
  const receipt = bytesToReceipt(new Uint8Array(RECEIPT_BYTES));
  const content = directToBytes({ kind: 'direct', topic: 'chat', data: 'psst', receipt });

  interface Post extends Setup {
    readonly write: (to?: PeerId) => Promise<LinkMessage>;
    readonly author: Prover;
  }

  /** A member who writes to us, and is on our roster as soon as what came through says so. */
  async function setUpPost(
    options: Parameters<typeof setUp>[0] = {},
    isListed: (told: Setup['told']) => boolean = () => true,
  ): Promise<Post> {
    const author = createProver();
    const self = createProver();
    const [theirs, own] = await Promise.all([createSealer(author.id, 'test'), createSealer(self.id, 'test')]);
    const record = identityOf(author, Uint8Array.of(1, ...theirs.sealKey));
    const setup: Setup = setUp({
      ...options,
      self,
      sealer: own,
      identityOf: (id) => (id === author.id && isListed(setup.told) ? record : undefined),
    });
    const write = async (): Promise<LinkMessage> =>
      letterOf(author.id, self.id, await theirs.seal({ id: self.id, sealKey: own.sealKey }, content));
    return { ...setup, author, write };
  }

  test('of a member are opened though thousands are made up after it', async () => {
    const all = { ...createVerifier(() => instant(0)), isKeyOf: () => true, isGood: () => true };
    const { told, openIn, write, author } = await setUpPost({ verifier: all });
    const some = await author.prove({ kind: 'claims', claims: [identityOf(author, new Uint8Array())] });
    const [real] = some.kind === 'claims' ? some.claims : [];
    if (real?.kind !== 'identity') throw new Error('no identity');
    const door = openIn();
    for (let nth = 0; nth < 4_200; nth++) {
      const id = nth.toString(16).padStart(32, '0') as PeerId;
      const card = Uint8Array.of(1, ...new Uint8Array(SEAL_KEY_BYTES).fill(nth));
      door.take(ok({ kind: 'claims', claims: [{ ...real, id, card }] }), 100);
    }
    await cryptoIdle();
    expect(told.splice(0).length).toBe(4_200);
    door.take(ok(await write()), 100);
    await cryptoIdle();
    expect(told).toEqual(['packet']);
  });

  test('are opened where the card of their writer is still being verified as they come', async () => {
    const { told, openIn, write, author } = await setUpPost({}, (through) => through.includes('claims'));
    const door = openIn();
    const introduction = await author.prove({
      kind: 'claims',
      claims: [identityOf(author, new Uint8Array())],
    });
    const [before, after] = [await write(), await write()];
    door.take(ok(before), 100);
    door.take(ok(introduction), 100);
    door.take(ok(after), 100);
    await cryptoIdle();
    expect(told).toEqual(['counted not-opened', 'claims', 'packet']);
  });

  test('are opened within a budget, which fills again', async () => {
    const { told, openIn, write, clock } = await setUpPost({
      limits: { letters: { burst: 3, perSecond: 1 } },
    });
    const door = openIn();
    const letters = await Promise.all(Array.from({ length: 6 }, () => write()));
    for (const letter of letters.slice(0, 5)) door.take(ok(letter), 100);
    await cryptoIdle();
    expect(told).toEqual(['packet', 'packet', 'packet', 'counted letter-quota', 'counted letter-quota']);
    await clock.advance(1_000);
    door.take(ok(letters[5]!), 100);
    await cryptoIdle();
    expect(told.at(-1)).toBe('packet');
    // Another link has its own.
    openIn().take(ok(letters[3]!), 100);
    await cryptoIdle();
    expect(told.slice(5)).toEqual(['packet', 'packet']);
  });

  test('that cannot be opened cost their name what that link brings in it, and no other link', async () => {
    const { told, openIn, write, author } = await setUpPost({
      limits: { badLetters: { burst: 2, perSecond: 0 } },
    });
    const [hostile, honest] = [openIn(), openIn()];
    const letter = await write();
    if (letter.kind !== 'packet') throw new Error('no packet');
    for (let nth = 0; nth < 2; nth++) {
      hostile.take(ok(letterOf(author.id, letter.to, new Uint8Array(80))), 100);
      await cryptoIdle();
    }
    hostile.take(ok(letter), 100);
    await cryptoIdle();
    expect(told.splice(0)).toEqual(Array.from({ length: 3 }, () => 'counted not-opened'));
    // The same link brings what came to it by another.
    hostile.take(ok({ ...letter, trail: [createProver().id, neighbor] }), 100);
    await cryptoIdle();
    expect(told.splice(0)).toEqual(['packet']);
    honest.take(ok(letter), 100);
    await cryptoIdle();
    // It was opened before, and is acknowledged once more.
    expect(told).toEqual(['packet']);
  });
});
