import { describe, expect, test } from 'vitest';
import type { PeerId } from '#shared/base/ids.ts';
import { now } from '#shared/base/time.ts';
import { checkStateConfig, defaultStateConfig } from '#shared/state/config.ts';
import { HLC_COUNTER_MAX } from '#shared/state/hlc.ts';
import type { Entry, StateEffect } from '#shared/state/messages.ts';
import { createState } from '#shared/state/state.ts';
import {
  a,
  b,
  c,
  change,
  createReplica,
  entry,
  hlc,
  published,
  recordChanged,
  stateChanged,
  T,
} from './fixture.ts';

const refused = (of: Entry, reason: 'too-far-ahead' | 'older' | 'over-limit'): StateEffect => ({
  kind: 'entryRefused',
  entry: of,
  reason,
});

describe('a local write', () => {
  test('is stamped, published, told and becomes a record', () => {
    const written = entry('x', { text: 'hi' }, hlc(T, 0, a));
    expect(createReplica(a).write(T, 'x', { text: 'hi' })).toEqual([
      published(written),
      stateChanged(change(written, undefined, 'local')),
      recordChanged(written),
    ]);
  });

  test('of an equal value is a new write', () => {
    const replica = createReplica(a);
    replica.write(T, 'x', 1);
    const again = entry('x', 1, hlc(T, 1, a));
    expect(replica.write(T, 'x', 1)).toEqual([
      published(again),
      stateChanged(change(again, 1, 'local')),
      recordChanged(again),
    ]);
  });

  test('of nothing over a value is a deletion', () => {
    const replica = createReplica(a);
    replica.write(T, 'x', 1);
    const deleted = entry('x', undefined, hlc(T + 5, 0, a));
    expect(replica.write(T + 5, 'x', undefined)).toEqual([
      published(deleted),
      stateChanged(change(deleted, 1, 'local')),
      recordChanged(deleted),
    ]);
    expect(replica.values()).toEqual({});
    expect(replica.state.inspect()).toMatchObject({ entries: 1, tombstones: 1 });
  });

  test('deletes nothing where nothing is, or where it is deleted already', () => {
    const replica = createReplica(a);
    expect(replica.write(T, 'x', undefined)).toEqual([]);
    replica.write(T, 'x', 1);
    replica.write(T, 'x', undefined);
    expect(replica.write(T + 1, 'x', undefined)).toEqual([]);
    expect(replica.state.inspect().clock).toEqual(hlc(T, 1, a));
  });
});

describe('the stamp of a local write', () => {
  test('never goes behind the last stamp when the wall clock jumps back', () => {
    const replica = createReplica(a);
    replica.write(T, 'x', 1);
    expect(replica.write(T - 9_000, 'y', 2)[0]).toEqual(published(entry('y', 2, hlc(T, 1, a))));
  });

  test('uses corrected time: the median of the clocks, our own among them', () => {
    const replica = createReplica(a);
    for (const [peer, offsetMs] of [[b, 600_000.5] as const, [c, 599_000] as const]) {
      expect(replica.state.handle({ kind: 'clockSample', peer, offsetMs }, now(T))).toEqual([]);
    }
    expect(replica.state.inspect().offsetMs).toBe(599_000);
    expect(replica.write(T, 'x', 1)[0]).toEqual(published(entry('x', 1, hlc(T + 599_000, 0, a))));
    replica.state.handle({ kind: 'neighborDown', peer: b }, now(T));
    expect(replica.state.inspect().offsetMs).toBe(299_500);
  });

  test('wins over what it saw: a held stamp ahead of our clock is taken plus one', () => {
    const replica = createReplica(a);
    replica.apply(T, entry('x', 'theirs', hlc(T + 3_600_000, 4, b)));
    expect(replica.write(T, 'x', 'ours')[0]).toEqual(published(entry('x', 'ours', hlc(T + 3_600_000, 5, a))));
    expect(replica.write(T, 'y', 1)[0]).toEqual(published(entry('y', 1, hlc(T + 5_000, 2, a))));
  });

  test('wins over a held stamp whose counter is full', () => {
    const replica = createReplica(a);
    replica.apply(T, entry('x', 'theirs', hlc(T + 60_000, HLC_COUNTER_MAX, b)));
    expect(replica.write(T, 'x', 'ours')[0]).toEqual(published(entry('x', 'ours', hlc(T + 60_001, 0, a))));
  });
});

