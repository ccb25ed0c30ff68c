import { describe, expect, test } from 'vitest';
import { MeshError } from '#client/errors.ts';
import type { Transport } from '#client/transport/transport.ts';
import type { Mesh, Message, Value } from '#client/types.ts';
import { createRoom, type Room } from './room.ts';

interface Shown extends Record<string, Value | undefined> {
  name?: string;
  cursor?: { x: number; y: number } | null;
}

async function meshes(count: number): Promise<{ room: Room; all: Mesh<Shown>[] }> {
  const room = createRoom();
  const all: Mesh<Shown>[] = [];
  for (let n = 0; n < count; n++) {
    all.push(room.join<Shown>({ name: `tab ${n}`, cursor: null }));
    await room.clock.advance(50);
  }
  for (let n = 0; n < 40 && all.some((mesh) => mesh.members.size < count); n++) await room.clock.advance(500);
  expect(all.map((mesh) => mesh.members.size)).toEqual(all.map(() => count));
  return { room, all };
}

const codeOf = (run: () => unknown): string | undefined => {
  try {
    run();
  } catch (error) {
    return error instanceof MeshError ? error.code : String(error);
  }
  return undefined;
};

const rejection = async (promise: Promise<unknown>): Promise<unknown> =>
  promise.then(
    () => undefined,
    (error: unknown) => error,
  );

describe('joining', () => {
  test('the first is alone and ready, the second is connected and ready with what the first holds', async () => {
    const room = createRoom();
    const first = room.join<Shown>({ name: 'first' });
    expect(first.status.value).toBe('connecting');
    await room.clock.advance(20);
    expect(first.status.value).toBe('alone');
    await first.ready;
    first.map('notes').set('a', 1);
    const second = room.join<Shown>({ name: 'second' });
    await room.clock.advance(3_000);
    await second.ready;
    expect(second.map('notes').get('a')).toBe(1);
    expect([first.status.value, second.status.value]).toEqual(['connected', 'connected']);
    expect(second.members.get(first.id)).toMatchObject({
      presence: { name: 'first' },
      link: 'direct',
      hops: 1,
    });
  });

  test('a join event carries what the member shows', async () => {
    const room = createRoom();
    const first = room.join<Shown>();
    const names: unknown[] = [];
    first.on('member:join', ({ member, returned }) => names.push([member.presence.name, returned]));
    await room.clock.advance(100);
    room.join<Shown>({ name: 'newcomer' });
    await room.clock.advance(3_000);
    expect(names).toEqual([['newcomer', false]]);
  });

  test('without its server a mesh is degraded and goes on; alone it is offline', async () => {
    const { room, all } = await meshes(3);
    const [a, b, c] = all as [Mesh<Shown>, Mesh<Shown>, Mesh<Shown>];
    room.setServer(false);
    expect(a.status.value).toBe('degraded');
    a.map('notes').set('k', 'v');
    await room.clock.advance(1_000);
    expect(b.map('notes').get('k')).toBe('v');
    b.close();
    c.close();
    await room.clock.advance(1_000);
    expect(a.status.value).toBe('offline');
    expect(a.members.size).toBe(1);
    room.setServer(true);
    await room.clock.advance(1_000);
    expect(a.status.value).toBe('alone');
  });

  test('a tab can let go of the server and take hold again', async () => {
    const { room, all } = await meshes(2);
    all[0]!.detach();
    expect([all[0]!.signaling.value, all[0]!.status.value]).toEqual(['closed', 'degraded']);
    await room.clock.advance(5_000);
    expect(all[0]!.members.size).toBe(2);
    all[0]!.attach();
    await room.clock.advance(100);
    expect(all[0]!.status.value).toBe('connected');
  });
});

