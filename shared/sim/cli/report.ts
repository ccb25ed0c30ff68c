/** The report as one HTML file that needs nothing else: for each scenario the table, beside what it was before, and plots. */
import plotStyle from 'uplot/dist/uPlot.min.css?raw';
import plotScript from 'uplot/dist/uPlot.iife.min.js?raw';
import type { Scenario } from '../scenario.ts';
import pageScript from './page/draw.js?raw';
import pageStyle from './page/style.css?raw';
import type { Plot } from './plots.ts';
import {
  isMetSoFar,
  sameRow,
  SEEDS_STATED,
  textOfFigure,
  textOfTarget,
  type JsonRow,
  type RowResult,
} from './table.ts';

export interface Report {
  /** In the order of the report; one without rows is left out. */
  readonly scenarios: readonly Scenario[];
  readonly rows: readonly RowResult[];
  /** The same rows as the baseline has them; none, and there is no column for them. */
  readonly before: readonly JsonRow[];
  readonly plots: readonly Plot[];
  /** Sentences about the whole. */
  readonly facts: readonly string[];
  /** What each failed run said, with the line that runs it again. */
  readonly failures: readonly string[];
}

export function htmlReport(report: Report): string {
  const { scenarios, rows, plots, facts, failures } = report;
  const shown = scenarios.filter(({ name }) => rows.some((row) => row.scenario === name));
  // In a script element only its own end tag must not occur.
  const data = JSON.stringify(plots).replaceAll('<', String.raw`\u003c`);
  return `<!doctype html>
<html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<link rel="icon" href="data:,"><title>Gossamer in the simulator</title><style>${plotStyle}${pageStyle}</style>
<h1>Gossamer in the simulator</h1>
<p>${verdicts(rows)} A target is met when the worst seed meets it.</p>
${facts.map((fact) => `<p class="quiet">${escape(fact)}</p>`).join('\n')}
${failures.map((failure) => `<pre>${escape(failure)}</pre>`).join('\n')}
<nav>${shown.map((scenario) => link(scenario, rows)).join('\n')}</nav>
${shown.map((scenario) => section(scenario, report)).join('\n')}
<script type="application/json" id="plots">${data}</script>
<script>${plotScript}</script><script>${pageScript}</script></html>
`;
}

/** How many targets are met, and how many missed. */
function verdicts(rows: readonly RowResult[]): string {
  const count = (met: boolean): number => rows.filter((row) => row.met === met && !isMetSoFar(row)).length;
  const missed = count(false) === 0 ? '' : ` <span class="verdict missed">${count(false)} missed</span>`;
  return `<span class="verdict met">${count(true)} met</span>${missed}`;
}

function link({ name }: Scenario, rows: readonly RowResult[]): string {
  return `<a href="#${name}">${name} ${verdictsOf(name, rows)}</a>`;
}

function verdictsOf(name: string, rows: readonly RowResult[]): string {
  const judged = rows.filter((row) => row.scenario === name && row.met !== null);
  return judged.length === 0 ? '' : verdicts(judged);
}

function section({ name, about }: Scenario, { rows, before, plots }: Report): string {
  const mine = rows.filter((row) => row.scenario === name);
  const judged = mine.filter(({ target }) => target !== null);
  const others = mine.filter(({ target }) => target === null);
  const ids = new Set(mine.map(({ id }) => id));
  const more = others.length === 0 ? '' : `<details><summary>${others.length} more figures</summary>`;
  const figures = plots.flatMap(({ scenario, title }, at) =>
    scenario === name
      ? [`<figure><figcaption>${escape(title)}</figcaption><div id="plot-${at}"></div></figure>`]
      : [],
  );
  return `<section id="${name}"><h2>${name} <small>target ${[...ids].join(', ')}</small></h2><p>${escape(about)} ${verdictsOf(name, rows)}</p>
${judged.length === 0 ? '' : tableOf(judged, before)}
${more === '' ? '' : `${more}${tableOf(others, before)}</details>`}
<div class="plots">${figures.join('\n')}</div></section>`;
}

