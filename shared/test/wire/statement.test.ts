/** What is signed: what must be proven in a message, what of our own lacks a proof, and that no two things have one statement. */
import * as fc from 'fast-check';
import type { Arbitrary } from 'fast-check';
import { isDeepStrictEqual } from 'node:util';
import { describe, expect, test } from 'vitest';
import { epoch, incarnation, type PeerId } from '#shared/base/ids.ts';
import { bytesToPublicKey, type Proof } from '#shared/base/proof.ts';
import type { Gossip } from '#shared/broadcast/messages.ts';
import type { Accusation, IdentityRecord, LinksRecord } from '#shared/membership/messages.ts';
import type { LinkMessage, Payload } from '#shared/mesh/messages.ts';
import type { Grade, PresenceRecord } from '#shared/presence/messages.ts';
import type { Entry } from '#shared/state/messages.ts';
import { createLinkDecoder, createLinkEncoder } from '#shared/wire/frame.ts';
import { farewellOf, statementsOf, unprovenIn, withProofs, type Unproven } from '#shared/wire/statement.ts';
import {
  anyClaim,
  anyEntry,
  anyGossip,
  anyLinkMessage,
  anyPresenceRecord,
  anyProof,
  anyText,
} from './arbitraries.ts';
import { a, b, expectSame } from './helpers.ts';

const SEED = 20_261_129;
const ROOM = 'room';

const proofAt = (seq: number, of: number = 1, life: number = seq === 0 ? 0 : 1): Proof => ({
  key: bytesToPublicKey(new Uint8Array(32).fill(7)),
  epoch: epoch(life),
  seq,
  of,
  signature: new Uint8Array(64).fill(seq),
});

const identity = (id: PeerId, change: Partial<IdentityRecord> = {}): IdentityRecord => ({
  kind: 'identity',
  id,
  epoch: epoch(1),
  incarnation: incarnation(0),
  left: false,
  wireVersion: 1,
  card: new Uint8Array(0),
  proof: null,
  ...change,
});
const links = (proof: Proof | null): LinksRecord => ({
  kind: 'links',
  id: a,
  epoch: epoch(1),
  seq: 1,
  neighbors: [b],
  stability: 0,
  greeter: false,
  proof,
});
const accusation = (observer: PeerId, proof: Proof | null): Accusation => ({
  kind: 'accusation',
  target: b,
  epoch: epoch(1),
  incarnation: incarnation(0),
  observer,
  silentMs: 2_300,
  reached: false,
  proof,
});
const entry = (key: string, proof: Proof | null): Entry => ({
  collection: 'notes',
  key,
  value: 1,
  stamp: { wall: 5, counter: 0, by: a },
  proof,
});
const horizon = (proof: Proof | null): Entry => ({
  collection: '\0',
  key: '',
  value: undefined,
  stamp: { wall: 5, counter: 0, by: b },
  proof,
});
const field = (name: string, proof: Proof | null) => ({ field: name, seq: 3, value: 'x', proof });
const topic: Payload = { kind: 'topic', topic: 'chat', data: 'hello' };

/** Message 4 of `a`, in the lane that its payload belongs to unless said otherwise. */
function gossip(payload: Payload, change: Partial<Gossip<Payload>> = {}): Gossip<Payload> {
  const lane = payload.kind === 'topic' ? 'reliable' : 'record';
  const said = { kind: 'gossip', origin: a, epoch: epoch(1), seq: 4, hot: false, round: 0 } as const;
  return { ...said, lane, ageMs: 0, follows: null, proof: null, payload, ...change };
}
const presence = (grade: Grade, ...fields: readonly ReturnType<typeof field>[]): Payload => ({
  kind: 'presence',
  owner: a,
  epoch: epoch(1),
  grade,
  fields,
});
const verdict = (...accusations: readonly Accusation[]): Payload => ({
  kind: 'verdict',
  target: b,
  epoch: epoch(1),
  incarnation: incarnation(0),
  accusations,
});
const delta = (...records: readonly Entry[]): LinkMessage => ({ kind: 'delta', table: 'state', records });
const accused = (proof: Proof | null): LinkMessage => ({
  kind: 'packet',
  origin: a,
  to: b,
  id: 1,
  ttl: 4,
  delivery: 'once',
  flooded: false,
  serverMay: false,
  route: [],
  trail: [],
  payload: { kind: 'accused', accusation: accusation(a, proof) },
});

