/** The fixed seeds of the swarm: those that once failed, and as many more. What they come to is compared with before. */
import { afterAll, describe, expect, test } from 'vitest';
import { sumCounts, textOfDifference } from '#sim/swarm/baseline.ts';
import { replayLine, runSwarm, type SwarmCounts } from '#sim/swarm/swarm.ts';
import baseline from './baseline.json' with { type: 'json' };
import seeds from './seeds.json' with { type: 'json' };

const counts: SwarmCounts[] = [];

/** Virtual time has no deadline; this is what a machine may take that has much else to do. */
const PATIENCE_MS = 240_000;

describe('a swarm', () => {
  test.each(seeds)(
    'with the seed %i is safe throughout, and well when it is calm',
    (seed) => {
      const result = runSwarm({ seed });
      counts.push(result.counts);
      expect(result.complaints, replayLine({ seed })).toEqual([]);
    },
    PATIENCE_MS,
  );

  afterAll(() => {
    process.stdout.write(`\nThe swarm's ${counts.length} seeds, before and now:\n`);
    process.stdout.write(textOfDifference(baseline, sumCounts(counts)));
  });
});
