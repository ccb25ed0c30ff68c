/** Both doors of a link: what waits for what, what is refused, and what it may cost. */
import { describe, expect, test } from 'vitest';
import { epoch, incarnation, type PeerId } from '#shared/base/ids.ts';
import { bytesToReceipt, RECEIPT_BYTES } from '#shared/base/receipt.ts';
import { err, ok } from '#shared/base/result.ts';
import type { IdentityRecord } from '#shared/membership/messages.ts';
import type { LinkMessage } from '#shared/mesh/messages.ts';
import { directToBytes } from '#shared/wire/direct-codec.ts';
import { writeCard } from '#client/identity/card.ts';
import { createKeyPair, type KeyPair } from '#client/identity/ed25519.ts';
import { createSealer, SEAL_KEY_BYTES, type Sealer } from '#client/identity/seal.ts';
import { createVerifier, type Signed, type Verifier } from '#client/identity/verifier.ts';
import { doorInLimits, type DoorIn, type DoorInLimits } from '#client/shell/door-in.ts';
import { doorOutLimits } from '#client/shell/door-out.ts';
import { createDoors } from '#client/shell/doors.ts';
import { cryptoIdle } from '../crypto-idle.ts';
import { createProver, type Prover } from '../prover.ts';
import { createTestClock, type TestClock } from '../test-clock.ts';

const neighbor: PeerId = createProver().id;
const volatile: LinkMessage = { kind: 'prune', tree: null };
const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

const said = ({ id }: Prover, seq: number, data: string | number = seq): LinkMessage => ({
  kind: 'gossip',
  origin: id,
  epoch: epoch(1),
  lane: 'reliable',
  seq,
  hot: false,
  round: 0,
  payload: { kind: 'topic', topic: 'chat', data },
  proof: null,
});

/** With a signature that is none, and costs nothing to make. */
function forged(author: Prover, proven: LinkMessage, seq: number): LinkMessage {
  const message = said(author, seq);
  if (message.kind !== 'gossip' || proven.kind !== 'gossip' || proven.proof === null)
    throw new Error('no gossip');
  const signature = new Uint8Array(64).fill(seq % 251);
  signature[0] = seq >> 8;
  return { ...message, proof: { ...proven.proof, seq, signature } };
}

interface Setup {
  readonly clock: TestClock;
  /** What came through, in order: sequences of gossip, kinds of others, reasons of refusals. */
  readonly told: (string | number)[];
  /** Who was named for a refusal, other than the neighbor. */
  readonly guilty: PeerId[];
  readonly openIn: () => DoorIn;
}

function setUp(
  options: {
    readonly verifier?: Verifier;
    readonly limits?: Partial<DoorInLimits>;
    readonly self?: Prover;
    readonly sealer?: Sealer;
    readonly identityOf?: (id: PeerId) => IdentityRecord | undefined;
  } = {},
): Setup {
  const clock = createTestClock();
  const told: (string | number)[] = [];
  const guilty: PeerId[] = [];
  const { id, keys } = options.self ?? createProver();
  const doors = createDoors({
    self: id,
    keys,
    topic: () => 'test',
    sealer: () => options.sealer,
    identityOf: (of) => options.identityOf?.(of),
    now: () => clock.now().instant,
    verifier: options.verifier ?? createVerifier(),
    limits: { in: { ...doorInLimits, ...options.limits }, out: doorOutLimits },
  });
  return {
    clock,
    told,
    guilty,
    openIn: () =>
      doors.openIn(neighbor, {
        admit: (message) => told.push(message.kind === 'gossip' ? message.seq : message.kind),
        refuse: (reason, _bytes, by) => {
          told.push(reason);
          if (by) guilty.push(by);
        },
        count: (reason) => told.push(`counted ${reason}`),
      }),
  };
}

/** Answers when and as a test says. */
function manualVerifier(): Verifier & { readonly asked: ((isGood: boolean) => void)[] } {
  const asked: ((isGood: boolean) => void)[] = [];
  return {
    ...createVerifier(),
    asked,
    verify: () => new Promise((resolve) => asked.push(resolve)),
  };
}