describe('a name', () => {
  test('of a collection with a NUL is our own mistake', () => {
    const { state } = createReplica(a);
    const input = { kind: 'write', collection: 'a\0b', key: 'x', value: 1 } as const;
    expect(() => state.handle(input, now(T))).toThrow('NUL');
  });
});

describe('entries of others', () => {
  test('are applied when newer, and told together', () => {
    const replica = createReplica(a);
    replica.write(T, 'x', 1);
    const x = entry('x', 2, hlc(T + 1, 0, b));
    const y = entry('y', 3, hlc(T, 0, c), 'other');
    expect(replica.apply(T + 9, x, y)).toEqual([
      stateChanged(change(x, 1, 'remote'), change(y, undefined, 'remote')),
      recordChanged(x),
      recordChanged(y),
    ]);
  });

  test('are ignored quietly when older or equal', () => {
    const replica = createReplica(c);
    replica.apply(T, entry('x', 1, hlc(T, 3, b)));
    expect(replica.apply(T, entry('x', 0, hlc(T, 2, b)))).toEqual([]);
    expect(replica.apply(T, entry('x', 1, hlc(T, 3, b)))).toEqual([]);
    expect(replica.apply(T, entry('x', 0, hlc(T, 3, a)))).toEqual([]);
    expect(replica.values()).toEqual({ x: 1 });
  });

  test('move our clock, so that what we write next is newer', () => {
    const replica = createReplica(a);
    replica.apply(T, entry('x', 1, hlc(T + 100, 3, b)));
    expect(replica.state.inspect().clock).toEqual(hlc(T + 100, 3, a));
    expect(replica.write(T, 'y', 1)[0]).toEqual(published(entry('y', 1, hlc(T + 100, 4, a))));
  });

  test('ahead of the drift bound are applied and move our clock to the bound only', () => {
    const replica = createReplica(a);
    const ahead = entry('x', 1, hlc(T + 86_400_000, 9, b));
    expect(replica.apply(T, ahead)).toEqual([
      stateChanged(change(ahead, undefined, 'remote')),
      recordChanged(ahead),
    ]);
    expect(replica.state.inspect().clock).toEqual(hlc(T + 5_000, 0, a));
  });

  test('more than 24 hours ahead are refused and move nothing', () => {
    const replica = createReplica(a);
    const ahead = entry('x', 1, hlc(T + 86_400_001, 0, b));
    expect(replica.apply(T, ahead)).toEqual([refused(ahead, 'too-far-ahead')]);
    expect(replica.state.inspect()).toMatchObject({ entries: 0, clock: hlc(0, 0, a) });
  });

  test('with a faulty form are dropped, told once for each reason, and stop no others', () => {
    const replica = createReplica(a);
    const good = entry('y', 1, hlc(T, 0, b));
    const bad = [hlc(0, 0, b), hlc(T, -1, b), hlc(Number.NaN, 0, b)].map((stamp) => entry('x', 1, stamp));
    expect(replica.apply(T, ...bad, entry('x', 1, hlc(T, 0, b), 'a\0b'), good)).toEqual([
      { kind: 'peerMisbehaved', peer: b, reason: 'bad-stamp' },
      { kind: 'peerMisbehaved', peer: b, reason: 'bad-collection' },
      stateChanged(change(good, undefined, 'remote')),
      recordChanged(good),
    ]);
  });

  test('that delete what we never held are kept, and no change is told', () => {
    const replica = createReplica(a);
    const deleted = entry('x', undefined, hlc(T, 0, b));
    expect(replica.apply(T, deleted)).toEqual([recordChanged(deleted)]);
    expect(replica.apply(T, entry('x', 1, hlc(T - 1, 0, b)))).toEqual([]);
  });
});

