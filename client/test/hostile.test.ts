/** Hostile neighbors: what they send is dropped, counted and told, and everything else goes on. */
import { describe, expect, test } from 'vitest';
import { epoch, incarnation, type PeerId } from '#shared/base/ids.ts';
import type { LinkMessage, Payload } from '#shared/mesh/messages.ts';
import type { Value } from '#client/types.ts';
import { expectLifeGoesOn, setScene, type Shown } from './hostile-scene.ts';
import { createHostileTab, type HostileLink } from './hostile-tab.ts';
import { createProver } from './prover.ts';
import { createRoom } from './room.ts';

const harmless: LinkMessage = { kind: 'claims', claims: [] };
const patched = (bytes: Uint8Array, at: number, byte: number): Uint8Array => {
  const copy = bytes.slice();
  copy[at] = byte;
  return copy;
};

describe('a frame that is dropped, counted and told, while everything lives on', () => {
  test.each<[string, string, (link: HostileLink) => void]>([
    ['no bytes', 'malformed', (link) => link.sayBytes(new Uint8Array(0))],
    [
      'noise',
      'newer-version',
      (link) => link.sayBytes(Uint8Array.from({ length: 200 }, (_, n) => n * 7 + 3)),
    ],
    ['a large frame', 'oversized', (link) => link.sayBytes(new Uint8Array(41_000))],
    ['a cut frame', 'malformed', (link) => link.sayBytes(link.frame(harmless).slice(0, -1))],
    [
      'a frame with more behind it',
      'malformed',
      (link) => link.sayBytes(Uint8Array.of(...link.frame(harmless), 0)),
    ],
    ['no version', 'malformed', (link) => link.sayBytes(patched(link.frame(harmless), 0, 0))],
    ['a newer version', 'newer-version', (link) => link.sayBytes(patched(link.frame(harmless), 0, 2))],
    [
      'a frame again',
      'replayed',
      (link) => {
        const bytes = link.frame(harmless);
        link.sayBytes(bytes);
        link.sayBytes(bytes);
      },
    ],
    [
      'a frame after its successor',
      'misordered',
      (link) => {
        const late = link.frame(harmless);
        link.say(harmless);
        link.sayBytes(late);
      },
    ],
  ])('%s', async (_what, reason, misbehave) => {
    const scene = await setScene();
    const before = scene.a.stats().links.receivedFrames;
    misbehave(scene.link);
    await scene.room.clock.advance(20);
    expect(scene.told).toEqual([[scene.c.id, reason]]);
    expect(scene.a.stats().refused).toMatchObject({ [reason]: 1 });
    expect(scene.a.stats().links.receivedFrames).toBeGreaterThan(before);
    await expectLifeGoesOn(scene);
    expect(scene.told).toHaveLength(1);
  });

  test('an unknown kind', async () => {
    const scene = await setScene();
    const bytes = scene.link.frame(harmless);
    // The kind stands before the count of claims, which is 0.
    const kindAt = bytes.length - 2;
    expect(bytes[kindAt]).toBe(0x04);
    scene.link.sayBytes(patched(bytes, kindAt, 0xee));
    await scene.room.clock.advance(20);
    expect(scene.told).toEqual([[scene.c.id, 'unknown-kind']]);
    await expectLifeGoesOn(scene);
  });

  test('a thousand of them', async () => {
    const scene = await setScene();
    for (let n = 0; n < 1_000; n++) scene.link.sayBytes(Uint8Array.of(1, 255, n % 256));
    const { a, b, c, room, told } = scene;
    await room.clock.advance(20);
    // Nobody sends such frames by mistake: after a few of them the link is closed, and is not made again for a while.
    expect(told).toContainEqual([c.id, 'dropped-invalid']);
    expect(told).toContainEqual(['link closed', c.id]);
    expect(told.length).toBeLessThan(20);
    await room.clock.advance(5_000);
    expect(a.members.get(c.id)?.link).not.toBe('direct');
    expect(a.members.get(b.id)).toMatchObject({ status: 'alive', link: 'direct' });
  });
});

