import { describe, expect, test } from 'vitest';
import { epoch } from '#shared/base/ids.ts';
import type { PresenceEffect, PresenceUpdate } from '#shared/presence/messages.ts';
import {
  a,
  b,
  createShower,
  misbehaved,
  peer,
  presenceChanged,
  published,
  record,
  recordChanged,
  restUpdate,
  scheduled,
  type Shower,
  volatileUpdate,
} from './fixture.ts';

const ours = { owner: a };

/** Someone with two neighbors, whose pointer has rested at 0 since time 0. */
function withPointer(): Shower {
  const shower = createShower();
  shower.neighbors(0, 2);
  shower.set(0, { pointer: 0 });
  return shower;
}

const updatesIn = (effects: readonly PresenceEffect[]): readonly PresenceUpdate[] =>
  effects.flatMap((effect) => (effect.kind === 'publish' ? [effect.update] : []));

describe('a change after a rest', () => {
  test('goes out at once, at rest, and becomes a record; all fields in one frame', () => {
    const shower = createShower();
    shower.neighbors(0, 2);
    expect(shower.set(0, { name: 'Ann', pointer: null })).toEqual([
      published(restUpdate(ours, ['name', 1, 'Ann'], ['pointer', 2, null])),
      presenceChanged(a, { name: 'Ann', pointer: null }),
      recordChanged(record(ours, ['name', 1, 'Ann'])),
      recordChanged(record(ours, ['pointer', 2, null])),
    ]);
    expect(shower.runUntil(10_000)).toEqual([]);
  });

  test('needs a rest of 150 ms', () => {
    expect(withPointer().set(150, { pointer: 1 })).toEqual([
      published(restUpdate(ours, ['pointer', 2, 1])),
      presenceChanged(a, { pointer: 1 }),
      recordChanged(record(ours, ['pointer', 2, 1])),
    ]);
    expect(updatesIn(withPointer().set(149, { pointer: 1 }))).toEqual([
      volatileUpdate(ours, ['pointer', 2, 1]),
    ]);
  });

  test('that changes nothing is none', () => {
    const shower = createShower();
    shower.set(0, { at: { x: 1, list: [1, 2] } });
    expect(shower.set(500, { at: { list: [1, 2], x: 1 } })).toEqual([]);
    expect(shower.set(500, { never: undefined })).toEqual([]);
  });
});

describe('a moving field', () => {
  test('is volatile, at most every 33 ms, leading and trailing, and at rest 150 ms after its last change', () => {
    const shower = withPointer();
    expect(shower.set(10, { pointer: 1 })).toEqual([
      presenceChanged(a, { pointer: 1 }),
      scheduled('flush', 1, 23),
    ]);
    expect(shower.set(20, { pointer: 2 })).toEqual([presenceChanged(a, { pointer: 2 })]);
    expect(shower.runUntil(33)).toEqual([published(volatileUpdate(ours, ['pointer', 3, 2]))]);
    expect(shower.set(40, { pointer: 3 })).toEqual([
      presenceChanged(a, { pointer: 3 }),
      scheduled('flush', 3, 26),
    ]);
    expect(shower.runUntil(189)).toEqual([published(volatileUpdate(ours, ['pointer', 4, 3]))]);
    expect(shower.runUntil(1_000)).toEqual([
      published(restUpdate(ours, ['pointer', 4, 3])),
      recordChanged(record(ours, ['pointer', 4, 3])),
    ]);
  });

  test('goes out late once without delaying what follows: the throttle runs from when it was due', () => {
    const shower = withPointer();
    shower.set(10, { pointer: 1 });
    expect(shower.set(45, { pointer: 2 })[0]).toEqual(published(volatileUpdate(ours, ['pointer', 3, 2])));
    shower.set(65, { pointer: 3 });
    expect(shower.set(66, { pointer: 4 })[0]).toEqual(published(volatileUpdate(ours, ['pointer', 5, 4])));
  });

  test('leads: a change when the throttle is over goes out at once', () => {
    expect(withPointer().set(33, { pointer: 1 })).toEqual([
      published(volatileUpdate(ours, ['pointer', 2, 1])),
      presenceChanged(a, { pointer: 1 }),
      scheduled('flush', 1, 150),
    ]);
  });

  test('is at rest again only after its last change, however long it moves', () => {
    const shower = withPointer();
    const updates: PresenceUpdate[] = [];
    for (let at = 16; at <= 1_600; at += 16) {
      updates.push(...updatesIn(shower.runUntil(at)), ...updatesIn(shower.set(at, { pointer: at })));
    }
    expect(updates.every(({ grade }) => grade !== 'rest')).toBe(true);
    expect(updates.length).toBeGreaterThan(1_600 / 33 - 3);
    expect(updates.length).toBeLessThanOrEqual(1_600 / 33 + 1);
    const end = updatesIn(shower.runUntil(5_000));
    expect(end.at(-1)).toEqual(restUpdate(ours, ['pointer', 101, 1_600]));
    expect(end.filter(({ grade }) => grade === 'rest')).toHaveLength(1);
  });

  test('one of its frames a second is an anchor, beginning a second after it was last at rest', () => {
    const shower = withPointer();
    const anchoredAt: number[] = [];
    for (let at = 1_010; at <= 4_500; at += 10) {
      const due = updatesIn(shower.runUntil(at));
      const updates = [...due, ...updatesIn(shower.set(at, { pointer: at }))];
      if (updates.some(({ grade }) => grade === 'anchor')) anchoredAt.push(at);
    }
    const gaps = anchoredAt.map((at, nth) => at - (anchoredAt[nth - 1] ?? 1_010));
    expect(gaps).toHaveLength(3);
    for (const gap of gaps) {
      expect(gap).toBeGreaterThanOrEqual(1_000);
      expect(gap).toBeLessThanOrEqual(1_050);
    }
  });

  test('a pointer that moves never re-sends a name', () => {
    const shower = createShower();
    shower.neighbors(0, 2);
    shower.set(0, { name: 'Ann', pointer: 0 });
    const updates: PresenceUpdate[] = [];
    for (let at = 10; at <= 1_000; at += 10) {
      updates.push(
        ...updatesIn(shower.runUntil(at)),
        ...updatesIn(shower.set(at, { name: 'Ann', pointer: at })),
      );
    }
    updates.push(...updatesIn(shower.runUntil(5_000)));
    expect(updates.length).toBeGreaterThan(20);
    expect(updates.flatMap(({ fields }) => fields.map(({ field }) => field))).not.toContain('name');
  });
});