describe('limits', () => {
  const limits = { entriesMax: 2, collectionsMax: 2, keyLengthMax: 3, collectionLengthMax: 5 };

  test.each([entry('long', 1, hlc(T, 0, b)), entry('x', 1, hlc(T, 0, b), 'longer')])(
    'a remote entry with too long a name is refused: %j',
    (long) => {
      expect(createReplica(a, limits).apply(T, long)).toEqual([refused(long, 'over-limit')]);
    },
  );

  test('a new key is refused when all room is taken, a known one is not', () => {
    const replica = createReplica(a, limits);
    replica.write(T, 'x', 1);
    replica.write(T, 'y', 1);
    replica.write(T, 'y', undefined);
    const fresh = entry('z', 1, hlc(T, 0, b));
    const known = entry('x', 2, hlc(T + 1, 0, b));
    expect(replica.apply(T, fresh, known)).toEqual([
      refused(fresh, 'over-limit'),
      stateChanged(change(known, 1, 'remote')),
      recordChanged(known),
    ]);
  });

  test('a local write over a limit is refused and changes nothing, not even the clock', () => {
    const replica = createReplica(a, limits);
    expect(replica.write(T, 'long', 1)).toEqual([refused(entry('long', 1, hlc(T, 0, a)), 'over-limit')]);
    expect(replica.state.inspect()).toMatchObject({ entries: 0, clock: hlc(0, 0, a) });
  });

  test('a collection too many is refused', () => {
    const replica = createReplica(a, { ...limits, entriesMax: 9 });
    replica.apply(T, entry('x', 1, hlc(T, 0, b), 'one'), entry('x', 1, hlc(T, 0, b), 'two'));
    const third = entry('x', 1, hlc(T, 0, b), 'three');
    expect(replica.apply(T, third)).toEqual([refused(third, 'over-limit')]);
  });

  test('two values under one stamp end as one, be it that they differ in the order of their fields alone', () => {
    const one = entry('x', { a: 1, b: 2 }, hlc(T, 0, b));
    const other = entry('x', { b: 2, a: 1 }, hlc(T, 0, b));
    const heldAfter = (...order: readonly Entry[]): unknown => {
      const replica = createReplica(a);
      return order
        .flatMap((each) => replica.apply(T, each))
        .flatMap((effect) => (effect.kind === 'recordChanged' ? [JSON.stringify(effect.record.value)] : []))
        .at(-1);
    };
    expect(heldAfter(one, other)).toBe(heldAfter(other, one));
  });

  test('one member has its share of them and no more, and leaves the rest to the others', () => {
    const replica = createReplica(a, { entriesMax: 9, entriesPerMemberMax: 2 });
    const by = (key: string, member: PeerId): Entry => entry(key, 1, hlc(T, 0, member));
    replica.apply(T, by('x', b), by('y', b));
    const third = by('z', b);
    expect(replica.apply(T, third)).toEqual([refused(third, 'over-limit')]);
    const other = by('z', c);
    expect(replica.apply(T, other)).toEqual([
      stateChanged(change(other, undefined, 'remote')),
      recordChanged(other),
    ]);
    // What it stamped last and another overwrites is not its own any more.
    replica.apply(T, entry('x', 2, hlc(T + 1, 0, c)));
    expect(replica.apply(T, by('w', b))).not.toContainEqual(refused(by('w', b), 'over-limit'));
    // Nor may it take over more than that of what others wrote; what it deletes is charged to nobody.
    const taken = entry('z', 2, hlc(T + 2, 0, b));
    expect(replica.apply(T, taken)).toEqual([refused(taken, 'over-limit')]);
    replica.apply(T, entry('z', undefined, hlc(T + 3, 0, b)));
    expect(replica.state.inspect().tombstones).toBe(1);
    replica.write(T, 'mine', 1);
    replica.write(T, 'y', 1);
    const third2 = replica.write(T, 'w', 1);
    expect(third2).toContainEqual(expect.objectContaining({ reason: 'over-limit' }));
  });

  test('shares do not depend on the order in which entries come: a newcomer takes what all others hold', () => {
    const shares = { entriesMax: 40, entriesPerMemberMax: 4 };
    /** What is held after these have come, by key. */
    const hold = (entries: readonly Entry[]): ReadonlyMap<string, Entry> => {
      const replica = createReplica(a, shares);
      const held = new Map<string, Entry>();
      for (const effect of entries.flatMap((one) => replica.apply(T, one)))
        if (effect.kind === 'recordChanged') held.set(effect.record.key, effect.record);
      return held;
    };
    const keys = Array.from({ length: 12 }, (_, at) => `key ${at}`);
    const written = keys.map((key, at) => entry(key, 1, hlc(T, 0, [a, b, c][at % 3]!)));
    // One takes over what it can, and deletes more than that.
    const taken = keys.map((key, at) => entry(key, at % 2 ? undefined : 2, hlc(T + 1 + at, 0, b)));
    const held = hold([...written, ...taken]);
    expect(held.size).toBe(12);
    expect([...held.values()].filter(({ stamp }) => stamp.by === b).length).toBeGreaterThan(4);
    expect(hold([...held.values()])).toEqual(held);
    expect(hold([...held.values()].toReversed())).toEqual(held);
  });

  const big = (key: string, member: PeerId, units: number, atMs: number = T): Entry =>
    entry(key, 'x'.repeat(units), hlc(atMs, 0, member));

  test('what all hold together is bounded in bytes, whatever the number of entries', () => {
    const replica = createReplica(a, { bytesMax: 9_000 });
    const first = big('x', b, 1_500);
    const second = big('y', c, 1_500);
    expect(replica.apply(T, first)).not.toContainEqual(refused(first, 'over-limit'));
    expect(replica.apply(T, second)).toEqual([refused(second, 'over-limit')]);
    expect(replica.write(T, 'z', 'x'.repeat(1_500))).toContainEqual(
      expect.objectContaining({ reason: 'over-limit' }),
    );
    expect(replica.state.inspect().entries).toBe(1);
    // Growing what is there already is no way around it; a smaller value, or none, makes room.
    const grown = big('x', b, 4_000, T + 1);
    expect(replica.apply(T, grown)).toEqual([refused(grown, 'over-limit')]);
    replica.apply(T, entry('x', undefined, hlc(T + 2, 0, b)));
    expect(replica.apply(T, second)).not.toContainEqual(refused(second, 'over-limit'));
  });

  test('one member has its share of the bytes, and leaves the rest to the others', () => {
    const replica = createReplica(a, { bytesPerMemberMax: 6_000 });
    replica.apply(T, big('x', b, 1_500));
    const second = big('y', b, 1_500);
    expect(replica.apply(T, second)).toEqual([refused(second, 'over-limit')]);
    const others = big('y', c, 1_500);
    expect(replica.apply(T, others)).not.toContainEqual(refused(others, 'over-limit'));
    // What another overwrites is not its own any more, and what it overwrites itself it has once.
    expect(replica.apply(T, big('x', a, 10, T + 1), big('w', b, 1_500))).not.toContainEqual(
      refused(big('w', b, 1_500), 'over-limit'),
    );
    const again = big('w', b, 1_600, T + 2);
    expect(replica.apply(T, again)).not.toContainEqual(refused(again, 'over-limit'));
  });

  test('a config that contradicts itself is our own mistake', () => {
    expect(() => checkStateConfig(defaultStateConfig)).not.toThrow();
    expect(() => checkStateConfig({ ...defaultStateConfig, stubsMax: 0 })).toThrow('stubsMax');
    expect(() => checkStateConfig({ ...defaultStateConfig, collectMs: 700_000 })).toThrow('collectMs');
    expect(() => checkStateConfig({ ...defaultStateConfig, driftMsMax: 90_000_000 })).toThrow('driftMsMax');
  });
});

