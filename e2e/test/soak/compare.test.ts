import { describe, expect, test } from 'vitest';
import {
  compareRosters,
  compareState,
  findLostMessages,
  findLostWrites,
  findDisorder,
  findSilentLosses,
  type Seen,
} from '../../soak/compare.ts';
import type { History } from '../../soak/history.ts';
import type { Heard, Look } from '../../soak/page-side.ts';
import { historyOf } from './histories.ts';

const seenBy = (tab: number, look: Partial<Look> = {}): Seen => ({
  tab,
  slot: tab,
  look: {
    id: `id ${tab}`,
    roster: ['id 0', 'id 1'],
    entries: {},
    heard: {},
    sent: 0,
    wrote: 0,
    refused: {},
    members: 2,
    links: 1,
    linksMost: 1,
    constructed: 1,
    state: { entries: 0, tombstones: 0, stubs: 0 },
    ...look,
  },
});

describe('rosters', () => {
  test('are equal where all list all', () => {
    expect(compareRosters([seenBy(0), seenBy(1)])).toEqual([]);
  });

  test('are not where one is missing, or a dead one is listed', () => {
    expect(compareRosters([seenBy(0, { roster: ['id 0'] }), seenBy(1)])).toEqual([
      'tab 0 does not list tab 1',
    ]);
    expect(compareRosters([seenBy(0), seenBy(1, { roster: ['id 0', 'id 1', 'id 2'] })])).toEqual([
      'tab 1 lists id 2, which are gone',
    ]);
  });
});

describe('state', () => {
  test('is equal where all hold the same under every key', () => {
    expect(compareState([seenBy(0, { entries: { a: [1] } }), seenBy(1, { entries: { a: [1] } })])).toEqual(
      [],
    );
    expect(
      compareState([seenBy(0, { entries: { a: 1, b: 2 } }), seenBy(1, { entries: { a: 2, c: 3 } })]),
    ).toEqual(['tab 1 and tab 0 hold different things under a, b, c']);
  });

  test('lacks a write that its writer made last', () => {
    const entries = { 'own 1': { tab: 1, n: 8 } };
    expect(findLostWrites([seenBy(0, { entries }), seenBy(1, { entries, wrote: 8 })])).toEqual([]);
    expect(findLostWrites([seenBy(0, { entries }), seenBy(1, { entries, wrote: 10 })])).toEqual([
      'write 10 of tab 1 is not in 0, 1',
    ]);
  });
});

describe('messages', () => {
  const heard = (what: Partial<Heard>): Look['heard'] => ({
    'id 1': { first: 1, last: 9, missed: 0, late: 0, repeated: 0, told: 0, oddities: ['5 after 3'], ...what },
  });
  const lost = (what: Partial<Heard>, sender: Partial<History> = {}): readonly string[] =>
    findLostMessages(
      [seenBy(0, { heard: heard(what) }), seenBy(1, { sent: 9 })],
      [historyOf(0), historyOf(1, sender)],
    );

  test('are all there where every number was heard', () => {
    expect(lost({})).toEqual([]);
    // It spoke before this one came.
    expect(lost({ first: 4 })).toEqual([]);
  });

  test('are missed in between, at the end, and at the beginning of one that came later', () => {
    expect(lost({ missed: 2 })).toEqual(['tab 0 misses 2 of tab 1']);
    expect(lost({ last: 8 })).toEqual(['tab 0 misses 1 of tab 1']);
    expect(lost({ first: 4 }, { joinedAt: 5_000 })).toEqual(['tab 0 misses 3 of tab 1']);
  });

  test('may be missed of one that slept, but not without a word', () => {
    expect(lost({ missed: 2 }, { sleeps: [{ from: 1, to: 2 }] })).toEqual([]);
    expect(findSilentLosses([seenBy(0, { heard: heard({ missed: 2, told: 2 }) })], [historyOf(1)])).toEqual(
      [],
    );
    expect(findSilentLosses([seenBy(0, { heard: heard({ missed: 3, told: 2 }) })], [historyOf(1)])).toEqual([
      'at tab 0 1 messages of tab 1 are missing without a word: 5 after 3',
    ]);
  });

  test('come once, and in their order, though their sender slept', () => {
    const disorder = (what: Partial<Heard>, sender: Partial<History> = {}): readonly string[] =>
      findDisorder([seenBy(0, { heard: heard(what) })], [historyOf(1, sender)]);
    const slept = { sleeps: [{ from: 1, to: 2 }] };
    expect(disorder({})).toEqual([]);
    expect(disorder({ late: 1 }, slept)).toEqual(['at tab 0 1 messages of tab 1 came late: 5 after 3']);
    expect(disorder({ repeated: 1 }, slept)).toEqual(['at tab 0 1 messages of tab 1 came again: 5 after 3']);
    expect(disorder({ late: 2 })).toEqual(['at tab 0 2 messages of tab 1 came late: 5 after 3']);
  });
});
