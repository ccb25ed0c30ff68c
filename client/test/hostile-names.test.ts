/** What names somebody else as its author, or was said before: it is refused, told, and heard once at most. */
import { describe, expect, test } from 'vitest';
import { epoch, incarnation, wordsToAttemptId, type PeerId } from '#shared/base/ids.ts';
import { bytesToReceipt, RECEIPT_BYTES } from '#shared/base/receipt.ts';
import type { LinkMessage, Payload, RoutedPayload } from '#shared/mesh/messages.ts';
import { expectLifeGoesOn, setScene, type Scene } from './hostile-scene.ts';
import { createProver } from './prover.ts';

const attempt = wordsToAttemptId(1, 2);

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
    ageMs: 0,
    follows: null,
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
        reached: false,
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
          reached: false,
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
