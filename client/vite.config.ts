/** Builds the library: one ES module with all it needs inside. */
import { defineConfig } from 'vite';

export default defineConfig({
  root: import.meta.dirname,
  build: {
    outDir: '../dist/lib',
    emptyOutDir: true,
    target: 'es2022',
    sourcemap: true,
    // Vite leaves the white space in libraries; an application that takes this file as it is should not pay for it.
    rolldownOptions: { output: { minify: true } },
    lib: { entry: 'src/index.ts', formats: ['es'], fileName: () => 'gossamer.js' },
  },
});
