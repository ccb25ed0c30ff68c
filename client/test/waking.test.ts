/** Meshes whose links lose their way: what an application sees of it. */
import { expect, test } from 'vitest';
import type { WakeHandlers } from '#client/shell/wakes.ts';
import type { Activity, Mesh } from '#client/types.ts';
import { PRESENCE_FIELDS_MAX } from '#shared/presence/config.ts';
import { createRoom, type Room } from './room.ts';

interface Scene {
  readonly room: Room;
  readonly meshes: readonly Mesh[];
  readonly wakes: readonly WakeHandlers[];
  readonly left: string[];
}

async function setUp(count: number): Promise<Scene> {
  const room = createRoom();
  const wakes: WakeHandlers[] = [];
  const left: string[] = [];
  const meshes: Mesh[] = [];
  for (let nth = 0; nth < count; nth++) {
    const mesh = room.join({}, { followWakes: (on) => void wakes.push(on) });
    mesh.on('member:leave', ({ member }) => left.push(member.id));
    meshes.push(mesh);
    await room.clock.advance(100);
  }
  await room.clock.advance(20_000);
  for (const mesh of meshes) expect(mesh.stats().links).toMatchObject({ open: count - 1, restarted: 0 });
  return { room, meshes, wakes, left };
}

const sumOf = (meshes: readonly Mesh[], what: 'restarted' | 'constructed'): number =>
  meshes.reduce((sum, mesh) => sum + mesh.stats().links[what], 0);

test.each([2, 4])(
  'links whose way is gone are restarted in place: %i members lose neither a message nor each other',
  async (count) => {
    const { room, meshes, left } = await setUp(count);
    const constructed = sumOf(meshes, 'constructed');
    const heard: unknown[] = [];
    meshes[1]!.topic('story').on(({ data }) => heard.push(data));
    room.stray();
    void meshes[0]!.topic('story').send('meanwhile');
    await room.clock.advance(1_000);
    expect(heard).toEqual([]);
    await room.clock.advance(9_000);
    expect(heard).toEqual(['meanwhile']);
    expect([sumOf(meshes, 'constructed'), left]).toEqual([constructed, []]);
    expect(sumOf(meshes, 'restarted')).toBeGreaterThan(0);
    for (const mesh of meshes) expect(mesh.stats().refused).toEqual({});
  },
);

test.each(['woke', 'networkChanged'] as const)('a tab that is told so (%s) finds out sooner', async (how) => {
  const { room, meshes, wakes } = await setUp(2);
  room.stray();
  wakes[0]![how]();
  await room.clock.advance(1_100);
  expect(meshes[0]!.stats().links.restarted).toBe(1);
  await room.clock.advance(5_000);
  expect(sumOf(meshes, 'restarted')).toBe(1);
});

test('who is told so without need, or after leaving, restarts nothing', async () => {
  const { room, meshes, wakes } = await setUp(2);
  for (const on of wakes) on.networkChanged();
  await room.clock.advance(5_000);
  expect(sumOf(meshes, 'restarted')).toBe(0);
  void meshes[0]!.leave();
  wakes[0]!.woke();
  wakes[0]!.networkChanged();
  expect(meshes[0]!.status.value).toBe('closed');
});

test.each([
  ['woke', ['open']],
  ['thawed', ['open', 'connecting', 'open']],
  ['networkChanged', ['open', 'connecting', 'open']],
] as const)(
  'a tab that is told so (%s) keeps its links; only after a long freeze, or on another network, it dials anew',
  async (how, statuses) => {
    const { room, meshes, wakes, left } = await setUp(2);
    const constructed = sumOf(meshes, 'constructed');
    const seen: unknown[] = [];
    meshes[0]!.signaling.subscribe(() => seen.push(meshes[0]!.signaling.value));
    wakes[0]![how]();
    await room.clock.advance(5_000);
    expect(seen).toEqual(statuses);
    expect([sumOf(meshes, 'constructed'), sumOf(meshes, 'restarted'), left]).toEqual([constructed, 0, []]);
  },
);

