import { defineConfig } from 'vitest/config';
import { BaseSequencer, type TestSpecification } from 'vitest/node';

/** Begun last, any of these would run on alone for half a minute and more. */
const LONGEST = ['sim/swarm', 'attacks/eclipse', 'attacks/sybils', 'fuzz-webcrypto'];

const isLong = ({ moduleId }: TestSpecification): boolean => LONGEST.some((name) => moduleId.includes(name));

class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    // oxlint-disable-next-line unicorn/no-array-sort -- A sequencer's, not an array's.
    const usual = await super.sort(files);
    return [...usual.filter(isLong), ...usual.filter((file) => !isLong(file))];
  }
}

/** Files that replace modules or load them anew, and those that weigh the heap: each needs a process of its own. */
const ALONE = [
  '{client,shared}/test/**/fuzz*.test.ts',
  'client/test/index.test.ts',
  'client/test/data/map.test.ts',
  'client/test/transport/restart.test.ts',
  'client/test/transport/simple-peer-transport.test.ts',
];

export default defineConfig({
  test: {
    environment: 'node',
    testTimeout: 30_000,
    // Vitest leaves one core to the terminal, which is half of a small machine.
    maxWorkers: '100%',
    sequence: { sequencer: LongestFirst },
    restoreMocks: true,
    unstubGlobals: true,
    projects: [
      {
        extends: true,
        // To load the same modules anew for each file takes as long as half of the tests.
        test: {
          name: 'together',
          include: ['{shared,client,signaling-server,e2e}/test/**/*.test.ts'],
          exclude: ALONE,
          isolate: false,
        },
      },
      { extends: true, test: { name: 'alone', include: ALONE } },
    ],
  },
});
