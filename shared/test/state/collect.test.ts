import { describe, expect, test } from 'vitest';
import { now } from '#shared/base/time.ts';
import type { StateEffect } from '#shared/state/messages.ts';
import {
  a,
  b,
  change,
  createReplica,
  entry,
  hlc,
  published,
  recordChanged,
  type Replica,
  stateChanged,
  T,
} from './fixture.ts';

const MINUTE = 60_000;

const scheduled = (token: number): StateEffect => ({
  kind: 'schedule',
  timer: { kind: 'collect', token },
  afterMs: MINUTE,
});

const stable = (replica: Replica, stamp: number): void => {
  expect(replica.state.handle({ kind: 'stability', stamp }, now(T))).toEqual([]);
};

/** A replica that holds one deletion, stamped `T`, and whose timer runs. */
function withDeletion(): Replica {
  const replica = createReplica(a);
  replica.start(T);
  replica.apply(T, entry('x', 1, hlc(T - 1, 0, b)), entry('x', undefined, hlc(T, 0, b)));
  return replica;
}

/** The same, after the deletion has become a stub. */
function withStub(): Replica {
  const replica = withDeletion();
  stable(replica, T);
  replica.collect(T + 10 * MINUTE);
  return replica;
}

/** Two stubs fit; the deletions of x, y and z are stamped T, T + 1, T + 2. */
function overflown(): { readonly replica: Replica; readonly effects: readonly StateEffect[] } {
  const replica = createReplica(a, { stubsMax: 2 });
  replica.start(T);
  const stamps = { z: T + 2, x: T, y: T + 1 };
  for (const [key, wall] of Object.entries(stamps)) {
    replica.apply(T, entry(key, undefined, hlc(wall, 0, b)));
  }
  stable(replica, T + 2);
  return { replica, effects: replica.collect(T + 11 * MINUTE) };
}

describe('a tombstone', () => {
  test('becomes a stub when its time is up and all have seen it; its record stays', () => {
    const replica = withDeletion();
    stable(replica, T);
    expect(replica.collect(T + 10 * MINUTE)).toEqual([scheduled(2)]);
    expect(replica.state.inspect()).toMatchObject({ entries: 0, tombstones: 0, stubs: 1, horizon: 0 });
  });

  test.each([
    ['its time is not up', { stability: T, at: T + 10 * MINUTE - 1 }],
    ['not all have seen it', { stability: T - 1, at: T + 20 * MINUTE }],
    ['nobody knows who has seen it', { stability: 0, at: T + 20 * MINUTE }],
  ])('stays while %s', (_, { stability, at }) => {
    const replica = withDeletion();
    stable(replica, stability);
    expect(replica.collect(at)).toEqual([scheduled(2)]);
    expect(replica.state.inspect()).toMatchObject({ tombstones: 1, stubs: 0 });
  });
});

describe('a stub', () => {
  test('refuses quietly what its tombstone would have refused', () => {
    const replica = withStub();
    expect(replica.apply(T, entry('x', 1, hlc(T - 1, 0, b)))).toEqual([]);
    expect(replica.apply(T, entry('x', undefined, hlc(T, 0, b)))).toEqual([]);
    expect(replica.apply(T, entry('x', 1, hlc(T, 0, a)))).toEqual([]);
    expect(replica.values()).toEqual({});
  });

  test('gives way to a newer entry', () => {
    const replica = withStub();
    const newer = entry('x', 2, hlc(T, 1, b));
    expect(replica.apply(T, newer)).toEqual([
      stateChanged(change(newer, undefined, 'remote')),
      recordChanged(newer),
    ]);
    expect(replica.state.inspect()).toMatchObject({ entries: 1, stubs: 0 });
  });

  test('is nothing to delete', () => {
    expect(withStub().write(T + 11 * MINUTE, 'x', undefined)).toEqual([]);
  });

  test('ahead of our clock loses to a local write all the same', () => {
    const replica = createReplica(a, { driftMsMax: 1 });
    replica.start(T);
    replica.apply(T, entry('x', undefined, hlc(T + 50, 3, b)));
    stable(replica, T + 50);
    replica.collect(T + 11 * MINUTE);
    expect(replica.state.inspect().stubs).toBe(1);
    expect(replica.write(T, 'x', 1)[0]).toEqual(published(entry('x', 1, hlc(T + 50, 4, a))));
  });
});

test('a collection whose last tombstone is collected makes room for another', () => {
  const replica = createReplica(a, { collectionsMax: 1 });
  replica.start(T);
  replica.apply(T, entry('x', undefined, hlc(T, 0, b), 'one'));
  stable(replica, T);
  const second = entry('x', 1, hlc(T, 1, b), 'two');
  expect(replica.apply(T, second)).toEqual([{ kind: 'entryRefused', entry: second, reason: 'over-limit' }]);
  replica.collect(T + 10 * MINUTE);
  expect(replica.apply(T, second)).toHaveLength(2);
});

describe('the horizon', () => {
  test('rises to the oldest stub when one must go, and its record goes', () => {
    const { replica, effects } = overflown();
    expect(effects).toEqual([{ kind: 'recordRemoved', key: 'notes\0x' }, scheduled(2)]);
    expect(replica.state.inspect()).toMatchObject({ stubs: 2, horizon: T });
  });

  test('refuses an unknown entry at or below it, and says so', () => {
    const { replica } = overflown();
    const old = entry('x', 1, hlc(T, 9, b));
    expect(replica.apply(T, old)).toEqual([{ kind: 'entryRefused', entry: old, reason: 'older' }]);
    const newer = entry('x', 1, hlc(T + 1, 0, b));
    expect(replica.apply(T, newer)).toHaveLength(2);
  });

  test('drops an unknown deletion at or below it without a word: nothing is lost', () => {
    const { replica } = overflown();
    expect(replica.apply(T, entry('x', undefined, hlc(T, 0, b)))).toEqual([]);
    expect(replica.state.inspect().entries).toBe(0);
  });

  test('does not touch keys that are held', () => {
    const { replica } = overflown();
    replica.apply(T, entry('k', 1, hlc(T + 5, 0, b)));
    expect(replica.apply(T, entry('k', 2, hlc(T + 6, 0, b)))).toHaveLength(2);
  });

  test('leaves unknown old entries alone while no stub was given up', () => {
    expect(withStub().apply(T, entry('old', 1, hlc(1, 0, b)))).toHaveLength(2);
  });
});

describe('the collect timer', () => {
  test('is scheduled at the start and after each collection', () => {
    const replica = createReplica(a);
    expect(replica.start(T)).toEqual([scheduled(1)]);
    expect(replica.collect(T + MINUTE)).toEqual([scheduled(2)]);
  });

  test('delivered again or out of an older start does nothing', () => {
    const replica = withDeletion();
    stable(replica, T);
    const old: StateEffect[] = [];
    replica.start(T);
    for (const token of [0, 1, 3]) {
      old.push(...replica.state.handle({ kind: 'timer', timer: { kind: 'collect', token } }, now(T * 2)));
    }
    expect(old).toEqual([]);
    expect(replica.state.inspect().stubs).toBe(0);
  });

  test('delivered early collects nothing before its time', () => {
    const replica = withDeletion();
    stable(replica, T);
    replica.collect(T);
    expect(replica.state.inspect()).toMatchObject({ tombstones: 1, stubs: 0 });
  });
});