test('a page that is put away says goodbye, and is back when it is shown again', async () => {
  const { room, meshes, wakes, left } = await setUp(4);
  const [away, ...others] = meshes as [Mesh, ...Mesh[]];
  const returned: boolean[] = [];
  for (const mesh of others) mesh.on('member:join', (event) => returned.push(event.returned));
  away.map('notes').set('before', 1);
  away.presence.set({ shown: 1 });
  await room.clock.advance(2_000);

  wakes[0]!.stored();
  await room.clock.advance(300);
  expect(left).toEqual([away.id, away.id, away.id]);
  expect([away.stats().links.open, away.signaling.value]).toEqual([0, 'closed']);
  others[0]!.map('notes').set('meanwhile', 2);

  wakes[0]!.restored();
  await room.clock.advance(5_000);
  expect(returned).toEqual([true, true, true]);
  expect(left).toHaveLength(3);
  expect(away.status.value).toBe('connected');
  for (const mesh of meshes) {
    expect(mesh.members.size).toBe(4);
    expect(Array.from(mesh.map('notes'))).toEqual([
      ['before', 1],
      ['meanwhile', 2],
    ]);
    expect(mesh.members.get(away.id)).toMatchObject({ status: 'alive', presence: { shown: 1 } });
    expect(mesh.stats().refused).toEqual({});
  }
  const heard: unknown[] = [];
  others[0]!.topic('chat').on(({ data }) => heard.push(data));
  void away.topic('chat').send('here again');
  await room.clock.advance(1_000);
  expect(heard).toEqual(['here again']);
});

test('a page that goes for good has left, and one that has left is not brought back by being shown', async () => {
  const { room, meshes, wakes, left } = await setUp(3);
  wakes[0]!.gone();
  void meshes[1]!.leave();
  await room.clock.advance(1_000);
  for (const on of wakes.slice(0, 2)) {
    on.stored();
    on.restored();
  }
  await room.clock.advance(10_000);
  expect(left.toSorted()).toEqual([meshes[0]!.id, meshes[1]!.id].toSorted());
  expect(meshes.map(({ status }) => status.value)).toEqual(['closed', 'closed', 'alone']);
});

test('everyone sees who is at it, apart from what applications show, and who comes later does too', async () => {
  const room = createRoom();
  let change = (_activity: Activity): void => {};
  const first = room.join({ name: 'ada' }, { followActivity: (onChange) => void (change = onChange) });
  const asked: unknown[] = [];
  const others = [room.join({}, {}), room.join({}, { admit: ({ presence }) => asked.push(presence) > 0 })];
  await room.clock.advance(3_000);
  const [other] = others as [Mesh];
  const seen = (mesh: Mesh): unknown => mesh.members.get(first.id)?.activity;
  const updates: unknown[] = [];
  other.on('member:update', ({ member }) => updates.push(member.activity));
  expect([first, ...others].map(seen)).toEqual(['active', 'active', 'active']);
  const { presence } = other.members.get(first.id)!;
  change('away');
  await room.clock.advance(1_000);
  expect([first, ...others].map(seen)).toEqual(['away', 'away', 'away']);
  expect(updates).toEqual(['away']);
  expect(other.members.get(first.id)).toMatchObject({ status: 'alive', presence: { name: 'ada' } });
  expect(other.members.get(first.id)!.presence).toBe(presence);
  const late = room.join({}, { admit: ({ presence: shown }) => asked.push(shown) > 0 });
  await room.clock.advance(3_000);
  expect(seen(late)).toBe('away');
  expect(asked.every((shown) => !Object.hasOwn(Object(shown), ''))).toBe(true);
  change('active');
  await room.clock.advance(1_000);
  expect([first, ...others, late].map(seen)).toEqual(['active', 'active', 'active', 'active']);
});

test('an application may show as many fields as ever, and none by the name of that one', async () => {
  const room = createRoom();
  let change = (_activity: Activity): void => {};
  const fields = Object.fromEntries(Array.from({ length: PRESENCE_FIELDS_MAX }, (_, at) => [`f${at}`, at]));
  const mesh = room.join(fields, { followActivity: (onChange) => void (change = onChange) });
  const other = room.join();
  await room.clock.advance(3_000);
  change('idle');
  await room.clock.advance(1_000);
  expect(other.members.get(mesh.id)).toMatchObject({ activity: 'idle', presence: fields });
  expect(() => mesh.presence.set({ '': 1 })).toThrow(/name of a presence field/u);
});
