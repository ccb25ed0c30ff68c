/** Builds the library, bundles a program of `e2e/` for plain Node, and runs it with a browser. Arguments go to the program. */
import { spawnSync } from 'node:child_process';
import { build } from './build.mjs';
import { findChromium } from './chromium.mjs';
import { bin, ensureInstalled, root } from './install.mjs';

/** `name`: of its folder, in which `main.ts` is. Ends this process with what the program ends with. */
export async function runInRealTabs(name) {
  ensureInstalled();
  const browser = await findChromium();
  const bundled = () =>
    spawnSync(
      bin('vite'),
      ['build', '--config', 'e2e/vite.config.ts', '--mode', name, '--logLevel', 'error'],
      { cwd: root, stdio: ['ignore', 2, 'inherit'] },
    ).status === 0;
  if (!browser || !build() || !bundled()) process.exit(1);
  const { status } = spawnSync(process.execPath, [`dist/${name}/main.js`, ...process.argv.slice(2)], {
    cwd: root,
    stdio: 'inherit',
    env: { ...process.env, GOSSAMER_CHROMIUM: browser },
  });
  process.exit(status ?? 1);
}
