/** The value below which that share of all lies; `sorted` in rising order, `undefined` where it is empty. */
export function quantile(sorted: readonly number[], share: number): number | undefined {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))];
}
