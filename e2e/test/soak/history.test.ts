import { describe, expect, test } from 'vitest';
import {
  findStaleMessages,
  findStalePresence,
  goneAfterMs,
  isSteadyTab,
  listedAfterMs,
  sortDeaths,
  suspectedAfterMs,
  type DeathKind,
} from '../../soak/history.ts';
import { historyOf } from './histories.ts';

describe('a death that was told at 20 s', () => {
  const told = { left: [{ id: 'id 1', at: 20_000, reason: 'failed' }] };
  const kindOf = (subject: Partial<Parameters<typeof historyOf>[1]>, observer = {}): DeathKind => {
    const deaths = sortDeaths([historyOf(0, { told, ...observer }), historyOf(1, subject)]);
    return (Object.keys(deaths) as DeathKind[]).find((kind) => deaths[kind].length > 0)!;
  };

  test.each<[string, DeathKind, Parameters<typeof historyOf>[1]]>([
    ['of one that had crashed', 'crashed', { crashedAt: 16_000 }],
    ['of one that crashed later', 'false', { crashedAt: 21_000 }],
    ['of one that sleeps', 'slept', { sleeps: [{ from: 15_000, to: undefined }] }],
    ['of one that has just woken', 'slept', { sleeps: [{ from: 5_000, to: 16_000 }] }],
    ['of one that woke long ago', 'false', { sleeps: [{ from: 5_000, to: 10_000 }] }],
    ['of one whose page stood still', 'heldUp', { told: { stalls: [{ ms: 4_000, at: 19_000 }] } }],
    ['of one whose page was slow', 'false', { told: { stalls: [{ ms: 1_500, at: 19_000 }] } }],
    ['of one that was there', 'false', {}],
  ])('%s is called "%s"', (_, kind, subject) => {
    expect(kindOf(subject)).toBe(kind);
  });

  test('is called false for any reason but silence', () => {
    const left = [{ id: 'id 1', at: 20_000, reason: 'expelled' }];
    expect(kindOf({ crashedAt: 16_000 }, { told: { left } })).toBe('false');
  });

  test('may be of one that slept while the other did', () => {
    const subject = { sleeps: [{ from: 2_000, to: 9_000 }] };
    expect(kindOf(subject)).toBe('false');
    expect(kindOf(subject, { sleeps: [{ from: 1_000, to: 19_000 }] })).toBe('slept');
    // Its sleep was over for long, but the machine held it up ever since.
    const left = [{ id: 'id 1', at: 20_000, reason: 'failed' }];
    const stalls = [{ ms: 7_000, at: 18_000 }];
    expect(kindOf(subject, { sleeps: [{ from: 1_000, to: 10_000 }], told: { left, stalls } })).toBe('slept');
  });

  test('is called false where nobody knows who it was', () => {
    expect(sortDeaths([historyOf(0, { told })]).false).toEqual([
      { of: undefined, toldTo: 0, reason: 'failed', at: 20_000 },
    ]);
  });
});

test('a sleep is doubted when the first of the others is told', () => {
  const sleeper = historyOf(1, {
    sleeps: [
      { from: 10_000, to: 20_000 },
      { from: 30_000, to: 31_000 },
      { from: 40_000, to: 50_000 },
    ],
  });
  const suspected = [{ id: 'id 1', at: 13_000 }];
  const observers = [
    historyOf(0, { told: { suspected } }),
    historyOf(2, { told: { left: [{ id: 'id 1', at: 12_000, reason: 'failed' }] } }),
  ];
  expect(suspectedAfterMs([...observers, sleeper], 6_000)).toEqual([
    { tab: 1, ms: 2_000 },
    { tab: 1, ms: Infinity },
  ]);
});

test('a crash is over when the last witness was told, and a newcomer is in when the last lists it', () => {
  const histories = [
    historyOf(0, {
      told: {
        left: [{ id: 'id 2', at: 14_000, reason: 'failed' }],
        joined: [{ id: 'id 4', at: 22_000 }],
      },
    }),
    historyOf(1, {
      told: {
        left: [{ id: 'id 2', at: 15_000, reason: 'failed' }],
        joined: [{ id: 'id 4', at: 23_000 }],
      },
    }),
    historyOf(2, { crashedAt: 10_000 }),
    // Thought dead when it crashed: nobody is told of it twice.
    historyOf(3, { crashedAt: 10_000, sleeps: [{ from: 1_000, to: 8_000 }] }),
    historyOf(4, { joinedAt: 20_000 }),
  ];
  expect(goneAfterMs(histories, [0, 1])).toEqual([{ tab: 2, ms: 5_000 }]);
  expect(listedAfterMs(histories, [0, 1])).toEqual([{ tab: 4, ms: 3_000 }]);
  expect(listedAfterMs(histories, [0, 2])).toEqual([{ tab: 4, ms: Infinity }]);
});

