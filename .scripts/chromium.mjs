/** Finds a Chromium for the stories: Playwright's own, else the system's, else tries to install one. */
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { bin, root } from './install.mjs';

const SYSTEM_BROWSERS = [
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
  '/usr/bin/google-chrome-stable',
  '/snap/bin/chromium',
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
  '/Applications/Chromium.app/Contents/MacOS/Chromium',
];

/** The path of a browser, or undefined after saying in one sentence what to do. */
export async function findChromium() {
  const { chromium } = await import('@playwright/test');
  const candidates = [process.env.GOSSAMER_CHROMIUM, chromium.executablePath(), ...SYSTEM_BROWSERS];
  const present = candidates.find((path) => path && existsSync(path));
  if (present) return present;

  spawnSync(bin('playwright'), ['install', 'chromium'], { cwd: root, stdio: 'ignore', timeout: 180_000 });
  if (existsSync(chromium.executablePath())) return chromium.executablePath();

  process.stderr.write(
    'No Chromium was found and none could be downloaded: install one (on Debian, `apt-get install chromium`) ' +
      'or name it in GOSSAMER_CHROMIUM.\n',
  );
  return undefined;
}
