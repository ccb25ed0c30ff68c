import { describe, expect, test } from 'vitest';
import { epoch } from '#shared/base/ids.ts';
import { bytesToPublicKey, type Proof } from '#shared/base/proof.ts';
import type { PresenceEffect } from '#shared/presence/messages.ts';
import {
  anchorUpdate,
  a,
  b,
  c,
  createShower,
  misbehaved,
  peer,
  presenceChanged,
  published,
  record,
  recordChanged,
  recordRemoved,
  restUpdate,
  scheduled,
  volatileUpdate,
} from './fixture.ts';

const bobs = { owner: b };
const returned = { owner: b, epoch: 2 };

describe('a value at rest', () => {
  test('is shown and becomes a record', () => {
    const shower = createShower();
    expect(shower.update(0, restUpdate(bobs, ['name', 1, 'Bob'], ['pointer', 2, 0]))).toEqual([
      presenceChanged(b, { name: 'Bob', pointer: 0 }),
      recordChanged(record(bobs, ['name', 1, 'Bob'])),
      recordChanged(record(bobs, ['pointer', 2, 0])),
    ]);
    expect(shower.runUntil(100_000)).toEqual([]);
    expect(shower.shows(b)).toEqual({ name: 'Bob', pointer: 0 });
  });

  test('keeps its proof as a record', () => {
    const shower = createShower();
    const proof: Proof = {
      key: bytesToPublicKey(new Uint8Array(32)),
      epoch: epoch(1),
      seq: 4,
      of: 2,
      signature: new Uint8Array(64),
    };
    const update = restUpdate(bobs, ['name', 1, 'Bob']);
    const proven = { ...update, fields: update.fields.map((field) => ({ ...field, proof })) };
    expect(shower.update(0, proven)).toContainEqual(
      recordChanged({ ...record(bobs, ['name', 1, 'Bob']), proof }),
    );
    expect(shower.records(0, { ...record(bobs, ['name', 2, 'Rob']), proof })).toContainEqual(
      recordChanged({ ...record(bobs, ['name', 2, 'Rob']), proof }),
    );
  });

  test('old or known already is ignored quietly', () => {
    const shower = createShower();
    shower.update(0, restUpdate(bobs, ['name', 2, 'Bob']));
    expect(shower.update(0, restUpdate(bobs, ['name', 2, 'Bob']))).toEqual([]);
    expect(shower.update(0, restUpdate(bobs, ['name', 1, 'Rob']))).toEqual([]);
    expect(shower.records(0, record({ owner: b, epoch: 0 }, ['name', 9, 'Rob']))).toEqual([]);
  });

  test('a patch overtaken on another path loses nothing', () => {
    const shower = createShower();
    shower.update(0, restUpdate(bobs, ['pointer', 2, 7]));
    expect(shower.update(1, restUpdate(bobs, ['name', 1, 'Bob']))).toEqual([
      presenceChanged(b, { name: 'Bob' }),
      recordChanged(record(bobs, ['name', 1, 'Bob'])),
    ]);
    expect(shower.shows(b)).toEqual({ name: 'Bob', pointer: 7 });
  });

  test('taken away is shown no more and stays as a record', () => {
    const shower = createShower();
    shower.update(0, restUpdate(bobs, ['pointer', 1, 7]));
    expect(shower.update(1, restUpdate(bobs, ['pointer', 2, undefined]))).toEqual([
      presenceChanged(b, { pointer: undefined }),
      recordChanged(record(bobs, ['pointer', 2, undefined])),
    ]);
    expect(shower.inspect().fieldsByOwner.has(b)).toBe(false);
    expect(shower.update(2, restUpdate(bobs, ['pointer', 1, 7]))).toEqual([]);
  });
});

describe('records', () => {
  test('of several owners are told once for each', () => {
    const shower = createShower();
    const kept = [
      record(bobs, ['name', 1, 'Bob']),
      record({ owner: c }, ['name', 5, 'Cy']),
      record(bobs, ['pointer', 2, 0]),
    ];
    expect(shower.records(0, ...kept)).toEqual([
      presenceChanged(b, { name: 'Bob', pointer: 0 }),
      presenceChanged(c, { name: 'Cy' }),
      ...kept.map(recordChanged),
    ]);
  });
});

