/** The plots of the report: what scenarios drew, and figures of the table against the size of the room. */
import type { Curve, Drawing, ScenarioResult } from '../scenario.ts';
import { ANCHORS } from './anchors.ts';
import { placeOf, type ScenarioJob } from './jobs.ts';
import type { RowResult } from './table.ts';

/** A run that went well. */
export interface Done {
  readonly job: ScenarioJob;
  readonly result: ScenarioResult;
}

export interface Line extends Curve {
  /** The place in the palette: what belongs together has one color. */
  readonly color: number | 'target' | 'beside';
  readonly dashed: boolean;
}

export interface Plot extends Omit<Drawing, 'curves'> {
  readonly scenario: string;
  readonly title: string;
  /** Sizes of rooms: few, far apart, and each a label of its own. */
  readonly bySize: boolean;
  readonly lines: readonly Line[];
}

/** What is worth seeing against the size of the room, with the label of its axis. */
const AGAINST_SIZE: readonly (readonly [scenario: string, metric: string, title: string, y: string])[] = [
  ['broadcast', 'rmr', 'Redundancy', 'frames in vain per delivery'],
  ['broadcast', 'hops', 'Hops', 'hops to the last delivery'],
  ['broadcast', 'p99Ms', '99th percentile of deliveries', 'ms'],
  ['broadcast', 'lastMs', 'Last delivery', 'ms'],
  ['broadcast', 'controlBytesPerDelivery', 'Cost of control', 'bytes per delivery'],
  ['storm', 'rmr', 'Redundancy', 'frames in vain per delivery'],
  ['storm', 'lastMs', 'Last delivery', 'ms'],
  ['churn', 'constructedPerNodeHour', 'Cost of churn', 'connections / member / hour'],
  ['crash', 'crashP50Ms', 'A crash is known to all: median', 'ms'],
  ['crash', 'crashP99Ms', 'A crash is known to all: 99th percentile', 'ms'],
  ['crash', 'leaveMs', 'A goodbye is known to all: slowest', 'ms'],
  ['partition', 'mergedS', 'Healed: all list all', 's since healing'],
  ['partition', 'stateEqualMs', 'Healed: equal state', 'ms since the first link across'],
  ['partition', 'constructedPerNode', 'Cost of a cut', 'connections per member'],
  ['links', 'constructedPerNode', 'Cost of joining', 'connections per member'],
  ['reconcile', 'idleBytesPerS', 'Cost of being there', 'bytes / member / s'],
  ['split-brain', 'mergedS', 'Found together: all list all', 's'],
];

export function plotsOf(done: readonly Done[], rows: readonly RowResult[]): readonly Plot[] {
  return [...drawn(done), ...AGAINST_SIZE.flatMap((wanted) => againstSize(wanted, rows))];
}

/** Those of the first seed of each place: more would only thicken the lines. */
function drawn(done: readonly Done[]): readonly Plot[] {
  const firstByPlace = new Map<string, Done>();
  for (const one of done.toSorted((a, b) => a.job.seed - b.job.seed)) {
    const place = placeOf(one.job);
    if (!firstByPlace.has(place)) firstByPlace.set(place, one);
  }
  const firsts = [...firstByPlace.values()].toSorted(
    (a, b) =>
      a.job.nodes - b.job.nodes || a.job.variant.localeCompare(b.job.variant, 'en', { numeric: true }),
  );
  const plots = new Map<string, Plot>();
  for (const { job, result } of firsts) {
    for (const [title, { x, y, curves }] of Object.entries(result.curves)) {
      const key = `${job.scenario}: ${title}`;
      const lines = plots.get(key)?.lines ?? [];
      const added = curves.map(({ name, points }, at): Line => ({
        name: [name, `${job.variant}, N=${job.nodes}`].filter((text) => text !== '').join(': '),
        points,
        color: lines.length + at,
        dashed: false,
      }));
      plots.set(key, { scenario: job.scenario, title, x, y, bySize: false, lines: [...lines, ...added] });
    }
  }
  return [...plots.values()];
}

/** None where it would be a single dot. */
function againstSize(
  [scenario, metric, title, y]: (typeof AGAINST_SIZE)[number],
  rows: readonly RowResult[],
): readonly Plot[] {
  const ours = rows
    .filter((row) => row.scenario === scenario && row.metric === metric)
    .toSorted((a, b) => a.nodes - b.nodes);
  if (ours.length === 0) return [];
  const variants = [...new Set(ours.map(({ variant }) => variant))];
  const lines = [
    ...variants.flatMap((variant, color) => linesOf(ours, variant, { color, alone: variants.length === 1 })),
    ...targetLines(ours),
    ...ANCHORS.filter((anchor) => anchor.scenario === scenario && anchor.metric === metric).map(
      ({ name, points }): Line => ({ name, points, color: 'beside', dashed: false }),
    ),
  ];
  const sizes = new Set(lines.flatMap(({ points }) => points.map(([nodes]) => nodes)));
  if (sizes.size < 2) return [];
  return [{ scenario, title: `${title}, against N`, x: 'N, members', y, bySize: true, lines }];
}

function linesOf(
  rows: readonly RowResult[],
  variant: string,
  { color, alone }: { readonly color: number; readonly alone: boolean },
): readonly Line[] {
  const mine = rows.filter((row) => row.variant === variant);
  const prefix = alone ? 'ours: ' : `${variant}: `;
  return [
    { name: `${prefix}mean`, points: mine.map(({ nodes, mean }) => [nodes, mean]), color, dashed: false },
    { name: `${prefix}worst`, points: mine.map(({ nodes, worst }) => [nodes, worst]), color, dashed: true },
  ];
}

/** One line for all variants: what they have in common, by size. */
function targetLines(rows: readonly RowResult[]): readonly Line[] {
  const bySize = new Map(rows.flatMap(({ nodes, target }) => (target === null ? [] : [[nodes, target]])));
  if (bySize.size === 0) return [];
  return [{ name: 'target', points: [...bySize], color: 'target', dashed: true }];
}
