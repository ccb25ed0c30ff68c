/** Differences that a shortened comparison cannot see, planted: they are few enough to be found by search. */
import { fc, test } from '@fast-check/vitest';
import { describe, expect } from 'vitest';
import { hashText } from '#shared/base/hash.ts';
import { bytesToPeerId, type PeerId } from '#shared/base/ids.ts';
import { createRng } from '#shared/base/rng.ts';
import { versionToText, type Version } from '#shared/base/version.ts';
import { a, b, c, createParty, createWorld, type Fate, type Party, version } from './fixture.ts';

/** Enough that about ten of their pairs share 32 bits of hash. */
const SEARCHED = 300_000;
/** Heartbeats for a shortened and an exact round of every table, and some. */
const ROUNDS_MS = 16_000;

/** Pairs of texts whose hashes have one high half, of those that `make` makes of a number. */
function collidingPairs(make: (at: number) => string): (readonly [number, number])[] {
  const firstByHigh = new Map<number, number>();
  const pairs: (readonly [number, number])[] = [];
  for (let at = 1; at <= SEARCHED; at++) {
    const { high } = hashText(make(at));
    const first = firstByHigh.get(high);
    if (first === undefined) firstByHigh.set(high, at);
    else pairs.push([first, at]);
  }
  return pairs;
}

const keyOf = (at: number): string => `key-${at}`;
/** Versions of the key `one` whose entries have one high half. */
const versionPairs = collidingPairs((at) => `one\0${versionToText(version(at))}`);
/** Keys that have one high half. */
const keyPairs = collidingPairs(keyOf);

function beat(world: ReturnType<typeof createWorld>, untilMs: number): void {
  for (let atMs = 1_000; atMs <= untilMs; atMs += 1_000) world.heartbeat(atMs);
}

const rootsOf = (party: Party) => party.layer.inspect().roots;
/** Begins as `a` does: a shortened version cannot tell the two. */
const twin = bytesToPeerId(Uint8Array.of(0xaa, ...new Uint8Array(15).fill(0xab)));
const by = (id: PeerId): Version => ({ major: 1, minor: 0, by: id });

type Plant = readonly [what: string, plant: (one: Party, other: Party) => void];
const plants: readonly Plant[] = [
  [
    'two versions of a key whose hashes share a half',
    (one, other) => {
      one.put('state', 'one', version(versionPairs[0]![0]));
      other.put('state', 'one', version(versionPairs[0]![1]));
    },
  ],
  [
    'two keys whose hashes share a half, in one version',
    (one, other) => {
      one.put('state', keyOf(keyPairs[0]![0]), version(1));
      other.put('state', keyOf(keyPairs[0]![1]), version(1));
    },
  ],
  [
    'two keys whose hashes share a half, in two versions',
    (one, other) => {
      one.put('state', keyOf(keyPairs[0]![0]), version(1));
      other.put('state', keyOf(keyPairs[0]![1]), version(2));
    },
  ],
  [
    'one key written at one time by two whose ids begin alike',
    (one, other) => {
      one.put('state', 'one', by(a));
      other.put('state', 'one', by(twin));
    },
  ],
];

describe('what a shortened round cannot see', () => {
  test('is planted: there are such pairs', () => {
    expect(versionPairs.length).toBeGreaterThan(2);
    expect(keyPairs.length).toBeGreaterThan(2);
  });

  test.each(plants)('%s: the first round leaves it, a later one mends it', (_what, plant) => {
    const [one, other] = [createParty(a), createParty(b)];
    plant(one, other);
    const world = createWorld([one, other]);
    world.link(a, b);
    expect(rootsOf(one)).not.toEqual(rootsOf(other));
    beat(world, ROUNDS_MS);
    expect(rootsOf(one)).toEqual(rootsOf(other));
    expect(new Map(one.records('state'))).toEqual(new Map(other.records('state')));
  });
});

test('what two wrote at one time the first round mends, if their ids begin differently', () => {
  const [one, other] = [createParty(a), createParty(b)];
  one.put('state', 'one', by(a));
  other.put('state', 'one', by(b));
  const world = createWorld([one, other]);
  world.link(a, b);
  expect(one.records('state').get('one')).toEqual(by(b));
  expect(rootsOf(one)).toEqual(rootsOf(other));
});

/** Records of which many pairs are not told apart by a shortened round. */
const record = fc.oneof(
  fc.constantFrom(...versionPairs.flat()).map((major): readonly [string, Version] => ['one', version(major)]),
  fc
    .tuple(fc.constantFrom(...keyPairs.flat()), fc.constantFrom(1, 2), fc.constantFrom(a, twin, b))
    .map(([at, major, id]): readonly [string, Version] => [keyOf(at), { major, minor: 0, by: id }]),
  fc
    .tuple(fc.nat(99), fc.constantFrom(1, 2))
    .map(([at, major]): readonly [string, Version] => [`plain-${at}`, version(major)]),
);
const records = fc.array(record, { maxLength: 60 });

describe('tables full of collisions', () => {
  const fates: readonly Fate[] = ['arrives', 'arrives', 'lost', 'twice'];

  test.prop([records, records, records, fc.integer()], { seed: 5, numRuns: 60 })(
    'become equal along a chain of three, after faults too',
    (ofA, ofB, ofC, seed) => {
      const rng = createRng([seed]);
      let calm = false;
      const parties = [createParty(a), createParty(b), createParty(c)];
      [ofA, ofB, ofC].forEach((own, at) =>
        own.forEach(([key, held]) => parties[at]!.put('state', key, held)),
      );
      const world = createWorld(parties, { fate: () => (calm ? 'arrives' : rng.pick(fates)!) });
      world.link(a, b);
      world.link(b, c);
      beat(world, 10_000);
      calm = true;
      // An exact round a hop, there and back, each behind a shortened one.
      for (let atMs = 11_000; atMs <= 60_000; atMs += 1_000) world.heartbeat(atMs);
      for (const party of parties) {
        expect(rootsOf(party)).toEqual(rootsOf(parties[0]!));
        expect(new Map(party.records('state'))).toEqual(new Map(parties[0]!.records('state')));
      }
    },
  );
});