describe('a volatile value', () => {
  test('is shown at once and is no record', () => {
    const shower = createShower();
    shower.update(0, restUpdate(bobs, ['pointer', 1, 0]));
    expect(shower.update(10, volatileUpdate(bobs, ['pointer', 2, 5]))).toEqual([
      presenceChanged(b, { pointer: 5 }),
      scheduled('expire', 1, 2_000),
    ]);
    expect(shower.update(20, volatileUpdate(bobs, ['pointer', 3, 6]))).toEqual([
      presenceChanged(b, { pointer: 6 }),
    ]);
    expect(shower.shows(b)).toEqual({ pointer: 6 });
  });

  test('older than what is shown is ignored', () => {
    const shower = createShower();
    shower.update(0, restUpdate(bobs, ['pointer', 4, 0]));
    expect(shower.update(0, volatileUpdate(bobs, ['pointer', 4, 9]))).toEqual([]);
    shower.update(0, volatileUpdate(bobs, ['pointer', 6, 6]));
    expect(shower.update(0, volatileUpdate(bobs, ['pointer', 5, 5]))).toEqual([]);
    expect(shower.shows(b)).toEqual({ pointer: 6 });
  });

  test('is confirmed by the same sequence at rest, and nothing changes to the eye', () => {
    const shower = createShower();
    shower.update(0, volatileUpdate(bobs, ['pointer', 2, 5]));
    expect(shower.update(150, restUpdate(bobs, ['pointer', 2, 5]))).toEqual([
      recordChanged(record(bobs, ['pointer', 2, 5])),
    ]);
    expect(shower.runUntil(100_000)).toEqual([]);
    expect(shower.shows(b)).toEqual({ pointer: 5 });
  });

  test('gives way to another value that is at rest under its sequence', () => {
    const shower = createShower();
    shower.update(0, volatileUpdate(bobs, ['pointer', 2, 'forged']));
    expect(shower.update(150, restUpdate(bobs, ['pointer', 2, 5]))).toEqual([
      presenceChanged(b, { pointer: 5 }),
      recordChanged(record(bobs, ['pointer', 2, 5])),
    ]);
  });

  test('stays in sight when an older value at rest comes late, which is kept for later', () => {
    const shower = createShower();
    shower.update(0, volatileUpdate(bobs, ['pointer', 3, 6]));
    expect(shower.update(10, restUpdate(bobs, ['pointer', 1, 0]))).toEqual([
      recordChanged(record(bobs, ['pointer', 1, 0])),
    ]);
    expect(shower.shows(b)).toEqual({ pointer: 6 });
    expect(shower.runUntil(2_000)).toEqual([presenceChanged(b, { pointer: 0 })]);
  });
});

describe('an unconfirmed value', () => {
  test('gives way after two seconds to the last confirmed one', () => {
    const shower = createShower();
    shower.update(0, restUpdate(bobs, ['pointer', 1, 0]));
    shower.update(100, volatileUpdate(bobs, ['pointer', 2, 5]));
    expect(shower.runUntil(2_099)).toEqual([]);
    expect(shower.runUntil(2_100)).toEqual([presenceChanged(b, { pointer: 0 })]);
    expect(shower.shows(b)).toEqual({ pointer: 0 });
  });

  test('with nothing confirmed behind it is shown no more, and its owner leaves no trace', () => {
    const shower = createShower({ config: { ownersMax: 1 } });
    shower.update(0, volatileUpdate(bobs, ['pointer', 1, 5]));
    expect(shower.update(0, restUpdate({ owner: c }, ['name', 1, 'Cy']))).toEqual([
      misbehaved('presence-full'),
    ]);
    expect(shower.runUntil(2_000)).toEqual([presenceChanged(b, { pointer: undefined })]);
    expect(shower.update(2_000, restUpdate({ owner: c }, ['name', 1, 'Cy']))).toHaveLength(2);
  });

  test('stays while newer ones follow, each field on its own', () => {
    const shower = createShower();
    shower.update(0, volatileUpdate(bobs, ['x', 1, 0], ['y', 2, 0]));
    for (let at = 100; at <= 3_000; at += 100) {
      expect(shower.runUntil(at)).toEqual(at === 2_000 ? [presenceChanged(b, { y: undefined })] : []);
      shower.update(at, volatileUpdate(bobs, ['x', 2 + at, at]));
    }
    expect(shower.runUntil(4_999)).toEqual([]);
    expect(shower.runUntil(5_000)).toEqual([presenceChanged(b, { x: undefined })]);
  });

  test('equal to the confirmed one goes without a word', () => {
    const shower = createShower();
    shower.update(0, restUpdate(bobs, ['pointer', 1, 0]));
    expect(shower.update(0, volatileUpdate(bobs, ['pointer', 2, 0]))).toEqual([
      scheduled('expire', 1, 2_000),
    ]);
    expect(shower.runUntil(2_000)).toEqual([]);
  });
});

