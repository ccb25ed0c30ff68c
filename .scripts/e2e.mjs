/** `npm run e2e`: the stories, in whatever Chromium this machine has. Arguments go to Playwright. */
import { spawnSync } from 'node:child_process';
import { build } from './build.mjs';
import { findChromium } from './chromium.mjs';
import { bin, ensureInstalled, root } from './install.mjs';
import { storyArguments } from './stories.mjs';

ensureInstalled();
const browser = await findChromium();
if (!browser || !build()) process.exit(1);
const { status } = spawnSync(bin('playwright'), ['test', ...storyArguments(process.argv.slice(2))], {
  cwd: root,
  stdio: 'inherit',
  env: { ...process.env, GOSSAMER_CHROMIUM: browser },
});
process.exit(status ?? 1);
