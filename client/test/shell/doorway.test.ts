import { describe, expect, test } from 'vitest';
import type { PeerId, RoomId } from '#shared/base/ids.ts';
import { createKeyPair, type KeyPair } from '#client/identity/ed25519.ts';
import {
  createHandshake,
  encodeProof,
  HANDSHAKE_MARK,
  HELD_FRAMES_MAX,
  type Handshake,
} from '#client/identity/handshake.ts';
import { keyToPeerId } from '#client/identity/member-id.ts';
import { createDoorway, HANDSHAKE_MS, type DoorwayDeps, type LinkSecrets } from '#client/shell/doorway.ts';
import type { Channel, Fingerprints, Transport } from '#client/transport/transport.ts';
import { createMan } from '../man-in-the-middle.ts';
import { createMemoryNetwork } from '../memory-transport.ts';
import { createTestClock, type TestClock } from '../test-clock.ts';

const room = 'room' as RoomId;
const keyless: LinkSecrets = { topic: room, linkKey: undefined };
const keyed = async (byte: number): Promise<LinkSecrets> => ({
  topic: room,
  linkKey: await crypto.subtle.importKey(
    'raw',
    new Uint8Array(32).fill(byte),
    { name: 'HMAC', hash: 'SHA-256' },
    false,
    ['sign', 'verify'],
  ),
});
const idOf = ({ publicKey }: KeyPair): PeerId => keyToPeerId(publicKey);
const text = (words: string): Uint8Array => new TextEncoder().encode(words);
const isHandshake = (bytes: Uint8Array): boolean => bytes[0] === HANDSHAKE_MARK;

interface World {
  readonly clock: TestClock;
  readonly createTransport: () => Transport;
}

function createWorld(): World {
  const clock = createTestClock();
  const { createTransport } = createMemoryNetwork((run, ms) => void clock.later(run, ms));
  return { clock, createTransport };
}

interface End {
  readonly channel: Channel;
  /** What its owner was told, in order: frames as text. */
  readonly told: string[];
}

/** One end behind a doorway, for a channel with `peer`. */
function openEnd(
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
      onClosed: () => told.push('closed'),
    },
  );
  return { channel, told };
}

interface Pair {
  readonly a: End;
  readonly b: End;
}

