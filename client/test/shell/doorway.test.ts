import { describe, expect, test } from 'vitest';
import { type RoomId } from '#shared/base/ids.ts';
import { createKeyPair } from '#client/identity/ed25519.ts';
import { encodeProof } from '#client/identity/handshake.ts';
import { HANDSHAKE_MS, type DoorwayDeps } from '#client/shell/doorway.ts';
import { type Transport } from '#client/transport/transport.ts';
import {
  keyless,
  keyed,
  idOf,
  text,
  createWorld,
  openEnd,
  meet,
  type Scene,
  setScene,
} from './doorway-scene.ts';

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
