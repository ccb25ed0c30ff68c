import { describe, expect, test } from 'vitest';
import { findGrowth, growthOf, isWarm, type Sample } from '../../soak/memory.ts';
import { readOptions } from '../../soak/options.ts';
import { holds, textOfChecks, textOfFigures } from '../../soak/report.ts';

describe('the options of a soak', () => {
  test('are those of the whole soak unless something else is said', () => {
    expect(readOptions([], 5)).toEqual({ tabs: 24, minutes: 10, everyS: 5, seed: 5 });
    expect(readOptions(['--tabs', '6', '--minutes=1', '--every', '3', '--seed', '7'], 5)).toEqual({
      tabs: 6,
      minutes: 1,
      everyS: 3,
      seed: 7,
    });
  });

  test.each([
    [['--tabs', '3'], '--tabs is a whole number from 4 to 64, not "3".'],
    [['--minutes', '0.5'], '--minutes is a whole number from 1 to 600, not "0.5".'],
    [['--what'], "Unknown option '--what'; there are --tabs, --minutes, --every, --seed."],
  ])('%j are refused', (args, sentence) => {
    expect(readOptions(args, 5)).toBe(sentence);
  });
});

describe('the growth of memory', () => {
  const sample = (share: number, usedBytes: number, connections = 6): Sample => ({
    tab: 0,
    share,
    usedBytes,
    connections,
  });

  test('is from the least of the middle to the least of the end', () => {
    const growths = growthOf([
      sample(0.1, 9_000_000),
      sample(0.4, 5_900_000),
      sample(0.5, 5_000_000),
      sample(0.9, 7_500_000),
      sample(1, 5_900_000),
    ]);
    expect(growths).toEqual([{ tab: 0, middleBytes: 5_000_000, endBytes: 5_900_000, connections: 6 }]);
    expect(findGrowth(growths)).toEqual([]);
  });

  test('is too much beyond its bound, and so are connections', () => {
    const growths = growthOf([sample(0.5, 5_000_000), sample(1, 6_100_000, 30)]);
    expect(findGrowth(growths)).toEqual([
      'the heap of tab 0 grew from 5.00 MB to 6.10 MB',
      'tab 0 held 30 connections',
    ]);
  });

  test('is judged in a soak that is long enough', () => {
    expect([7, 8, 10].map((minutes) => isWarm(minutes * 60_000))).toEqual([false, true, true]);
  });

  test('is not taken for nothing where nothing was measured', () => {
    expect(findGrowth(growthOf([sample(0.5, 5_000_000)]))).toEqual(['nothing was measured']);
  });
});

describe('the report', () => {
  test('says of each check whether it holds, and what does not', () => {
    const checks = [
      { name: 'all is well', problems: [], seen: '6 tabs' },
      { name: 'nothing is lost', problems: ['1', '2', '3', '4', '5', '6', '7'] },
    ];
    expect(holds(checks)).toBe(false);
    expect(holds(checks.slice(0, 1))).toBe(true);
    expect(textOfChecks(checks).split('\n')).toEqual([
      'holds  all is well (6 tabs)',
      'FAILS  nothing is lost',
      ...['1', '2', '3', '4', '5'].map((problem) => `         ${problem}`),
      '         and 2 more',
    ]);
  });

  test('says of each figure how long it took, of whom it was the longest, and whether that meets the goal', () => {
    const timings = [
      { tab: 3, ms: 1_000 },
      { tab: 4, ms: Infinity },
      { tab: 5, ms: 2_500 },
    ];
    const text = textOfFigures([
      { name: 'seen', timings, goalMs: 2_000 },
      { name: 'met', timings: timings.slice(0, 1), goalMs: 2_000 },
      { name: 'none', timings: [], goalMs: 2_000 },
    ]);
    expect(text.split('\n').map((line) => line.trim().split(/ {2,}/))).toEqual([
      ['seconds until', 'times', 'half', '90 %', 'longest', 'of tab', 'goal'],
      ['seen', '3', '2.50', 'never', 'never', '4', '2.00', 'missed by 2 of 3'],
      ['met', '1', '1.00', '1.00', '1.00', '3', '2.00', 'met'],
      ['none', '0', '-', '-', '-', '2.00'],
    ]);
  });
});