describe('a room of seven', () => {
  test('lets go of the server but for four, stays connected, and takes a newcomer in', async () => {
    const { room, all } = await meshes(7);
    const attached = (): number => all.filter(({ signaling }) => signaling.value === 'open').length;
    expect(attached()).toBe(7);
    await room.clock.advance(60_000);
    expect(attached()).toBe(4);
    expect(new Set(all.map(({ status }) => status.value))).toEqual(new Set(['connected']));
    const late = room.join();
    await room.clock.advance(5_000);
    expect(late.members.size).toBe(8);

    // The server goes: those attached say so at once, the others when no greeter was seen for ten seconds.
    room.setServer(false);
    await room.clock.advance(1_000);
    const words = (): readonly string[] => all.map(({ status }) => status.value);
    expect(words()).toContain('connected');
    await room.clock.advance(15_000);
    expect(new Set(words())).toEqual(new Set(['degraded']));
    room.setServer(true);
    await room.clock.advance(5_000);
    expect(new Set(words())).toEqual(new Set(['connected']));
  });

  test('that was let go of is held again when the application asks', async () => {
    const { room, all } = await meshes(7);
    await room.clock.advance(60_000);
    const released = all.find(({ signaling }) => signaling.value === 'closed')!;
    released.attach();
    await room.clock.advance(100);
    expect(released.signaling.value).toBe('open');
    released.detach();
    expect(released.status.value).toBe('degraded');
  });
});

describe('links through a TURN server', () => {
  test('are shown as such, and to subscribers as soon as it is known', async () => {
    const room = createRoom();
    let tell: (relayed: boolean) => void = () => {};
    const wrap = (transport: Transport): Transport => ({
      construct: (options, handlers) => {
        tell = handlers.onRelayed;
        return transport.construct(options, handlers);
      },
    });
    const a = room.join(undefined, { wrap });
    const b = room.join();
    await room.clock.advance(3_000);
    const seen: unknown[] = [];
    a.members.subscribe((members) => {
      const { link, hops } = members.get(b.id)!;
      seen.push([link, hops]);
    });
    tell(true);
    tell(false);
    expect(seen).toEqual([
      ['direct', 1],
      ['turn', 1],
      ['direct', 1],
    ]);
    expect(b.members.get(a.id)?.link).toBe('direct');
  });
});

describe('leaving', () => {
  test('is told as goodbye, with the member as it was, and is final', async () => {
    const { room, all } = await meshes(3);
    const told: unknown[] = [];
    all[0]!.on('member:leave', ({ member, reason }) => told.push([member.presence.name, reason]));
    await all[2]!.leave();
    expect(all[2]!.status.value).toBe('closed');
    await room.clock.advance(500);
    expect(told).toEqual([['tab 2', 'goodbye']]);
    expect(all[0]!.members.size).toBe(2);
    expect(codeOf(() => all[2]!.map('notes').set('a', 1))).toBe('CLOSED');
    expect(await rejection(all[2]!.topic('t').send('x'))).toMatchObject({ code: 'CLOSED' });
    expect(all[2]!.leave()).toBe(all[2]!.leave());
  });

  test('waits until the last frames have left; a signal ends the waiting and not the leaving', async () => {
    const room = createRoom();
    const leave: (() => void)[] = [];
    const wrap = (transport: Transport): Transport => ({
      construct: (options, handlers) => {
        const channel = transport.construct(options, handlers);
        const close = async (): Promise<void> => {
          await channel.close();
          await new Promise<void>((resolve) => leave.push(resolve));
        };
        return { ...channel, close };
      },
    });
    const first = room.join();
    const mesh = room.join(undefined, { wrap });
    await room.clock.advance(3_000);
    expect(first.members.size).toBe(2);
    const abort = new AbortController();
    const impatient = rejection(mesh.leave({ signal: abort.signal }));
    let left = false;
    void mesh.leave().then(() => (left = true));
    await room.clock.advance(500);
    expect([mesh.status.value, first.members.size, left]).toEqual(['closed', 1, false]);
    abort.abort(new Error('enough'));
    expect(await impatient).toEqual(new Error('enough'));
    expect(await rejection(mesh.leave({ signal: abort.signal }))).toEqual(new Error('enough'));
    for (const done of leave) done();
    await mesh.leave();
    expect(left).toBe(true);
  });

  test('before it is ready rejects ready and leaves nothing under way', async () => {
    const room = createRoom();
    const mesh = room.join();
    mesh.close();
    expect(await rejection(mesh.ready)).toMatchObject({ code: 'CLOSED' });
    await room.clock.advance(60_000);
    expect(room.clock.pending()).toBe(0);
  });

  test('from within a listener says goodbye all the same, and ends once', async () => {
    const { room, all } = await meshes(3);
    const told: unknown[] = [];
    all[0]!.on('member:leave', ({ member, reason }) => told.push([member.presence.name, reason]));
    all[2]!.topic('chat').on(() => all[2]!.close());
    all[2]!.on('link:close', () => all[2]!.close());
    await all[0]!.topic('chat').send('go');
    await room.clock.advance(500);
    expect(all[2]!.status.value).toBe('closed');
    expect(told).toEqual([['tab 2', 'goodbye']]);
  });

  test('tells once that it begins to close, though a listener closes again', async () => {
    const room = createRoom();
    let closed = 0;
    const first = room.join();
    const mesh = room.join(undefined, { onClosed: () => (closed += 1) });
    await room.clock.advance(3_000);
    expect(first.members.size).toBe(2);
    mesh.on('link:close', () => mesh.close());
    mesh.close();
    mesh.close();
    expect(closed).toBe(1);
  });

  test('leaves no timer behind', async () => {
    const { room, all } = await meshes(4);
    for (const mesh of all) mesh.close();
    await room.clock.advance(60_000);
    expect(room.clock.pending()).toBe(0);
  });
});

