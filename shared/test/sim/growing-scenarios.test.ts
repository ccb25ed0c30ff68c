/** The five scenarios about growing together and keeping in step, small: that they tell their story, not how fast. */
import { describe, expect, test } from 'vitest';
import type { Scenario } from '#sim/scenario.ts';
import { greeters } from '#sim/scenarios/greeters.ts';
import { links } from '#sim/scenarios/links.ts';
import { partition } from '#sim/scenarios/partition.ts';
import { reconcile } from '#sim/scenarios/reconcile.ts';
import { splitBrain } from '#sim/scenarios/split-brain.ts';

const play = (scenario: Scenario, variant: string, nodes: number) =>
  scenario.run({ nodes, seed: 3, variant, full: false, progress: () => undefined });

const run = (scenario: Scenario, variant: string, nodes: number) => play(scenario, variant, nodes).metrics;

const all = [greeters, links, partition, reconcile, splitBrain];

describe.each(all.map((scenario): [string, Scenario] => [scenario.name, scenario]))(
  '%s',
  (_name, scenario) => {
    test('each row is of one of its variants', () => {
      for (const { variant } of scenario.rows) expect(scenario.variants).toContain(variant);
      expect(scenario.variants).toEqual([...new Set(scenario.variants)]);
    });
  },
);

describe('what they tell', () => {
  test('a partition of 30 s heals', () => {
    const { metrics, curves } = play(partition, '30', 8);
    expect(metrics['mergedS']).toBeLessThan(60);
    expect(metrics['firstCrossS']).toBeGreaterThan(0);
    // The same story, looked at twice a second.
    const listed = curves['Convergence: who lists everybody']!.curves[0]!.points;
    expect(listed[0]).toEqual([0, 0]);
    expect(listed.at(-1)).toEqual([60, 100]);
    const wholeS = listed.find(([, percent]) => percent === 100)![0];
    expect(Math.abs(wholeS - metrics['mergedS']!)).toBeLessThanOrEqual(0.5);
    const crossed = curves['Links between the two']!.curves[0]!.points;
    expect(crossed.at(-1)![1]).toBeCloseTo(metrics['crossedPct']!);
  });

  test.each(splitBrain.variants)('two meshes exist, and become one: %s', (variant) => {
    const metrics = run(splitBrain, variant, 8);
    expect(metrics).toMatchObject({ buried: 1, meshesAfter30S: 1 });
    expect(metrics['mergedS']).toBeLessThan(120);
  });

  test('a room settles at four sockets', () => {
    const metrics = run(greeters, 'settled', 12);
    expect(metrics).toMatchObject({ lonelyS: 0 });
    expect(metrics['socketsMean']).toBeGreaterThanOrEqual(4);
    expect(metrics['socketsMean']).toBeLessThan(5);
  });

  test('greeters crash, and others take over', () => {
    const metrics = run(greeters, 'crash', 12);
    expect(metrics['greetedS']).toBeLessThan(120);
    expect(metrics['listedS']).toBeLessThan(120);
    expect(metrics['socketsAfter']).toBe(4);
  });

  test.each(['apart', 'restarted'])('two meshes exist among greeters, and become one: %s', (variant) => {
    expect(run(greeters, variant, 12)).toMatchObject({ buried: 1, meshesAfter30S: 1, socketsAfter: 4 });
  });

  test('newcomers hear messages, and are counted in links', () => {
    const metrics = run(links, 'four-contacts', 12);
    expect(metrics['neverHeard']).toBe(0);
    expect(metrics['firstMessageP50S']).toBeGreaterThan(0.3);
    expect(metrics['constructedPerNode']).toBeGreaterThanOrEqual(metrics['degreeMean']!);
  });

  test('a crash is mended with new links', () => {
    const metrics = run(links, 'crash', 20);
    expect(metrics['perCrash']).toBeGreaterThan(0);
    expect(metrics['listed']).toBe(1);
  });

  test('two members mend what was planted, in two round trips', () => {
    const metrics = run(reconcile, 'pair', 2);
    expect(metrics).toMatchObject({ inSyncBytes: 16, mended: 1, roundTrips: 2 });
    expect(metrics['oneDiffBytes']).toBeGreaterThan(140);
    expect(metrics['tenDiffBytes']).toBeGreaterThan(metrics['oneDiffBytes']!);
    expect(metrics['hundredDiffBytes']).toBeGreaterThan(metrics['tenDiffBytes']!);
  });
});