const authorsIn = (message: LinkMessage): unknown => {
  const found = statementsOf(ROOM, message);
  return found.ok ? found.value.map(({ author, proof }) => [author, proof.seq]) : found.error;
};

describe('what must be proven', () => {
  test.each<readonly [string, LinkMessage, readonly (readonly [PeerId, number])[]]>([
    ['a broadcast record', gossip(links(proofAt(4))), [[a, 4]]],
    ['a message on a topic', gossip(topic, { proof: proofAt(4) }), [[a, 4]]],
    ['a farewell, signed ahead', gossip(identity(a, { left: true, proof: proofAt(0) })), [[a, 0]]],
    [
      'each field at rest',
      gossip(presence('rest', field('x', proofAt(4, 2)), field('y', proofAt(4, 2)))),
      [
        [a, 4],
        [a, 4],
      ],
    ],
    [
      'a verdict, and the accusations that it stands on',
      gossip(verdict(accusation(b, proofAt(9)), accusation(a, proofAt(0))), { proof: proofAt(4) }),
      [
        [b, 9],
        [a, 0],
        [a, 4],
      ],
    ],
    ['a greeting', { kind: 'hello', identity: identity(a, { proof: proofAt(0) }), presence: [] }, [[a, 0]]],
    ['records of a broadcast, handed on alone', delta(entry('k', proofAt(3, 8))), [[a, 3]]],
    ['an accusation carried to the accused', accused(proofAt(9)), [[a, 9]]],
    ['no horizon: it speaks for nobody', delta(horizon(null)), []],
    [
      'an anchor as a whole',
      gossip(presence('anchor', field('x', null), field('y', null)), { lane: 'volatile', proof: proofAt(4) }),
      [[a, 4]],
    ],
    ['nothing that passes', gossip(presence('passing', field('x', null)), { lane: 'volatile' }), []],
    ['nothing else', { kind: 'prune', tree: a }, []],
  ])('%s', (_what, message, authors) => {
    expect(authorsIn(message)).toEqual(authors);
  });

  test.each<readonly [string, LinkMessage]>([
    ['a record', gossip(links(null))],
    ['one of two fields', gossip(presence('rest', field('x', proofAt(4, 2)), field('y', null)))],
    ['a message on a topic', gossip(topic)],
    ['a verdict', gossip(verdict(accusation(a, proofAt(0))))],
    ['what a verdict stands on', gossip(verdict(accusation(a, null)), { proof: proofAt(4) })],
    ['a broadcast of no entries', gossip({ kind: 'state', entries: [] })],
    ['a broadcast of no fields', gossip(presence('rest'))],
    ['a broadcast horizon', gossip({ kind: 'state', entries: [horizon(null)] })],
    ['a greeting', { kind: 'hello', identity: identity(a), presence: [] }],
    ['a record of a table', delta(entry('k', proofAt(3)), entry('l', null))],
    ['a claim', { kind: 'claims', claims: [accusation(a, null)] }],
    ['an accusation carried to the accused', accused(null)],
  ])('%s without it is unsigned', (_what, message) => {
    expect(authorsIn(message)).toBe('unsigned');
  });

  test.each<readonly [string, LinkMessage]>([
    ['of another broadcast', gossip(links(proofAt(5)))],
    ['of another life', gossip(links(proofAt(4, 1, 2)))],
    ['of none', gossip(links(proofAt(0)))],
    ['of a broadcast of two, of which one is left', gossip(presence('rest', field('x', proofAt(4, 2))))],
    [
      'given twice in place of another',
      gossip(presence('rest', field('x', proofAt(4, 2)), field('x', proofAt(4, 2)))),
    ],
    [
      'of an entry given twice',
      gossip({ kind: 'state', entries: [entry('k', proofAt(4, 2)), entry('k', proofAt(4, 2))] }),
    ],
    ['of a farewell with a place', gossip(identity(a, { left: true, proof: proofAt(4) }))],
    ['of none, but of two records', delta(entry('k', proofAt(0, 2)))],
    ['of none, but of a life', delta(entry('k', proofAt(0, 1, 1)))],
    ['of a broadcast of no records', delta(entry('k', proofAt(3, 0)))],
    ['of a horizon', delta(horizon(proofAt(3)))],
    ['in a lane not its own', gossip(links(proofAt(4)), { lane: 'reliable' })],
    ['that a topic has in the lane of records', gossip(topic, { lane: 'record', proof: proofAt(4) })],
    [
      'where what must not be lost is volatile',
      gossip(presence('rest', field('x', null)), { lane: 'volatile' }),
    ],
    ['where a topic is volatile', gossip(topic, { lane: 'volatile' })],
    ['where what is volatile is no more', gossip(presence('passing', field('x', null)))],
  ])('a proof %s is misplaced', (_what, message) => {
    expect(authorsIn(message)).toBe('misplaced-proof');
  });
});