describe('a forged value', () => {
  const HUGE = 2 ** 47;

  test('with a huge sequence is refused where a proven one is known, and the true ones go on', () => {
    const shower = createShower();
    shower.update(0, restUpdate(bobs, ['pointer', 1, 0]));
    expect(shower.update(10, volatileUpdate(bobs, ['pointer', HUGE, 'forged']))).toEqual([]);
    expect(shower.update(20, volatileUpdate(bobs, ['pointer', 1 + 4_097, 'forged']))).toEqual([]);
    shower.update(30, volatileUpdate(bobs, ['pointer', 2, 1]));
    expect(shower.shows(b)).toEqual({ pointer: 1 });
  });

  test('within the bound stands in the way of true ones until the next anchor, and no longer', () => {
    const shower = createShower();
    shower.update(0, restUpdate(bobs, ['pointer', 1, 0]));
    shower.update(300, volatileUpdate(bobs, ['pointer', 1_000, 'forged']));
    shower.update(330, volatileUpdate(bobs, ['pointer', 11, 11]));
    expect(shower.shows(b)).toEqual({ pointer: 'forged' });
    shower.update(1_000, anchorUpdate(bobs, ['pointer', 31, 31]));
    expect(shower.shows(b)).toEqual({ pointer: 31 });
    shower.update(1_033, volatileUpdate(bobs, ['pointer', 32, 32]));
    expect(shower.shows(b)).toEqual({ pointer: 32 });
  });

  test('that came where nothing proven was known gives way to the first proven one', () => {
    const shower = createShower();
    shower.update(0, volatileUpdate(bobs, ['pointer', HUGE, 'forged']));
    expect(shower.shows(b)).toEqual({ pointer: 'forged' });
    shower.update(500, restUpdate(bobs, ['pointer', 3, 3]));
    expect(shower.shows(b)).toEqual({ pointer: 3 });
  });
});

describe('an anchor', () => {
  test('is shown for as long as nothing newer comes, and is no record', () => {
    const shower = createShower();
    shower.update(0, restUpdate(bobs, ['pointer', 1, 0]));
    const effects = shower.update(1_000, anchorUpdate(bobs, ['pointer', 30, 5]));
    expect(effects).toEqual([presenceChanged(b, { pointer: 5 })]);
    expect(shower.runUntil(60_000)).toEqual([]);
    expect(shower.shows(b)).toEqual({ pointer: 5 });
  });

  test('is what an unconfirmed value gives way to', () => {
    const shower = createShower();
    shower.update(0, restUpdate(bobs, ['pointer', 1, 0]));
    shower.update(1_000, anchorUpdate(bobs, ['pointer', 30, 5]));
    shower.update(1_033, volatileUpdate(bobs, ['pointer', 31, 6]));
    expect(shower.runUntil(3_033)).toEqual([presenceChanged(b, { pointer: 5 })]);
  });

  test('gives way to the value at rest, and does not come back when it is late', () => {
    const shower = createShower();
    shower.update(0, anchorUpdate(bobs, ['pointer', 30, 5]));
    shower.update(10, restUpdate(bobs, ['pointer', 31, 6]));
    expect(shower.update(20, anchorUpdate(bobs, ['pointer', 30, 5]))).toEqual([]);
    expect(shower.shows(b)).toEqual({ pointer: 6 });
  });
});

describe('a return in a new epoch', () => {
  test('shows nothing of the old', () => {
    const shower = createShower();
    shower.update(0, restUpdate(bobs, ['name', 8, 'Bob'], ['mood', 9, 'calm']));
    expect(shower.update(5, restUpdate(returned, ['name', 1, 'Robert']))).toEqual([
      presenceChanged(b, { name: 'Robert', mood: undefined }),
      recordRemoved(b, 'mood'),
      recordChanged(record(returned, ['name', 1, 'Robert'])),
    ]);
    expect(shower.shows(b)).toEqual({ name: 'Robert' });
  });

  test('by a volatile frame drops the old records, and old unconfirmed values never come back', () => {
    const shower = createShower();
    shower.update(0, restUpdate(bobs, ['pointer', 8, 0]));
    shower.update(0, volatileUpdate(bobs, ['pointer', 9, 1]));
    expect(shower.update(5, volatileUpdate(returned, ['pointer', 1, 2]))).toEqual([
      presenceChanged(b, { pointer: 2 }),
      recordRemoved(b, 'pointer'),
    ]);
    expect(shower.records(6, record(bobs, ['pointer', 10, 3]))).toEqual([]);
    expect(shower.runUntil(100_000)).toEqual([presenceChanged(b, { pointer: undefined })]);
  });
});

