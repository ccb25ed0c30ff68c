/** Builds the page, and serves it while it is being written. Run from the root of the repository. */
import { defineConfig } from 'vite';

// oxlint-disable-next-line import/no-default-export -- Vite demands it.
export default defineConfig({
  root: 'client/demo',
  base: './',
  // The bare import of simple-peer expects Node's globals and fails at start; its own bundle does not.
  resolve: { alias: [{ find: /^simple-peer$/, replacement: 'simple-peer/simplepeer.min.js' }] },
  // While the page is written: `PORT=8080 npm start` beside it is the signaling server. The page dials its own
  // origin, so that address's upgrades go there (Vite keeps those of its own live reload) and its pages do not.
  server: {
    proxy: {
      '^/$': {
        target: 'ws://localhost:8080',
        ws: true,
        bypass: ({ headers, url }) => (headers.upgrade === undefined ? url : undefined),
      },
    },
  },
  build: {
    outDir: '../../dist/page',
    emptyOutDir: true,
    // The page's content security policy knows neither data: nor inline scripts.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
  },
});
