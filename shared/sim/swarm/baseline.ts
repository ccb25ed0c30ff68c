/** What the fixed seeds came to before, and how a run differs: behavior that has changed shows, also where nothing failed. */
import type { SwarmCounts } from './swarm.ts';

const NAMES = ['tabs', 'steps', 'frames', 'bytes', 'constructed', 'failed'] as const;

/** Counts of all fixed seeds together. */
export function sumCounts(all: readonly SwarmCounts[]): SwarmCounts {
  const sum = (pick: (counts: SwarmCounts) => number): number =>
    all.reduce((total, counts) => total + pick(counts), 0);
  return {
    tabs: sum(({ tabs }) => tabs),
    steps: sum(({ steps }) => steps),
    frames: sum(({ frames }) => frames),
    bytes: sum(({ bytes }) => bytes),
    constructed: sum(({ constructed }) => constructed),
    failed: sum(({ failed }) => failed),
  };
}

/** One line per count, with the change in percent. */
export function textOfDifference(before: SwarmCounts, after: SwarmCounts): string {
  return NAMES.map((name) => {
    const change = before[name] === 0 ? 0 : (100 * (after[name] - before[name])) / before[name];
    const percent = change === 0 ? 'same' : `${change > 0 ? '+' : ''}${change.toFixed(1)} %`;
    return `  ${name.padEnd(12)} ${String(before[name]).padStart(12)} ${String(after[name]).padStart(12)}  ${percent}\n`;
  }).join('');
}