describe('presence', () => {
  test('a field that is set is seen by everyone, one that is taken away is gone', async () => {
    const { room, all } = await meshes(4);
    all[1]!.presence.set({ cursor: { x: 0.5, y: 0.25 } });
    await room.clock.advance(1_000);
    for (const mesh of all) {
      expect(mesh.members.get(all[1]!.id)?.presence).toEqual({ name: 'tab 1', cursor: { x: 0.5, y: 0.25 } });
    }
    all[1]!.presence.set({ cursor: undefined });
    await room.clock.advance(1_000);
    expect(all[0]!.members.get(all[1]!.id)?.presence).toEqual({ name: 'tab 1' });
    expect(all[1]!.presence.mine.value).toEqual({ name: 'tab 1' });
  });

  test('too many fields and bad values are refused with a code, and nothing changes', async () => {
    const mesh = createRoom().join<Record<string, Value>>({ a: 1 });
    const many = Object.fromEntries(Array.from({ length: 40 }, (_, n) => [`f${n}`, n]));
    expect(codeOf(() => mesh.presence.set(many))).toBe('LIMIT');
    expect(codeOf(() => mesh.presence.set({ big: 'x'.repeat(20_000) }))).toBe('VALUE_TOO_LARGE');
    expect(codeOf(() => mesh.presence.set({ bad: (() => 1) as unknown as Value }))).toBe('BAD_VALUE');
    expect(mesh.presence.mine.value).toEqual({ a: 1 });
  });
});

