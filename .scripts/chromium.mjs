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

export const NO_CHROMIUM =
  'No Chromium was found and none could be downloaded: install one (on Debian, `apt-get install chromium`) ' +
  'or name it in GOSSAMER_CHROMIUM.\n';

/** The path of a browser, or undefined after saying in one sentence what to do. */
export async function findChromium() {
  const { chromium } = await import('@playwright/test');
  const named = process.env.GOSSAMER_CHROMIUM;
  if (named && answers(named)) return named;
  if (named) process.stderr.write(`${named}, named in GOSSAMER_CHROMIUM, is no Chromium that runs.\n`);

  const present = [chromium.executablePath(), ...SYSTEM_BROWSERS].find(answers);
  if (present) return present;

  spawnSync(bin('playwright'), ['install', 'chromium'], { cwd: root, stdio: 'ignore', timeout: 180_000 });
  if (answers(chromium.executablePath())) return chromium.executablePath();

  process.stderr.write(NO_CHROMIUM);
  return undefined;
}

/** Whether it tells its version, in four numbers: what merely stands there may lack a library, or be a stub. */
function answers(path) {
  if (!existsSync(path)) return false;
  const { status, stdout } = spawnSync(path, ['--version'], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
    timeout: 20_000,
    killSignal: 'SIGKILL',
  });
  return status === 0 && /\d+\.\d+\.\d+\.\d+/.test(stdout);
}
