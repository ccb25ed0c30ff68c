import { fc, test } from '@fast-check/vitest';
import { describe, expect } from 'vitest';
import { createRng } from '#shared/base/rng.ts';
import { compareVersions, type Version } from '#shared/base/version.ts';
import { TABLES } from '#shared/reconcile/messages.ts';
import {
  a,
  b,
  c,
  createParty,
  createWorld,
  type Fate,
  type Party,
  type Records,
  version,
} from './fixture.ts';

const RUNS = { seed: 11, numRuns: 60 };

const table = fc.dictionary(fc.string({ maxLength: 6 }), fc.integer({ min: 1, max: 4 }), { maxKeys: 80 });

function fill(party: Party, records: Readonly<Record<string, number>>): Party {
  for (const [key, major] of Object.entries(records)) party.put('state', key, version(major));
  return party;
}

function union(...tables: readonly Records[]): Map<string, Version> {
  const newest = new Map<string, Version>();
  for (const [key, held] of tables.flatMap((records) => [...records])) {
    const known = newest.get(key);
    if (!known || compareVersions(known, held) < 0) newest.set(key, held);
  }
  return newest;
}

const numbered = (from: number, to: number, major: number = 1): Record<string, number> =>
  Object.fromEntries(Array.from({ length: to - from }, (_, at) => [`key-${from + at}`, major]));

describe('two parties', () => {
  test.prop([table, table], RUNS)('hold the union of the newest after one round', (one, other) => {
    const world = createWorld([fill(createParty(a), one), fill(createParty(b), other)]);
    const expected = union(world.party(a).records('state'), world.party(b).records('state'));
    world.link(a, b);
    expect(new Map(world.party(a).records('state'))).toEqual(expected);
    expect(new Map(world.party(b).records('state'))).toEqual(expected);
    expect(world.party(a).layer.inspect().roots).toEqual(world.party(b).layer.inspect().roots);
    expect(world.ended).toHaveLength(2 * TABLES.length);
    expect(new Set(world.ended.map(({ at, table: name }) => `${at}/${name}`)).size).toBe(2 * TABLES.length);
  });

  test.prop([table, table], RUNS)('carry each record that differs once, and no other', (one, other) => {
    const world = createWorld([fill(createParty(a), one), fill(createParty(b), other)]);
    const differing = [...new Set([...Object.keys(one), ...Object.keys(other)])].filter(
      (key) => one[key] !== other[key],
    );
    world.link(a, b);
    expect(world.given.map(({ key }) => key).toSorted()).toEqual(differing.toSorted());
  });
});

describe('two parties of one thousand records', () => {
  test('in sync cost one exchange', () => {
    const records = numbered(0, 1_000);
    const world = createWorld([fill(createParty(a), records), fill(createParty(b), records)]);
    world.link(a, b);
    const kinds = world.log
      .filter(({ message }) => message.table === 'state')
      .map(({ message }) => message.kind);
    expect(kinds).toEqual(['top', 'middle', 'roundDone']);
    expect(world.given).toEqual([]);
    world.heartbeat(1_000);
    world.heartbeat(2_000);
    expect(world.log).toHaveLength(3 * TABLES.length);
  });

  test('with one difference in a thousand name what lies under one leaf only', () => {
    const records = numbered(0, 1_000);
    const world = createWorld([
      fill(createParty(a), records),
      fill(createParty(b), { ...records, 'key-77': 2 }),
    ]);
    world.link(a, b);
    const summaries = world.log.flatMap(({ message }) =>
      message.kind === 'leaves' ? message.leaves.flatMap((part) => part.entries) : [],
    );
    expect(new Set(summaries.map(({ keyHash }) => keyHash.high >>> 24)).size).toBe(1);
    expect(summaries.length).toBeLessThan(16);
    const middle = world.log.flatMap(({ message }) => (message.kind === 'middle' ? message.nodes : []));
    expect(middle).toHaveLength(1);
    expect(world.given).toEqual([{ to: a, key: 'key-77' }]);
  });

  test('send a large table in bounded frames', () => {
    const world = createWorld([
      fill(createParty(a), numbered(0, 20_000)),
      fill(createParty(b), numbered(15_000, 30_000)),
    ]);
    world.link(a, b);
    const sizes = world.log.map(({ message }) =>
      message.kind === 'leaves'
        ? message.leaves.reduce((sum, { entries }) => sum + entries.length, 0)
        : message.kind === 'wantRecords'
          ? message.keyHashes.length / 2
          : 0,
    );
    expect(Math.max(...sizes)).toBeLessThanOrEqual(256);
    expect(world.given).toHaveLength(25_000);
    expect(world.party(a).layer.inspect().roots).toEqual(world.party(b).layer.inspect().roots);
    expect(world.party(a).layer.inspect().sizes.state).toBe(30_000);
  });

  test('one of whom is empty get all of the other, whoever begins', () => {
    for (const [first, second] of [
      [a, b],
      [b, a],
    ] as const) {
      const world = createWorld([fill(createParty(first), numbered(0, 3_000)), createParty(second)]);
      world.link(a, b);
      expect(world.party(second).layer.inspect().roots).toEqual(world.party(first).layer.inspect().roots);
    }
  });
});

