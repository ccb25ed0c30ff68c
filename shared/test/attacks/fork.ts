/** A room in which one tells two halves different things, and what becomes of it. */
import { expect } from 'vitest';
import { epoch, incarnation, type PeerId } from '#shared/base/ids.ts';
import { bytesToPublicKey, type Proof } from '#shared/base/proof.ts';
import type { IdentityRecord } from '#shared/membership/messages.ts';
import { authorOf, recordsIn, type TableRecord } from '#shared/mesh/equivocation.ts';
import type { Effect, LinkMessage, MeshEvent, Payload } from '#shared/mesh/messages.ts';
import { createMixedWorld, type Corrupt } from '#sim/attackers.ts';
import { WALL_START_MS } from '#sim/tab.ts';
import type { Tab, World } from '../mesh/fixture.ts';
import { nobody } from './fixture.ts';

export const SEQ = 900;

/** No one has keys here: what counts is that a proof is there, and whose. */
export const proofAt = (seq: number, owner: number = 1): Proof => ({
  key: bytesToPublicKey(new Uint8Array(32).fill(owner)),
  epoch: epoch(1),
  seq,
  of: 1,
  signature: new Uint8Array(64).fill(seq),
});

interface Saying {
  readonly by: PeerId;
  /** What it says. */
  readonly word: 'one' | 'other';
  /** Which version of it, from 0. */
  readonly version: number;
  /** Of the broadcast. */
  readonly seq: number;
}

const WORDS = { one: 1, other: 2 } as const;

/** A record of each kind, in its broadcast. */
export const KINDS: readonly { readonly what: string; readonly make: (saying: Saying) => Payload }[] = [
  {
    what: 'identities',
    make: ({ by, word, version, seq }) => ({
      kind: 'identity',
      id: by,
      epoch: epoch(1),
      incarnation: incarnation(5 + version),
      left: false,
      wireVersion: 1,
      card: Uint8Array.of(WORDS[word]),
      proof: proofAt(seq),
    }),
  },
  {
    what: 'links',
    make: ({ by, word, version, seq }) => ({
      kind: 'links',
      id: by,
      epoch: epoch(1),
      seq: 900 + version,
      neighbors: [nobody(WORDS[word])],
      stability: 0,
      greeter: false,
      proof: proofAt(seq),
    }),
  },
  {
    what: 'presence',
    make: ({ by, word, version, seq }) => ({
      kind: 'presence',
      owner: by,
      epoch: epoch(1),
      grade: 'rest',
      fields: [{ field: 'vote', seq: 900 + version, value: word, proof: proofAt(seq) }],
    }),
  },
  {
    what: 'entries',
    make: ({ by, word, version, seq }) => ({
      kind: 'state',
      entries: [
        {
          collection: 'votes',
          key: 'mine',
          value: word,
          stamp: { wall: WALL_START_MS + version, counter: 0, by },
          proof: proofAt(seq),
        },
      ],
    }),
  },
];

export const gossip = (origin: PeerId, seq: number, payload: Payload): LinkMessage => ({
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

/** The same, in a way that is not passed on as news. */
export const asHandedOver = (messages: readonly LinkMessage[]): [LinkMessage, LinkMessage] =>
  messages.map(handOver) as [LinkMessage, LinkMessage];

function handOver(message: LinkMessage): LinkMessage {
  const [record] = recordsIn(message) as [TableRecord];
  if ('collection' in record) return { kind: 'delta', table: 'state', records: [record] };
  if ('field' in record) {
    const identity = { ...IDENTITY, id: record.owner };
    return { kind: 'hello', identity, presence: [record] };
  }
  return { kind: 'claims', claims: [record] };
}

export const IDENTITY: IdentityRecord = {
  kind: 'identity',
  id: nobody(0),
  epoch: epoch(1),
  incarnation: incarnation(0),
  left: false,
  wireVersion: 1,
  card: new Uint8Array(0),
  proof: proofAt(0),
};

/** Does not hear what it is said to have said: else its own node would outdo it. */
const deafToItself: Corrupt = (node, self) => ({
  inspect: node.inspect,
  handle: (input, now) => {
    const isEcho =
      input.kind === 'frame' && recordsIn(input.message).some((record) => authorOf(record) === self);
    return isEcho ? [] : node.handle(input, now);
  },
});

export interface Fork {
  readonly world: World;
  readonly liar: Tab;
  readonly others: readonly Tab[];
  readonly events: (tab: Tab) => readonly MeshEvent[];
}

/** So many who know each other, the first a liar; of ten each holds links to six or so. */
export function setFork(seed: number, count: number = 10): Fork {
  const world = createMixedWorld({ seed, corrupt: (at) => (at === 0 ? deafToItself : undefined) });
  const eventsByTab = new Map<Tab, MeshEvent[]>();
  world.observe({
    told: (tab, event) => {
      eventsByTab.set(tab, [...(eventsByTab.get(tab) ?? []), event]);
    },
  });
  for (let n = 0; n < count; n++) world.open();
  expect(
    world.runUntil(
      () => world.living().every((tab) => tab.node.inspect().membership.members.size === count),
      60_000,
    ),
  ).toBe(true);
  world.run(10_000);
  const [liar, ...others] = world.living() as [Tab, ...Tab[]];
  return { world, liar, others, events: (tab) => eventsByTab.get(tab) ?? [] };
}

/** Says one thing to every second neighbor, another to the rest. */
export function tellHalves({ world, liar }: Fork, one: LinkMessage, other: LinkMessage): void {
  [...world.neighborsOf(liar).keys()].forEach((peer, at) =>
    world.forge(liar, peer, at % 2 === 0 ? one : other),
  );
}

export const lists = (tab: Tab, id: PeerId): boolean => tab.node.inspect().membership.members.has(id);
export const expulsions = ({ events }: Fork, tab: Tab): readonly MeshEvent[] =>
  events(tab).filter((event) => event.kind === 'memberLeft' && event.reason === 'expelled');
export const blames = ({ events }: Fork, tab: Tab): readonly string[] =>
  events(tab).flatMap((event) => (event.kind === 'peerMisbehaved' ? [`${event.reason} ${event.peer}`] : []));

/** How often one of the others does something that is looked for, from here on. */
export function watchFor({ world, liar }: Fork, isSought: (effect: Effect) => boolean): () => number {
  let seen = 0;
  world.observe({
    stepped: (tab, _input, effects) => {
      if (tab !== liar) seen += effects.filter(isSought).length;
    },
  });
  return () => seen;
}

export const isOut = ({ others, liar }: Fork): boolean => others.every((tab) => !lists(tab, liar.id));

export function expectExpelled(fork: Fork): void {
  const { liar, others } = fork;
  for (const tab of others) {
    const view = tab.node.inspect();
    expect(expulsions(fork, tab)).toEqual([{ kind: 'memberLeft', id: liar.id, reason: 'expelled' }]);
    expect(blames(fork, tab)).toEqual([`equivocated ${liar.id}`]);
    expect([...view.membership.members.keys()].toSorted()).toEqual(others.map(({ id }) => id).toSorted());
    expect(view.overlay.activeView).not.toContain(liar.id);
    expect(view.presence.fieldsByOwner.get(liar.id)?.size ?? 0).toBe(0);
  }
}

export function expectNobodyExpelled(fork: Fork): void {
  for (const tab of fork.others) {
    expect(expulsions(fork, tab)).toEqual([]);
    expect(blames(fork, tab)).toEqual([]);
    expect(lists(tab, fork.liar.id)).toBe(true);
  }
}
