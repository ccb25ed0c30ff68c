/** Both doors of a link: what waits for what, what is refused, and what it may cost. */
import { describe, expect, test } from 'vitest';
import { epoch, incarnation } from '#shared/base/ids.ts';
import { err, ok } from '#shared/base/result.ts';
import type { IdentityRecord } from '#shared/membership/messages.ts';
import type { LinkMessage } from '#shared/mesh/messages.ts';
import { createKeyPair, type KeyPair } from '#client/identity/ed25519.ts';
import { doorInLimits } from '#client/shell/door-in.ts';
import { createDoors } from '#client/shell/doors.ts';
import { cryptoIdle } from '../crypto-idle.ts';
import { createProver, type Prover } from '../prover.ts';
import { createTestClock } from '../test-clock.ts';
import {
  believing,
  volatile,
  settled,
  said,
  forged,
  setUp,
  manualVerifier,
  counting,
  recordOf,
} from './doors-setup.ts';

describe('the way in', () => {
  test('is open at once to what nobody answers for, and to what was found good before', async () => {
    const { told, openIn } = setUp();
    const proven = await createProver().prove(said(createProver(), 1));
    const author = createProver();
    const good = await author.prove(said(author, 1));
    expect(proven).toMatchObject({ proof: null });
    const door = openIn();
    door.take(ok(volatile), 10);
    expect(told).toEqual(['prune']);
    door.take(ok(good), 10);
    door.take(ok(volatile), 10);
    expect(told).toEqual(['prune']);
    await cryptoIdle();
    expect(told).toEqual(['prune', 1, 'prune']);
    openIn().take(ok(good), 10);
    expect(told).toEqual(['prune', 1, 'prune', 1]);
  });

  test('keeps the order of frames, though the last is verified first', async () => {
    const verifier = manualVerifier();
    const { told, openIn } = setUp({ verifier });
    const author = createProver();
    const door = openIn();
    for (const seq of [1, 2, 3]) {
      door.take(ok(await author.prove(said(author, seq))), 10);
      door.take(ok(volatile), 10);
    }
    door.take(err('replayed'), 10);
    await settled();
    expect(verifier.asked).toHaveLength(3);
    for (const answer of verifier.asked.toReversed()) {
      expect(told).toEqual([]);
      answer(true);
      await settled();
    }
    expect(told).toEqual([1, 'prune', 2, 'prune', 3, 'prune', 'replayed']);
  });

  test('of one link is not held up by another', async () => {
    const verifier = manualVerifier();
    const { told, openIn } = setUp({ verifier });
    const author = createProver();
    const [slow, quick] = [openIn(), openIn()];
    slow.take(ok(await author.prove(said(author, 1))), 10);
    quick.take(ok(volatile), 10);
    expect(told).toEqual(['prune']);
  });

  test('refuses what is unsigned, of a wrong author or misplaced without verifying anything', async () => {
    const verifier = counting();
    const { told, openIn } = setUp({ verifier });
    const [author, other] = [createProver(), createProver()];
    const good = await author.prove(said(author, 1));
    if (good.kind !== 'gossip') throw new Error('no gossip');
    const door = openIn();
    door.take(ok(said(author, 1)), 10);
    door.take(ok({ ...good, origin: other.id }), 10);
    door.take(ok({ ...good, seq: 2 }), 10);
    door.take(ok({ ...good, epoch: epoch(2) }), 10);
    expect(told).toEqual(['unsigned', 'wrong-author', 'misplaced-proof', 'misplaced-proof']);
    expect(verifier.asked).toEqual([]);
  });

  test('refuses a bad signature, and takes what follows', async () => {
    const { told, openIn } = setUp();
    const author = createProver();
    const good = await author.prove(said(author, 1));
    if (good.kind !== 'gossip') throw new Error('no gossip');
    const door = openIn();
    door.take(ok({ ...good, payload: { kind: 'topic', topic: 'chat', data: 'else' } }), 10);
    door.take(ok(volatile), 10);
    door.take(ok(good), 10);
    await cryptoIdle();
    expect(told).toEqual(['bad-signature', 'prune', 1]);
  });

  test('verifies once what two links bring at the same time', async () => {
    const verifier = believing();
    const { told, openIn } = setUp({ verifier });
    const author = createProver();
    const good = await author.prove(said(author, 1));
    for (const door of [openIn(), openIn(), openIn()]) door.take(ok(good), 10);
    await cryptoIdle();
    expect(told).toEqual([1, 1, 1]);
    expect(verifier.verified()).toBe(1);
  });

  test('is given up when too much waits', async () => {
    const { openIn } = setUp({
      verifier: manualVerifier(),
      limits: { waiting: { stepsMax: 3, bytesMax: 50 } },
    });
    const author = createProver();
    const [many, much] = [openIn(), openIn()];
    const good = await author.prove(said(author, 1));
    const slow = await author.prove(said(author, 2));
    expect([many.take(ok(good), 1), many.take(ok(slow), 1), many.take(ok(volatile), 1)]).toEqual([
      true,
      true,
      true,
    ]);
    expect(many.take(ok(volatile), 1)).toBe(false);
    expect([much.take(ok(good), 40), much.take(ok(volatile), 11)]).toEqual([true, false]);
  });

  test('tells nothing once it was dropped, and verifies nothing more', async () => {
    const verifier = manualVerifier();
    const { told, openIn } = setUp({ verifier, limits: { underWayMax: 1 } });
    const author = createProver();
    const door = openIn();
    for (const seq of [1, 2, 3]) door.take(ok(await author.prove(said(author, seq))), 10);
    door.drop();
    verifier.asked[0]!(true);
    await settled();
    expect([told, verifier.asked.length]).toEqual([[], 1]);
  });

  test('tells its end when all that came is through', async () => {
    const { told, openIn } = setUp();
    const author = createProver();
    const door = openIn();
    door.take(ok(await author.prove(said(author, 1))), 10);
    door.end(() => told.push('end'));
    expect(told).toEqual([]);
    await cryptoIdle();
    expect(told).toEqual([1, 'end']);
  });
});

