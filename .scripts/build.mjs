/** Builds the library, the page and the server, quietly; true when all of them succeeded. */
import { spawnSync } from 'node:child_process';
import { bin, root } from './install.mjs';

export function build() {
  return ['client/vite.config.ts', 'client/demo/vite.config.ts', 'signaling-server/vite.config.ts'].every(
    (config) => {
      const { status } = spawnSync(bin('vite'), ['build', '--config', config, '--logLevel', 'error'], {
        cwd: root,
        stdio: ['ignore', 2, 'inherit'],
      });
      return status === 0;
    },
  );
}
