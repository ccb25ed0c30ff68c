/** What a mesh is for: presence, shared maps, topics, and who hears of them when. */
import { describe, expect, test } from 'vitest';
import type { Message, Value } from '#client/types.ts';
import { createRoom } from './room.ts';
import { codeOf, meshes, rejection } from './meshes.ts';

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
