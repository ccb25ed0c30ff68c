/**
 * Rooms that were parted while each half deleted so much that it forgot some of it, and that meet again. Comparisons
 * are modelled as what they come to: each end hands over the records that the other lacks or holds older.
 */
import { describe, expect, test } from 'vitest';
import { createRng, type Rng } from '#shared/base/rng.ts';
import { now } from '#shared/base/time.ts';
import { defaultStateConfig } from '#shared/state/config.ts';
import { compareHlc } from '#shared/state/hlc.ts';
import type { Entry, StateEffect, StateInput } from '#shared/state/messages.ts';
import { createState, type State } from '#shared/state/state.ts';
import { peers, T } from './fixture.ts';

const MINUTE = 60_000;

interface Member {
  readonly state: State;
  readonly records: Map<string, Entry>;
  /** Keys of values that were refused. */
  readonly refused: string[];
  readonly handle: (input: StateInput, wall: number) => void;
}

function createMember(who: number): Member {
  const state = createState({ self: peers[who]! }, { ...defaultStateConfig, stubsMax: 3 });
  const records = new Map<string, Entry>();
  const refused: string[] = [];
  let token = 0;
  const note = (effect: StateEffect): void => {
    if (effect.kind === 'recordChanged') records.set(effect.key, effect.record);
    if (effect.kind === 'recordRemoved') records.delete(effect.key);
    if (effect.kind === 'entryRefused') refused.push(effect.entry.key);
    if (effect.kind === 'schedule') token = effect.timer.token;
    expect(effect.kind).not.toBe('peerMisbehaved');
  };
  return {
    state,
    records,
    refused,
    handle: (input, wall) => {
      const current = input.kind === 'timer' ? { ...input, timer: { ...input.timer, token } } : input;
      state.handle(current, now(wall)).forEach(note);
    },
  };
}

/** Says how many records were handed over. */
function compare(one: Member, other: Member, wall: number, rng: Rng): number {
  const lacking = (from: Member, to: Member): readonly Entry[] =>
    [...from.records].flatMap(([key, record]) => {
      const held = to.records.get(key);
      return held && compareHlc(held.stamp, record.stamp) >= 0 ? [] : [record];
    });
  const there = lacking(one, other);
  const back = lacking(other, one);
  for (const entry of rng.sample(there, there.length)) {
    other.handle({ kind: 'apply', from: peers[0]!, entries: [entry] }, wall);
  }
  for (const entry of rng.sample(back, back.length)) {
    one.handle({ kind: 'apply', from: peers[0]!, entries: [entry] }, wall);
  }
  return there.length + back.length;
}

/** A minute of a room: comparisons until nothing differs or ten went by, then everyone collects. Says how many differed. */
function live(members: readonly Member[], wall: number, rng: Rng): number {
  let given = 0;
  let last = 1;
  for (let pass = 0; pass < 10 && last > 0; pass++) {
    last = 0;
    for (const [at, one] of members.entries()) {
      for (const other of members.slice(at + 1)) last += compare(one, other, wall, rng);
    }
    given += last;
  }
  const stability: StateInput = { kind: 'stability', stamp: last === 0 ? wall : 0 };
  for (const member of members) {
    member.handle(stability, wall);
    member.handle({ kind: 'timer', timer: { kind: 'collect', token: 0 } }, wall);
    member.handle(stability, wall);
  }
  return given;
}

function createRoom(seed: number): {
  readonly halves: readonly [readonly Member[], readonly Member[]];
  readonly all: readonly Member[];
  readonly rng: Rng;
} {
  const all = [0, 1, 2, 3].map(createMember);
  for (const member of all) member.handle({ kind: 'start' }, T);
  return { halves: [all.slice(0, 2), all.slice(2)], all, rng: createRng([seed]) };
}

function write(member: Member, key: string, value: string | undefined, wall: number): void {
  member.handle({ kind: 'write', collection: 'notes', key, value }, wall);
}

const valuesOf = ({ state }: Member): ReadonlyMap<string, unknown> =>
  state.inspect().collections.get('notes') ?? new Map();

/** Minutes until nothing differs any more, for three minutes in a row. */
function meet(all: readonly Member[], fromWall: number, rng: Rng): number {
  let quiet = 0;
  for (let minute = 0; minute < 30; minute++) {
    quiet = live(all, fromWall + minute * MINUTE, rng) === 0 ? quiet + 1 : 0;
    if (quiet === 3) return minute - 2;
  }
  return Infinity;
}

