/** Channels behind doorways, and an attacker at the other end of one. */
import type { PeerId, RoomId } from '#shared/base/ids.ts';
import { createKeyPair, type KeyPair } from '#client/identity/ed25519.ts';
import { createHandshake, encodeProof, HANDSHAKE_MARK, type Handshake } from '#client/identity/handshake.ts';
import { keyToPeerId } from '#client/identity/member-id.ts';
import {
  createDoorway,
  type DoorwayDeps,
  type LinkSecrets,
  type ProvenChannel,
} from '#client/shell/doorway.ts';
import type { Fingerprints, Transport } from '#client/transport/transport.ts';
import { createMemoryNetwork } from '../memory-transport.ts';
import { createTestClock, type TestClock } from '../test-clock.ts';

export const room = 'room' as RoomId;
export const keyless: LinkSecrets = { topic: room, linkKey: undefined };
export const keyed = async (byte: number): Promise<LinkSecrets> => ({
  topic: room,
  linkKey: await crypto.subtle.importKey(
    'raw',
    new Uint8Array(32).fill(byte),
    { name: 'HMAC', hash: 'SHA-256' },
    false,
    ['sign', 'verify'],
  ),
});
export const idOf = ({ publicKey }: KeyPair): PeerId => keyToPeerId(publicKey);
export const text = (words: string): Uint8Array => new TextEncoder().encode(words);
export const isHandshake = (bytes: Uint8Array): boolean => bytes[0] === HANDSHAKE_MARK;

export interface World {
  readonly clock: TestClock;
  readonly createTransport: () => Transport;
}

export function createWorld(): World {
  const clock = createTestClock();
  const { createTransport } = createMemoryNetwork((run, ms) => void clock.later(run, ms));
  return { clock, createTransport };
}

export interface End {
  readonly channel: ProvenChannel;
  /** What its owner was told, in order: frames as text. */
  readonly told: string[];
  /** One for each time that its other end was heard of by another way. */
  readonly signed: unknown[];
}

/** One end behind a doorway, for a channel with `peer`. */
export function openEnd(
  { clock, createTransport }: World,
  options: {
    readonly keys: KeyPair;
    readonly peer: PeerId;
    readonly initiator: boolean;
    readonly onDescribed?: (data: string) => void;
    readonly onOpened?: () => void;
  } & Partial<DoorwayDeps>,
): End {
  const told: string[] = [];
  const signed: unknown[] = [];
  const { keys, peer, initiator, onDescribed = () => {}, onOpened = () => {}, ...others } = options;
  const doorway = createDoorway({
    transport: createTransport(),
    later: clock.later,
    keys,
    room: () => keyless,
    onRefused: (who, problem) => told.push(who === peer ? `refused ${problem}` : `refused ${who}`),
    ...others,
  });
  const channel = doorway.construct(
    { peer, initiator },
    {
      onDescribed,
      onOpened: () => {
        told.push('opened');
        onOpened();
      },
      onFrame: (bytes) => told.push(new TextDecoder().decode(bytes)),
      onCongestion: (congested) => told.push(congested ? 'congested' : 'drained'),
      onRelayed: (relayed) => told.push(relayed ? 'relayed' : 'direct'),
      onSigned: () => signed.push(channel),
      onClosed: () => told.push('closed'),
    },
  );
  return { channel, told, signed };
}

export interface Pair {
  readonly a: End;
  readonly b: End;
}

/** Two honest ends; what they describe is carried as it is, unless said otherwise. */
export function meet(
  world: World,
  {
    ofA = {},
    ofB = {},
    carry = (data, pass) => pass(data),
  }: {
    readonly ofA?: Partial<DoorwayDeps>;
    readonly ofB?: Partial<DoorwayDeps>;
    readonly carry?: (data: string, pass: (data: string) => void) => void;
  } = {},
): Pair {
  const [keysA, keysB] = [createKeyPair(), createKeyPair()];
  const b = openEnd(world, { ...ofB, keys: keysB, peer: idOf(keysA), initiator: false });
  const a = openEnd(world, {
    ...ofA,
    keys: keysA,
    peer: idOf(keysB),
    initiator: true,
    onDescribed: (data) => carry(data, (carried) => void b.channel.describe(carried)),
  });
  return { a, b };
}

/** What an attacker has who sits at the other end of a channel, and speaks by hand. */
export interface Attack {
  readonly send: (bytes: Uint8Array) => void;
  readonly close: () => void;
  /** What the victim said so far. */
  readonly heard: Uint8Array[];
  /** The attacker's honest half. */
  readonly own: Handshake;
  readonly keys: KeyPair;
  readonly fingerprints: Fingerprints;
  /** A proof as it should be, but for what is named. */
  readonly prove: (wrong?: {
    readonly handshake?: Handshake;
    readonly topic?: RoomId;
    readonly fingerprints?: Fingerprints;
    readonly keys?: KeyPair;
    readonly swapped?: boolean;
    readonly linkKey?: CryptoKey | undefined;
  }) => Promise<Uint8Array>;
}

export interface Scene extends World {
  readonly victim: End;
  readonly victimKeys: KeyPair;
  readonly attack: Attack;
  /** Its signing takes until then, and so its judging of the other end's proof, which is behind its own. */
  readonly letSign: () => Promise<void>;
}

/** A channel whose one end is a victim, and the other the attacker, whose id the victim expects. Open; the hail is there. */
export async function setScene(ofVictim: Partial<DoorwayDeps> = {}): Promise<Scene> {
  let open = (): void => {};
  const maySign = new Promise<void>((resolve) => (open = resolve));
  const letSign = async (): Promise<void> => {
    open();
    // Until the signing has begun; then the clock waits for it.
    await new Promise((resolve) => setImmediate(resolve));
  };
  const world = createWorld();
  const [victimKeys, keys] = [createKeyPair(), createKeyPair()];
  const heard: Uint8Array[] = [];
  const channel = world.createTransport().construct(
    { initiator: false },
    {
      onDescribed() {},
      onOpened() {},
      onCongestion() {},
      onRelayed() {},
      onClosed() {},
      onFrame: (bytes) => heard.push(bytes),
    },
  );
  const victim = openEnd(world, {
    ...ofVictim,
    keys: {
      ...victimKeys,
      sign: async (bytes) => {
        await maySign;
        return victimKeys.sign(bytes);
      },
    },
    peer: idOf(keys),
    initiator: true,
    onDescribed: (data) => void channel.describe(data),
  });
  await world.clock.advance(20);
  const peer = idOf(victimKeys);
  const own = createHandshake({ peer, publicKey: keys.publicKey, nonce: new Uint8Array(32).fill(1) });
  own.receive(heard[0]!);
  const fingerprints = (await channel.fingerprints())!;
  const attack: Attack = {
    send: (bytes) => void channel.send(bytes),
    close: () => void channel.close(),
    heard,
    own,
    keys,
    fingerprints,
    prove: async (wrong = {}) => {
      const { handshake = own, topic = room, keys: signing = keys } = wrong;
      const statements = handshake.statements({ topic, fingerprints: wrong.fingerprints ?? fingerprints });
      const said = wrong.swapped ? statements.theirs : statements.own;
      const mac = wrong.linkKey && (await crypto.subtle.sign('HMAC', wrong.linkKey, said));
      return encodeProof(await signing.sign(said), mac);
    },
  };
  return { ...world, victim, victimKeys, attack, letSign };
}
