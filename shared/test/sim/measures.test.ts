import { describe, expect, it } from 'vitest';
import { distribution, mean, percentile } from '#sim/measures.ts';

describe('a percentile', () => {
  it('is the nearest rank, in whatever order the values come', () => {
    const values = [40, 10, 30, 20];
    expect([0, 0.25, 0.5, 0.51, 1].map((share) => percentile(values, share))).toEqual([10, 10, 20, 30, 40]);
    expect(values).toEqual([40, 10, 30, 20]);
  });

  it('orders by size, not by spelling', () => {
    expect(percentile([9, 100], 1)).toBe(100);
  });

  it('is nothing of nothing, and so is the mean', () => {
    expect(percentile([], 0.5)).toBeNaN();
    expect(mean([])).toBeNaN();
    expect(mean([1, 2, 6])).toBe(3);
  });
});

describe('a distribution', () => {
  it('rises to all, at each step', () => {
    expect(distribution([25, 0, 10, 11], 10)).toEqual([
      [0, 0.25],
      [10, 0.5],
      [20, 0.75],
      [30, 1],
    ]);
    expect(distribution([], 10)).toEqual([]);
  });
});
