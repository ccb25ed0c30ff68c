/** The report as one HTML file that needs nothing else: the table, beside what it was before, and plots. */
import plotStyle from 'uplot/dist/uPlot.min.css?raw';
import plotScript from 'uplot/dist/uPlot.iife.min.js?raw';
import type { Curve } from '../scenario.ts';
import type { RowResult } from './table.ts';

export interface Plot {
  readonly title: string;
  readonly curves: readonly Curve[];
}

export interface Report {
  readonly rows: readonly RowResult[];
  /** The same rows as the baseline has them. */
  readonly before: readonly RowResult[];
  readonly plots: readonly Plot[];
}

const STYLE = `
:root { color-scheme: light dark; --line: #8884; --good: #17803d; --bad: #c2261c; }
@media (prefers-color-scheme: dark) { :root { --good: #5bd68a; --bad: #ff8a80; } }
body { font: 15px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 70rem; padding: 0 1rem; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; white-space: nowrap; }
th, td { padding: .25rem .7rem; border-bottom: 1px solid var(--line); text-align: right; }
th:nth-child(2), td:nth-child(2), th:nth-child(4), td:nth-child(4), th:last-child, td:last-child { text-align: left; }
.yes { color: var(--good); } .no { color: var(--bad); font-weight: 600; }
figure { margin: 2rem 0; overflow-x: auto; } figcaption { font-weight: 600; }
.u-legend { font-size: .85rem; }
`;

/** Draws each plot where its place is; colors by the place of a curve in its plot. */
const DRAW = `
const ink = matchMedia('(prefers-color-scheme: dark)').matches ? '#ddd' : '#222';
const axis = { stroke: ink, grid: { stroke: '#8883' }, ticks: { stroke: '#8883' } };
for (const [at, { curves }] of JSON.parse(document.getElementById('plots').textContent).entries()) {
  const xs = [...new Set(curves.flatMap(({ points }) => points.map(([x]) => x)))].sort((a, b) => a - b);
  const ys = curves.map(({ points }) => { const at = new Map(points); return xs.map((x) => at.get(x)); });
  const series = curves.map(({ name }, n) => ({ label: name, stroke: 'hsl(' + (n * 137) % 360 + ' 70% 50%)', width: 2, spanGaps: true }));
  const place = document.getElementById('plot-' + at);
  new uPlot({ width: Math.min(1000, Math.max(320, place.clientWidth)), height: 300, scales: { x: { time: false } }, axes: [axis, axis], series: [{}, ...series] }, [xs, ...ys], place);
}
`;

export function htmlReport({ rows, before, plots }: Report): string {
  const figures = plots.map(
    ({ title }, at) =>
      `<figure><figcaption>${escape(title)}</figcaption><div id="plot-${at}"></div></figure>`,
  );
  // In a script element only its own end tag must not occur.
  const data = JSON.stringify(plots).replaceAll('<', String.raw`\u003c`);
  return `<!doctype html>
<html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>Gossamer in the simulator</title><style>${plotStyle}${STYLE}</style>
<h1>Gossamer in the simulator</h1>
<p>Means and worst seeds. A target is met when the worst seed meets it.</p>
<div class="scroll"><table><thead><tr>${HEADINGS.map((heading) => `<th>${heading}</th>`).join('')}</tr></thead>
<tbody>${rows.map((row) => htmlRow(row, before)).join('\n')}</tbody></table></div>
${figures.join('\n')}
<script type="application/json" id="plots">${data}</script>
<script>${plotScript}</script><script>${DRAW}</script></html>
`;
}

const HEADINGS = ['#', 'scenario', 'N', 'metric', 'mean', 'worst', 'target', 'met', 'mean before', 'beside'];

function htmlRow(row: RowResult, before: readonly RowResult[]): string {
  const { id, scenario, variant, nodes, metric, mean, worst, target, met, anchor } = row;
  const was = before.find(
    (other) =>
      other.scenario === scenario &&
      other.variant === variant &&
      other.nodes === nodes &&
      other.metric === metric,
  );
  const verdict = met === null ? '' : met ? '<span class="yes">yes</span>' : '<span class="no">no</span>';
  const cells = [id, `${scenario} ${variant}`, nodes, metric, mean, worst, target ?? ''];
  const texts = [
    ...cells.map((cell) => escape(String(cell))),
    verdict,
    escape(String(was?.mean ?? '')),
    escape(anchor),
  ];
  return `<tr>${texts.map((text) => `<td>${text}</td>`).join('')}</tr>`;
}

function escape(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}
