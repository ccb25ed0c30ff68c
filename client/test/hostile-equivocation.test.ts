/** Who signs two things under one version, and tells one to each: all throw it out by its own signatures, and by no others. */
import { describe, expect, test } from 'vitest';
import { epoch, incarnation, type PeerId } from '#shared/base/ids.ts';
import type { LinkMessage, Payload } from '#shared/mesh/messages.ts';
import type { Entry } from '#shared/state/messages.ts';
import { expectLifeGoesOn, setScene, type Scene, type Shown } from './hostile-scene.ts';
import { createProver, type Prover } from './prover.ts';

type Word = 'one' | 'other';

const SEQ = 900;

const gossip = (origin: PeerId, payload: Payload, seq: number = SEQ): LinkMessage => ({
  kind: 'gossip',
  origin,
  epoch: epoch(1),
  lane: 'record',
  seq,
  hot: false,
  round: 0,
  ageMs: 0,
  follows: null,
  payload,
  proof: null,
});

const entry = ({ room }: Scene, by: PeerId, value: Word): Entry => ({
  collection: 'votes',
  key: 'mine',
  value,
  stamp: { wall: room.clock.now().wall, counter: 0, by },
  proof: null,
});

const KINDS: readonly [string, (by: PeerId, word: Word, scene: Scene, version: number) => Payload][] = [
  [
    'identity',
    (id, word, _scene, version) => ({
      kind: 'identity',
      id,
      epoch: epoch(1),
      incarnation: incarnation(5 + version),
      left: false,
      wireVersion: word === 'one' ? 1 : 2,
      card: new Uint8Array(),
      proof: null,
    }),
  ],
  [
    'links',
    (id, word, { a, b }, version) => ({
      kind: 'links',
      id,
      epoch: epoch(1),
      seq: 900 + version,
      neighbors: [(word === 'one' ? a : b).id as PeerId],
      stability: 0,
      greeter: false,
      proof: null,
    }),
  ],
  [
    'presence',
    (owner, word, _scene, version) => ({
      kind: 'presence',
      owner,
      epoch: epoch(1),
      grade: 'rest',
      fields: [{ field: 'name', seq: 900 + version, value: word, proof: null }],
    }),
  ],
  [
    'entry',
    (by, word, scene, version) => {
      const { stamp, ...rest } = entry(scene, by, word);
      return { kind: 'state', entries: [{ ...rest, stamp: { ...stamp, counter: version } }] };
    },
  ],
];

interface Heard {
  readonly left: unknown[];
  readonly blamed: unknown[];
}

/** What `a` and `b` are told from here on. */
function listen({ a, b }: Scene): readonly [Heard, Heard] {
  return [a, b].map((mesh) => {
    const heard: Heard = { left: [], blamed: [] };
    mesh.on('member:leave', ({ member, reason }) => heard.left.push([member.id, reason]));
    mesh.on('peer:misbehaved', ({ peer, reason }) => heard.blamed.push([peer, reason]));
    return heard;
  }) as [Heard, Heard];
}

/** The hostile tab says one thing to `a`, another to `b`. */
function tell({ a, b, tab }: Scene, toA: LinkMessage, toB: LinkMessage): void {
  for (const link of tab.links) {
    if (link.peer() === a.id) link.say(toA);
    if (link.peer() === b.id) link.say(toB);
  }
}

const prove = async (prover: Prover, payload: Payload, seq?: number): Promise<LinkMessage> =>
  prover.prove(gossip(prover.id, payload, seq));

