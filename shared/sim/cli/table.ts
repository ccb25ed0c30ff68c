/** The rows of the table: the mean and the worst seed of each metric, beside its target. */
import type { Row, Scenario, Target } from '../scenario.ts';

/** As `--json` prints it, and as the baseline is kept. A figure is `null` where there is none: nothing happened, or never. */
export interface JsonRow {
  readonly id: string;
  readonly metric: string;
  readonly nodes: number;
  readonly mean: number | null;
  readonly worst: number | null;
  /** `null`: the figure is for information. */
  readonly target: number | null;
  /** By the worst seed; `null` where there is no target. */
  readonly met: boolean | null;
  readonly scenario: string;
  readonly variant: string;
}

export interface RowResult extends JsonRow {
  /** `NaN`: there was nothing to measure; `Infinity`: it never happened. */
  readonly mean: number;
  readonly worst: number;
  readonly is: Target['is'] | null;
  /** Seeds that gave figures. */
  readonly seeds: number;
  /** Seeds that gave none, because their runs failed: no target is met then. */
  readonly failed: number;
  readonly anchor: string;
}

/** How many seeds the targets are stated for: of fewer, a target is met only so far. */
export const SEEDS_STATED = 8;

type Metrics = Readonly<Record<string, number>>;

interface Place {
  readonly nodes: number;
  readonly variant: string;
}

/** The runs of one place in the table. */
export interface Runs {
  readonly results: readonly Metrics[];
  readonly failed: number;
}

/** Of these without a target the least is the worst; of every other one, as with times and bytes, the greatest. */
const MORE_IS_BETTER: ReadonlySet<string> = new Set([
  'buried',
  'coldDeliveredPct',
  'crossedPct',
  'degreeMin',
  'deliveredPct',
  'diedPct',
  'equal',
  'fullPct',
  'keptPct',
  'largestComponentPct',
  'listed',
  'listedPct',
  'mended',
  'percolationPct',
  'survivorsListedPct',
]);

/** All metrics of one place in the table: those with a row as it says, the rest for information. */
export function rowsOf(scenario: Scenario, place: Place, runs: Runs): readonly RowResult[] {
  const rows = scenario.rows.filter(
    ({ nodes, variant }) => nodes === place.nodes && variant === place.variant,
  );
  const others = Object.keys(runs.results[0] ?? {}).filter(
    (source) => !rows.some((row) => sourceOf(row) === source),
  );
  return [...rows, ...others.map((source) => forInformation(source, rows, { scenario, place }))].map((row) =>
    judge(scenario.name, row, runs),
  );
}

/** The row of a figure that has none, beside those of its act. */
function forInformation(
  source: string,
  rows: readonly Row[],
  { scenario, place }: { readonly scenario: Scenario; readonly place: Place },
): Row {
  const metric = source.slice(source.indexOf(' ') + 1);
  const beside = rows.find((row) => sourceOf({ ...row, metric }) === source) ?? scenario.rows[0];
  const row = { id: beside?.id ?? '', metric, ...place, target: undefined };
  return beside?.act === undefined ? row : { ...row, act: beside.act };
}

/** Its name among the metrics of a run. */
const sourceOf = ({ metric, act }: Row): string => (act === undefined ? metric : `${act.scenario} ${metric}`);

function judge(scenario: string, row: Row, { results, failed }: Runs): RowResult {
  const { id, variant, metric, nodes, target } = row;
  const figures = results.map((metrics) => metrics[sourceOf(row)]).filter((figure) => figure !== undefined);
  const mean = figures.reduce((sum, figure) => sum + figure, 0) / figures.length;
  const worst = worstOf(figures, target?.is ?? (MORE_IS_BETTER.has(metric) ? 'least' : 'most'));
  return {
    id,
    metric,
    nodes,
    mean: round(mean),
    worst: round(worst),
    target: target?.bound ?? null,
    met: target === undefined ? null : failed === 0 && isMet(worst, target),
    scenario: row.act?.scenario ?? scenario,
    variant: row.act?.variant ?? variant,
    is: target?.is ?? null,
    seeds: figures.length,
    failed,
    anchor: row.anchor ?? '',
  };
}

