/** `npm run e2e`: the stories, in whatever Chromium this machine has. Arguments go to Playwright. */
import { spawnSync } from 'node:child_process';
import { build } from './build.mjs';
import { findChromium } from './chromium.mjs';
import { bin, ensureInstalled, root } from './install.mjs';

ensureInstalled();
const browser = await findChromium();
if (!browser || !build()) process.exit(1);
const given = process.argv.slice(2);
const { status } = spawnSync(
  bin('playwright'),
  ['test', ...(given.includes('--config') ? [] : ['--config', 'e2e/playwright.config.ts']), ...given],
  { cwd: root, stdio: 'inherit', env: { ...process.env, GOSSAMER_CHROMIUM: browser } },
);
process.exit(status ?? 1);
