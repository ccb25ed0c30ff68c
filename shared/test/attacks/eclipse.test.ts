/** A ring of a third of the room surrounds one member: half of its links at most are of the ring's making. */
import { expect, test } from 'vitest';
import { eclipse } from '#sim/scenarios/eclipse.ts';

test.each([
  { comes: 'first', seed: 1 },
  { comes: 'last', seed: 3 },
])(
  'who came $comes keeps half of its links of its own choice, hears all and is heard (seed $seed)',
  ({ comes, seed }) => {
    const { metrics } = eclipse.run({
      nodes: 60,
      seed,
      variant: comes,
      full: false,
      progress: () => undefined,
    });
    expect(metrics).toMatchObject({ deliveredPct: 100, heardPct: 100 });
    expect(metrics['othersPct']).toBeLessThanOrEqual(50);
    expect(metrics['links']).toBeLessThanOrEqual(10);
  },
  120_000,
);
