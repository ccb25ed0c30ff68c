/** What the soak says at the end: what must hold, and figures beside their goals. Pure. */
import type { Timing } from './history.ts';

export interface Check {
  readonly name: string;
  /** Empty where it holds. */
  readonly problems: readonly string[];
  /** What was seen, in a few words. */
  readonly seen?: string;
}

/** How long something took, each time that it happened. */
export interface Figure {
  readonly name: string;
  readonly timings: readonly Timing[];
  /** Of the longest. */
  readonly goalMs?: number;
}

/** Of one check no more is printed; the rest is counted. */
const PROBLEMS_SHOWN = 5;

export const holds = (checks: readonly Check[]): boolean =>
  checks.every(({ problems }) => problems.length === 0);

export function textOfChecks(checks: readonly Check[]): string {
  return checks
    .map(({ name, problems, seen }) => {
      const head = `${problems.length === 0 ? 'holds ' : 'FAILS '} ${name}${seen === undefined ? '' : ` (${seen})`}`;
      const more = problems.length - PROBLEMS_SHOWN;
      return [
        head,
        ...problems.slice(0, PROBLEMS_SHOWN).map((problem) => `         ${problem}`),
        ...(more > 0 ? [`         and ${more} more`] : []),
      ].join('\n');
    })
    .join('\n');
}

export function textOfFigures(figures: readonly Figure[]): string {
  const lines = [
    ['seconds until', 'times', 'half', '90 %', 'longest', 'of tab', 'goal', ''],
    ...figures.map(lineOf),
  ];
  const widths = lines[0]!.map((_, column) => Math.max(...lines.map((cells) => cells[column]!.length)));
  const pad = (cell: string, column: number): string =>
    column === 0 ? cell.padEnd(widths[column]!) : cell.padStart(widths[column]!);
  return lines.map((cells) => cells.map(pad).join('  ').trimEnd()).join('\n');
}

function lineOf({ name, timings, goalMs }: Figure): readonly string[] {
  const sorted = timings.toSorted((a, b) => a.ms - b.ms);
  const at = (share: number): Timing | undefined => sorted[Math.max(0, Math.ceil(sorted.length * share) - 1)];
  const missed = timings.filter(({ ms }) => ms > (goalMs ?? Infinity)).length;
  const verdict = missed === 0 ? 'met' : `missed by ${missed} of ${timings.length}`;
  return [
    name,
    String(timings.length),
    ...[0.5, 0.9, 1].map((share) => seconds(at(share)?.ms)),
    String(at(1)?.tab ?? ''),
    seconds(goalMs, ''),
    goalMs === undefined || timings.length === 0 ? '' : verdict,
  ];
}

function seconds(ms: number | undefined, otherwise = '-'): string {
  if (ms === undefined) return otherwise;
  return ms === Infinity ? 'never' : (ms / 1_000).toFixed(2);
}
