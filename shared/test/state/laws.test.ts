import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { now } from '#shared/base/time.ts';
import { horizonEntry } from '#shared/state/horizon.ts';
import { type Entry, HORIZON_KEY, type StateEffect, stateKey } from '#shared/state/messages.ts';
import { compareHlc } from '#shared/state/hlc.ts';
import { a, b, c, createReplica, entry, hlc, peers, type Replica, T } from './fixture.ts';

/** Over few keys, so that they meet. */
const anyEntry: fc.Arbitrary<Entry> = fc
  .record({
    key: fc.constantFrom('x', 'y', '__proto__'),
    collection: fc.constantFrom('one', 'two'),
    value: fc.option(fc.integer({ min: 0, max: 3 }), { nil: undefined }),
    wall: fc.integer({ min: T, max: T + 4 }),
    counter: fc.nat({ max: 2 }),
    by: fc.constantFrom(...peers.slice(0, 3)),
  })
  .map(({ key, collection, value, wall, counter, by }) =>
    entry(key, value, hlc(wall, counter, by), collection),
  );

/** No two share a stamp with another value. */
const entries: fc.Arbitrary<Entry[]> = fc.uniqueArray(anyEntry, {
  selector: ({ stamp }) => `${stamp.wall}.${stamp.counter}.${stamp.by}`,
  maxLength: 30,
});

/** Whoever wrote them said several things under one stamp. */
const equivocal: fc.Arbitrary<Entry[]> = fc.array(anyEntry, { maxLength: 60 });

/** The same with horizons among them, old enough to be taken. */
const amongHorizons = (some: fc.Arbitrary<Entry[]>): fc.Arbitrary<Entry[]> =>
  fc
    .tuple(
      some,
      fc.array(fc.tuple(fc.integer({ min: T, max: T + 4 }), fc.nat({ max: 2 }), fc.constantFrom(b, c)), {
        maxLength: 3,
      }),
    )
    .chain(([all, stamps]) => {
      const mixed = [...all, ...stamps.map(([wall, counter, by]) => horizonEntry(hlc(wall, counter, by)))];
      return fc.shuffledSubarray(mixed, { minLength: mixed.length });
    });
const withHorizons: fc.Arbitrary<Entry[]> = amongHorizons(entries);
const lies: fc.Arbitrary<Entry[]> = amongHorizons(equivocal);

interface Outcome {
  readonly collections: ReadonlyMap<string, ReadonlyMap<string, unknown>>;
  readonly records: ReadonlyMap<string, Entry>;
  readonly horizon: number;
}

/** The table of records, as these effects change it. */
function keep(records: Map<string, Entry>, effects: readonly StateEffect[]): void {
  for (const effect of effects) {
    if (effect.kind === 'recordChanged') records.set(effect.key, effect.record);
    if (effect.kind === 'recordRemoved') records.delete(effect.key);
  }
}

/** What a replica shows, and the table of records that its effects built, after these batches. */
function outcomeOf(batches: readonly (readonly Entry[])[]): Outcome {
  const { state } = createReplica(a);
  const records = new Map<string, Entry>();
  for (const batch of batches) {
    keep(records, state.handle({ kind: 'apply', from: b, entries: batch }, now(LATER)));
  }
  const { collections, horizon } = state.inspect();
  return { collections, records, horizon };
}

/** When what happened about T may be collected, and its horizons are believed. */
const LATER = T + 700_000;

const collected = (replica: Replica, stability: number, at: number): void => {
  replica.state.handle({ kind: 'stability', stamp: stability }, now(at));
  replica.collect(at);
};

