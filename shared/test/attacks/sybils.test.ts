/** Three members in ten join as honest ones do, and forward nothing. */
import { expect, test } from 'vitest';
import { sybils } from '#sim/scenarios/sybils.ts';

test.each(['mute-30', 'withhold-30', 'prune-30'])(
  'the honest hear all of one another among sybils (%s)',
  (variant) => {
    const { metrics } = sybils.run({ nodes: 60, seed: 1, variant, full: false, progress: () => undefined });
    expect(metrics).toMatchObject({ deliveredPct: 100, components: 1, wronged: 0 });
  },
  600_000,
);