describe('fields side by side', () => {
  test('too large to share a frame has its own', () => {
    const shower = createShower();
    const large = 'x'.repeat(7_990);
    expect(updatesIn(shower.set(0, { name: 'Ann', large }))).toEqual([
      restUpdate(ours, ['name', 1, 'Ann']),
      restUpdate(ours, ['large', 2, large]),
    ]);
  });

  test('a field that changes at rest goes out at once beside one that moves', () => {
    const shower = withPointer();
    shower.set(10, { pointer: 1 });
    expect(shower.set(15, { name: 'Ann' })).toEqual([
      published(restUpdate(ours, ['name', 3, 'Ann'])),
      presenceChanged(a, { name: 'Ann' }),
      recordChanged(record(ours, ['name', 3, 'Ann'])),
    ]);
    expect(shower.runUntil(33)).toEqual([published(volatileUpdate(ours, ['pointer', 2, 1]))]);
  });

  test('one frame carries all fields that are due', () => {
    const shower = createShower();
    shower.neighbors(0, 2);
    shower.set(0, { x: 0, y: 0 });
    shower.set(10, { x: 1 });
    shower.set(20, { y: 1 });
    expect(shower.runUntil(160)).toEqual([
      published(volatileUpdate(ours, ['x', 3, 1], ['y', 4, 1])),
      published(restUpdate(ours, ['x', 3, 1])),
      recordChanged(record(ours, ['x', 3, 1])),
    ]);
    expect(updatesIn(shower.runUntil(170))).toEqual([restUpdate(ours, ['y', 4, 1])]);
  });
});

describe('a mover', () => {
  test('whose rest is told late goes on moving', () => {
    const shower = withPointer();
    shower.set(100, { pointer: 1 });
    const effects = shower.set(400, { pointer: 2 });
    expect(updatesIn(effects)).toEqual([volatileUpdate(ours, ['pointer', 3, 2])]);
    expect(updatesIn(shower.runUntil(549))).toEqual([]);
    expect(updatesIn(shower.runUntil(550))).toEqual([restUpdate(ours, ['pointer', 3, 2])]);
  });

  test('slows down with the movers of the room and the size of its frames', () => {
    const shower = createShower();
    const text = 'x'.repeat(640 - 40 - 6 - 4 - 2);
    shower.neighbors(0, 2);
    shower.set(0, { text: '' });
    for (let other = 0; other < 9; other++) {
      shower.update(0, volatileUpdate({ owner: peer(other) }, ['text', 1, '']));
    }
    expect(shower.inspect().movers).toBe(9);
    // 10 movers of 640 bytes share 64 kB/s: one frame each in 100 ms.
    expect(shower.set(50, { text })).toEqual([presenceChanged(a, { text }), scheduled('flush', 1, 50)]);
  });
});

describe('silent when alone', () => {
  test('nothing volatile is sent, but what rests is published and recorded', () => {
    const shower = createShower();
    expect(updatesIn(shower.set(0, { pointer: 0 }))).toEqual([restUpdate(ours, ['pointer', 1, 0])]);
    for (let at = 10; at <= 500; at += 10) {
      expect(updatesIn(shower.set(at, { pointer: at }))).toEqual([]);
      expect(shower.runUntil(at)).toEqual([]);
    }
    expect(shower.runUntil(10_000)).toEqual([
      published(restUpdate(ours, ['pointer', 51, 500])),
      recordChanged(record(ours, ['pointer', 51, 500])),
    ]);
  });

  test('a movement goes on before the first neighbor’s eyes', () => {
    const shower = createShower();
    shower.set(0, { pointer: 0 });
    shower.set(50, { pointer: 1 });
    expect(shower.neighbors(60, 1)).toEqual([published(volatileUpdate(ours, ['pointer', 2, 1]))]);
    expect(shower.neighbors(60, 2)).toEqual([]);
  });
});

