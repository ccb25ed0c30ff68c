/** Rooms with a key at a server that listens, replays, joins what is apart, invents and withholds. */
import { describe, expect, test } from 'vitest';
import { bytesToPeerId, epoch, wordsToAttemptId, type PeerId, type RoomId } from '#shared/base/ids.ts';
import { createRng } from '#shared/base/rng.ts';
import { defaultMeshConfig } from '#shared/mesh/config.ts';
import { createMeshNode } from '#shared/mesh/node.ts';
import { encodePacket } from '#shared/wire/packet.ts';
import { createKeyPair } from '#client/identity/ed25519.ts';
import { introduce } from '#client/identity/introduction.ts';
import { keyToPeerId } from '#client/identity/member-id.ts';
import { createMesh } from '#client/mesh.ts';
import { readSecret } from '#client/room/entry.ts';
import { followSecrets } from '#client/room/link-secrets.ts';
import { newRoomKey } from '#client/room/room-key.ts';
import { deriveRoomSecrets } from '#client/room/secrets.ts';
import { createRoomSignaling } from '#client/signaling/room-signaling.ts';
import { createSignalingClient } from '#client/signaling/signaling-client.ts';
import type { Transport } from '#client/transport/transport.ts';
import type { Mesh } from '#client/types.ts';
import { cryptoIdle } from './crypto-idle.ts';
import { createHostileServer, type HostileServer } from './hostile-server.ts';
import { createMemoryNetwork } from './memory-transport.ts';
import { createTestClock } from './test-clock.ts';

type Secret = { readonly key?: string; readonly password?: string };

interface World {
  readonly server: HostileServer;
  readonly join: (secret?: Secret, name?: string) => Tab;
  readonly advance: (ms: number) => Promise<void>;
}

interface Tab {
  readonly mesh: Mesh;
  readonly id: PeerId;
  /** Codes of its errors. */
  readonly errors: string[];
}

/** What WebCrypto takes is this long to the clock of the test. */
const STEP_MS = 20;
const ROOM = 'Board of Directors';
const SDP = 'v=0 o=- 4611 IN IP4 a=fingerprint:sha-256';
const CANDIDATE = 'candidate:842163049 1 udp 192.0.2.77';

/** Descriptions as browsers make them, as far as an eavesdropper cares. */
function speakSdp(transport: Transport): Transport {
  return {
    construct: (options, handlers) => {
      const onDescribed = (data: string): void => handlers.onDescribed(`${SDP} ${CANDIDATE} ${data}`);
      const channel = transport.construct(options, { ...handlers, onDescribed });
      return { ...channel, describe: (data) => channel.describe(data.split(' ').at(-1)!) };
    },
  };
}

function createWorld(): World {
  const clock = createTestClock();
  const rng = createRng([2]);
  const server = createHostileServer(clock);
  const network = createMemoryNetwork((run, ms) => void clock.later(run, ms));
  const join = (secret: Secret = {}, name: string = 'nobody'): Tab => {
    const keys = createKeyPair(Uint8Array.from({ length: 32 }, () => rng.below(256)));
    const self = keyToPeerId(keys.publicKey);
    const room = ROOM as RoomId;
    const read = readSecret(secret);
    const secrets = read && deriveRoomSecrets(room, read);
    const topic = secrets?.then((known) => known.topic) ?? room;
    const introduction = introduce({ self, keys, topic }, undefined);
    const mesh = createMesh(
      {
        room,
        self,
        keys,
        secrets: followSecrets(room, secrets),
        introduction,
        clock,
        node: createMeshNode({ self, epoch: epoch(1), rng: rng.fork(self) }, defaultMeshConfig),
        transport: speakSdp(network.createTransport()),
        createSignaling: (handlers) =>
          createRoomSignaling({ room, self, secrets, prepared: introduction }, handlers, (known, inner) =>
            createSignalingClient({ url: 'ws://server.test', id: self, ...known }, inner, {
              createSocket: server.createSocket,
              instant: () => clock.now().instant,
              fraction: () => 1,
              later: (run, ms) => void clock.later(run, ms),
            }),
          ),
        onClosed: () => {},
      },
      { name },
    );
    const errors: string[] = [];
    mesh.on('error', ({ code }) => errors.push(code));
    mesh.attach();
    return { mesh, id: self, errors };
  };
  return {
    server,
    join,
    advance: async (ms) => {
      for (let left = ms; left > 0; left -= STEP_MS) {
        await clock.advance(Math.min(STEP_MS, left));
        await cryptoIdle();
      }
    },
  };
}

/** Everything that the server could read: the messages, and what their data is, as text. */
function allHeard({ heard }: HostileServer): string {
  return heard
    .map((message) =>
      message.kind === 'signal'
        ? Buffer.from(message.data, 'base64').toString('latin1')
        : JSON.stringify(message),
    )
    .join('\n');
}