describe('a neighbor’s clock', () => {
  test.each([Number.NaN, Infinity, 4e12, -4e12])('of offset %d is none', (offsetMs) => {
    const { state } = createReplica(a);
    expect(state.handle({ kind: 'clockSample', peer: b, offsetMs }, now(T))).toEqual([
      { kind: 'peerMisbehaved', peer: b, reason: 'bad-clock' },
    ]);
    expect(state.inspect().offsetMs).toBe(0);
  });
});

describe('keys', () => {
  test('such as __proto__ are ordinary ones', () => {
    const state = createState({ self: a }, defaultStateConfig);
    for (const name of ['__proto__', 'constructor', 'toString', '']) {
      state.handle({ kind: 'write', collection: name, key: name, value: name }, now(T));
    }
    expect(state.inspect().collections).toEqual(
      new Map(['__proto__', 'constructor', 'toString', ''].map((name) => [name, new Map([[name, name]])])),
    );
  });
});

describe('the snapshot', () => {
  test('keeps its identity while nothing changes', () => {
    const replica = createReplica(a);
    replica.write(T, 'x', 1);
    const before = replica.state.inspect().collections;
    replica.apply(T, entry('x', 0, hlc(T - 1, 0, b)));
    replica.apply(T, entry('gone', undefined, hlc(T, 0, b)));
    expect(replica.state.inspect().collections).toBe(before);
  });

  test('renews only the collection that changed, and is never changed itself', () => {
    const replica = createReplica(a);
    replica.apply(T, entry('x', 1, hlc(T, 0, b), 'one'), entry('x', 1, hlc(T, 0, b), 'two'));
    const before = replica.state.inspect().collections;
    replica.apply(T, entry('x', 2, hlc(T, 1, b), 'two'));
    const after = replica.state.inspect().collections;
    expect(after.get('one')).toBe(before.get('one'));
    expect(after.get('two')).toEqual(new Map([['x', 2]]));
    expect(before.get('two')).toEqual(new Map([['x', 1]]));
  });

  test('names no collection without a value', () => {
    const replica = createReplica(a);
    replica.write(T, 'x', 1);
    replica.state.inspect();
    replica.write(T, 'x', undefined);
    expect(replica.state.inspect().collections).toEqual(new Map());
  });
});