/** The proof that the shell would make, by its statement. */
const proofOf = ({ epoch: life, seq, of, bytes }: Unproven): Proof => {
  const signature = new Uint8Array(64);
  signature.set(bytes().subarray(-64));
  return { key: bytesToPublicKey(new Uint8Array(32).fill(1)), epoch: life, seq, of, signature };
};
const proven = (message: LinkMessage, self: PeerId): LinkMessage =>
  withProofs(message, self, unprovenIn(ROOM, message, self).map(proofOf));

describe('what of our own goes out', () => {
  const places = (message: LinkMessage): unknown =>
    unprovenIn(ROOM, message, a).map(({ epoch: life, seq, of }) => [life, seq, of]);

  test.each<readonly [string, LinkMessage, readonly (readonly number[])[]]>([
    ['a record takes the place of its broadcast', gossip(links(null)), [[1, 4, 1]]],
    ['and so does a topic', gossip(topic), [[1, 4, 1]]],
    [
      'and so does every field of it',
      gossip(presence('rest', field('x', null), field('y', null))),
      [
        [1, 4, 2],
        [1, 4, 2],
      ],
    ],
    ['a farewell takes none', gossip(identity(a, { left: true })), [[0, 0, 1]]],
    ['nor does what goes to one alone', delta(entry('k', null), entry('l', proofAt(3))), [[0, 0, 1]]],
    [
      'nor does our accusation in a verdict',
      gossip(verdict(accusation(b, proofAt(9)), accusation(a, null))),
      [
        [0, 0, 1],
        [1, 4, 1],
      ],
    ],
    ['what is of others is left as it is', { kind: 'claims', claims: [accusation(b, null)] }, []],
    ['and so is what others broadcast', gossip(links(null), { origin: b }), []],
    ['a horizon has no author', delta(horizon(null)), []],
    [
      'an anchor is proven as a whole',
      gossip(presence('anchor', field('x', null)), { lane: 'volatile' }),
      [[1, 4, 1]],
    ],
    ['what passes is not proven', gossip(presence('passing', field('x', null)), { lane: 'volatile' }), []],
  ])('%s', (_what, message, expected) => {
    expect(places(message)).toEqual(expected);
    const sent = proven(message, a);
    expect(places(sent)).toEqual([]);
    if (expected.length === 0) expect(sent).toBe(message);
  });

  test('a farewell is what was signed ahead', () => {
    const [asked] = unprovenIn(ROOM, gossip(identity(a, { left: true })), a);
    const ahead = farewellOf(ROOM, identity(a));
    expect([ahead.epoch, ahead.seq, ahead.of, ahead.bytes()]).toEqual([0, 0, 1, asked?.bytes()]);
  });

  test('the same thing has the same source', () => {
    const held = entry('k', null);
    const sources = [delta(held), delta(entry('l', null), held)].map(
      (message) => unprovenIn(ROOM, message, a).at(-1)?.source,
    );
    expect(sources).toEqual([held, held]);
    expect(sources[0]).toBe(sources[1]);
  });

  test('a message has the same source whenever it is given, however old it has grown', () => {
    const sources = [gossip(topic), gossip(topic, { ageMs: 900 })].map(
      (message) => unprovenIn(ROOM, message, a)[0]?.source,
    );
    expect(sources[0]).toBe(topic);
    expect(sources[0]).toBe(sources[1]);
  });

  test('what went out is verified by the very bytes that were signed, after its way over a link', () => {
    let broadcasts = 0;
    fc.assert(
      fc.property(anyGossip, (drawn) => {
        const message = asOwn(drawn);
        const asked = unprovenIn(ROOM, message, message.origin);
        const sent = createLinkDecoder().decode(createLinkEncoder().encode(proven(message, message.origin)));
        const found = statementsOf(ROOM, sent.ok ? sent.value : message);
        // Two of one name are no broadcast that anybody makes; nor is one of nothing, or of no sequence.
        if (!found.ok) {
          expect(['unsigned', 'misplaced-proof']).toContain(found.error);
          return;
        }
        broadcasts += found.value.length;
        expectSame(
          found.value.map(({ bytes }) => bytes),
          asked.map(({ bytes }) => bytes()),
        );
      }),
      { seed: SEED, numRuns: 1_000 },
    );
    expect(broadcasts).toBeGreaterThan(400);
  });

  test('any message that decodes is looked through without a throw', () => {
    fc.assert(
      fc.property(anyLinkMessage, (message) => {
        expect(typeof statementsOf(ROOM, message).ok).toBe('boolean');
        expect(Array.isArray(unprovenIn(ROOM, message, a))).toBe(true);
        expectSame(withProofs(message, a, []), message);
      }),
      { seed: SEED, numRuns: 1_000 },
    );
  });
});

