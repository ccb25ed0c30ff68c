/** The scenario about tabs that sleep or change their network, small. */
import { describe, expect, test } from 'vitest';
import { wake } from '#sim/scenarios/wake.ts';

const run = (variant: string, seed: number) =>
  wake.run({ nodes: 12, seed, variant, full: false, progress: () => undefined }).metrics;

test('each row is of one of its variants', () => {
  for (const { variant } of wake.rows) expect(wake.variants).toContain(variant);
});

describe.each([1, 2, 3])('what it tells (seed %i)', (seed) => {
  test('a change of the network keeps every link, and nobody is missed', () => {
    const metrics = run('network', seed);
    expect(metrics).toMatchObject({ falseDeaths: 0, missed: 0, keptPct: 100, constructed: 0 });
    expect(metrics['restarts']).toBeGreaterThan(0);
    expect(metrics['backMs']).toBeLessThan(5_000);
  });

  test.each(['nap', 'sleep', 'frozen'])('who comes back from a %s declares nobody dead', (variant) => {
    const metrics = run(variant, seed);
    expect(metrics['falseDeaths']).toBe(0);
    expect(metrics['backMs']).toBeLessThan(30_000);
  });
});