describe('a shared map', () => {
  test('tells changes with who wrote, to others and to itself', async () => {
    const { room, all } = await meshes(3);
    const changes: unknown[] = [];
    const own: unknown[] = [];
    all[0]!
      .map('notes')
      .on('change', (list) =>
        changes.push(...list.map(({ key, value, old, by, local }) => [key, old, value, by, local])),
      );
    all[1]!.map('notes').on('change', (list) => own.push(...list.map(({ key, local }) => [key, local])));
    all[1]!.map('notes').set('a', 1);
    await room.clock.advance(500);
    all[1]!.map('notes').delete('a');
    await room.clock.advance(500);
    expect(changes).toEqual([
      ['a', undefined, 1, all[1]!.id, false],
      ['a', 1, undefined, all[1]!.id, false],
    ]);
    expect(own).toEqual([
      ['a', true],
      ['a', true],
    ]);
    expect(all[2]!.map('notes').size).toBe(0);
  });

  test('keeps what it was given even when the giver changes it afterwards', () => {
    const mesh = createRoom().join();
    const value = { list: [1, 2] };
    mesh.map('notes').set('a', value);
    value.list.push(3);
    expect(mesh.map('notes').get('a')).toEqual({ list: [1, 2] });
    expect(Object.isFrozen(mesh.map('notes').get('a'))).toBe(true);
  });

  test('takes any text as a key, and prototypes stay what they are', async () => {
    const { room, all } = await meshes(2);
    for (const key of ['__proto__', 'constructor', 'toString', ''])
      all[0]!.map('notes').set(key, { polluted: key });
    const evil = JSON.parse('{"__proto__":{"polluted":true}}') as Value;
    all[0]!.map('notes').set('evil', evil);
    await room.clock.advance(1_000);
    expect([...all[1]!.map('notes').value.keys()].toSorted()).toEqual([
      '',
      '__proto__',
      'constructor',
      'evil',
      'toString',
    ]);
    expect(Object.getOwnPropertyDescriptor(all[1]!.map('notes').get('evil'), '__proto__')?.value).toEqual({
      polluted: true,
    });
    expect(({} as { polluted?: unknown }).polluted).toBeUndefined();
  });

  test('refuses bad keys, names and values with a code, and nothing changes', () => {
    const mesh = createRoom().join();
    const notes = mesh.map('notes');
    const deep = JSON.parse(`${'['.repeat(20)}1${']'.repeat(20)}`) as Value;
    expect(codeOf(() => notes.set('k'.repeat(600), 1))).toBe('BAD_KEY');
    expect(codeOf(() => notes.set('\ud800', 1))).toBe('BAD_KEY');
    expect(codeOf(() => notes.set('a', Number.NaN))).toBe('BAD_VALUE');
    expect(codeOf(() => notes.set('a', new Date() as unknown as Value))).toBe('BAD_VALUE');
    expect(codeOf(() => notes.set('a', deep))).toBe('BAD_VALUE');
    expect(codeOf(() => notes.set('a', 'x'.repeat(20_000)))).toBe('VALUE_TOO_LARGE');
    expect(codeOf(() => mesh.map(''))).toBe('BAD_NAME');
    expect(codeOf(() => mesh.map('a\0b'))).toBe('BAD_NAME');
    expect(codeOf(() => mesh.topic('\ud800'))).toBe('BAD_NAME');
    expect(notes.size).toBe(0);
  });

  test('add gives every value a key of its own', () => {
    const notes = createRoom().join().map('notes');
    const keys = [notes.add('a'), notes.add('b')];
    expect(new Set(keys).size).toBe(2);
    expect(keys.map((key) => notes.get(key))).toEqual(['a', 'b']);
  });

  test('a snapshot keeps its identity until something changes', () => {
    const notes = createRoom().join().map('notes');
    const before = notes.getSnapshot();
    expect(notes.getSnapshot()).toBe(before);
    notes.set('a', 1);
    expect(notes.getSnapshot()).not.toBe(before);
    expect(before.size).toBe(0);
  });
});