describe('a field taken away', () => {
  test('is told at rest at once, and stays as a record', () => {
    const shower = withPointer();
    shower.set(50, { pointer: 1 });
    expect(shower.set(60, { pointer: undefined })).toEqual([
      published(restUpdate(ours, ['pointer', 3, undefined])),
      presenceChanged(a, { pointer: undefined }),
      recordChanged(record(ours, ['pointer', 3, undefined])),
    ]);
    expect(shower.shows(a)).toEqual({});
    expect(shower.runUntil(10_000)).toEqual([]);
    expect(shower.set(10_000, { pointer: undefined })).toEqual([]);
  });

  test('keeps its place: 33 fields ever, and no name over 64 characters', () => {
    const shower = createShower();
    const fields = Object.fromEntries(Array.from({ length: 33 }, (_, at) => [`f${at}`, at]));
    shower.set(0, { ['n'.repeat(65)]: 1 });
    shower.set(0, fields);
    shower.set(0, { f0: undefined });
    expect(shower.set(0, { f33: 1 })).toEqual([]);
    expect(Object.keys(shower.shows(a))).toEqual(Array.from({ length: 32 }, (_, at) => `f${at + 1}`));
    expect(updatesIn(shower.set(500, { f0: 1 }))).toEqual([restUpdate(ours, ['f0', 35, 1])]);
  });
});

describe('the flush timer', () => {
  test('early, late, old or repeated is harmless', () => {
    const shower = withPointer();
    const timer = (at: number, token: number): readonly PresenceEffect[] =>
      shower.handle(at, { kind: 'timer', timer: { kind: 'flush', token } });
    expect(timer(1, 0)).toEqual([]);
    expect(shower.set(10, { pointer: 1 })).toContainEqual(scheduled('flush', 1, 23));
    expect(timer(11, 1)).toEqual([scheduled('flush', 2, 22)]);
    expect(timer(33, 1)).toEqual([]);
    expect(timer(900, 2)).toEqual([
      published(restUpdate(ours, ['pointer', 2, 1])),
      recordChanged(record(ours, ['pointer', 2, 1])),
    ]);
    expect(timer(900, 2)).toEqual([]);
    expect(timer(900, 7)).toEqual([]);
  });
});

describe('our own presence', () => {
  test('is in the snapshot and keeps its identity until it changes', () => {
    const shower = withPointer();
    const before = shower.inspect().fieldsByOwner;
    expect(before).toEqual(new Map([[a, new Map([['pointer', 0]])]]));
    shower.set(500, { pointer: 0 });
    expect(shower.inspect().fieldsByOwner).toBe(before);
    shower.update(500, restUpdate({ owner: b }, ['name', 1, 'Bob']));
    expect(shower.inspect().fieldsByOwner.get(a)).toBe(before.get(a));
  });

  test('counts us as a mover for a second', () => {
    const shower = withPointer();
    shower.set(40, { pointer: 1 });
    expect(shower.inspect().movers).toBe(1);
    shower.neighbors(1_040, 2);
    expect(shower.inspect().movers).toBe(0);
  });
});

describe('who slept', () => {
  const wake = (shower: Shower, at: number) => shower.handle(at, { kind: 'woke', epoch: epoch(2) });
  const anew = { owner: a, epoch: 2 };

  test('says all that it shows again in the new epoch, what was taken away too, counting from one', () => {
    const shower = withPointer();
    shower.set(200, { name: 'Ann' });
    shower.set(400, { pointer: undefined });
    expect(wake(shower, 60_000)).toEqual([
      published(restUpdate(anew, ['pointer', 1, undefined], ['name', 2, 'Ann'])),
      recordChanged(record(anew, ['pointer', 1, undefined])),
      recordChanged(record(anew, ['name', 2, 'Ann'])),
    ]);
    expect(shower.shows(a)).toEqual({ name: 'Ann' });
    expect(shower.set(61_000, { name: 'Bea' })).toContainEqual(
      published(restUpdate(anew, ['name', 3, 'Bea'])),
    );
  });

  test('in the middle of a movement shows where it is, and old timers say it no second time', () => {
    const shower = withPointer();
    shower.set(10, { pointer: 1 });
    expect(updatesIn(wake(shower, 60_000))).toEqual([restUpdate(anew, ['pointer', 1, 1])]);
    expect(shower.runUntil(70_000)).toEqual([]);
  });

  test('and shows nothing has nothing to say', () => {
    expect(wake(createShower(), 60_000)).toEqual([]);
  });

  test('knows what it showed before it for its own, and a later epoch for a forgery', () => {
    const shower = withPointer();
    wake(shower, 60_000);
    expect(shower.records(60_010, record({ owner: a }, ['pointer', 40, 9]))).toEqual([]);
    expect(shower.records(60_010, record({ owner: a, epoch: 3 }, ['pointer', 1, 9]))).toEqual([
      misbehaved('forged-presence'),
    ]);
  });
});