describe('a flood of verifications', () => {
  test('of bad signatures ends after a few; what needs none, and other links, go on', async () => {
    const verifier = counting();
    const { told, openIn } = setUp({ verifier });
    const author = createProver();
    const first = await author.prove(said(author, 1));
    const good = await author.prove(said(author, 6_000));
    const [hostile, honest] = [openIn(), openIn()];
    for (let seq = 1; seq <= 5_000; seq++) hostile.take(ok(forged(author, first, seq)), 200);
    hostile.take(ok(volatile), 10);
    honest.take(ok(good), 10);
    await cryptoIdle();
    expect(told.filter((what) => what === 'prune' || what === 6_000).length).toBe(2);
    const { badSignatures, underWayMax } = doorInLimits;
    expect(verifier.asked.length).toBeLessThanOrEqual(badSignatures.burst + underWayMax + 1);
    expect(told.filter((what) => what === 'bad-signature').length).toBe(verifier.asked.length - 1);
    expect(told.filter((what) => what === 'too-many-forgeries').length).toBe(5_001 - verifier.asked.length);
  });

  test('is not what another link waits for: it is asked after no more than are under way, and told first', async () => {
    const verifier = manualVerifier();
    const { told, openIn } = setUp({ verifier });
    const author = createProver();
    const first = await author.prove(said(author, 1));
    const good = await author.prove(said(author, 6_000));
    const [hostile, honest] = [openIn(), openIn()];
    for (let seq = 1; seq <= 5_000; seq++) hostile.take(ok(forged(author, first, seq)), 200);
    honest.take(ok(good), 10);
    await settled();
    expect(verifier.asked).toHaveLength(doorInLimits.underWayMax + 1);
    verifier.asked.at(-1)?.(true);
    await settled();
    expect(told).toEqual([6_000]);
  });

  test('of good ones keeps within the budget, which fills again', async () => {
    const verifier = counting();
    const { told, openIn, clock } = setUp({
      verifier,
      limits: { verifications: { burst: 10, perSecond: 5 } },
    });
    const author = createProver();
    const door = openIn();
    for (let seq = 1; seq <= 15; seq++) door.take(ok(await author.prove(said(author, seq))), 200);
    await cryptoIdle();
    expect(told.length).toBe(15);
    expect(told).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, ...Array.from({ length: 5 }, () => 'verify-quota')]);
    await clock.advance(1_000);
    for (let seq = 16; seq <= 22; seq++) door.take(ok(await author.prove(said(author, seq))), 200);
    await cryptoIdle();
    expect(told.length).toBe(22);
    expect(told.slice(15)).toEqual([16, 17, 18, 19, 20, 'verify-quota', 'verify-quota']);
    expect(verifier.asked).toHaveLength(15);
  });

  test('is not what another link has verified or is verifying: that costs nothing', async () => {
    const { told, openIn } = setUp({ limits: { verifications: { burst: 1, perSecond: 1 } } });
    const author = createProver();
    const [first, second] = [openIn(), openIn()];
    const frames = [await author.prove(said(author, 1)), await author.prove(said(author, 2))];
    first.take(ok(frames[0]!), 10);
    second.take(ok(frames[0]!), 10);
    second.take(ok(frames[1]!), 10);
    await cryptoIdle();
    expect(told.length).toBe(3);
    expect(told.toSorted((x, y) => Number(x) - Number(y))).toEqual([1, 1, 2]);
  });

  test('in one frame has no more under way than any other', async () => {
    const verifier = manualVerifier();
    const { told, openIn } = setUp({ verifier, limits: { underWayMax: 2 } });
    const authors = Array.from({ length: 5 }, () => createProver());
    let message: LinkMessage = {
      kind: 'claims',
      claims: authors.map(({ id }) => ({
        kind: 'identity',
        id,
        epoch: epoch(1),
        incarnation: incarnation(0),
        left: false,
        wireVersion: 1,
        card: new Uint8Array(),
        proof: null,
      })),
    };
    for (const author of authors) message = await author.prove(message);
    openIn().take(ok(message), 10);
    for (const under of [2, 4]) {
      await settled();
      expect(verifier.asked).toHaveLength(under);
      verifier.asked.slice(-2).forEach((answer) => answer(true));
    }
    await settled();
    expect([verifier.asked.length, told]).toEqual([5, []]);
    verifier.asked[4]!(false);
    await settled();
    expect(told).toEqual(['bad-signature']);
  });
});

