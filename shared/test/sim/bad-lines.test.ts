/** The scenarios about lines that never come about, are cut, or lose packets, small: what comes of them, not how fast. */
import { describe, expect, test } from 'vitest';
import type { Scenario } from '#sim/scenario.ts';
import { cuts } from '#sim/scenarios/cuts.ts';
import { hole } from '#sim/scenarios/hole.ts';
import { loss } from '#sim/scenarios/loss.ts';

const run = (scenario: Scenario, variant: string, nodes: number) =>
  scenario.run({ nodes, seed: 1, variant, full: false, progress: () => undefined }).metrics;

test.each([cuts, hole, loss].map((scenario): [string, Scenario] => [scenario.name, scenario]))(
  'each row of %s is of one of its variants',
  (_name, { rows, variants }) => {
    for (const { variant } of rows) expect(variants).toContain(variant);
  },
);

const WHOLE = { missed: 0, repeats: 0, deaths: 0, suspects: 0, equal: 1 };

describe('a hole', () => {
  // Of a third, some leave a member below its minimum: these are tried more often.
  test.each([
    ['pair', 8, 'holeConstructedMax'],
    ['third', 12, 'holeConstructed'],
  ])('leaves a room whole, and rests after two attempts (%s of %i)', (variant, nodes, constructed) => {
    const metrics = run(hole, variant, nodes);
    expect(metrics).toMatchObject(WHOLE);
    // It was tried, and in vain.
    expect(metrics['holeConstructed']).toBeGreaterThan(0);
    expect(metrics[constructed]).toBeLessThanOrEqual(4);
    expect(metrics['formedS']).toBeLessThan(30);
  });

  test('is tried once a minute where the two have but one other', () => {
    const metrics = run(hole, 'pair', 3);
    expect(metrics).toMatchObject(WHOLE);
    expect(metrics['holeConstructed']).toBeGreaterThan(4);
    // Two minutes, both ends.
    expect(metrics['restConstructed']).toBeLessThanOrEqual(6);
  });
});

describe('a cut of everything', () => {
  test.each(['5', '12'])('of %s s is over within 3 s of healing, on the same connections', (seconds) => {
    const metrics = run(cuts, seconds, 3);
    expect(metrics).toMatchObject({ missed: 0, constructed: 0, keptPct: 100 });
    expect(metrics['equalMs']).toBeLessThanOrEqual(3_000);
    expect(metrics['equalMs']).toBeGreaterThan(0);
  });

  test('of 30 s leaves no connection, and loses no update', () => {
    const metrics = run(cuts, '30', 3);
    expect(metrics).toMatchObject({ missed: 0, keptPct: 0 });
    expect(metrics['constructed']).toBeGreaterThan(0);
    expect(metrics['equalMs']).toBeLessThan(60_000);
  });
});

describe('lines that lose packets', () => {
  test('lose no update, and the more they lose the later these come', () => {
    const [few, many] = ['1', '30'].map((variant) => run(loss, variant, 3));
    expect(few).toMatchObject({ missed: 0, aliveDeaths: 0, equal: 1 });
    // In some seeds a living member is taken for dead there.
    expect(many).toMatchObject({ missed: 0, equal: 1 });
    expect(few?.['p99Ms']).toBeLessThan(500);
    expect(many?.['p99Ms']).toBeGreaterThan(few!['p99Ms']!);
    expect(many?.['maxMs']).toBeGreaterThan(1_000);
  });
});