/** Two honest ends; what they describe is carried as it is, unless said otherwise. */
function meet(
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
interface Attack {
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

interface Scene extends World {
  readonly victim: End;
  readonly victimKeys: KeyPair;
  readonly attack: Attack;
  /** Its signing takes until then, and so its judging of the other end's proof, which is behind its own. */
  readonly letSign: () => Promise<void>;
}

/** A channel whose one end is a victim, and the other the attacker, whose id the victim expects. Open; the hail is there. */
async function setScene(ofVictim: Partial<DoorwayDeps> = {}): Promise<Scene> {
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

describe('two honest ends', () => {
  test('open once each, after one round trip, and then carry frames', async () => {
    const world = createWorld();
    const { a, b } = meet(world);
    // 5 ms to describe, 5 ms to open, and 5 ms a message.
    await world.clock.advance(19);
    expect([a.told, b.told]).toEqual([[], []]);
    await world.clock.advance(1);
    expect([a.told, b.told]).toEqual([['opened'], ['opened']]);
    a.channel.send(text('from a'));
    b.channel.send(text('from b'));
    await world.clock.advance(10);
    expect([a.told, b.told]).toEqual([
      ['opened', 'from b'],
      ['opened', 'from a'],
    ]);
    expect(world.clock.pending()).toBe(0);
  });

  test('of a room with a key open where both hold it', async () => {
    const world = createWorld();
    const secrets = await keyed(1);
    const { a, b } = meet(world, { ofA: { room: () => secrets }, ofB: { room: () => secrets } });
    await world.clock.advance(20);
    expect([a.told, b.told]).toEqual([['opened'], ['opened']]);
  });

  test('send nothing before they are open', async () => {
    const world = createWorld();
    const { a, b } = meet(world);
    for (let ms = 0; ms < 20; ms++) {
      expect([a.channel.send(text('early')), b.channel.send(text('early'))]).toEqual([false, false]);
      await world.clock.advance(1);
    }
    await world.clock.advance(20);
    expect([a.told, b.told]).toEqual([['opened'], ['opened']]);
  });

  test('refuse each other where they hold different keys of the room, or one holds none', async () => {
    for (const [ofA, ofB] of [
      [await keyed(1), await keyed(2)],
      [keyless, await keyed(2)],
    ] as const) {
      const world = createWorld();
      const { a, b } = meet(world, { ofA: { room: () => ofA }, ofB: { room: () => ofB } });
      await world.clock.advance(100);
      const refused = ['refused wrong-room-key', 'closed'];
      expect([a.told, b.told]).toEqual([refused, refused]);
    }
  });

  test('refuse each other where their rooms have different names', async () => {
    const world = createWorld();
    const other = { topic: 'other' as RoomId, linkKey: undefined };
    const { a, b } = meet(world, { ofB: { room: () => other } });
    await world.clock.advance(100);
    const refused = ['refused not-proven', 'closed'];
    expect([a.told, b.told]).toEqual([refused, refused]);
  });
});

describe('an attacker at the other end', () => {
  /** What the victim told, and that nothing but its handshake has left it. */
  const outcome = async ({ victim, attack, clock, letSign }: Scene): Promise<readonly string[]> => {
    await clock.advance(100);
    await letSign();
    await clock.advance(100);
    expect(victim.channel.send(text('pay 9'))).toBe(false);
    await clock.advance(100);
    expect(attack.heard.filter((bytes) => !isHandshake(bytes))).toEqual([]);
    expect(attack.heard.length).toBeLessThanOrEqual(2);
    expect(clock.pending()).toBe(0);
    return victim.told;
  };

  test('who does as all do is let in: the control of all that follow', async () => {
    const scene = await setScene();
    scene.attack.send(scene.attack.own.hail);
    scene.attack.send(await scene.attack.prove());
    await scene.letSign();
    await scene.clock.advance(50);
    expect(scene.victim.told).toEqual(['opened']);
    expect(scene.victim.channel.send(text('pay 9'))).toBe(true);
    await scene.clock.advance(50);
    expect(scene.attack.heard.at(-1)).toEqual(text('pay 9'));
  });

  test.each<[string, string, (scene: Scene) => Promise<readonly Uint8Array[]>]>([
    [
      'hails with a key that is not of its id',
      'wrong-identity',
      async ({ victimKeys, attack }) => {
        const { publicKey } = createKeyPair();
        const peer = idOf(victimKeys);
        const handshake = createHandshake({ peer, publicKey, nonce: new Uint8Array(32) });
        handshake.receive(attack.heard[0]!);
        return [handshake.hail, await attack.prove({ handshake })];
      },
    ],
    ['hails with what the victim hailed', 'wrong-identity', async ({ attack }) => [attack.heard[0]!]],
    [
      'signs with another key',
      'not-proven',
      async ({ attack }) => [attack.own.hail, await attack.prove({ keys: createKeyPair() })],
    ],
    [
      'signs nonsense',
      'not-proven',
      async ({ attack }) => [attack.own.hail, encodeProof(new Uint8Array(64))],
    ],
    [
      'signs another hail than it sent: a proof of another time',
      'not-proven',
      async ({ victimKeys, attack }) => {
        const { publicKey } = attack.keys;
        const nonce = new Uint8Array(32).fill(2);
        const handshake = createHandshake({ peer: idOf(victimKeys), publicKey, nonce });
        handshake.receive(attack.heard[0]!);
        return [attack.own.hail, await attack.prove({ handshake })];
      },
    ],
    [
      'signs another hail than it got: a proof for another time',
      'not-proven',
      async ({ victimKeys, attack }) => {
        const victim = createHandshake({
          peer: idOf(attack.keys),
          publicKey: victimKeys.publicKey,
          nonce: new Uint8Array(32).fill(9),
        });
        attack.own.receive(victim.hail);
        const peer = idOf(victimKeys);
        const { publicKey } = attack.keys;
        const handshake = createHandshake({ peer, publicKey, nonce: new Uint8Array(32).fill(1) });
        handshake.receive(victim.hail);
        expect(handshake.hail).toEqual(attack.own.hail);
        return [handshake.hail, await attack.prove({ handshake })];
      },
    ],
    [
      'signs what the victim itself has to sign',
      'not-proven',
      async ({ attack }) => [attack.own.hail, await attack.prove({ swapped: true })],
    ],
    [
      'signs other certificates',
      'not-proven',
      async ({ attack }) => {
        const { own } = attack.fingerprints;
        return [attack.own.hail, await attack.prove({ fingerprints: { own, other: new Uint8Array(32) } })];
      },
    ],
    [
      'signs for another room',
      'not-proven',
      async ({ attack }) => [attack.own.hail, await attack.prove({ topic: 'other' as RoomId })],
    ],
    [
      'proves to hold a key where there is none',
      'wrong-room-key',
      async ({ attack }) => [attack.own.hail, await attack.prove({ linkKey: (await keyed(1)).linkKey })],
    ],
    ['proves itself before it hails', 'bad-handshake', async ({ attack }) => [await attack.prove()]],
    ['hails twice', 'bad-handshake', async ({ attack }) => [attack.own.hail, attack.own.hail]],
    [
      'hails again after its proof',
      'bad-handshake',
      async ({ attack }) => [attack.own.hail, await attack.prove(), attack.own.hail],
    ],
    ['speaks of other things first', 'bad-handshake', async () => [text('pay 999')]],
    [
      'speaks of other things after its hail',
      'bad-handshake',
      async ({ attack }) => [attack.own.hail, text('pay 999'), await attack.prove()],
    ],
    [
      'floods behind its proof',
      'handshake-flood',
      async ({ attack }) => [
        attack.own.hail,
        await attack.prove(),
        ...Array.from({ length: HELD_FRAMES_MAX + 1 }, () => text('x')),
      ],
    ],
  ])('who %s is refused: %s', async (_what, reason, attempt) => {
    const scene = await setScene();
    for (const bytes of await attempt(scene)) scene.attack.send(bytes);
    expect(await outcome(scene)).toEqual([`refused ${reason}`, 'closed']);
  });

  test('who sends the victim’s own proof back is refused', async () => {
    const scene = await setScene();
    await scene.letSign();
    scene.attack.send(scene.attack.own.hail);
    await scene.clock.advance(20);
    scene.attack.send(scene.attack.heard[1]!);
    expect(await outcome(scene)).toEqual(['refused not-proven', 'closed']);
  });

  test.each<[string, (right: CryptoKey) => Promise<CryptoKey | undefined>, string]>([
    ['the right key is let in', async (right) => right, 'opened'],
    ['another key is refused', async () => (await keyed(2)).linkKey, 'refused wrong-room-key'],
    ['no key is refused', async () => undefined, 'refused wrong-room-key'],
  ])('who proves itself for a room with a key by %s', async (_what, choose, expected) => {
    const secrets = await keyed(1);
    const scene = await setScene({ room: () => secrets });
    scene.attack.send(scene.attack.own.hail);
    scene.attack.send(await scene.attack.prove({ linkKey: await choose(secrets.linkKey!) }));
    await scene.letSign();
    await scene.clock.advance(50);
    expect(scene.victim.told[0]).toBe(expected);
  });

  test.each<[string, (scene: Scene) => void]>([
    ['says nothing', () => {}],
    ['says no more than its hail', ({ attack }) => attack.send(attack.own.hail)],
  ])('who %s is refused when its time is up', async (_what, attempt) => {
    const scene = await setScene();
    attempt(scene);
    // The scene has set itself in 20 ms, 10 of which passed before the channel was open.
    await scene.clock.advance(HANDSHAKE_MS - 11);
    expect(scene.victim.told).toEqual([]);
    await scene.clock.advance(1);
    expect(scene.victim.told).toEqual(['refused handshake-timeout', 'closed']);
    expect(await outcome(scene)).toHaveLength(2);
  });
});

describe('what comes behind a proof', () => {
  const frames = ['one', 'two', 'three'];
  const rush = async ({ attack }: Scene): Promise<void> => {
    attack.send(attack.own.hail);
    attack.send(await attack.prove());
    for (const words of frames) attack.send(text(words));
  };

  test('waits until the proof is judged, and is handed on in order', async () => {
    const scene = await setScene();
    await rush(scene);
    await scene.clock.advance(50);
    expect(scene.victim.told).toEqual([]);
    await scene.letSign();
    await scene.clock.advance(1);
    expect(scene.victim.told).toEqual(['opened', ...frames]);
  });

  test('is handed on also when the other end closes meanwhile; the close is told last', async () => {
    const scene = await setScene();
    await rush(scene);
    scene.attack.close();
    await scene.clock.advance(50);
    expect(scene.victim.told).toEqual([]);
    await scene.letSign();
    await scene.clock.advance(1);
    expect(scene.victim.told).toEqual(['opened', ...frames, 'closed']);
    expect(scene.victim.channel.send(text('late'))).toBe(false);
    expect(scene.clock.pending()).toBe(0);
  });

  test('is dropped with a wrong proof, whose reason is told though the other end has closed', async () => {
    const scene = await setScene();
    scene.attack.send(scene.attack.own.hail);
    scene.attack.send(encodeProof(new Uint8Array(64)));
    scene.attack.send(text('pay 999'));
    scene.attack.close();
    await scene.clock.advance(50);
    expect(scene.victim.told).toEqual([]);
    await scene.letSign();
    await scene.clock.advance(1);
    expect(scene.victim.told).toEqual(['refused not-proven', 'closed']);
  });

  test('is not handed on to who closes upon the opening', async () => {
    const world = createWorld();
    const [keysA, keysB] = [createKeyPair(), createKeyPair()];
    const b = openEnd(world, {
      keys: keysB,
      peer: idOf(keysA),
      initiator: false,
      onOpened: () => void b.channel.close(),
    });
    const a = openEnd(world, {
      keys: keysA,
      peer: idOf(keysB),
      initiator: true,
      onDescribed: (data) => void b.channel.describe(data),
      onOpened: () => void a.channel.send(text('hello')),
    });
    await world.clock.advance(100);
    expect([a.told, b.told]).toEqual([['opened', 'closed'], ['opened']]);
  });
});

test('congestion is told of an open channel only', async () => {
  const world = createWorld();
  const { construct } = world.createTransport();
  let tellCongestion = (_congested: boolean): void => {};
  const transport: Transport = {
    construct: (options, handlers) => {
      tellCongestion = handlers.onCongestion;
      return construct(options, handlers);
    },
  };
  const { a } = meet(world, { ofA: { transport } });
  await world.clock.advance(12);
  tellCongestion(true);
  await world.clock.advance(20);
  tellCongestion(true);
  tellCongestion(false);
  void a.channel.close();
  tellCongestion(true);
  expect(a.told).toEqual(['opened', 'congested', 'drained']);
});

describe('an end', () => {
  test.each<[string, (transport: Transport) => Partial<DoorwayDeps>]>([
    [
      'that cannot tell its certificates',
      ({ construct }) => ({
        transport: {
          construct: (options, handlers) => ({
            ...construct(options, handlers),
            fingerprints: async () => undefined,
          }),
        },
      }),
    ],
    [
      'whose certificates are not to be had',
      ({ construct }) => ({
        transport: {
          construct: (options, handlers) => ({
            ...construct(options, handlers),
            fingerprints: () => Promise.reject(new Error('gone')),
          }),
        },
      }),
    ],
  ])('%s lets nobody in, and says why', async (_what, broken) => {
    const world = createWorld();
    const { a, b } = meet(world, { ofA: broken(world.createTransport()) });
    await world.clock.advance(100);
    expect([a.told, b.told]).toEqual([['refused cannot-prove', 'closed'], ['closed']]);
  });

  test('that cannot sign lets nobody in, and says why', async () => {
    const world = createWorld();
    const [keysA, keysB] = [createKeyPair(), createKeyPair()];
    const b = openEnd(world, { keys: keysB, peer: idOf(keysA), initiator: false });
    const a = openEnd(world, {
      keys: { ...keysA, sign: () => Promise.reject(new Error('no key')) },
      peer: idOf(keysB),
      initiator: true,
      onDescribed: (data) => void b.channel.describe(data),
    });
    await world.clock.advance(100);
    expect([a.told, b.told]).toEqual([['refused cannot-prove', 'closed'], ['closed']]);
  });

  test('that is closed during its handshake tells nothing, and its time runs no more', async () => {
    for (const afterMs of [0, 7, 11, 16]) {
      const world = createWorld();
      const { a } = meet(world);
      await world.clock.advance(afterMs);
      void a.channel.close();
      await world.clock.advance(HANDSHAKE_MS * 2);
      expect([a.told, world.clock.pending()]).toEqual([[], 0]);
    }
  });

  test('whose other end goes during the handshake hears it once, without a reason', async () => {
    const scene = await setScene();
    await scene.letSign();
    scene.attack.send(scene.attack.own.hail);
    scene.attack.close();
    await scene.clock.advance(HANDSHAKE_MS * 2);
    expect(scene.victim.told).toEqual(['closed']);
  });
});

describe('a man in the middle', () => {
  const alter = (bytes: Uint8Array): Uint8Array =>
    text(new TextDecoder().decode(bytes).replace('pay 9', 'pay 999'));
  /** Bytes of a handshake are no text, and would not survive becoming one. */
  const rewrite = (bytes: Uint8Array): Uint8Array => (isHandshake(bytes) ? bytes : alter(bytes));

  test('changes what is said where nobody proves anything: the control', async () => {
    const world = createWorld();
    const man = createMan(world.createTransport(), rewrite);
    const heard: string[] = [];
    const nothing = { onDescribed() {}, onOpened() {}, onCongestion() {}, onClosed() {}, onFrame() {} };
    const b = world
      .createTransport()
      .construct(
        { initiator: false },
        { ...nothing, onFrame: (bytes) => heard.push(new TextDecoder().decode(bytes)) },
      );
    const a = world.createTransport().construct(
      { initiator: true },
      {
        ...nothing,
        onDescribed: (data) => man.seize(data, (swapped) => void b.describe(swapped)),
        onOpened: () => void a.send(text('pay 9')),
      },
    );
    await world.clock.advance(100);
    expect([heard, man.read.map((bytes) => new TextDecoder().decode(bytes))]).toEqual([
      ['pay 999'],
      ['pay 9'],
    ]);
  });

  test('is found out by both ends, and reads nothing but their handshakes', async () => {
    const world = createWorld();
    const man = createMan(world.createTransport(), rewrite);
    const { a, b } = meet(world, { carry: man.seize });
    await world.clock.advance(200);
    for (const end of [a, b]) expect(end.channel.send(text('pay 9'))).toBe(false);
    await world.clock.advance(HANDSHAKE_MS * 2);
    const refused = ['refused not-proven', 'closed'];
    expect([a.told, b.told]).toEqual([refused, refused]);
    // A hail and a proof from either.
    expect(man.read.map((bytes) => [bytes.byteLength, isHandshake(bytes)])).toEqual([
      [67, true],
      [67, true],
      [66, true],
      [66, true],
    ]);
  });

  test('who puts himself in the place of one end has no key of its id', async () => {
    const world = createWorld();
    const [keysA, keysB, keysM] = [createKeyPair(), createKeyPair(), createKeyPair()];
    const m = openEnd(world, { keys: keysM, peer: idOf(keysA), initiator: false });
    const a = openEnd(world, {
      keys: keysA,
      peer: idOf(keysB),
      initiator: true,
      onDescribed: (data) => void m.channel.describe(data),
    });
    await world.clock.advance(100);
    expect(a.told).toEqual(['refused wrong-identity', 'closed']);
    expect(m.told).not.toContain('opened');
  });
});