describe('a topic', () => {
  test('reaches everyone else once, in order', async () => {
    const { room, all } = await meshes(5);
    const heard = all.map((mesh) => {
      const messages: Message[] = [];
      mesh.topic('chat').on((message) => messages.push(message));
      return messages;
    });
    for (const data of ['one', 'two', 'three']) await all[0]!.topic('chat').send(data);
    await room.clock.advance(1_000);
    expect(heard.map((messages) => messages.map(({ data }) => data))).toEqual([
      [],
      ...all.slice(1).map(() => ['one', 'two', 'three']),
    ]);
    expect(heard[1]![0]!.from).toBe(all[0]!.id);
  });

  test('to one member resolves when it has it, and rejects when there is no such member', async () => {
    const { room, all } = await meshes(3);
    const heard: unknown[] = [];
    all[2]!.topic('chat').on(({ data }) => heard.push(data));
    const sent = all[0]!.topic('chat').send('hello', { to: all[2]!.id });
    await room.clock.advance(2_000);
    await sent;
    expect(heard).toEqual(['hello']);
    const lost = rejection(all[0]!.topic('chat').send('hello', { to: 'f'.repeat(32) }));
    await room.clock.advance(3_000);
    expect(await lost).toMatchObject({ code: 'UNREACHABLE' });
    expect(await rejection(all[0]!.topic('chat').send('x', { to: 'nobody' }))).toMatchObject({
      code: 'UNREACHABLE',
    });
  });

  test('to oneself is heard like any other, until the mesh is left', async () => {
    const mesh = createRoom().join();
    const heard: unknown[] = [];
    mesh.topic('chat').on((message) => heard.push(message));
    await mesh.topic('chat').send({ n: 1 }, { to: mesh.id });
    expect(heard).toEqual([{ data: { n: 1 }, from: mesh.id, hops: 0 }]);
    mesh.close();
    expect(await rejection(mesh.topic('chat').send(2, { to: mesh.id }))).toMatchObject({ code: 'CLOSED' });
    expect(heard).toHaveLength(1);
  });

  test('an answer that is waited for ends with the waiting: by its signal, or when the mesh is left', async () => {
    const { all } = await meshes(2);
    const [from, to] = [all[0]!, all[1]!.id];
    const abort = new AbortController();
    const { signal } = abort;
    const aborted = [from.topic('chat').send(1, { to, signal }), from.members.ping(to, { signal })].map(
      rejection,
    );
    abort.abort(new Error('enough'));
    expect(await Promise.all(aborted)).toEqual([new Error('enough'), new Error('enough')]);
    const left = [from.topic('chat').send(1, { to }), from.members.ping(to)].map(rejection);
    from.close();
    const closed = { code: 'CLOSED' };
    expect(await Promise.all(left)).toMatchObject([closed, closed]);
  });

  test('an aborted send rejects with the reason, an aborted listener hears nothing more', async () => {
    const { room, all } = await meshes(2);
    const abort = new AbortController();
    const heard: unknown[] = [];
    all[1]!.topic('chat').on(({ data }) => heard.push(data), { signal: abort.signal });
    await all[0]!.topic('chat').send(1);
    await room.clock.advance(500);
    abort.abort(new Error('enough'));
    await all[0]!.topic('chat').send(2);
    await room.clock.advance(500);
    expect(heard).toEqual([1]);
    expect(await rejection(all[0]!.topic('chat').send(3, { signal: abort.signal }))).toEqual(
      new Error('enough'),
    );
  });
});

describe('members', () => {
  test('ping measures the way to a member', async () => {
    const { room, all } = await meshes(3);
    const rtt = all[0]!.members.ping(all[1]!.id);
    await room.clock.advance(1_000);
    expect(await rtt).toBeGreaterThan(0);
  });

  test('ping to oneself takes no time, and is refused when the mesh is left', async () => {
    const mesh = createRoom().join();
    expect(await mesh.members.ping(mesh.id)).toBe(0);
    mesh.close();
    expect(await rejection(mesh.members.ping(mesh.id))).toMatchObject({ code: 'CLOSED' });
  });

  test('ping refuses what is no member, and a signal that has aborted, before anything is sent', async () => {
    const { room, all } = await meshes(2);
    const { sentFrames } = all[0]!.stats().links;
    expect(await rejection(all[0]!.members.ping('nobody'))).toMatchObject({ code: 'UNREACHABLE' });
    const signal = AbortSignal.abort(new Error('enough'));
    expect(await rejection(all[0]!.members.ping(all[1]!.id, { signal }))).toEqual(new Error('enough'));
    expect(all[0]!.stats().links.sentFrames).toBe(sentFrames);
    const lost = rejection(all[0]!.members.ping('f'.repeat(32)));
    await room.clock.advance(3_000);
    expect(await lost).toMatchObject({ code: 'UNREACHABLE' });
  });

  test('the graph names everyone and the links that both ends name', async () => {
    const { room, all } = await meshes(3);
    await room.clock.advance(5_000);
    const { nodes, edges } = all[0]!.graph();
    expect(nodes.map(({ id }) => id).toSorted()).toEqual(all.map(({ id }) => id).toSorted());
    expect(edges).toHaveLength(3);
  });

  test('a listener that another ends hears nothing more, not even of the same change', () => {
    const mesh = createRoom().join();
    const heard: string[] = [];
    const ends: (() => void)[] = [];
    mesh.map('notes').on('change', () => {
      heard.push('first');
      for (const end of ends) end();
    });
    ends.push(mesh.map('notes').on('change', () => heard.push('second')));
    mesh.map('notes').set('a', 1);
    expect(heard).toEqual(['first']);
  });

  test('a listener that throws disturbs nobody else', async () => {
    const { room, all } = await meshes(2);
    const thrown: unknown[] = [];
    const catcher = (error: unknown): void => void thrown.push(error);
    process.on('uncaughtException', catcher);
    const heard: unknown[] = [];
    all[1]!.topic('chat').on(() => {
      throw new Error('mine');
    });
    all[1]!.topic('chat').on(({ data }) => heard.push(data));
    await all[0]!.topic('chat').send('still');
    await room.clock.advance(500);
    await new Promise((resolve) => setImmediate(resolve));
    process.off('uncaughtException', catcher);
    expect(heard).toEqual(['still']);
    expect(thrown).toEqual([new Error('mine')]);
  });
});

