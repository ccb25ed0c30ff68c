/** Hostile neighbors: what they send is dropped, counted and told, and everything else goes on. */
import { describe, expect, test } from 'vitest';
import { epoch, incarnation, wordsToAttemptId, type PeerId } from '#shared/base/ids.ts';
import { bytesToReceipt, RECEIPT_BYTES } from '#shared/base/receipt.ts';
import type { LinkMessage, Payload, RoutedPayload } from '#shared/mesh/messages.ts';
import type { Value } from '#client/types.ts';
import { expectLifeGoesOn, setScene, type Scene, type Shown } from './hostile-scene.ts';
import { createHostileTab, type HostileLink } from './hostile-tab.ts';
import { createProver } from './prover.ts';
import { createRoom } from './room.ts';

const attempt = wordsToAttemptId(1, 2);
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

describe('a broadcast in the name of another', () => {
  /** A broadcast of `origin`, so far ahead that it is new. */
  const gossip = (origin: string, payload: Payload, seq: number = 900): LinkMessage => ({
    kind: 'gossip',
    origin: origin as PeerId,
    epoch: epoch(1),
    lane: payload.kind === 'topic' ? 'reliable' : 'record',
    seq,
    hot: false,
    round: 0,
    payload,
    proof: null,
  });

  test.each<[string, (scene: Scene) => Payload]>([
    [
      'presence',
      ({ b }) => ({
        kind: 'presence',
        owner: b.id as PeerId,
        epoch: epoch(1),
        grade: 'rest',
        fields: [{ field: 'name', seq: 99, value: 'forged', proof: null }],
      }),
    ],
    [
      'a note',
      ({ b, room }) => ({
        kind: 'state',
        entries: [
          {
            collection: 'notes',
            key: 'forged',
            value: 1,
            stamp: { wall: room.clock.now().wall, counter: 0, by: b.id as PeerId },
            proof: null,
          },
        ],
      }),
    ],
    [
      'a farewell',
      ({ b }) => ({
        kind: 'identity',
        id: b.id as PeerId,
        epoch: epoch(1),
        incarnation: incarnation(9),
        left: true,
        wireVersion: 1,
        card: new Uint8Array(),
        proof: null,
      }),
    ],
    [
      'the links',
      ({ b }) => ({
        kind: 'links',
        id: b.id as PeerId,
        epoch: epoch(1),
        seq: 900,
        neighbors: [],
        stability: 0,
        greeter: false,
        proof: null,
      }),
    ],
    [
      'an accusation',
      ({ a, b }) => ({
        kind: 'accusation',
        observer: b.id as PeerId,
        target: a.id as PeerId,
        epoch: epoch(1),
        incarnation: incarnation(0),
        silentMs: 9_000,
        proof: null,
      }),
    ],
  ])('%s of a third is refused, proven as it may be, and nothing changes', async (_what, forge) => {
    const scene = await setScene();
    const { a, b, c, link, provers, told, room } = scene;
    // As if the third had said it at just this place of its own broadcasts.
    const proven = await provers.b.prove(gossip(b.id, forge(scene)));
    if (proven.kind !== 'gossip') throw new Error('no broadcast');
    link.say({ ...proven, origin: c.id as PeerId });
    await room.clock.advance(1_000);
    expect(told).toEqual([[c.id, 'forged-author']]);
    expect(a.stats().refused).toEqual({ 'forged-author': 1 });
    expect(a.members.get(b.id)).toMatchObject({ status: 'alive', link: 'direct', presence: { name: 'b' } });
    expect(a.map('notes').size).toBe(0);
    // A hole in the hostile tab's own sequence was its own doing; the record lane needs no order.
    await expectLifeGoesOn(scene);
  });

  test('sent to the victim alone is refused where the trail does not end with who hands it over', async () => {
    const scene = await setScene();
    const { a, b, c, link, told, room } = scene;
    const heard: unknown[] = [];
    a.topic('chat').on(({ data }) => heard.push(data));
    link.say({
      kind: 'packet',
      origin: b.id as PeerId,
      to: a.id as PeerId,
      id: 900,
      ttl: 3,
      delivery: 'acked',
      flooded: false,
      serverMay: false,
      route: [],
      trail: [],
      payload: { kind: 'echo' },
    });
    await room.clock.advance(500);
    expect([heard, told]).toEqual([[], [[c.id, 'forged-hop']]]);
    await expectLifeGoesOn(scene);
  });

  // Packets are not signed: whoever is on the way may have made one up. What matters is that nothing comes of it.
  test.each<[string, (scene: Scene) => RoutedPayload, readonly string[]]>([
    ['a request', () => ({ kind: 'request', attempt, priority: 'high', forward: false }), []],
    ['an acceptance', () => ({ kind: 'accept', attempt }), []],
    ['a refusal', () => ({ kind: 'refuse', attempt, reason: 'full' }), []],
    ['a referral', ({ c }) => ({ kind: 'refer', attempt, peers: [c.id as PeerId] }), []],
    ['a description', () => ({ kind: 'description', attempt, wireVersion: 1, data: 'forged' }), []],
    ['a ping', () => ({ kind: 'routedPing', probe: 1 }), []],
    ['the answer to a ping', () => ({ kind: 'routedAck', probe: 1 }), []],
    [
      'an accusation',
      ({ a, b }) => ({
        kind: 'accused',
        accusation: {
          kind: 'accusation',
          observer: b.id as PeerId,
          target: a.id as PeerId,
          epoch: epoch(1),
          incarnation: incarnation(0),
          silentMs: 9_000,
          proof: null,
        },
      }),
      ['unsigned'],
    ],
    [
      'a message in clear',
      () => ({
        kind: 'direct',
        topic: 'chat',
        data: 'forged',
        receipt: bytesToReceipt(new Uint8Array(RECEIPT_BYTES)),
      }),
      ['unsealed'],
    ],
    ['an echo', () => ({ kind: 'echo' }), []],
  ])('%s sent by way of the liar, who is on the trail, changes nothing', async (_what, payload, reasons) => {
    const scene = await setScene();
    const { a, b, c, link, told, room } = scene;
    const heard: unknown[] = [];
    a.topic('chat').on(({ data }) => heard.push(data));
    const constructed = a.stats().links.constructed;
    for (let id = 900; id < 903; id++) {
      link.say({
        kind: 'packet',
        origin: b.id as PeerId,
        to: a.id as PeerId,
        id,
        ttl: 3,
        delivery: 'once',
        flooded: false,
        serverMay: true,
        route: [],
        trail: [c.id as PeerId],
        payload: payload(scene),
      });
      await room.clock.advance(1_000);
    }
    expect(heard).toEqual([]);
    expect([...new Set(told.map(String))]).toEqual(reasons.map((reason) => `${c.id},${reason}`));
    expect(a.stats().links.constructed).toBe(constructed);
    for (const other of [b, c])
      expect(a.members.get(other.id)).toMatchObject({ status: 'alive', link: 'direct' });
    await expectLifeGoesOn(scene);
  });

  test('of the victim itself, that it never said, is refused', async () => {
    const scene = await setScene();
    const { a, c, link, provers, told, room } = scene;
    const forged = gossip(a.id, { kind: 'topic', topic: 'chat', data: 'forged' });
    link.say(forged);
    link.say(await createProver('test', provers.c.keys, a.id as PeerId).prove(forged));
    // It did say this, in what only it knows to be another life.
    link.say(await provers.a.prove(forged));
    await room.clock.advance(20);
    expect(told).toEqual([
      [c.id, 'unsigned'],
      [c.id, 'wrong-author'],
      [c.id, 'forged-origin'],
    ]);
    await expectLifeGoesOn(scene);
  });

  test('a message said twice, in two frames, is heard once', async () => {
    const scene = await setScene();
    const { a, c, link, provers, told, room } = scene;
    const heard: unknown[] = [];
    a.topic('chat').on(({ data }) => heard.push(data));
    const twice = await provers.c.prove(gossip(c.id, { kind: 'topic', topic: 'chat', data: 'once' }, 1));
    link.say(twice);
    link.say(twice);
    await room.clock.advance(500);
    expect([heard, told]).toEqual([['once'], []]);
  });

  test('nor a quarter of an hour later, when much of what was said then is forgotten', async () => {
    const scene = await setScene();
    const { a, c, link, provers, room } = scene;
    const heard: unknown[] = [];
    a.topic('chat').on(({ data }) => heard.push(data));
    const old = await provers.c.prove(gossip(c.id, { kind: 'topic', topic: 'chat', data: 'old' }, 1));
    link.say(old);
    for (let minute = 0; minute < 16; minute++) await room.clock.advance(60_000);
    link.say(old);
    await room.clock.advance(500);
    expect(heard).toEqual(['old']);
    link.say(await provers.c.prove(gossip(c.id, { kind: 'topic', topic: 'chat', data: 'new' }, 2)));
    await room.clock.advance(500);
    expect(heard).toEqual(['old', 'new']);
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
