/** Bundles the simulator for plain Node: the command, and the worker that its seeds are spread over. */
import { fileURLToPath } from 'node:url';
import { defineConfig, type UserConfig } from 'vite';

const config: UserConfig = defineConfig({
  root: fileURLToPath(new URL('.', import.meta.url)),
  logLevel: 'warn',
  ssr: { noExternal: true },
  build: {
    ssr: true,
    target: 'node20',
    outDir: fileURLToPath(new URL('../../../dist/sim', import.meta.url)),
    emptyOutDir: true,
    rolldownOptions: {
      input: { main: 'main.ts', swarm: 'swarm.ts', bench: 'bench.ts', worker: 'worker.ts' },
    },
  },
});

// oxlint-disable-next-line import/no-default-export -- Vite asks for one.
export default config;