interface Column {
  readonly heading: string;
  readonly style: string;
  /** Shown above the figure where there is no room for a heading. */
  readonly isNamed: boolean;
  /** HTML. */
  readonly cell: (row: RowResult) => string;
}

const number = (heading: string, cell: Column['cell']): Column => ({
  heading,
  style: 'number',
  isNamed: true,
  cell,
});
const words = (heading: string, style: string, cell: Column['cell']): Column => ({
  heading,
  style,
  isNamed: false,
  cell,
});

function tableOf(rows: readonly RowResult[], before: readonly JsonRow[]): string {
  const columns: readonly Column[] = [
    words('#', 'id', ({ id }) => escape(id)),
    words('metric', 'metric', ({ metric }) => `<code>${escape(metric)}</code>`),
    words('variant', 'place', ({ variant, nodes }) => `${escape(variant)}, N=${nodes}`),
    number('mean', ({ mean, metric }) => figureOf(mean, metric)),
    number('worst', ({ worst, metric }) => figureOf(worst, metric)),
    number('target', (row) => escape(textOfTarget(row))),
    words('met', 'judged', verdictOf),
    ...(before.length === 0 ? [] : [beforeColumn(before)]),
    { ...words('beside', 'beside', ({ anchor }) => escape(anchor)), isNamed: true },
  ];
  // A column that says nothing takes room from the others.
  const used = columns.filter(({ cell }) => rows.some((row) => cell(row) !== ''));
  const head = used.map(({ heading, style: kind }) => `<th class="${kind}">${heading}</th>`);
  const body = rows.map((row) => {
    const cells = used.map(({ heading, style: kind, isNamed, cell }) => {
      const text = cell(row);
      return `<td class="${kind}"${isNamed && text !== '' ? ` data-name="${heading}"` : ''}>${text}</td>`;
    });
    return `<tr>${cells.join('')}</tr>`;
  });
  return `<table class="figures"><thead><tr>${head.join('')}</tr></thead>
<tbody>${body.join('\n')}</tbody></table>`;
}

function beforeColumn(before: readonly JsonRow[]): Column {
  return number('mean before', (row) => {
    const was = sameRow(before, row);
    return was === undefined ? '' : `${figureOf(was.mean, row.metric)}${changeOf(was.mean, row.mean)}`;
  });
}

/** In percent of what it was. */
function changeOf(was: number | null, is: number): string {
  const percent = was === null || was === 0 ? 0 : Math.round((100 * (is - was)) / was);
  if (percent === 0 || !Number.isFinite(percent)) return '';
  return ` <small>${percent > 0 ? '+' : '−'}${Math.abs(percent)} %</small>`;
}

function verdictOf(row: RowResult): string {
  const { met, seeds, failed } = row;
  if (met === null) return '';
  const runs = failed === 0 ? '' : ` <small>${failed} failed</small>`;
  if (isMetSoFar(row)) return `<small>so far, by ${seeds} of ${SEEDS_STATED} seeds</small>`;
  return met ? '<span class="verdict met">met</span>' : `<span class="verdict missed">missed</span>${runs}`;
}

const UNITS: readonly (readonly [ending: string, unit: string])[] = [
  ['Ms', 'ms'],
  ['BytesPerS', 'B/s'],
  ['bytesPerS', 'B/s'],
  ['BytesPerDelivery', 'B'],
  ['Bytes', 'B'],
  ['Pct', '%'],
  ['KBPerSurvivor', 'kB'],
  ['kBPerSurvivor', 'kB'],
  ['S', 's'],
];

/** With its unit, which stands last in the name of the metric. */
function figureOf(figure: number | null, metric: string): string {
  const unit = UNITS.find(([ending]) => metric.endsWith(ending))?.[1];
  const text = textOfFigure(figure);
  return unit === undefined || !/\d/.test(text) ? text : `${text} <small>${unit}</small>`;
}

function escape(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}
