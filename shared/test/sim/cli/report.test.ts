/** The page and its plots. That it looks well, and draws, is seen in a browser. */
import { describe, expect, it } from 'vitest';
import { plotsOf, type Done } from '#sim/cli/plots.ts';
import { htmlReport, type Report } from '#sim/cli/report.ts';
import { rowsOf, type RowResult } from '#sim/cli/table.ts';
import { atMost, plot, type Scenario } from '#sim/scenario.ts';

const scenario: Scenario = {
  name: 'broadcast',
  about: 'Some <speak>.',
  nodesDefault: 20,
  variants: ['whole'],
  rows: [20, 100].map((nodes) => ({
    id: '1',
    metric: 'rmr',
    nodes,
    variant: 'whole',
    target: atMost(0.5),
    anchor: 'iroh-gossip 0.101: <1',
  })),
  run: () => ({ metrics: {}, curves: {} }),
};

const rows = (nodes: number, rmrs: readonly number[]): readonly RowResult[] =>
  rowsOf(
    scenario,
    { nodes, variant: 'whole' },
    { results: rmrs.map((rmr) => ({ rmr, hops: 2 })), failed: 0 },
  );

const report = (more: Partial<Report> = {}): string =>
  htmlReport({
    scenarios: [scenario],
    rows: [...rows(20, [0.1, 0.3, 0.1, 0.3, 0.1, 0.3, 0.1, 0.3]), ...rows(100, [0.7])],
    before: [],
    plots: [],
    facts: [],
    failures: [],
    ...more,
  });

describe('plots against the size of the room', () => {
  const plots = plotsOf([], [...rows(100, [0.7]), ...rows(20, [0.1, 0.3])]);

  it('have our mean and worst, the target, and what others were measured at', () => {
    const rmr = plots.find(({ title }) => title === 'Redundancy, against N');
    expect(rmr?.lines.map(({ name, points }) => [name, points])).toEqual([
      ['ours: mean', [[20, 0.2], [100, 0.7]]], // prettier-ignore
      ['ours: worst', [[20, 0.3], [100, 0.7]]], // prettier-ignore
      ['target', [[20, 0.5], [100, 0.5]]], // prettier-ignore
      ['iroh-gossip 0.101', [[20, 0.393], [100, 0.472], [1_000, 0.461], [10_000, 0.356]]], // prettier-ignore
    ]);
  });

  it('are of what was measured, and not where there is a single size and nobody beside', () => {
    expect(plots.map(({ title }) => title)).toEqual(['Redundancy, against N', 'Hops, against N']);
    const leave = { ...rows(20, [0.1])[0]!, scenario: 'crash', metric: 'leaveMs' };
    expect(plotsOf([], [leave])).toEqual([]);
  });
});

describe('plots of scenarios', () => {
  const done = (seed: number, nodes: number): Done => ({
    job: { kind: 'scenario', scenario: 'crash', variant: 'calm', nodes, seed, full: false },
    result: { metrics: {}, curves: { Detection: plot('ms', '%', [[seed, 1]]) } }, // prettier-ignore
  });

  it('are of the lowest seed that went well, by size', () => {
    expect(plotsOf([done(3, 100), done(2, 100), done(1, 20)], [])).toEqual([
      {
        scenario: 'crash',
        title: 'Detection',
        x: 'ms',
        y: '%',
        bySize: false,
        lines: [
          { name: 'calm, N=20', points: [[1, 1]], color: 0, dashed: false },
          { name: 'calm, N=100', points: [[2, 1]], color: 1, dashed: false },
        ],
      },
    ]);
  });
});

describe('the page', () => {
  it('says which targets are met and which missed', () => {
    expect(report()).toContain(
      '<p><span class="verdict met">1 met</span> <span class="verdict missed">1 missed</span> A target',
    );
  });

  it('asks nobody for anything', () => {
    expect(report()).not.toMatch(/(?:src|href)="(?!#|data:,)|@import|url\((?!data:)/);
  });

  it('cannot be broken by what stands in it', () => {
    const nasty = '</script><script>alert(1)</script>';
    const html = report({ plots: plotsOf([], rows(20, [0.1])).map((one) => ({ ...one, title: nasty })) });
    expect(html).not.toContain(nasty);
    expect(report({ failures: [nasty], facts: [nasty] })).not.toContain(nasty);
    expect(report()).toContain('Some &lt;speak&gt;.');
    expect(report()).toContain('iroh-gossip 0.101: &lt;1');
  });
});
