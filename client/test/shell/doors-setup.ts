/** Doors, what goes through them, and verifiers that a test answers for. */
import { instant } from '#shared/base/time.ts';
import { epoch, incarnation, type PeerId } from '#shared/base/ids.ts';
import type { IdentityRecord } from '#shared/membership/messages.ts';
import type { LinkMessage } from '#shared/mesh/messages.ts';
import { writeCard } from '#client/identity/card.ts';
import { createKeyPair } from '#client/identity/ed25519.ts';
import { SEAL_KEY_BYTES, type Sealer } from '#client/identity/seal.ts';
import { createVerifier, type Signed, type Verifier } from '#client/identity/verifier.ts';
import { doorInLimits, type DoorIn, type DoorInLimits } from '#client/shell/door-in.ts';
import { doorOutLimits } from '#client/shell/door-out.ts';
import { createDoors } from '#client/shell/doors.ts';
import { createProver, type Prover } from '../prover.ts';
import { createTestClock, type TestClock } from '../test-clock.ts';

export const neighbor: PeerId = createProver().id;
export const volatile: LinkMessage = { kind: 'prune', tree: null };
export const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

export const said = ({ id }: Prover, seq: number, data: string | number = seq): LinkMessage => ({
  kind: 'gossip',
  origin: id,
  epoch: epoch(1),
  lane: 'reliable',
  seq,
  hot: false,
  round: 0,
  ageMs: 0,
  follows: null,
  payload: { kind: 'topic', topic: 'chat', data },
  proof: null,
});

/** With a signature that is none, and costs nothing to make. */
export function forged(author: Prover, proven: LinkMessage, seq: number): LinkMessage {
  const message = said(author, seq);
  if (message.kind !== 'gossip' || proven.kind !== 'gossip' || proven.proof === null)
    throw new Error('no gossip');
  const signature = new Uint8Array(64).fill(seq % 251);
  signature[0] = seq >> 8;
  return { ...message, proof: { ...proven.proof, seq, signature } };
}

export interface Setup {
  readonly clock: TestClock;
  /** What came through, in order: sequences of gossip, kinds of others, reasons of refusals. */
  readonly told: (string | number)[];
  readonly openIn: () => DoorIn;
}

export function setUp(
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
  const { id, keys } = options.self ?? createProver();
  const doors = createDoors({
    self: id,
    keys,
    topic: () => 'test',
    sealer: () => options.sealer,
    identityOf: (of) => options.identityOf?.(of),
    now: () => clock.now().instant,
    verifier: options.verifier ?? createVerifier(() => instant(0)),
    limits: { in: { ...doorInLimits, ...options.limits }, out: doorOutLimits },
  });
  return {
    clock,
    told,
    openIn: () =>
      doors.openIn(neighbor, {
        admit: (message) => told.push(message.kind === 'gossip' ? message.seq : message.kind),
        refuse: (reason) => told.push(reason),
        count: (reason) => told.push(`counted ${reason}`),
      }),
  };
}

/** Answers when and as a test says. */
export function manualVerifier(): Verifier & { readonly asked: ((isGood: boolean) => void)[] } {
  const asked: ((isGood: boolean) => void)[] = [];
  return {
    ...createVerifier(() => instant(0)),
    asked,
    verify: () => new Promise((resolve) => asked.push(resolve)),
  };
}

export function counting(): Verifier & { readonly asked: Signed[] } {
  const asked: Signed[] = [];
  const verifier = createVerifier(() => instant(0));
  return {
    ...verifier,
    asked,
    verify: (signed) => {
      asked.push(signed);
      return verifier.verify(signed);
    },
  };
}

/** Finds everything good, and counts what it looked at: what it remembers costs it nothing. */
export function believing(): Verifier & { readonly verified: () => number } {
  let verified = 0;
  const importKey = async () => async (): Promise<boolean> => {
    verified += 1;
    return true;
  };
  return { ...createVerifier(() => instant(0), undefined, importKey), verified: () => verified };
}

/** A record with a card of a user, who has signed this session key or another's. */
export async function withUser(
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

export const identityOf = ({ id }: Prover, card: Uint8Array, raised: number = 0): IdentityRecord => ({
  kind: 'identity',
  id,
  epoch: epoch(1),
  incarnation: incarnation(raised),
  left: false,
  wireVersion: 1,
  card,
  proof: null,
});

export const recordOf = (identity: IdentityRecord): LinkMessage => ({
  kind: 'gossip',
  origin: identity.id,
  epoch: epoch(1),
  lane: 'record',
  seq: 5,
  hot: false,
  round: 0,
  ageMs: 0,
  follows: null,
  payload: identity,
  proof: null,
});
