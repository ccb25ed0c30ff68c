/** `npm run soak`: real tabs that crash, join and sleep for minutes. Arguments go to the soak. */
import { spawnSync } from 'node:child_process';
import { build } from './build.mjs';
import { findChromium } from './chromium.mjs';
import { bin, ensureInstalled, root } from './install.mjs';

ensureInstalled();
const browser = await findChromium();
const bundled = () =>
  spawnSync(bin('vite'), ['build', '--config', 'e2e/soak/vite.config.ts', '--logLevel', 'error'], {
    cwd: root,
    stdio: ['ignore', 2, 'inherit'],
  }).status === 0;
if (!browser || !build() || !bundled()) process.exit(1);
const { status } = spawnSync(process.execPath, ['dist/soak/main.js', ...process.argv.slice(2)], {
  cwd: root,
  stdio: 'inherit',
  env: { ...process.env, GOSSAMER_CHROMIUM: browser },
});
process.exit(status ?? 1);
