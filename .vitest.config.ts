import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['shared/test/**/*.test.ts', 'client/test/**/*.test.ts', 'signaling-server/test/**/*.test.ts'],
    environment: 'node',
    testTimeout: 30_000,
    // Vitest leaves one core to the terminal, which is half of a small machine.
    maxWorkers: '100%',
  },
});