describe('forgetting an owner', () => {
  test('removes its records and what it showed', () => {
    const shower = createShower();
    shower.update(0, restUpdate(bobs, ['name', 1, 'Bob'], ['gone', 2, undefined]));
    shower.update(0, volatileUpdate(bobs, ['pointer', 3, 1]));
    expect(shower.handle(1, { kind: 'forget', owner: b })).toEqual([
      recordRemoved(b, 'name'),
      recordRemoved(b, 'gone'),
    ]);
    expect(shower.inspect()).toEqual({ fieldsByOwner: new Map(), movers: 0 });
    expect(shower.runUntil(100_000)).toEqual([]);
  });

  test('that is unknown, or ourselves, changes nothing', () => {
    const shower = createShower();
    shower.set(0, { name: 'Ann' });
    expect(shower.handle(1, { kind: 'forget', owner: b })).toEqual([]);
    expect(shower.handle(1, { kind: 'forget', owner: a })).toEqual([]);
    expect(shower.shows(a)).toEqual({ name: 'Ann' });
  });
});

describe('our own presence in the mouth of others', () => {
  test('is an echo, and ignored', () => {
    const shower = createShower();
    shower.set(0, { name: 'Ann' });
    expect(shower.update(1, restUpdate({ owner: a }, ['name', 1, 'Ann']))).toEqual([]);
    expect(shower.update(1, restUpdate({ owner: a, epoch: 0 }, ['name', 99, 'Anna']))).toEqual([]);
    expect(shower.shows(a)).toEqual({ name: 'Ann' });
  });

  test('is forged if we never showed it', () => {
    const shower = createShower();
    shower.set(0, { name: 'Ann' });
    const forged = shower.update(1, volatileUpdate({ owner: a }, ['name', 2, 'Eve']));
    expect(forged).toContainEqual(misbehaved('forged-presence'));
    // Under a number that we have used, for something else.
    const other = createShower();
    other.set(0, { name: 'Ann' });
    expect(other.update(1, restUpdate({ owner: a }, ['name', 1, 'Eve']))).toContainEqual(
      misbehaved('forged-presence'),
    );
    expect(shower.records(1, record({ owner: a, epoch: 9 }, ['name', 2, 'Eve']))).toEqual([
      misbehaved('forged-presence'),
    ]);
    expect(shower.shows(a)).toEqual({ name: 'Ann' });
  });

  test('is outdone at once, and where we never showed the field, it is taken away again', () => {
    const shower = createShower();
    shower.set(0, { name: 'Ann' });
    const forgeries = [
      record({ owner: a }, ['name', 1_000, 'Eve']),
      record({ owner: a }, ['evil', 1_001, true]),
    ];
    const victim = createShower({ self: b });
    victim.records(0, ...forgeries);
    expect(victim.shows(a)).toEqual({ name: 'Eve', evil: true });
    for (const effect of shower.records(0, ...forgeries)) {
      if (effect.kind === 'publish') victim.update(0, effect.update);
    }
    expect(victim.shows(a)).toEqual({ name: 'Ann' });
    expect(shower.shows(a)).toEqual({ name: 'Ann' });
  });

  test('of an older life is outdone by one who has shown nothing in this one, or it would be shown for good', () => {
    const shower = createShower();
    const forgery = record({ owner: a, epoch: 0 }, ['name', 99, 'Eve']);
    const victim = createShower({ self: b });
    victim.records(0, forgery);
    const answers = shower.records(0, forgery);
    expect(answers).toContainEqual(published(restUpdate({ owner: a }, ['name', 1, undefined])));
    for (const effect of answers) if (effect.kind === 'publish') victim.update(0, effect.update);
    expect(victim.shows(a)).toEqual({});
    expect(shower.records(1, forgery)).toEqual([]);
  });

  test('is outdone once a second at most, and takes no room from what we show', () => {
    const shower = createShower();
    shower.set(0, { name: 'Ann' });
    const forge = (at: number) => (_: unknown, n: number) =>
      shower.records(at, record({ owner: a }, [`junk-${n}`, 10_000 + 100 * n, true]));
    const answers = Array.from({ length: 50 }, forge(0)).flat();
    expect(answers.filter(({ kind }) => kind === 'publish')).toHaveLength(1);
    expect(shower.runUntil(1_000).filter(({ kind }) => kind === 'publish')).toHaveLength(1);
    expect(shower.set(2_000, { cursor: 1 }).map(({ kind }) => kind)).toContain('publish');
    expect(shower.shows(a)).toEqual({ name: 'Ann', cursor: 1 });
  });
});

