import { describe, expect, it } from 'vitest';
import { rowsOf, textOfRows } from '#sim/cli/table.ts';
import { atLeast, atMost, type Scenario } from '#sim/scenario.ts';

const place = { nodes: 20, variant: 'plain' };
const scenario: Scenario = {
  name: 'story',
  about: '',
  nodesDefault: 20,
  variants: ['plain'],
  rows: [
    { id: '1', metric: 'tookMs', ...place, target: atMost(10), anchor: 'others: 12' },
    { id: '1', metric: 'deliveredPct', ...place, target: atLeast(99) },
    { id: '1', metric: 'goneMs', ...place, target: atMost(5) },
  ],
  run: () => ({ metrics: {}, curves: {} }),
};
const results = [
  { tookMs: 9, deliveredPct: 100, goneMs: Infinity, mended: 1, bytes: 3 },
  { tookMs: 11, deliveredPct: 98, goneMs: 4, mended: 0, bytes: 5 },
];

describe('the rows of a place', () => {
  it('are judged by the worst seed, which is the least of what should be much', () => {
    const rows = rowsOf(scenario, place, { results, failed: 0 });
    expect(rows.map(({ metric, mean, worst, met }) => [metric, mean, worst, met])).toEqual([
      ['tookMs', 10, 11, false],
      ['deliveredPct', 99, 98, false],
      ['goneMs', Infinity, Infinity, false],
      ['mended', 0.5, 0, null],
      ['bytes', 4, 5, null],
    ]);
  });

  it('meet a target exactly, but not when a seed failed', () => {
    const exact = [{ tookMs: 10, deliveredPct: 99, goneMs: 5 }];
    const mets = (failed: number) =>
      rowsOf(scenario, place, { results: exact, failed }).map(({ met }) => met);
    expect(mets(0)).toEqual([true, true, true]);
    expect(mets(1)).toEqual([false, false, false]);
  });

  it('have no figure where nothing was measured, and meet nothing', () => {
    const [first] = rowsOf(scenario, place, { results: [], failed: 2 });
    expect(first).toMatchObject({ mean: Number.NaN, worst: Number.NaN, met: false });
  });
});

it('the table for people stands in columns, numbers flush right', () => {
  expect(textOfRows(rowsOf(scenario, place, { results, failed: 0 }))).toBe(
    `#  scenario      N  seeds  metric         mean  worst  target  met  beside
1  story plain  20      2  tookMs           10     11    ≤ 10  NO   others: 12
1  story plain  20      2  deliveredPct     99     98    ≥ 99  NO
1  story plain  20      2  goneMs        never  never     ≤ 5  NO
1  story plain  20      2  mended          0.5      0
1  story plain  20      2  bytes             4      5
`,
  );
});