describe('a chain of three', () => {
  test.prop([table, table, table], RUNS)('converges when heartbeats show what came since', (...tables) => {
    const parties = [a, b, c].map((id, at) => fill(createParty(id), tables[at]!));
    const world = createWorld(parties);
    world.link(a, b);
    world.link(b, c);
    for (let atMs = 1_000; atMs <= 8_000; atMs += 1_000) world.heartbeat(atMs);
    const expected = union(...parties.map((party) => party.records('state')));
    for (const party of parties) expect(new Map(party.records('state'))).toEqual(expected);
  });
});

describe('links that do what they should not', () => {
  const fates: readonly Fate[] = ['arrives', 'arrives', 'lost', 'twice'];

  test.prop([table, table, fc.integer()], RUNS)(
    'lost, repeated and misordered messages end a round at most, and a later one mends',
    (one, other, seed) => {
      const rng = createRng([seed]);
      let calm = false;
      const parties = [fill(createParty(a), one), fill(createParty(b), other)];
      const world = createWorld(parties, {
        fate: () => (calm ? 'arrives' : rng.pick(fates)!),
        shuffle: (queue) => {
          if (!calm) queue.splice(0, queue.length, ...rng.sample(queue, queue.length));
        },
      });
      world.link(a, b);
      for (let atMs = 1_000; atMs <= 20_000; atMs += 1_000) world.heartbeat(atMs);
      calm = true;
      // The pause is 40 s at the most after rounds that were not answered.
      for (let atMs = 21_000; atMs <= 68_000; atMs += 1_000) world.heartbeat(atMs);
      const expected = union(...parties.map((party) => party.records('state')));
      for (const party of parties) expect(new Map(party.records('state'))).toEqual(expected);
      expect(parties[0]!.layer.inspect().roots).toEqual(parties[1]!.layer.inspect().roots);
    },
  );

  test('changes in the middle of a round are found by the next', () => {
    const parties = [fill(createParty(a), numbered(0, 50)), fill(createParty(b), numbered(25, 75))];
    let written = 0;
    const world = createWorld(parties, {
      fate: () => {
        if (written < 10) parties[written++ % 2]!.put('state', `late-${written}`, version(1));
        return 'arrives';
      },
    });
    world.link(a, b);
    for (let atMs = 1_000; atMs <= 8_000; atMs += 1_000) world.heartbeat(atMs);
    expect(parties[0]!.layer.inspect().sizes.state).toBe(75 + written);
    expect(parties[0]!.layer.inspect().roots).toEqual(parties[1]!.layer.inspect().roots);
  });
});
