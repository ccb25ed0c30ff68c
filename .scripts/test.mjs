/** `npm test`: everything that must hold, cheapest first; all steps run, so that one run shows all faults. */
import { spawnSync } from 'node:child_process';
import { rmSync } from 'node:fs';
import { build } from './build.mjs';
import { findChromium, NO_CHROMIUM } from './chromium.mjs';
import { bin, ensureInstalled, root } from './install.mjs';
import { LONG, storyArguments } from './stories.mjs';
import { distrust, storyReport, tally, unitReport } from './tally.mjs';

// First of all, so that whatever fails from here on, nobody adds up an older run.
rmSync(`${root}/.reports`, { recursive: true, force: true });
ensureInstalled();

const run = (command, args, env = {}) =>
  spawnSync(bin(command), args, { cwd: root, stdio: 'inherit', env: { ...process.env, ...env } }).status ===
  0;

const browser = await findChromium();
const steps = [
  { name: 'types', check: () => run('tsc', ['-b']) },
  {
    name: 'lint',
    check: () => run('oxlint', []) && run('prettier', ['--check', '.', '--log-level', 'warn']),
  },
  {
    name: 'boundaries',
    check: () =>
      run('depcruise', [
        '--config',
        '.dependency-cruiser.cjs',
        'shared',
        'client',
        'signaling-server',
        'e2e',
      ]),
  },
  { name: 'unused', check: () => run('knip', []) },
  { name: 'build', check: () => build() },
  { name: 'size', check: () => run('size-limit', []) },
  {
    name: 'unit',
    check: () =>
      run('vitest', [
        'run',
        '--config',
        '.vitest.config.ts',
        '--reporter=dot',
        '--reporter=json',
        `--outputFile.json=${unitReport}`,
      ]) || distrust(unitReport),
  },
  {
    name: 'stories',
    check: () => {
      if (browser === undefined) {
        // It was said before all steps, too; here is where a reader looks.
        process.stdout.write(NO_CHROMIUM);
        return false;
      }
      return run('playwright', ['test', ...storyArguments(['--grep-invert', LONG, '--reporter=list,json'])], {
        GOSSAMER_CHROMIUM: browser,
        PLAYWRIGHT_JSON_OUTPUT_NAME: storyReport,
      });
    },
  },
];

const failed = steps.filter(({ name, check }) => {
  const started = performance.now();
  process.stdout.write(`\n── ${name}\n`);
  const succeeded = check();
  const seconds = ((performance.now() - started) / 1_000).toFixed(1);
  process.stdout.write(`── ${name}: ${succeeded ? 'good' : 'FAILED'} in ${seconds} s\n`);
  return !succeeded;
});

if (failed.length > 0) process.stdout.write(`\nFailed: ${failed.map(({ name }) => name).join(', ')}\n`);
const counts = tally();
process.stdout.write(`${counts.passed} passed, ${counts.failed} failed\n`);
process.exit(failed.length === 0 && counts.failed === 0 ? 0 : 1);