const signalsOf = ({ heard }: HostileServer): number => heard.filter(({ kind }) => kind === 'signal').length;
const listedBy = ({ mesh }: Tab): string[] => [...mesh.members].map(({ id }) => id).toSorted();
const refused = ({ mesh }: Tab, reason: string): number => mesh.stats().refused[reason] ?? 0;

async function threeTabs(secret: Secret): Promise<{ world: World; all: Tab[] }> {
  const world = createWorld();
  const all: Tab[] = [];
  for (const name of ['Ada Lovelace', 'Grace Hopper', 'Alan Turing']) {
    all.push(world.join(secret, name));
    await world.advance(300);
  }
  await world.advance(3_000);
  return { world, all };
}

/** They list each other, hear each other, and have found nothing wrong. */
async function expectUndisturbed({ world, all }: { world: World; all: readonly Tab[] }): Promise<void> {
  const ids = all.map(({ id }) => id as string).toSorted();
  const heard: unknown[] = [];
  for (const { mesh } of all) mesh.topic('chat').on(({ data }) => heard.push(data));
  await all[0]!.mesh.topic('chat').send('still here');
  await world.advance(500);
  expect(all.map(listedBy)).toEqual(all.map(() => ids));
  expect(heard).toEqual(all.slice(1).map(() => 'still here'));
}

describe('a server that listens', () => {
  const secrets = [ROOM, 'Board', SDP, 'fingerprint', CANDIDATE, '192.0.2.77', 'Ada', 'Hopper', 'Turing'];

  test.each<[string, Secret]>([
    ['key', { key: newRoomKey() }],
    ['password', { password: 'correct horse battery staple' }],
  ])(
    'learns of a room with a %s neither its name nor a description nor who is in it',
    async (_what, secret) => {
      const { world, all } = await threeTabs(secret);
      await expectUndisturbed({ world, all });
      expect(signalsOf(world.server)).toBeGreaterThan(3);
      const heard = allHeard(world.server);
      for (const word of [...secrets, ...Object.values(secret)]) expect(heard).not.toContain(word);
      expect(all.map(({ errors }) => errors)).toEqual([[], [], []]);
    },
  );

  test('learns all but the names from an open room, and is told no namesake of it', async () => {
    const { world, all } = await threeTabs({});
    await expectUndisturbed({ world, all });
    const heard = allHeard(world.server);
    for (const word of secrets.slice(0, 6)) expect(heard).toContain(word);
    expect(heard).not.toContain('namesake');
  });
});

test('who comes with a wrong key is alone, and hears why; the others do not even notice', async () => {
  const { world, all } = await threeTabs({ key: newRoomKey() });
  const stranger = world.join({ key: newRoomKey() });
  await world.advance(1_000);
  expect([stranger.errors, listedBy(stranger), stranger.mesh.status.value]).toEqual([
    ['WRONG_KEY'],
    [stranger.id],
    'alone',
  ]);
  const mistyped = world.join({ password: 'swordfisch' });
  await world.advance(1_000);
  expect(mistyped.errors).toEqual(['WRONG_KEY']);
  const open = world.join();
  await world.advance(1_000);
  expect([open.errors, open.mesh.status.value]).toEqual([[], 'alone']);
  await expectUndisturbed({ world, all });
  expect(all.map(({ errors }) => errors)).toEqual([[], [], []]);
});

describe('a server that replays', () => {
  test('every signal it ever carried is heard as often as it was said: once', async () => {
    const { world, all } = await threeTabs({ key: newRoomKey() });
    const constructed = all.map(({ mesh }) => mesh.stats().links.constructed);
    const carried = world.server.carried.slice();
    for (const { to, message } of carried) world.server.say(to, message);
    await world.advance(2_000);
    const dropped = all.map((tab) => refused(tab, 'server-replayed'));
    expect(dropped.reduce((sum, count) => sum + count, 0)).toBe(carried.length);
    expect(all.map(({ mesh }) => mesh.stats().links.constructed)).toEqual(constructed);
    expect(all.map(({ errors }) => errors)).toEqual([[], [], []]);
    await expectUndisturbed({ world, all });
  });

  test('what it carried to one who has left opens for nobody who comes after, and whom it names is not there', async () => {
    const key = newRoomKey();
    const { world, all } = await threeTabs({ key });
    const carried = world.server.carried.slice();
    for (const { mesh } of all) mesh.close();
    await world.advance(1_000);
    const late = world.join({ key });
    await world.advance(500);
    world.server.say(late.id, { kind: 'contacts', contacts: all.map(({ id }) => id) });
    for (const { message } of carried) world.server.say(late.id, message);
    await world.advance(15_000);
    expect(refused(late, 'server-not-opened')).toBe(carried.length);
    expect([listedBy(late), late.mesh.stats().links.open]).toEqual([[late.id], 0]);
    expect(late.errors).toEqual(['WRONG_KEY']);
  });
});