test('a map over the limits of a room is refused with a code, and what it holds may still be changed', () => {
  const mesh = createRoom().join();
  for (let n = 0; n < 255; n++) mesh.map(`map ${n}`).set('a', n);
  mesh.map('last').set('a', 1);
  mesh.map('map 0').set('a', 2);
  expect(mesh.map('map 0').get('a')).toBe(2);
  expect(codeOf(() => mesh.map('one more'))).toBe('LIMIT');
});

test('what a listener writes is there when it looks', async () => {
  const { room, all } = await meshes(2);
  const seen: unknown[] = [];
  all[1]!.topic('chat').on(({ data }) => {
    all[1]!.map('notes').set('heard', data);
    seen.push(all[1]!.map('notes').get('heard'));
  });
  await all[0]!.topic('chat').send('hello');
  await room.clock.advance(500);
  expect(seen).toEqual(['hello']);
  expect(all[0]!.map('notes').get('heard')).toBe('hello');
});

test('a listener that writes does not make the others hear changes newest first', async () => {
  const { room, all } = await meshes(2);
  const mesh = all[1]!;
  const notes = mesh.map('notes');
  const heard: unknown[] = [];
  notes.on('change', (changes) => {
    if (changes[0]!.key !== 'first') return;
    notes.set('second', 1);
    mesh.presence.set({ name: 'writer' });
    expect(notes.get('second')).toBe(1);
    expect(notes.value.get('second')).toBe(1);
  });
  notes.on('change', (changes) => heard.push(...changes.map(({ key }) => key)));
  notes.subscribe((values) => heard.push([...values.keys()]));
  mesh.on('member:update', ({ member }) => heard.push(member.presence.name));
  heard.length = 0;
  all[0]!.map('notes').set('first', 1);
  await room.clock.advance(500);
  expect(heard).toEqual([['first'], 'first', ['first', 'second'], 'second', 'writer']);
});

test('a listener that goes on writing for a while is followed to its end', () => {
  const mesh = createRoom().join();
  const notes = mesh.map<number>('notes');
  const heard: unknown[] = [];
  notes.on('change', ([change]) => {
    if (change!.value !== undefined && change!.value < 2_000) notes.set('n', change!.value + 1);
  });
  notes.on('change', ([change]) => heard.push(change!.value));
  notes.set('n', 1);
  expect(heard).toEqual(Array.from({ length: 2_000 }, (_, n) => n + 1));
});

test('snapshots are the same for everyone who looks, so nobody can empty them', async () => {
  const { all } = await meshes(2);
  const clear = (map: unknown): void => (map as Map<unknown, unknown>).clear();
  expect(() => clear(all[0]!.members.value)).toThrow(TypeError);
  expect(() => clear(all[0]!.map('notes').value)).toThrow(TypeError);
  expect(all[0]!.members.value.size).toBe(2);
});