function worstOf(figures: readonly number[], is: Target['is']): number {
  if (figures.length === 0) return Number.NaN;
  return is === 'least' ? Math.min(...figures) : Math.max(...figures);
}

/** A figure that is no number, for a thing that never happened, meets nothing. */
function isMet(figure: number, { bound, is }: Target): boolean {
  return is === 'most' ? figure <= bound : figure >= bound;
}

const round = (figure: number): number => Number(figure.toPrecision(5));

/** A figure for people. */
export function textOfFigure(figure: number | null): string {
  if (figure === Infinity) return 'never';
  return figure === null || !Number.isFinite(figure) ? '-' : String(figure);
}

/** `≤ 300` */
export function textOfTarget({ target, is }: Pick<RowResult, 'target' | 'is'>): string {
  return target === null ? '' : `${is === 'least' ? '≥' : '≤'} ${target}`;
}

/** Whether the target is met, but by fewer seeds than it is stated for. */
export function isMetSoFar({ met, seeds }: Pick<RowResult, 'met' | 'seeds'>): boolean {
  return met === true && seeds < SEEDS_STATED;
}

function textOfMet(row: RowResult): string {
  if (row.met === null) return '';
  if (!row.met) return 'NO';
  return isMetSoFar(row) ? `${row.seeds} of ${SEEDS_STATED} seeds` : 'yes';
}

const HEADINGS = ['#', 'scenario', 'N', 'seeds', 'metric', 'mean', 'worst', 'target', 'met', 'beside'];
const NUMBERS: ReadonlySet<string> = new Set(['N', 'seeds', 'mean', 'worst', 'target']);

/** Columns for people, numbers flush right. */
export function textOfRows(rows: readonly RowResult[]): string {
  const lines = [
    HEADINGS,
    ...rows.map((row) => [
      row.id,
      `${row.scenario} ${row.variant}`,
      String(row.nodes),
      String(row.seeds),
      row.metric,
      textOfFigure(row.mean),
      textOfFigure(row.worst),
      textOfTarget(row),
      textOfMet(row),
      row.anchor,
    ]),
  ];
  const widths = HEADINGS.map((_, at) => Math.max(...lines.map((line) => line[at]!.length)));
  const pad = (cell: string, at: number): string =>
    NUMBERS.has(HEADINGS[at]!) ? cell.padStart(widths[at]!) : cell.padEnd(widths[at]!);
  return lines.map((line) => `${line.map(pad).join('  ').trimEnd()}\n`).join('');
}

/** What `--json` prints. */
export function jsonOfRows(rows: readonly JsonRow[], indent?: number): string {
  const picked = rows.map(({ id, metric, nodes, mean, worst, target, met, scenario, variant }): JsonRow => ({
    id,
    metric,
    nodes,
    mean,
    worst,
    target,
    met,
    scenario,
    variant,
  }));
  return `${JSON.stringify({ rows: picked }, null, indent)}\n`;
}

type Key = Pick<JsonRow, 'scenario' | 'variant' | 'nodes' | 'metric'>;

/** The same row of another time. */
export function sameRow<R extends JsonRow>(rows: readonly R[], key: Key): R | undefined {
  return rows.find(
    ({ scenario, variant, nodes, metric }) =>
      scenario === key.scenario && variant === key.variant && nodes === key.nodes && metric === key.metric,
  );
}

/** The rows to keep: those of now, and of what was not run this time those of before. */
export function mergeRows(before: readonly JsonRow[], now: readonly JsonRow[]): readonly JsonRow[] {
  return [...before.filter((row) => sameRow(now, row) === undefined), ...now];
}
