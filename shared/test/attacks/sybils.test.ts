/** Three members in ten join as honest ones do, and forward nothing. */
import { expect, test } from 'vitest';
import { sybils } from '#sim/scenarios/sybils.ts';

const run = (variant: string, nodes = 45): Readonly<Record<string, number>> =>
  sybils.run({ nodes, seed: 1, variant, full: false, progress: () => undefined }).metrics;

test.each(['mute-30', 'withhold-30', 'prune-30'])(
  'the honest hear all of one another among sybils (%s)',
  (variant) => {
    expect(run(variant)).toMatchObject({ deliveredPct: 100, components: 1, wronged: 0 });
  },
  600_000,
);

// Few are honest, and which links these happen to have decides how many of them are cut off.
test('the control: among nine in ten not all are heard', () => {
  expect(run('mute-90', 30)['deliveredPct']).toBeLessThan(100);
}, 600_000);
