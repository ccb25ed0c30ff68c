/** Messages to one member in whole meshes: sealed all the way, and whose they say they are. */
import { describe, expect, test } from 'vitest';
import type { Transport } from '#client/transport/transport.ts';
import type { StoredKey, IdentityStore } from '#client/identity/user-identity.ts';
import type { Mesh, Message } from '#client/types.ts';
import { createRoom, type Room } from './room.ts';

/** Notes all that passes over the channels of a tab. */
function tap(frames: Uint8Array[]): (transport: Transport) => Transport {
  return (transport) => ({
    construct: (options, handlers) => {
      const channel = transport.construct(options, handlers);
      return {
        ...channel,
        send: (bytes) => {
          frames.push(bytes.slice());
          return channel.send(bytes);
        },
      };
    },
  });
}

const holds = (frames: readonly Uint8Array[], text: string): boolean =>
  frames.some((frame) => Buffer.from(frame).includes(text));

async function threeTabs(): Promise<{ room: Room; all: readonly Mesh[]; frames: Uint8Array[] }> {
  const room = createRoom();
  const frames: Uint8Array[] = [];
  const all = [];
  for (const name of ['ann', 'bob', 'cyd']) {
    all.push(room.join({ name }, { wrap: tap(frames) }));
    await room.clock.advance(1_000);
  }
  await room.clock.advance(5_000);
  expect(all.map((mesh) => mesh.members.size)).toEqual([3, 3, 3]);
  return { room, all, frames };
}

describe('a message to one member', () => {
  test('arrives, and nowhere on its way can be read what a message to all shows', async () => {
    const { room, all, frames } = await threeTabs();
    const [ann, bob, cyd] = all as [Mesh, Mesh, Mesh];
    const heard: Message[] = [];
    const overheard: Message[] = [];
    bob.topic('chat').on((message) => heard.push(message));
    cyd.topic('chat').on((message) => overheard.push(message));
    const sent = ann.topic('chat').send('for bob alone', { to: bob.id });
    await room.clock.advance(1_000);
    await sent;
    expect(heard).toMatchObject([{ data: 'for bob alone', from: ann.id }]);
    expect(overheard).toEqual([]);
    expect(holds(frames, 'for bob alone')).toBe(false);

    // The control: what is for all is not for one alone.
    await ann.topic('chat').send('for everyone');
    await room.clock.advance(1_000);
    expect(holds(frames, 'for everyone')).toBe(true);
  });
});

describe('a stored user', () => {
  function createStore(): IdentityStore {
    let held: StoredKey | undefined;
    return { getOrPut: async (make) => (held ??= await make()) };
  }

  test('is one in two tabs, and another in another browser; who has none shows none', async () => {
    const room = createRoom();
    const store = createStore();
    const tabs = [{ identity: store }, { identity: store }, { identity: createStore() }, {}];
    const all: Mesh[] = [];
    for (const tab of tabs) {
      all.push(room.join({}, tab));
      await room.clock.advance(1_000);
    }
    await room.clock.advance(5_000);
    const usersAt = (mesh: Mesh): readonly unknown[] => all.map(({ id }) => mesh.members.get(id)?.userId);
    const [first, , third] = usersAt(all[0]!);
    expect(first).toMatch(/^[0-9a-f]{32}$/);
    expect(third).not.toBe(first);
    for (const mesh of all) expect(usersAt(mesh)).toEqual([first, first, third, undefined]);
  });

  test('returns when a tab is closed and opened again, as another member', async () => {
    const room = createRoom();
    const store = createStore();
    const watcher = room.join({});
    const told: unknown[] = [];
    watcher.on('member:join', ({ member, returned }) => told.push([member.userId, returned]));
    await room.clock.advance(100);
    const before = room.join({}, { identity: store });
    await room.clock.advance(4_000);
    await before.leave();
    const after = room.join({}, { identity: store });
    await room.clock.advance(4_000);
    const user = watcher.members.get(after.id)?.userId;
    expect(after.id).not.toBe(before.id);
    expect(told).toEqual([
      [user, false],
      [user, true],
    ]);
  });
});
