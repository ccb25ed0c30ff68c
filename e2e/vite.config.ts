/** Bundles a program, the bench or the soak, into one file for plain Node; packages stay outside. The mode names its folder. */
import { fileURLToPath } from 'node:url';
import { defineConfig, type UserConfigFnObject } from 'vite';

const config: UserConfigFnObject = defineConfig(({ mode }) => ({
  root: fileURLToPath(new URL(mode, import.meta.url)),
  logLevel: 'warn',
  build: {
    ssr: 'main.ts',
    target: 'node20',
    outDir: fileURLToPath(new URL(`../dist/${mode}`, import.meta.url)),
    emptyOutDir: true,
  },
}));

// oxlint-disable-next-line import/no-default-export -- Vite asks for one.
export default config;
