import { defineConfig } from 'vitest/config';
import { BaseSequencer, type TestSpecification } from 'vitest/node';

/** Begun last, any of these would run on alone for half a minute and more. */
const LONGEST = ['sim/swarm', 'attacks/eclipse', 'attacks/sybils'];

const isLong = ({ moduleId }: TestSpecification): boolean => LONGEST.some((name) => moduleId.includes(name));

class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    // oxlint-disable-next-line unicorn/no-array-sort -- A sequencer's, not an array's.
    const usual = await super.sort(files);
    return [...usual.filter(isLong), ...usual.filter((file) => !isLong(file))];
  }
}

export default defineConfig({
  test: {
    include: ['{shared,client,signaling-server,e2e}/test/**/*.test.ts'],
    environment: 'node',
    testTimeout: 30_000,
    // Vitest leaves one core to the terminal, which is half of a small machine.
    maxWorkers: '100%',
    sequence: { sequencer: LongestFirst },
  },
});
