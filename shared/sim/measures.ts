/** Figures of samples. */

/** The value that this share of all does not exceed, by nearest rank; `NaN` of nothing. `share` from 0 to 1. */
export function percentile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(sorted.length * share) - 1)] ?? Number.NaN;
}

/** The arithmetic mean; `NaN` of nothing. */
export function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

/** The same points with shares in percent. */
export const inPercent = (
  points: readonly (readonly [x: number, share: number])[],
): readonly (readonly [x: number, percent: number])[] =>
  points.map(([x, share]) => [x, 100 * share] as const);

/** The share of all values up to each multiple of `step`, up to the greatest. */
export function distribution(
  values: readonly number[],
  step: number,
): readonly (readonly [upTo: number, share: number])[] {
  const sorted = values.toSorted((a, b) => a - b);
  const points: (readonly [number, number])[] = [];
  let counted = 0;
  for (let upTo = 0; counted < sorted.length; upTo += step) {
    while (counted < sorted.length && sorted[counted]! <= upTo) counted += 1;
    points.push([upTo, counted / sorted.length]);
  }
  return points;
}