describe.each(KINDS)('one member that shows each of two another %s', (_what, make) => {
  test.each<[string, number]>([
    ['in the same broadcast', SEQ],
    ['in two', SEQ + 1],
  ])('%s is thrown out by both, and comes to nobody who joins later', async (_how, seq) => {
    const scene = await setScene();
    const { room, a, b, c, provers } = scene;
    const heard = listen(scene);
    const one = await prove(provers.c, make(provers.c.id, 'one', scene, 0));
    const other = await prove(provers.c, make(provers.c.id, 'other', scene, 0), seq);
    tell(scene, one, other);
    await room.clock.advance(2_000);
    expect(heard.map(({ left }) => left)).toEqual([[[c.id, 'expelled']], [[c.id, 'expelled']]]);
    for (const { blamed } of heard) expect(blamed).toEqual([[c.id, 'equivocated']]);
    const later = room.join<Shown>({ name: 'later' });
    await room.clock.advance(20_000);
    for (const mesh of [a, b, later]) {
      const listed = [...mesh.members].map(({ id }) => id);
      expect(listed.toSorted()).toEqual([a.id, b.id, later.id].toSorted());
      expect(mesh.stats().links.open).toBe(2);
    }
    expect(heard.map(({ left }) => left.length)).toEqual([1, 1]);
  });

  test('of two versions is believed, the newer by both', async () => {
    const scene = await setScene();
    const { provers } = scene;
    const heard = listen(scene);
    const one = await prove(provers.c, make(provers.c.id, 'one', scene, 0));
    const other = await prove(provers.c, make(provers.c.id, 'other', scene, 1), SEQ + 1);
    tell(scene, one, other);
    await scene.room.clock.advance(5_000);
    expect(heard).toEqual([
      { left: [], blamed: [] },
      { left: [], blamed: [] },
    ]);
  });

  test('which says the same, signed once for each, is believed', async () => {
    const scene = await setScene();
    const { provers } = scene;
    const heard = listen(scene);
    const payload = make(provers.c.id, 'one', scene, 0);
    tell(scene, await prove(provers.c, payload), await prove(provers.c, payload, SEQ + 1));
    await scene.room.clock.advance(5_000);
    expect(heard).toEqual([
      { left: [], blamed: [] },
      { left: [], blamed: [] },
    ]);
  });
});

describe('who says that another did so', () => {
  /** What `b` signed, and what it did not, by the hand of `forger`. */
  const accuse = async (scene: Scene, forger: Prover): Promise<LinkMessage> => {
    const { b } = scene.provers;
    const records = await Promise.all(
      (['one', 'other'] as const).map(async (word) => {
        const by = word === 'one' ? b : forger;
        const said = await by.prove({
          kind: 'delta',
          table: 'state',
          records: [entry(scene, b.id, word)],
        });
        if (said.kind !== 'delta' || said.table !== 'state') throw new Error('no entry');
        return said.records[0]!;
      }),
    );
    return { kind: 'equivocation', table: 'state', records };
  };

  test('by a signature that is not its own is refused, and blamed alone', async () => {
    const scene = await setScene();
    const { b, c, link, room, told } = scene;
    const { keys } = scene.provers.b;
    const forger = createProver(
      'test',
      { publicKey: keys.publicKey, sign: scene.provers.c.keys.sign },
      b.id as PeerId,
    );
    link.say(await accuse(scene, forger));
    await room.clock.advance(20);
    expect(told).toEqual([[c.id, 'bad-signature']]);
    await expectLifeGoesOn(scene);
  });

  test('with a record that it did not sign at all is refused, and blamed alone', async () => {
    const scene = await setScene();
    const { c, link, room, told, provers } = scene;
    const accusation = await accuse(scene, provers.b);
    if (accusation.kind !== 'equivocation' || accusation.table !== 'state') throw new Error('no entries');
    const records = accusation.records.map((record, at) => (at === 0 ? record : { ...record, proof: null }));
    link.say({ ...accusation, records });
    await room.clock.advance(20);
    expect(told).toEqual([[c.id, 'unsigned']]);
    await expectLifeGoesOn(scene);
  });

  test('and shows but one thing is refused, and blamed alone', async () => {
    const scene = await setScene();
    const { c, link, room, told, provers } = scene;
    const accusation = await accuse(scene, provers.b);
    if (accusation.kind !== 'equivocation' || accusation.table !== 'state') throw new Error('no entries');
    const [record] = accusation.records;
    link.say({ ...accusation, records: [record!, record!] });
    await room.clock.advance(20);
    expect(told).toEqual([[c.id, 'hollow-equivocation']]);
    await expectLifeGoesOn(scene);
  });

  test('and has its two signatures is believed, whoever it is', async () => {
    const scene = await setScene();
    const { a, b, link, room, provers } = scene;
    const [heard] = listen(scene);
    link.say(await accuse(scene, provers.b));
    await room.clock.advance(2_000);
    expect(heard).toEqual({ left: [[b.id, 'expelled']], blamed: [[b.id, 'equivocated']] });
    expect(a.members.get(b.id)).toBeUndefined();
  });
});
