/** Bundles the soak into one file for plain Node; packages stay outside. */
import { fileURLToPath } from 'node:url';
import { defineConfig, type UserConfig } from 'vite';

const config: UserConfig = defineConfig({
  root: fileURLToPath(new URL('.', import.meta.url)),
  logLevel: 'warn',
  build: {
    ssr: 'main.ts',
    target: 'node20',
    outDir: fileURLToPath(new URL('../../dist/soak', import.meta.url)),
    emptyOutDir: true,
  },
});

// oxlint-disable-next-line import/no-default-export -- Vite asks for one.
export default config;
