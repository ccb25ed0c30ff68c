/** Many rounds as one table: the median and the best of each figure, the goal, and the ratio to Gossamer. */
import type { ContestantName } from './contestants.ts';
import type { Figures } from './round.ts';

/** The rounds of one contestant at one size. */
export interface Series {
  readonly contestant: ContestantName;
  readonly tabs: number;
  readonly rounds: readonly Figures[];
}

interface Row {
  readonly figure: keyof Figures;
  readonly label: string;
  readonly unit: 's' | 'ms' | '' | 'B' | '%';
  readonly goals?: Readonly<Record<number, string>>;
}

const ROWS: readonly Row[] = [
  { figure: 'joinMs', label: 'all see all', unit: 's', goals: { 16: '4.6 s', 64: '6 s' } },
  { figure: 'joinCpuS', label: 'processor time until then (s)', unit: '' },
  { figure: 'joinServerBytesPerTab', label: 'server traffic per tab, joining', unit: 'B' },
  { figure: 'constructedPerTab', label: 'connections made per tab, joining', unit: '' },
  { figure: 'linksPerTab', label: 'links per tab', unit: '' },
  { figure: 'idleBytesPerTabS', label: 'idle: sent per tab and second', unit: 'B' },
  { figure: 'idleServerBytesPerTabS', label: 'idle: server traffic per tab and second', unit: 'B' },
  { figure: 'idleCpuCores', label: 'idle: processor (cores, all tabs)', unit: '' },
  { figure: 'presenceP50Ms', label: 'cursor delay, half', unit: 'ms' },
  { figure: 'presenceP99Ms', label: 'cursor delay, 99 %', unit: 'ms', goals: { 16: '30 ms', 64: '60 ms' } },
  { figure: 'presenceSeen', label: 'cursor updates seen', unit: '%' },
  { figure: 'framesPerUpdate', label: 'frames per update, whole mesh', unit: '' },
  { figure: 'bytesPerUpdate', label: 'bytes per update, whole mesh', unit: 'B' },
  { figure: 'movingCpuCores', label: 'moving: processor (cores, all tabs)', unit: '' },
  {
    figure: 'closedMs',
    label: 'closed tab gone from every list',
    unit: 's',
    goals: { 16: '1 s', 64: '1 s' },
  },
  {
    figure: 'crashedMs',
    label: 'crashed tab gone from every list',
    unit: 's',
    goals: { 16: '4.5 s', 64: '4.5 s' },
  },
];

export function reportOf(series: readonly Series[]): string {
  const sizes = [...new Set(series.map(({ tabs }) => tabs))];
  return sizes.map((tabs) => tableOf(series.filter((one) => one.tabs === tabs))).join('\n\n');
}

/** One size: a line per figure, a column per contestant, and what the rivals' medians are of Gossamer's. */
function tableOf(series: readonly Series[]): string {
  const [gossamer, ...rivals] = series;
  if (!gossamer) return '';
  const header = [
    `${gossamer.tabs} tabs`,
    'goal',
    ...series.map(({ contestant }) => contestant),
    ...rivals.map(({ contestant }) => `${contestant} / gossamer`),
  ];
  const lines = ROWS.map((row) => [
    row.label,
    row.goals?.[gossamer.tabs] ?? '',
    ...series.map((one) => cell(row, one)),
    ...rivals.map((rival) => ratio(medianOf(row, rival), medianOf(row, gossamer))),
  ]);
  const rule = header.map((_, column) => (column === 0 ? '---' : '--:'));
  return [header, rule, ...lines].map((cells) => `| ${cells.join(' | ')} |`).join('\n');
}

/** Rounds in which it never happened count as the longest. */
function sorted({ figure }: Row, { rounds }: Series): readonly number[] {
  return rounds.map((round) => round[figure] ?? Infinity).toSorted((a, b) => a - b);
}

function medianOf(row: Row, series: Series): number {
  const values = sorted(row, series);
  return values[Math.floor((values.length - 1) / 2)] ?? Infinity;
}

function cell(row: Row, series: Series): string {
  const best = sorted(row, series)[0] ?? Infinity;
  const median = show(medianOf(row, series), row.unit);
  return series.rounds.length > 1 && row.unit !== '%' ? `${median} (best ${show(best, row.unit)})` : median;
}

function show(value: number, unit: Row['unit']): string {
  if (value === Infinity) return 'never';
  switch (unit) {
    case 's':
      return `${(value / 1_000).toFixed(2)} s`;
    case '%':
      return `${(value * 100).toFixed(1)} %`;
    case 'B':
      return `${Math.round(value)} B`;
    case 'ms':
      return `${value.toFixed(1)} ms`;
    case '':
      return value.toFixed(value < 1 ? 2 : 1);
  }
}

function ratio(rival: number, own: number): string {
  return own === 0 || rival === Infinity || own === Infinity ? '' : `× ${(rival / own).toFixed(2)}`;
}