describe('merge', () => {
  test('is commutative: any order gives the same state and the same records', () => {
    fc.assert(
      fc.property(
        fc
          .oneof(withHorizons, lies)
          .chain((all) => fc.tuple(fc.constant(all), fc.shuffledSubarray(all, { minLength: all.length }))),
        ([all, shuffled]) => {
          expect(outcomeOf(shuffled.map((one) => [one]))).toEqual(outcomeOf(all.map((one) => [one])));
        },
      ),
      { seed: 4, numRuns: 300 },
    );
  });

  test('is associative: it does not matter how entries are batched', () => {
    fc.assert(
      fc.property(
        fc.oneof(withHorizons, lies),
        fc.nat({ max: 33 }),
        fc.nat({ max: 33 }),
        (all, first, second) => {
          const cut = Math.min(first, all.length);
          const batches = [all.slice(0, cut), all.slice(cut, cut + second), all.slice(cut + second)];
          expect(outcomeOf(batches)).toEqual(outcomeOf([all]));
        },
      ),
      { seed: 5, numRuns: 300 },
    );
  });

  test('is idempotent: what was applied changes nothing again', () => {
    fc.assert(
      fc.property(fc.oneof(withHorizons, lies), (all) => {
        const { state } = createReplica(a);
        const apply = (batch: readonly Entry[]): readonly StateEffect[] =>
          state.handle({ kind: 'apply', from: b, entries: batch }, now(LATER));
        apply(all);
        expect(apply(all)).toEqual([]);
      }),
      { seed: 6, numRuns: 300 },
    );
  });

  test('leaves the highest horizon, every value that is the newest of its key, and no deletion below it', () => {
    fc.assert(
      fc.property(withHorizons, (all) => {
        const { records, collections } = outcomeOf([all]);
        const newest = new Map<string, Entry>();
        for (const one of all.toSorted((x, y) => compareHlc(x.stamp, y.stamp)))
          newest.set(stateKey(one), one);
        const horizon = newest.get(HORIZON_KEY)?.stamp;
        const isForgotten = ({ value, stamp }: Entry): boolean =>
          horizon !== undefined && value === undefined && compareHlc(stamp, horizon) <= 0;
        const expected = [...newest].filter(([key, one]) => key === HORIZON_KEY || !isForgotten(one));
        expect(records).toEqual(new Map(expected));
        const living = expected.filter(([, { value }]) => value !== undefined).length;
        expect([...collections.values()].reduce((sum, { size }) => sum + size, 0)).toBe(living);
      }),
      { seed: 10, numRuns: 300 },
    );
  });

  test('leaves the entry with the highest stamp', () => {
    fc.assert(
      fc.property(entries, (all) => {
        const expected = new Map<string, Entry>();
        for (const one of all.toSorted((x, y) => compareHlc(x.stamp, y.stamp))) {
          expected.set(stateKey(one), one);
        }
        expect(outcomeOf([all]).records).toEqual(expected);
      }),
      { seed: 7, numRuns: 300 },
    );
  });
});

describe('writers', () => {
  test('a write always wins over what the writer holds, whatever came and however time jumps', () => {
    const step = fc.record({
      at: fc.integer({ min: T - 50_000, max: T + 50_000 }),
      remote: fc.option(fc.integer({ min: T - 100_000, max: T + 100_000 })),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
        const replica = createReplica(a);
        let value = 0;
        for (const { at, remote } of steps) {
          value += 1;
          if (remote === null) {
            replica.write(at, 'x', value);
            expect(replica.values()).toEqual({ x: value });
          } else {
            replica.apply(at, entry('x', -value, hlc(remote, 0, b)));
          }
        }
      }),
      { seed: 8, numRuns: 300 },
    );
  });
});

describe('deletion', () => {
  test('a late old entry never brings a stubbed key back', () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.constantFrom('x', 'y', 'z'), fc.integer({ min: T - 9, max: T })), {
          maxLength: 20,
        }),
        fc.nat({ max: 20 }),
        (late, collectAfter) => {
          // Two stubs fit for three keys: one falls to the horizon, and is not brought back either.
          const replica = createReplica(a, { stubsMax: 2 });
          replica.start(T);
          for (const [at, key] of ['x', 'y', 'z'].entries()) {
            replica.apply(T, entry(key, undefined, hlc(T + 1 + at, 0, b)));
          }
          for (const [at, [key, wall]] of late.entries()) {
            if (at === collectAfter) collected(replica, T + 3, T + 700_000);
            replica.apply(T + 700_000, entry(key, 'late', hlc(wall, 0, b)));
          }
          expect(replica.values()).toEqual({});
        },
      ),
      { seed: 9, numRuns: 300 },
    );
  });

  test('one that collects and one that does not show the same in the end', () => {
    fc.assert(
      fc.property(entries, fc.nat({ max: 30 }), (all, collectAfter) => {
        const collecting = createReplica(a);
        const keeping = createReplica(b);
        collecting.start(T);
        for (const [at, one] of all.entries()) {
          if (at === collectAfter) collected(collecting, T + 4, T + 700_000);
          collecting.apply(T, one);
        }
        collected(collecting, T + 4, T + 700_000);
        for (const one of all.toReversed()) {
          keeping.apply(T, one);
          collecting.apply(T, one);
        }
        expect(collecting.state.inspect().collections).toEqual(keeping.state.inspect().collections);
      }),
      { seed: 10, numRuns: 300 },
    );
  });
});