function expectEqual(all: readonly Member[]): void {
  for (const member of all) {
    expect(member.records).toEqual(all[0]!.records);
    expect(valuesOf(member)).toEqual(valuesOf(all[0]!));
  }
}

describe('two halves with horizons of their own', () => {
  test('hold the same after they met: the deleted stays deleted, the old that all had stays', () => {
    const { halves, all, rng } = createRoom(1);
    for (const key of ['old', 'gone', ...Array.from('abcdefgh')]) write(all[0]!, key, 'v', T);
    live(all, T + MINUTE, rng);
    // The first half forgets that it deleted `gone`; the other forgets later things, and `gone` lives there.
    for (const key of ['gone', ...Array.from('abcd')]) write(all[0]!, key, undefined, T + 2 * MINUTE);
    for (const key of 'efgh') write(all[2]!, key, undefined, T + 5 * MINUTE);
    write(all[3]!, 'unheard', 'v', T + 4 * MINUTE);
    for (let minute = 6; minute < 40; minute++)
      for (const half of halves) live(half, T + minute * MINUTE, rng);
    const horizons = all.map(({ state }) => state.inspect().horizon - T);
    expect(horizons.map((ms) => Math.floor(ms / MINUTE))).toEqual([2, 2, 5, 5]);

    expect(meet(all, T + 40 * MINUTE, rng)).toBeLessThan(5);
    expectEqual(all);
    expect([...valuesOf(all[0]!).keys()].toSorted()).toEqual(['old', 'unheard']);
    expect(new Set(all.flatMap(({ refused }) => refused))).toEqual(new Set(['gone', 'a', 'e']));
  });

  test('let a value that one who was away alone still holds go, and say so', () => {
    const { all, rng } = createRoom(2);
    const [absent, ...room] = all as [Member, ...Member[]];
    for (const key of ['old', 'gone', ...Array.from('abcd')]) write(room[0]!, key, 'v', T);
    live(all, T + MINUTE, rng);
    for (const key of ['gone', ...Array.from('abcd')]) write(room[0]!, key, undefined, T + 2 * MINUTE);
    for (let minute = 3; minute < 20; minute++) live(room, T + minute * MINUTE, rng);
    expect(valuesOf(absent).size).toBe(6);
    expect(meet(all, T + 20 * MINUTE, rng)).toBeLessThan(5);
    expectEqual(all);
    expect([...valuesOf(absent).keys()]).toEqual(['old']);
    for (const member of room) expect(member.refused).toContain('gone');
  });

  test.each(Array.from({ length: 60 }, (_, seed) => seed))(
    'converge whatever they did, and bring nothing back (seed %i)',
    (seed) => {
      const { halves, all, rng } = createRoom(seed);
      const newest = new Map<string, { wall: number; value: string | undefined; touched: boolean }>();
      const writeAny = (members: readonly Member[], wall: number, touched: boolean): void => {
        const key = `k${rng.below(12)}`;
        const value = rng.below(3) === 0 ? `v${wall}` : undefined;
        const writer = members[rng.below(members.length)]!;
        // Deleting what is not there says nothing.
        if (value === undefined && !valuesOf(writer).has(key)) return;
        write(writer, key, value, wall);
        newest.set(key, { wall, value, touched });
      };
      for (let n = 0; n < 12; n++) {
        write(all[0]!, `k${n}`, 'first', T + n);
        newest.set(`k${n}`, { wall: T + n, value: 'first', touched: false });
      }
      live(all, T + MINUTE, rng);
      for (let minute = 2; minute < 40; minute++) {
        for (const half of halves) {
          if (rng.below(2) === 0 && minute < 25)
            writeAny(half, T + minute * MINUTE + rng.below(MINUTE), true);
          live(half, T + (minute + 1) * MINUTE, rng);
        }
      }
      expect(meet(all, T + 45 * MINUTE, rng)).toBeLessThan(8);
      expectEqual(all);
      const values = valuesOf(all[0]!);
      for (const [key, { value, touched }] of newest) {
        if (value === undefined) expect(values.has(key)).toBe(false);
        else if (!touched) expect(values.get(key)).toBe(value);
      }
    },
  );
});