describe('bad input', () => {
  test.each([
    ['bad-version', restUpdate(bobs, ['x', 0, 1])],
    ['bad-version', restUpdate(bobs, ['x', 1.5, 1])],
    ['bad-version', restUpdate({ owner: b, epoch: -1 }, ['x', 1, 1])],
    ['field-too-long', restUpdate(bobs, ['x'.repeat(65), 1, 1])],
  ])('%s is dropped and told', (reason, update) => {
    const shower = createShower();
    expect(shower.update(0, update)).toEqual([misbehaved(reason)]);
    expect(shower.inspect().fieldsByOwner.size).toBe(0);
  });

  test('more than 33 fields of one owner are refused, the first 33 are kept; a new epoch has room', () => {
    const shower = createShower();
    const fields = Array.from({ length: 40 }, (_, at) => [`f${at}`, at + 1, at] as const);
    const effects = shower.update(0, restUpdate(bobs, ...fields));
    expect(effects[0]).toEqual(misbehaved('too-many-fields'));
    expect(effects.filter(({ kind }) => kind === 'recordChanged')).toHaveLength(33);
    expect(shower.update(1, restUpdate(bobs, ['f0', 50, 1]))).toHaveLength(2);
    expect(shower.update(1, restUpdate(returned, ['other', 1, 1]))).toContainEqual(
      recordChanged(record(returned, ['other', 1, 1])),
    );
  });

  test('an owner too many is refused', () => {
    const shower = createShower({ config: { ownersMax: 1 } });
    shower.update(0, restUpdate(bobs, ['x', 1, 1]));
    expect(shower.update(0, restUpdate({ owner: c }, ['x', 1, 1]))).toEqual([misbehaved('presence-full')]);
    shower.handle(0, { kind: 'forget', owner: b });
    expect(shower.update(0, restUpdate({ owner: c }, ['x', 1, 1]))).toHaveLength(2);
  });

  test('fields such as __proto__ are ordinary ones', () => {
    const shower = createShower();
    shower.records(0, record(bobs, ['__proto__', 1, 1]), record(bobs, ['constructor', 2, 2]));
    expect(shower.inspect().fieldsByOwner.get(b)).toEqual(
      new Map([
        ['__proto__', 1],
        ['constructor', 2],
      ]),
    );
  });
});

describe('the expire timer', () => {
  test('early, late, old or repeated is harmless', () => {
    const shower = createShower();
    const timer = (at: number, token: number): readonly PresenceEffect[] =>
      shower.handle(at, { kind: 'timer', timer: { kind: 'expire', token } });
    expect(timer(0, 0)).toEqual([]);
    shower.update(0, volatileUpdate(bobs, ['pointer', 1, 5]));
    expect(timer(10, 1)).toEqual([scheduled('expire', 2, 1_990)]);
    expect(timer(2_000, 1)).toEqual([]);
    expect(timer(9_000, 2)).toEqual([presenceChanged(b, { pointer: undefined })]);
    expect(timer(9_000, 2)).toEqual([]);
    expect(timer(9_000, 8)).toEqual([]);
  });
});

describe('movers', () => {
  test('are those with volatile frames in the last second', () => {
    const shower = createShower();
    shower.update(0, volatileUpdate({ owner: peer(1) }, ['x', 1, 1]));
    shower.update(500, volatileUpdate({ owner: peer(2) }, ['x', 1, 1]));
    shower.update(500, restUpdate({ owner: peer(3) }, ['x', 1, 1]));
    expect(shower.inspect().movers).toBe(2);
    shower.update(900, volatileUpdate({ owner: peer(1) }, ['x', 2, 2]));
    shower.neighbors(1_500, 1);
    expect(shower.inspect().movers).toBe(1);
    shower.neighbors(1_900, 1);
    expect(shower.inspect().movers).toBe(0);
  });
});
