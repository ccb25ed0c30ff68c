/** A ring of a third of the room surrounds one member: half of its links at most are of the ring's making. */
import { expect, test } from 'vitest';
import type { ScenarioResult } from '#sim/scenario.ts';
import { eclipse } from '#sim/scenarios/eclipse.ts';

const play = (variant: string, seed: number): ScenarioResult =>
  eclipse.run({ nodes: 40, seed, variant, full: false, progress: () => undefined });

test.each([
  { comes: 'first', seed: 1 },
  { comes: 'last', seed: 3 },
])(
  'who came $comes keeps half of its links of its own choice, hears all and is heard (seed $seed)',
  ({ comes, seed }) => {
    const { metrics } = play(comes, seed);
    expect(metrics).toMatchObject({ deliveredPct: 100, heardPct: 100 });
    expect(metrics['othersPct']).toBeLessThanOrEqual(50);
    expect(metrics['links']).toBeLessThanOrEqual(10);
  },
  600_000,
);

test('the control: where no choices are counted, the ring has most of them', () => {
  expect(play('credulous', 1).metrics['othersPct']).toBeGreaterThan(60);
}, 600_000);