describe('a clock that was over a day ahead', () => {
  const DAY = 86_400_000;
  const AHEAD = 2 * DAY;
  const sample = (from: typeof b, offsetMs: number) =>
    ({ kind: 'clockSample', peer: from, offsetMs }) as const;

  test('comes back by the word of two, and says what it wrote anew', () => {
    const replica = createReplica(a);
    replica.write(T + AHEAD, 'x', 1);
    const renewed = entry('x', 1, hlc(T, 0, a));
    expect(replica.state.handle(sample(b, -AHEAD), now(0, T + AHEAD))).toEqual([]);
    expect(replica.state.handle(sample(c, -AHEAD), now(0, T + AHEAD))).toEqual([
      published(renewed),
      recordChanged(renewed),
    ]);
  });

  test('is not what one neighbor says that is wrong itself', () => {
    const replica = createReplica(a);
    replica.write(T, 'x', 1);
    expect(replica.state.handle(sample(b, -3 * DAY), now(0, T))).toEqual([]);
    const again = entry('x', 2, hlc(T, 1, a));
    expect(replica.write(T, 'x', 2)).toEqual([
      published(again),
      stateChanged(change(again, 1, 'local')),
      recordChanged(again),
    ]);
  });

  test('gives up what it let pass meanwhile and nobody else would take, and takes what the others hold', () => {
    const replica = createReplica(a);
    const far = entry('x', 'far', hlc(T + AHEAD, 0, b));
    replica.apply(T + AHEAD, far);
    replica.state.handle(sample(b, 0), now(0, T));
    expect(replica.state.handle(sample(c, 0), now(0, T))).toEqual([
      stateChanged({ ...change(far, 'far', 'remote'), value: undefined }),
      { kind: 'recordRemoved', key: 'notes\0x' },
      { kind: 'entryRefused', entry: far, reason: 'too-far-ahead' },
    ]);
    const near = entry('x', 'near', hlc(T, 0, b));
    expect(replica.apply(T, near)).toEqual([
      stateChanged(change(near, undefined, 'remote')),
      recordChanged(near),
    ]);
  });
});
