/** Bundles the bench of trust for plain Node. */
import { fileURLToPath } from 'node:url';
import { defineConfig, type UserConfig } from 'vite';

const config: UserConfig = defineConfig({
  root: fileURLToPath(new URL('.', import.meta.url)),
  logLevel: 'error',
  ssr: { noExternal: true },
  build: {
    ssr: true,
    target: 'node20',
    outDir: fileURLToPath(new URL('../../dist/bench-trust', import.meta.url)),
    emptyOutDir: true,
    rolldownOptions: { input: { trust: 'trust.ts' } },
  },
});

// oxlint-disable-next-line import/no-default-export -- Vite asks for one.
export default config;