describe('a neighbor that claims to be another', () => {
  const identityOf = (id: string): Extract<Payload, { kind: 'identity' }> => ({
    kind: 'identity',
    id: id as PeerId,
    epoch: epoch(9),
    incarnation: incarnation(0),
    left: false,
    wireVersion: 1,
    card: new Uint8Array(),
    proof: null,
  });

  test('in a greeting is refused, and neither is touched', async () => {
    const scene = await setScene();
    const { a, b, c, link, provers, told, room } = scene;
    // Each with a proof, as one that it heard once would have.
    for (const { id, prove } of [provers.b, createProver(), provers.a]) {
      link.say(await prove({ kind: 'hello', identity: identityOf(id), presence: [] }));
    }
    await room.clock.advance(20);
    expect(told).toEqual(told.map(() => [c.id, 'forged-hello']));
    expect(a.stats().refused).toEqual({ 'forged-hello': 3 });
    expect(a.members.get(b.id)?.presence).toEqual({ name: 'b' });
    expect(a.members.size).toBe(3);
    await expectLifeGoesOn(scene);
  });

  test('in its very first greeting becomes no member under that name', async () => {
    const room = createRoom();
    const tab = createHostileTab();
    const ghost = 'f'.repeat(32) as PeerId;
    tab.rewrite = (message) =>
      message.kind === 'hello'
        ? { ...message, identity: { ...identityOf(ghost), proof: message.identity.proof } }
        : message;
    const a = room.join<Shown>({ name: 'a' });
    const told: unknown[] = [];
    a.on('peer:misbehaved', ({ peer, reason }) => told.push([peer, reason]));
    await room.clock.advance(50);
    const c = room.join<Shown>({ name: 'c' }, { wrap: tab.wrap });
    await room.clock.advance(5_000);
    expect(told).toEqual([[c.id, 'wrong-author']]);
    expect(a.members.get(ghost)).toBeUndefined();
    // Its own record comes with the tables that are compared, and so does what it shows.
    expect(a.members.get(c.id)).toMatchObject({ link: 'direct', presence: { name: 'c' } });
  });

  test('and shows something in the name of a third in its greeting, is refused whole', async () => {
    const scene = await setScene();
    const { a, b, c, link, provers, told, room } = scene;
    const hello = await provers.c.prove({
      kind: 'hello',
      identity: { ...identityOf(c.id), epoch: epoch(1), incarnation: incarnation(5) },
      presence: [
        { owner: c.id as PeerId, epoch: epoch(1), field: 'name', seq: 99, value: 'mine', proof: null },
        { owner: b.id as PeerId, epoch: epoch(1), field: 'name', seq: 99, value: 'forged', proof: null },
      ],
    });
    link.say(await provers.b.prove(hello));
    await room.clock.advance(20);
    expect(told).toEqual([[c.id, 'forged-hello']]);
    expect([b, c].map(({ id }) => a.members.get(id)?.presence)).toEqual([{ name: 'b' }, { name: 'c' }]);
    await expectLifeGoesOn(scene);
  });

  test('in a record of its own victim is refused', async () => {
    const scene = await setScene();
    const { a, c, link, provers, told, room } = scene;
    link.say(await provers.a.prove({ kind: 'claims', claims: [identityOf(a.id)] }));
    link.say(
      await provers.a.prove({
        kind: 'delta',
        table: 'presence',
        records: [
          { owner: a.id as PeerId, epoch: epoch(1), field: 'name', seq: 99, value: 'forged', proof: null },
        ],
      }),
    );
    await room.clock.advance(20);
    expect(told).toEqual([
      [c.id, 'foreign-epoch'],
      [c.id, 'forged-presence'],
    ]);
    expect(a.members.get(a.id)?.presence).toEqual({ name: 'a' });
    await expectLifeGoesOn(scene);
  });
});

test('names that every object has are names like any other, all the way', async () => {
  const scene = await setScene();
  const { a, c, room, told } = scene;
  const heard: unknown[] = [];
  const evil = (): Value =>
    JSON.parse('{"__proto__":{"polluted":true},"constructor":{"prototype":1}}') as Value;
  const proto = Object.getPrototypeOf({}) as object;
  const before = Object.getOwnPropertyNames(proto);
  a.topic('__proto__').on(({ data }) => heard.push(data));
  c.presence.set(JSON.parse('{"__proto__":{"polluted":1},"toString":"x","hasOwnProperty":0}') as Shown);
  c.map('__proto__').set('__proto__', evil());
  c.map('constructor').set('prototype', evil());
  await c.topic('__proto__').send(evil());
  await room.clock.advance(2_000);
  const shown = a.members.get(c.id)!.presence as Record<string, unknown>;
  expect(Object.keys(shown).toSorted()).toEqual(['__proto__', 'hasOwnProperty', 'name', 'toString']);
  expect(Object.getPrototypeOf(shown)).toBe(proto);
  expect([...a.map('__proto__').value.keys(), ...a.map('constructor').value.keys()]).toEqual([
    '__proto__',
    'prototype',
  ]);
  for (const value of [
    a.map('__proto__').get('__proto__'),
    a.map('constructor').get('prototype'),
    heard[0],
  ]) {
    expect(Object.keys(value as object)).toEqual(['__proto__', 'constructor']);
    expect(Object.getPrototypeOf(value)).toBe(proto);
  }
  expect(Object.getOwnPropertyNames(proto)).toEqual(before);
  expect(({} as { polluted?: unknown }).polluted).toBeUndefined();
  c.presence.set(JSON.parse('{"__proto__":null}') as Shown);
  await room.clock.advance(2_000);
  expect(Object.getOwnPropertyDescriptor(a.members.get(c.id)!.presence, '__proto__')?.value).toBeNull();
  expect(told).toEqual([]);
});