test('a server that joins two rooms into one makes no mesh of them: their signals do not open', async () => {
  const world = createWorld();
  world.server.rewrite = (message) =>
    message.kind === 'join' ? { ...message, room: 'one' as RoomId } : message;
  const [mine, yours] = [newRoomKey(), newRoomKey()];
  const all = [world.join({ key: mine }), world.join({ key: mine })];
  await world.advance(3_000);
  const strangers = [world.join({ key: yours }), world.join({ key: yours })];
  await world.advance(20_000);
  expect(strangers.map(listedBy)).toEqual(
    strangers.map(() => strangers.map(({ id }) => id as string).toSorted()),
  );
  const asked = [...all, ...strangers].filter((tab) => refused(tab, 'server-not-opened') > 0);
  expect(asked.length).toBeGreaterThan(0);
  for (const { errors } of asked) expect(errors).toEqual(['WRONG_KEY']);
  await expectUndisturbed({ world, all });
});

test('a member that the server invents is nobody: it can neither ask nor answer', async () => {
  const { world, all } = await threeTabs({ key: newRoomKey() });
  const [victim, other] = [all[0]!, all[1]!];
  const ghost = bytesToPeerId(new Uint8Array(16).fill(0x66));
  const open = createWorld();
  const [first] = [open.join(), open.join()];
  await open.advance(2_000);
  const inClear = open.server.carried.find(({ message }) => message.kind === 'signal')!.message;
  const own = world.server.carried.find(({ to }) => to === victim.id)!.message;
  expect([inClear.kind, own.kind, first.mesh.members.size]).toEqual(['signal', 'signal', 2]);

  world.server.say(victim.id, { kind: 'contacts', contacts: [ghost] });
  for (const message of [inClear, own]) {
    // A signal in clear as from the ghost, one of a member as from the ghost, and both as from a member.
    if (message.kind !== 'signal') continue;
    world.server.say(victim.id, { ...message, from: ghost });
    if (message === inClear) world.server.say(victim.id, { ...message, from: other.id });
  }
  await world.advance(10_000);
  expect(refused(victim, 'server-not-opened')).toBe(3);
  expect(victim.errors).toEqual(['WRONG_KEY']);
  await expectUndisturbed({ world, all });
});

describe('a server that asks in the name of a member', () => {
  const secondsOf = async (world: World, all: readonly Tab[]): Promise<void> => {
    const [victim, other] = [all[0]!, all[1]!];
    for (let second = 1; second <= 30; second++) {
      const attempt = wordsToAttemptId(9, second);
      const data = encodePacket({
        kind: 'packet',
        origin: other.id,
        to: victim.id,
        id: 1_000_000 + second,
        ttl: 3,
        delivery: 'once',
        flooded: false,
        serverMay: true,
        route: [],
        trail: [],
        payload: { kind: 'request', attempt, priority: 'high', forward: false },
      });
      world.server.say(victim.id, { kind: 'signal', from: other.id, data });
      await world.advance(1_000);
    }
  };

  test('has no link given up that works, in an open room as in one with a key', async () => {
    for (const secret of [{}, { key: newRoomKey() }]) {
      const { world, all } = await threeTabs(secret);
      await world.advance(6_000);
      const closed: unknown[] = [];
      for (const { mesh } of all) mesh.on('link:close', (event) => closed.push(event));
      const constructed = all.map(({ mesh }) => mesh.stats().links.constructed);
      await secondsOf(world, all);
      expect(closed).toEqual([]);
      expect(all.map(({ mesh }) => mesh.stats().links.constructed)).toEqual(constructed);
      await expectUndisturbed({ world, all });
    }
  });
});

describe('a server that withholds', () => {
  test('keeps tabs apart, which wait, and find each other when it relents', async () => {
    const world = createWorld();
    world.server.carries = (message) => message.kind !== 'signal';
    const key = newRoomKey();
    const all = [world.join({ key }), world.join({ key })];
    await world.advance(20_000);
    expect(all.map((tab) => [tab.mesh.status.value, tab.errors, listedBy(tab)])).toEqual(
      all.map(({ id }) => ['connecting', [], [id]]),
    );
    world.server.carries = () => true;
    await world.advance(30_000);
    await expectUndisturbed({ world, all });
  });

  test('and gives late what others have overtaken gives nothing', async () => {
    const { world, all } = await threeTabs({ key: newRoomKey() });
    const { to, message } = world.server.carried[0]!;
    const receiver = all.find(({ id }) => id === to)!;
    await world.advance(60_000);
    world.server.say(to, message);
    await world.advance(1_000);
    expect(refused(receiver, 'server-replayed')).toBe(1);
    await expectUndisturbed({ world, all });
  });
});