/** The same by its origin alone, unproven and in its lane. */
function asOwn(drawn: Gossip<Payload>): Gossip<Payload> {
  const { origin, payload } = drawn;
  const isVolatile = payload.kind === 'presence' && payload.grade !== 'rest';
  const lane = payload.kind === 'topic' ? 'reliable' : isVolatile ? 'volatile' : 'record';
  const by = (said: Payload): Payload => {
    switch (said.kind) {
      case 'identity':
      case 'links':
        return { ...said, id: origin, proof: null };
      case 'accusation':
      case 'objection':
        return { ...said, observer: origin, proof: null };
      case 'presence':
        return { ...said, owner: origin, fields: said.fields.map((one) => ({ ...one, proof: null })) };
      case 'state':
        return {
          ...said,
          entries: said.entries.map((one) => ({
            ...one,
            stamp: { ...one.stamp, by: origin },
            proof: null,
          })),
        };
      case 'verdict':
        return {
          ...said,
          accusations: said.accusations.map((one) => ({ ...one, observer: origin, proof: null })),
        };
      case 'topic':
        return said;
    }
  };
  const seq = drawn.seq % 1_000;
  const follows = lane === 'reliable' && seq === 1 ? drawn.follows : null;
  return { ...drawn, lane, seq, follows, proof: null, payload: by(payload) };
}

