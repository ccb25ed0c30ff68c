/** The rows of the table: the mean and the worst seed of each metric, beside its target. */
import type { Row, Scenario, Target } from '../scenario.ts';

export interface RowResult {
  readonly id: string;
  readonly scenario: string;
  readonly variant: string;
  readonly metric: string;
  readonly nodes: number;
  readonly mean: number;
  readonly worst: number;
  /** `null`: the figure is for information. */
  readonly target: number | null;
  /** By the worst seed; `null` where there is no target. */
  readonly met: boolean | null;
  readonly anchor: string;
}

type Metrics = Readonly<Record<string, number>>;

interface Place {
  readonly nodes: number;
  readonly variant: string;
}

/** All metrics of one place in the table: those with a row as it says, the rest for information. */
export function rowsOf(scenario: Scenario, place: Place, results: readonly Metrics[]): readonly RowResult[] {
  const rows = scenario.rows.filter(
    ({ nodes, variant }) => nodes === place.nodes && variant === place.variant,
  );
  const others = Object.keys(results[0] ?? {}).filter(
    (metric) => !rows.some((row) => sourceOf(row) === metric),
  );
  const idOf = (metric: string): string =>
    (rows.find((row) => actOf(sourceOf(row)) === actOf(metric)) ?? scenario.rows[0])?.id ?? '';
  return [
    ...rows,
    ...others.map((metric) => ({ id: idOf(metric), metric, ...place, target: undefined })),
  ].map((row) => judge(scenario.name, row, results));
}

/** What stands before the figure's own name, where a story has several acts. */
const actOf = (metric: string): string => metric.split(' ').slice(0, -1).join(' ');

const sourceOf = ({ metric, of }: Row): string => of ?? metric;

function judge(scenario: string, row: Row, results: readonly Metrics[]): RowResult {
  const { id, variant, metric, nodes, target } = row;
  const figures = results.map((metrics) => metrics[sourceOf(row)]).filter((figure) => figure !== undefined);
  const mean = figures.reduce((sum, figure) => sum + figure, 0) / figures.length;
  const worst = target?.is === 'least' ? Math.min(...figures) : Math.max(...figures);
  return {
    id,
    scenario,
    variant,
    metric,
    nodes,
    mean: round(mean),
    worst: round(worst),
    target: target?.bound ?? null,
    met: target === undefined ? null : figures.length > 0 && isMet(worst, target),
    anchor: row.anchor ?? '',
  };
}

/** A figure that is no number, for a thing that never happened, meets nothing. */
function isMet(figure: number, { bound, is }: Target): boolean {
  return is === 'most' ? figure <= bound : figure >= bound;
}

const round = (figure: number): number => Number(figure.toPrecision(5));

/** Columns for people; rows without a target last. */
export function textOfRows(rows: readonly RowResult[]): string {
  const cells = [
    ['#', 'scenario', 'N', 'metric', 'mean', 'worst', 'target', 'met', 'beside'],
    ...rows.map((row) => [
      row.id,
      `${row.scenario} ${row.variant}`,
      String(row.nodes),
      row.metric,
      String(row.mean),
      String(row.worst),
      row.target === null ? '' : String(row.target),
      row.met === null ? '' : row.met ? 'yes' : 'NO',
      row.anchor,
    ]),
  ];
  const widths = cells[0]!.map((_, at) => Math.max(...cells.map((line) => line[at]!.length)));
  return cells
    .map(
      (line) =>
        `${line
          .map((cell, at) => cell.padEnd(widths[at]!))
          .join('  ')
          .trimEnd()}\n`,
    )
    .join('');
}