test('a tab is steady that neither slept nor stood still', () => {
  expect(isSteadyTab(historyOf(0, { told: { stalls: [{ ms: 1_500, at: 5_000 }] } }))).toBe(true);
  expect(isSteadyTab(historyOf(0, { told: { stalls: [{ ms: 2_500, at: 5_000 }] } }))).toBe(false);
  expect(isSteadyTab(historyOf(0, { sleeps: [{ from: 1_000, to: 2_000 }] }))).toBe(false);
});

describe('what should not be shown any more', () => {
  const saidAt = 10_000;
  const message = { staleMessages: [{ id: 'id 1', saidAt, at: 40_000 }] };
  const presence = { stalePresence: [{ id: 'id 1', from: 8, to: 7, at: 40_000 }] };
  const nap = { sleeps: [{ from: 12_000, to: 36_000 }] };

  test('is told with both ends', () => {
    expect(findStaleMessages([historyOf(0, { told: message }), historyOf(1)])).toEqual([
      'tab 0 was shown a message that was 30.0 s old of tab 1',
    ]);
    expect(findStalePresence([historyOf(0, { told: presence }), historyOf(1)])).toEqual([
      'tab 0 was shown presence 7 after 8 of tab 1',
    ]);
  });

  test.each([
    ['slept', nap],
    ['stood still', { told: { stalls: [{ ms: 4_000, at: 38_000 }] } }],
  ])('is excused where its tab %s', (_, subject) => {
    expect(findStaleMessages([historyOf(0, { told: message }), historyOf(1, subject)])).toEqual([]);
    expect(findStalePresence([historyOf(0, { told: presence }), historyOf(1, subject)])).toEqual([]);
  });

  test('is excused where whoever saw it slept', () => {
    expect(findStaleMessages([historyOf(0, { told: message, ...nap }), historyOf(1)])).toEqual([]);
    expect(findStalePresence([historyOf(0, { told: presence, ...nap }), historyOf(1)])).toEqual([]);
  });

  test('is not excused by the sleep of a third one, or by one that was over when it was said', () => {
    const early = { sleeps: [{ from: 1_000, to: 9_000 }] };
    for (const others of [[historyOf(1), historyOf(2, nap)], [historyOf(1, early)]])
      expect(findStaleMessages([historyOf(0, { told: message }), ...others])).toHaveLength(1);
  });

  test.each<[string, number, Parameters<typeof historyOf>[1]]>([
    ['stood still for long meanwhile', 0, { told: { stalls: [{ ms: 5_100, at: 20_000 }] } }],
    ['stood still for a little', 1, { told: { stalls: [{ ms: 4_900, at: 20_000 }] } }],
    ['had stood still before', 1, { told: { stalls: [{ ms: 5_100, at: 9_900 }] } }],
    ['stood still afterwards', 1, { told: { stalls: [{ ms: 5_100, at: 45_200 }] } }],
    ['woke just before it was shown', 0, { sleeps: [{ from: 5_000, to: 38_500 }] }],
    ['woke long before it was shown', 1, { sleeps: [{ from: 5_000, to: 37_500 }] }],
    [
      'stood still by its sleep alone',
      1,
      { sleeps: [{ from: 5_000, to: 37_500 }], told: { stalls: [{ ms: 32_400, at: 37_550 }] } },
    ],
    ['woke from a nap just before', 1, { sleeps: [{ from: 34_000, to: 38_500 }] }],
    ['woke only afterwards', 1, { sleeps: [{ from: 5_000, to: 41_000 }] }],
    ['still sleeps', 1, { sleeps: [{ from: 5_000, to: undefined }] }],
    ['was there all the while', 1, {}],
  ])('of messages, where a third tab %s, %i are told', (_, count, third) => {
    const observer = historyOf(0, { told: { ...message, ...presence } });
    const histories = [observer, historyOf(1), historyOf(2, third)];
    expect(findStaleMessages(histories)).toHaveLength(count);
    // Presence is nobody's but its member's and who sees it.
    expect(findStalePresence(histories)).toHaveLength(1);
  });

  test('may be presence of one that crashed, but no message of it', () => {
    const crashed = historyOf(1, { crashedAt: 38_000 });
    expect(findStalePresence([historyOf(0, { told: presence }), crashed])).toEqual([]);
    expect(findStaleMessages([historyOf(0, { told: message }), crashed])).toHaveLength(1);
  });
});