describe('the way out', () => {
  /** A key that signs when a test says so. */
  function manualKeys(): KeyPair & { readonly asked: (() => Promise<void>)[] } {
    const keys = createKeyPair();
    const asked: (() => Promise<void>)[] = [];
    return {
      ...keys,
      asked,
      sign: (bytes) => new Promise((resolve) => asked.push(async () => resolve(await keys.sign(bytes)))),
    };
  }

  const outOf = (prover: Prover): ReturnType<ReturnType<typeof createDoors>['openOut']> =>
    createDoors({
      self: prover.id,
      keys: prover.keys,
      topic: () => 'test',
      sealer: () => undefined,
      identityOf: () => undefined,
      now: () => createTestClock().now().instant,
    }).openOut();

  test('is open at once to what is signed, to what is of others and to what nobody answers for', async () => {
    const [self, other] = [createProver(), createProver()];
    const sent: LinkMessage[] = [];
    const door = outOf(self);
    const theirs = await other.prove(said(other, 1));
    for (const message of [volatile, theirs]) door.take(message, (what) => sent.push(what));
    expect(sent).toEqual([volatile, theirs]);
    const own = said(self, 1);
    door.take(own, (what) => sent.push(what));
    expect(sent).toHaveLength(2);
    await cryptoIdle();
    expect(sent).toHaveLength(3);
    door.take(own, (what) => sent.push(what));
    expect(sent[3]).toEqual(sent[2]);
    expect(sent[3]).toEqual(await self.prove(own));
  });

  test('keeps the order of frames, though the last is signed first; a flush leaves out what is not', async () => {
    const keys = manualKeys();
    const self = createProver('test', keys);
    const sent: unknown[] = [];
    const door = outOf(self);
    const note = (what: LinkMessage): void => void sent.push(what.kind === 'gossip' ? what.seq : what.kind);
    for (const message of [said(self, 1), volatile, said(self, 2), said(self, 3), volatile])
      door.take(message, note);
    await keys.asked[1]!();
    await settled();
    expect(sent).toEqual([]);
    await keys.asked[0]!();
    await settled();
    expect(sent).toEqual([1, 'prune', 2]);
    door.end(() => sent.push('end'));
    door.flush();
    expect(sent).toEqual([1, 'prune', 2, 'prune', 'end']);
    await keys.asked[2]!();
    await settled();
    expect(sent).toHaveLength(5);
  });

  test.each<[string, (identity: IdentityRecord) => LinkMessage]>([
    ['a greeting', (identity) => ({ kind: 'hello', identity, presence: [] })],
    ['a broadcast', (identity) => recordOf(identity)],
    ['claims', (identity) => ({ kind: 'claims', claims: [identity] })],
    ['a table', (identity) => ({ kind: 'delta', table: 'roster', records: [identity] })],
  ])('has the farewell signed when the identity was said in %s', async (_what, say) => {
    const self = createProver();
    const sent: LinkMessage[] = [];
    const door = outOf(self);
    const identity: IdentityRecord = {
      kind: 'identity',
      id: self.id,
      epoch: epoch(1),
      incarnation: incarnation(2),
      left: false,
      wireVersion: 1,
      card: new Uint8Array(),
      proof: null,
    };
    door.take(say(identity), (what) => sent.push(what));
    await cryptoIdle();
    const farewell = recordOf({ ...identity, left: true });
    door.take(farewell, (what) => sent.push(what));
    expect(sent).toHaveLength(2);
    expect(sent[1]).toEqual(await self.prove(farewell));
  });
});