describe('a statement', () => {
  type Thing = Exclude<Parameters<typeof put>[1], null>;
  const claim = anyClaim.filter(({ kind }) => kind !== 'verdict');
  const anyThing = fc.oneof(
    claim,
    anyPresenceRecord,
    anyEntry.filter(({ collection }) => collection !== '\0'),
  ) as Arbitrary<Thing>;
  const anyPlace = anyProof
    .filter(({ seq, of }) => seq > 0 && of > 0)
    .map(({ epoch: life, seq, of }) => ({ epoch: life, seq, of }));

  /** The statement of a record that is handed over with the proof of some broadcast. */
  function put(
    room: string,
    thing: Exclude<Payload, { kind: 'verdict' | 'presence' | 'state' | 'topic' }> | PresenceRecord | Entry,
    place: Pick<Proof, 'epoch' | 'seq' | 'of'>,
  ): Uint8Array {
    const proof: Proof = { ...proofAt(1), ...place };
    const message: LinkMessage =
      'collection' in thing
        ? { kind: 'delta', table: 'state', records: [{ ...thing, proof }] }
        : 'field' in thing
          ? { kind: 'delta', table: 'presence', records: [{ ...thing, proof }] }
          : { kind: 'claims', claims: [{ ...thing, proof }] };
    const found = statementsOf(room, message);
    if (!found.ok) throw new Error(found.error);
    return found.value[0]!.bytes;
  }
  // A farewell has no place.
  const stays = (thing: Thing): Thing => ('left' in thing ? { ...thing, left: false } : thing);

  test('is changed by any change of its room, its place, or of anything it says', () => {
    let changes = 0;
    fc.assert(
      fc.property(
        fc.tuple(anyText, anyThing.map(stays), anyPlace),
        fc.tuple(anyText, anyThing.map(stays), anyPlace),
        fc.nat(99),
        ([room, thing, place], [otherRoom, otherThing, otherPlace], choice) => {
          const names = Object.keys(thing).filter((name) => name !== 'proof' && name !== 'kind');
          const name = names[choice % names.length]!;
          const donor = otherThing as unknown as Record<string, unknown>;
          const changed =
            name in donor && kindOf(donor) === kindOf(thing) ? { ...thing, [name]: donor[name] } : thing;
          const placeName = (['epoch', 'seq', 'of'] as const)[choice % 3]!;
          const bytes = put(room, thing, place);
          const others: readonly (readonly [unknown, unknown, Uint8Array])[] = [
            [room, otherRoom, put(otherRoom, thing, place)],
            [thing, changed, put(room, stays(changed), place)],
            [
              place,
              { ...place, [placeName]: otherPlace[placeName] },
              put(room, thing, { ...place, [placeName]: otherPlace[placeName] }),
            ],
            [{ ...thing, proof: null }, { ...otherThing, proof: null }, put(room, otherThing, place)],
          ];
          for (const [before, after, made] of others) {
            if (isDeepStrictEqual(before, after)) continue;
            changes += 1;
            expect(isDeepStrictEqual(made, bytes)).toBe(false);
          }
        },
      ),
      { seed: SEED, numRuns: 2_000 },
    );
    expect(changes).toBeGreaterThan(4_000);
  });

  test('names its kind and its lane: the same words on a topic and elsewhere are two statements', () => {
    const said = statementsOf(ROOM, gossip(topic, { proof: proofAt(4) }));
    const other = statementsOf(ROOM, gossip({ ...topic, data: 'hallo' }, { proof: proofAt(4) }));
    const elsewhere = statementsOf('other room', gossip(topic, { proof: proofAt(4) }));
    const bytes = [said, other, elsewhere].map((found) => (found.ok ? [...found.value[0]!.bytes] : []));
    expect(new Set(bytes.map(String)).size).toBe(3);
    const text = new TextDecoder().decode(Uint8Array.from(bytes[0]!));
    expect(text.startsWith('\u000agossamer/1\u0062\u0004\0r\0o\0o\0m')).toBe(true);
    // After domain, kind, room and author: the epoch, the lane `reliable`, the sequence, one of one.
    expect(bytes[0]!.slice(11 + 1 + 9 + 16, 11 + 1 + 9 + 16 + 4)).toEqual([1, 0, 4, 1]);
  });

  test('of the first message of a life says what it follows: nobody else may have that told as missed', () => {
    const followed = [null, { epoch: epoch(0), seq: 9, from: 3 }, { epoch: epoch(0), seq: 9, from: 4 }];
    const bytes = followed.map((follows) => {
      const found = statementsOf(ROOM, gossip(topic, { seq: 1, follows, proof: proofAt(1) }));
      return found.ok ? String(found.value[0]!.bytes) : found.error;
    });
    expect(new Set(bytes).size).toBe(3);
  });
});

const kindOf = (thing: object): string =>
  'kind' in thing ? String(thing.kind) : 'collection' in thing ? 'entry' : 'field';
