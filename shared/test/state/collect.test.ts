import { describe, expect, test } from 'vitest';
import { now } from '#shared/base/time.ts';
import { hashText } from '#shared/base/hash.ts';
import { horizonEntry } from '#shared/state/horizon.ts';
import { type Hlc, HORIZON_KEY, type StateEffect } from '#shared/state/messages.ts';
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

const horizonChanged = (stamp: Hlc): StateEffect => ({
  kind: 'recordChanged',
  key: HORIZON_KEY,
  version: { major: stamp.wall, minor: stamp.counter, by: stamp.by },
  record: horizonEntry(stamp),
});

/** The same, and the horizon at T is settled. */
function settled(): Replica {
  const { replica } = overflown();
  stable(replica, T + 11 * MINUTE);
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
  test('rises to the oldest stub when one must go; its record goes, and the horizon is one', () => {
    const { replica, effects } = overflown();
    expect(effects).toEqual([
      { kind: 'recordRemoved', key: 'notes\0x' },
      horizonChanged(hlc(T, 0, b)),
      scheduled(2),
    ]);
    expect(replica.state.inspect()).toMatchObject({ stubs: 2, horizon: T, settled: false });
  });

  test('rises by an eighth of all stubs at once, that it need not rise at every collection', () => {
    const replica = createReplica(a, { stubsMax: 16 });
    replica.start(T);
    for (let at = 0; at < 17; at++) replica.apply(T, entry(`k${at}`, undefined, hlc(T + at, 0, b)));
    stable(replica, T + 99);
    replica.collect(T + 11 * MINUTE);
    expect(replica.state.inspect()).toMatchObject({ stubs: 14, horizon: T + 2 });
  });

  test('refuses an unknown value at or below it once it is settled, and says so', () => {
    const replica = settled();
    const old = entry('unknown', 1, hlc(T, 0, b));
    expect(replica.apply(T, old)).toEqual([{ kind: 'entryRefused', entry: old, reason: 'older' }]);
    expect(replica.apply(T, old)).toEqual([]);
    const newer = entry('unknown', 1, hlc(T, 1, b));
    expect(replica.apply(T, newer)).toHaveLength(2);
  });

  test('is settled when the least stamp of the room has passed the moment at which it rose', () => {
    const { replica } = overflown();
    stable(replica, T + 11 * MINUTE - 1);
    expect(replica.state.inspect().settled).toBe(false);
    stable(replica, T + 11 * MINUTE);
    expect(replica.state.inspect().settled).toBe(true);
  });

  test('that rises before it is settled does not put that off', () => {
    const { replica } = overflown();
    replica.apply(T + 12 * MINUTE, horizonEntry(hlc(T + 1, 0, b)));
    stable(replica, T + 11 * MINUTE);
    const old = entry('unknown', 1, hlc(T, 0, b));
    expect(replica.apply(T, old)).toEqual([{ kind: 'entryRefused', entry: old, reason: 'older' }]);
    const between = entry('unknown', 1, hlc(T + 1, 0, b));
    expect(replica.apply(T, between)).toHaveLength(2);
    expect(replica.state.inspect().settled).toBe(false);
  });

  test('lets unknown old values in while it is not settled, but none that is known to be deleted', () => {
    const { replica } = overflown();
    expect(replica.apply(T, entry('x', 1, hlc(T - 1, 0, b)))).toEqual([]);
    expect(replica.apply(T, entry('unknown', 1, hlc(T - 1, 0, b)))).toHaveLength(2);
    expect(replica.values()).toEqual({ unknown: 1 });
  });

  test.each([
    ['refused', settled, 'unknown'],
    ['known to be deleted', (): Replica => overflown().replica, 'x'],
  ])('answers what was %s with a deletion above it, at the next collection', (_, replicaOf, key) => {
    const replica = replicaOf();
    replica.apply(T, entry(key, 1, hlc(T - 1, 0, b)));
    const answer = entry(key, undefined, hlc(T, 1, a));
    expect(replica.collect(T + 12 * MINUTE)).toEqual([recordChanged(answer), scheduled(3)]);
    expect(replica.collect(T + 12 * MINUTE)).toEqual([
      // The deletion became the third of two stubs.
      { kind: 'recordRemoved', key: `notes\0${key}` },
      horizonChanged(hlc(T, 1, a)),
      scheduled(4),
    ]);
  });

  test('answers nothing where a record of the key tells it better', () => {
    const replica = settled();
    replica.apply(T, entry('unknown', 1, hlc(T - 1, 0, b)), entry('unknown', 2, hlc(T + 5, 0, b)));
    expect(replica.collect(T + 12 * MINUTE)).toEqual([scheduled(3)]);
    expect(replica.values()).toEqual({ unknown: 2 });
  });

  test('of another is taken if higher: what it forgets goes from the table, what lives stays', () => {
    const { replica } = overflown();
    replica.apply(T, entry('old', 1, hlc(T - 5, 0, b)), entry('w', undefined, hlc(T + 1, 7, b)));
    const taken = horizonEntry(hlc(T + 2, 0, b));
    expect(replica.apply(T + 12 * MINUTE, taken)).toEqual([
      ...['y', 'w', 'z'].map((key) => ({ kind: 'recordRemoved', key: `notes\0${key}` })),
      horizonChanged(taken.stamp),
    ]);
    expect(replica.state.inspect()).toMatchObject({ entries: 1, stubs: 0, horizon: T + 2 });
    expect(replica.apply(T + 12 * MINUTE, taken, horizonEntry(hlc(T + 1, 0, b)))).toEqual([]);
  });

  test('younger than any tombstone that may be collected is forged, and told', () => {
    const replica = withStub();
    const latest = T - 10 * MINUTE + 5_000;
    expect(replica.apply(T, horizonEntry(hlc(latest + 1, 0, b)))).toEqual([
      { kind: 'peerMisbehaved', peer: b, reason: 'horizon-too-new' },
    ]);
    expect(replica.state.inspect().horizon).toBe(0);
    const taken = hlc(latest, 0, b);
    expect(replica.apply(T, horizonEntry(taken))).toEqual([horizonChanged(taken)]);
  });

  test('that our own wrong clock made falls when the clock is set right, with what it knew', () => {
    const { replica } = overflown();
    replica.apply(T, entry('x', 1, hlc(T - 1, 0, b)));
    const sample = { kind: 'clockSample', peer: b, offsetMs: -60 * MINUTE } as const;
    expect(replica.state.handle(sample, now(T + 12 * MINUTE))).toEqual([
      { kind: 'recordRemoved', key: HORIZON_KEY },
    ]);
    expect(replica.state.inspect()).toMatchObject({ horizon: 0, settled: true });
    expect(replica.collect(T + 12 * MINUTE)).toEqual([scheduled(3)]);
    for (const key of ['unknown', 'x']) {
      expect(replica.apply(T, entry(key, 1, hlc(T - 1, 0, b)))).toHaveLength(2);
    }
  });

  test('is below whatever we write, however slow our clock', () => {
    const { replica } = overflown();
    replica.apply(T + 12 * MINUTE, horizonEntry(hlc(T + 50, 0, b)));
    expect(replica.write(T, 'x', 2)[0]).toEqual(published(entry('x', 2, hlc(T + 50, 1, a))));
  });

  test('cannot be written or read as an entry', () => {
    const forged = { ...horizonEntry(hlc(T, 0, b)), value: 1 };
    expect(withStub().apply(T, forged)).toEqual([
      { kind: 'peerMisbehaved', peer: b, reason: 'bad-collection' },
    ]);
  });

  test('deletes what it finds older, and forgets the deletion at once', () => {
    const { replica } = overflown();
    const old = entry('old', 1, hlc(T - 5, 0, b));
    replica.apply(T, old);
    const deletion = entry('old', undefined, hlc(T - 4, 0, b));
    expect(replica.apply(T, deletion)).toEqual([
      stateChanged(change(deletion, 1, 'remote')),
      { kind: 'recordRemoved', key: 'notes\0old' },
    ]);
    expect(replica.apply(T, old)).toEqual([]);
    expect(replica.values()).toEqual({});
  });

  test('comes last in a comparison: its hash is above nearly all others', () => {
    expect(hashText(HORIZON_KEY).high >>> 0).toBeGreaterThan(0xffff_f000);
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
