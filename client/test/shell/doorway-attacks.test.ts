/** What somebody can do who sits at the other end of a channel, or between its ends. */
import { describe, expect, test } from 'vitest';
import { type RoomId } from '#shared/base/ids.ts';
import { createKeyPair } from '#client/identity/ed25519.ts';
import { createHandshake, encodeProof, HELD_FRAMES_MAX } from '#client/identity/handshake.ts';
import { HANDSHAKE_MS } from '#client/shell/doorway.ts';
import { createMan } from '../man-in-the-middle.ts';
import {
  keyed,
  idOf,
  text,
  isHandshake,
  createWorld,
  openEnd,
  meet,
  type Scene,
  setScene,
} from './doorway-scene.ts';

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

  test.each<[string, (scene: Scene) => void, string[]]>([
    [
      'says no more than its hail is refused',
      ({ attack }) => attack.send(attack.own.hail),
      ['refused handshake-timeout', 'closed'],
    ],
    ['says nothing is given up, and not blamed', () => {}, ['closed']],
  ])('who %s when its time is up', async (_what, attempt, expected) => {
    const scene = await setScene();
    attempt(scene);
    // The scene has set itself in 20 ms, 10 of which passed before the channel was open.
    await scene.clock.advance(HANDSHAKE_MS - 11);
    expect(scene.victim.told).toEqual([]);
    await scene.clock.advance(1);
    expect(scene.victim.told).toEqual(expected);
    expect(await outcome(scene)).toEqual(expected);
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
    const nothing = {
      onDescribed() {},
      onOpened() {},
      onCongestion() {},
      onRelayed() {},
      onClosed() {},
      onFrame() {},
    };
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
