/** Floods of one who has a key of its own: it is stemmed, told and dropped, and nobody else loses anything by it. */
import { expect, test } from 'vitest';
import { epoch, incarnation } from '#shared/base/ids.ts';
import { defaultMeshConfig } from '#shared/mesh/config.ts';
import type { LinkMessage } from '#shared/mesh/messages.ts';
import { WALL_START_MS } from '#sim/tab.ts';
import { eventsOf, type Tab } from '../mesh/fixture.ts';
import { besiege, blameOf, lacking, linkedTo, nobody, said, type Siege } from './fixture.ts';

/** A hundredth of the default, so that a flood is a matter of seconds here too. */
const CONFIG = {
  ...defaultMeshConfig,
  quotas: {
    neighbor: {
      bytes: { perSecond: 64_000, burst: 256_000 },
      messages: { perSecond: 200, burst: 1_000 },
    },
    origin: { bytes: { perSecond: 16_000, burst: 64_000 }, messages: { perSecond: 50, burst: 200 } },
    peersMax: 64,
  },
};

const FLOODS: readonly {
  readonly flood: string;
  readonly message: (siege: Siege, number: number) => LinkMessage;
}[] = [
  {
    flood: 'messages on one topic',
    message: ({ liar }, number) =>
      said(liar.id, 5_000 + number, { kind: 'topic', topic: 'chat', data: 'x'.repeat(100) }),
  },
  {
    flood: 'entries under ever new keys',
    message: ({ liar }, number) =>
      said(liar.id, 5_000 + number, {
        kind: 'state',
        entries: [
          {
            collection: 'notes',
            key: `key ${number}`,
            value: 'x'.repeat(100),
            stamp: { wall: WALL_START_MS, counter: number, by: liar.id },
            proof: null,
          },
        ],
      }),
  },
  {
    flood: 'members whom it invents',
    message: (_siege, number) => ({
      kind: 'claims',
      claims: [
        {
          kind: 'identity',
          wireVersion: 1,
          id: nobody(number),
          epoch: epoch(1),
          incarnation: incarnation(0),
          left: false,
          card: new Uint8Array(0),
          proof: null,
        },
      ],
    }),
  },
];

test.each(FLOODS)('one that floods $flood is stemmed, told and dropped', ({ message }) => {
  const siege = besiege(2, CONFIG);
  const { world, liar, others, lie } = siege;
  const [speaker] = others as [(typeof others)[0]];
  const words: string[] = [];
  let number = 0;
  lie(
    (time) => {
      if (time % 10 === 0) {
        words.push(`word ${time}`);
        world.command(speaker, { kind: 'publish', topic: 'chat', data: `word ${time}` });
      }
      return Array.from({ length: 30 }, () => message(siege, ++number));
    },
    { times: 200, everyMs: 100 },
  );
  world.run(5_000);
  expect(blameOf(others, liar.id)).toContain('dropped-flooded');
  expect(linkedTo(others, liar.id)).toEqual([]);
  expect(others.flatMap(({ id }) => blameOf(others, id))).toEqual([]);
  expect(lacking(others, speaker, words)).toEqual([]);
  for (const tab of others) {
    const { quotas, broadcast, membership, state } = tab.node.inspect();
    expect(quotas.dropped).toBeGreaterThan(0);
    expect(broadcast.cachedMessages).toBeLessThanOrEqual(defaultMeshConfig.broadcast.cacheMessagesMax);
    // Of the 6,000 no more came in than the quota of the seconds before it was dropped.
    expect(membership.members.size).toBeLessThanOrEqual(defaultMeshConfig.membership.membersMax);
    expect(state.collections.get('notes')?.size ?? 0).toBeLessThan(2_000);
  }
});

test('one that floods with frames that cannot be read is told once a second, and dropped', () => {
  const { world, liar, others } = besiege(3, CONFIG);
  for (let time = 0; time < 100; time++) {
    // Of a version that nobody speaks yet: no fault, for an honest tab may do that.
    for (let number = 0; number < 60; number++) {
      for (const { id } of others) world.inject(liar, id, Uint8Array.of(99, number, 3, 4, 5, 6));
    }
    world.run(200);
  }
  expect(blameOf(others, liar.id)).toEqual(['dropped-flooded', 'neighbor-quota', 'newer-version']);
  expect(linkedTo(others, liar.id)).toEqual([]);
  for (const tab of others) {
    const told = eventsOf(tab).filter(({ kind }) => kind === 'peerMisbehaved');
    expect(told.length).toBeLessThanOrEqual(2 * 20 + 1);
  }
});

test('newcomers are known to all in a room whose rosters somebody fills with members that he invents', () => {
  const membersMax = 256;
  const config = { ...CONFIG, membership: { ...defaultMeshConfig.membership, membersMax } };
  const siege = besiege(2, config);
  const { world, liar, others, lie } = siege;
  const invented = FLOODS.find(({ flood }) => flood === 'members whom it invents')!;
  let number = 0;
  const flood = (times: number): void =>
    lie(() => Array.from({ length: 5 }, () => invented.message(siege, ++number)), { times, everyMs: 100 });
  flood(80);
  for (const tab of others)
    expect(tab.node.inspect().membership.members.size).toBeGreaterThan(membersMax / 2);
  const newcomer = world.open();
  flood(30);
  const knowsAll = (tab: Tab): boolean =>
    [newcomer, ...others].every(({ id }) => tab.node.inspect().membership.members.has(id));
  expect(world.runUntil(() => [newcomer, ...others].every(knowsAll), 30_000)).toBe(true);
  for (const tab of others)
    expect(tab.node.inspect().membership.members.size).toBeLessThanOrEqual(membersMax);
  // Those whom nobody has room for are no deaths: one would have links looked after as after a crash.
  const reasons = others
    .flatMap(eventsOf)
    .flatMap((event) => (event.kind === 'memberLeft' && event.id !== newcomer.id ? [event.reason] : []));
  expect(reasons.filter((reason) => reason === 'forgotten').length).toBeGreaterThan(0);
  // Who was here before is told as gone to nobody.
  const known = new Set([liar, ...others].map(({ id }) => id));
  const lost = others.flatMap(eventsOf).filter((event) => event.kind === 'memberLeft' && known.has(event.id));
  expect(lost).toEqual([]);
});

test('the links of newcomers are known to all while somebody tells those of hundreds who do not exist', () => {
  const { world, others, lie } = besiege(5);
  let number = 0;
  const links = (): LinkMessage => ({
    kind: 'claims',
    claims: Array.from({ length: 8 }, () => ({
      kind: 'links',
      id: nobody((number += 1)),
      epoch: epoch(1),
      seq: 1,
      neighbors: [],
      stability: 0,
      greeter: false,
      proof: null,
    })),
  });
  const flood = (times: number): void =>
    lie(() => Array.from({ length: 10 }, links), { times, everyMs: 100 });
  flood(10);
  expect(number).toBeGreaterThan(2 * defaultMeshConfig.membership.earlyLinksMax);
  const newcomers = [world.open(), world.open()];
  flood(100);
  const knowsLinks = (tab: Tab): boolean =>
    newcomers.every(({ id }) => (tab.node.inspect().membership.members.get(id)?.neighbors.length ?? 0) > 0);
  expect(others.filter((tab) => !knowsLinks(tab))).toEqual([]);
});