function counting(): Verifier & { readonly asked: Signed[] } {
  const asked: Signed[] = [];
  const verifier = createVerifier();
  return {
    ...verifier,
    asked,
    verify: (signed) => {
      asked.push(signed);
      return verifier.verify(signed);
    },
  };
}

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
    let verified = 0;
    const verifier = createVerifier(undefined, async () => async () => {
      verified += 1;
      return true;
    });
    const { told, openIn } = setUp({ verifier });
    const author = createProver();
    const good = await author.prove(said(author, 1));
    for (const door of [openIn(), openIn(), openIn()]) door.take(ok(good), 10);
    await cryptoIdle();
    expect(told).toEqual([1, 1, 1]);
    expect(verified).toBe(1);
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
    const [hostile, honest] = [openIn(), openIn()];
    for (let seq = 1; seq <= 5_000; seq++) hostile.take(ok(forged(author, first, seq)), 200);
    hostile.take(ok(volatile), 10);
    honest.take(ok(await author.prove(said(author, 6_000))), 10);
    await cryptoIdle();
    expect(told.filter((what) => what === 'prune' || what === 6_000).length).toBe(2);
    expect(told.indexOf(6_000)).toBeLessThan(200);
    const { badSignatures, underWayMax } = doorInLimits;
    expect(verifier.asked.length).toBeLessThanOrEqual(badSignatures.burst + underWayMax + 1);
    expect(told.filter((what) => what === 'bad-signature').length).toBe(verifier.asked.length - 1);
    expect(told.filter((what) => what === 'verify-quota').length).toBe(5_001 - verifier.asked.length);
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

/** A record with a card of a user, who has signed this session key or another's. */
async function withUser(
  author: Prover,
  raised: number,
  { signs }: { readonly signs: 'this key' | 'another' } = { signs: 'this key' },
): Promise<IdentityRecord> {
  const sessionKey = signs === 'this key' ? author.keys.publicKey : createKeyPair().publicKey;
  const sealKey = new Uint8Array(SEAL_KEY_BYTES).fill(9);
  const card = await writeCard(sealKey, { sessionKey, room: 'test' }, createKeyPair());
  const proven = await author.prove({ kind: 'claims', claims: [identityOf(author, card, raised)] });
  if (proven.kind !== 'claims' || proven.claims[0]?.kind !== 'identity') throw new Error('no identity');
  return proven.claims[0];
}

const identityOf = ({ id }: Prover, card: Uint8Array, raised: number = 0): IdentityRecord => ({
  kind: 'identity',
  id,
  epoch: epoch(1),
  incarnation: incarnation(raised),
  left: false,
  wireVersion: 1,
  card,
  proof: null,
});

describe('a card that names a user', () => {
  const table = (...records: readonly IdentityRecord[]): LinkMessage => ({
    kind: 'delta',
    table: 'roster',
    records,
  });

  test('is verified once, however often it comes, and though another of the same member comes between', async () => {
    let verified = 0;
    const verifier = createVerifier(undefined, async () => async () => {
      verified += 1;
      return true;
    });
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
    expect(verified).toBe(4);
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

  test('who has not signed is refused, and its author guilty, not who brought it', async () => {
    const { told, guilty, openIn } = setUp();
    const [liar, honest] = [createProver(), createProver()];
    const door = openIn();
    const good = await withUser(honest, 1);
    door.take(ok(table(good, await withUser(liar, 1, { signs: 'another' }))), 100);
    door.take(ok(table(good)), 100);
    await cryptoIdle();
    expect([told, guilty]).toEqual([['bad-card', 'delta'], [liar.id]]);
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

  /** A member who writes to us, and is on our roster. */
  async function setUpPost(options: Parameters<typeof setUp>[0] = {}): Promise<Post> {
    const author = createProver();
    const self = createProver();
    const [theirs, own] = await Promise.all([createSealer(author.id, 'test'), createSealer(self.id, 'test')]);
    const record = identityOf(author, Uint8Array.of(1, ...theirs.sealKey));
    const setup = setUp({
      ...options,
      self,
      sealer: own,
      identityOf: (id) => (id === author.id ? record : undefined),
    });
    const write = async (): Promise<LinkMessage> =>
      letterOf(author.id, self.id, await theirs.seal({ id: self.id, sealKey: own.sealKey }, content));
    return { ...setup, author, write };
  }

  test('of a member are opened though thousands are made up after it', async () => {
    const all = { ...createVerifier(), isKeyOf: () => true, isGood: () => true };
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

  test('are opened within a budget, which fills again', async () => {
    const { told, openIn, write, clock } = await setUpPost({
      limits: { letters: { burst: 3, perSecond: 1 } },
    });
    const door = openIn();
    const letters = await Promise.all(Array.from({ length: 6 }, () => write()));
    for (const letter of letters.slice(0, 5)) door.take(ok(letter), 100);
    await cryptoIdle();
    expect(told).toEqual(['packet', 'packet', 'packet', 'letter-quota', 'letter-quota']);
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
    honest.take(ok(letter), 100);
    await cryptoIdle();
    expect(told).toEqual(['packet']);
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

const recordOf = (identity: IdentityRecord): LinkMessage => ({
  kind: 'gossip',
  origin: identity.id,
  epoch: epoch(1),
  lane: 'record',
  seq: 5,
  hot: false,
  round: 0,
  payload: identity,
  proof: null,
});
