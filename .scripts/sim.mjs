/** `npm run sim`, `sim:swarm` and `bench:sim`: bundles the simulator for plain Node and runs one of its commands. */
import { spawn, spawnSync } from 'node:child_process';
import { mkdirSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { bin, ensureInstalled, root } from './install.mjs';

/** Each run has a bundle of its own: a bench starts workers for half an hour, whatever is built meanwhile. */
const runs = join(root, 'dist', 'sim-runs');
const mine = join(runs, String(process.pid));

function isOver(pid) {
  try {
    process.kill(pid, 0);
    return false;
  } catch {
    return true;
  }
}

ensureInstalled();
const [command, ...args] = process.argv.slice(2);
// `npm run bench:sim --json`: npm takes that for itself, and moves its own lines out of the way.
if (process.env.npm_config_json === 'true' && !args.includes('--json')) args.push('--json');
mkdirSync(runs, { recursive: true });
// Who was killed left its bundle behind.
for (const pid of readdirSync(runs)) {
  if (isOver(Number(pid))) rmSync(join(runs, pid), { recursive: true, force: true });
}
process.on('exit', () => rmSync(mine, { recursive: true, force: true }));
const config = ['--config', 'shared/sim/cli/vite.config.ts', '--outDir', mine, '--logLevel', 'error'];
const bundled = spawnSync(bin('vite'), ['build', ...config], { cwd: root, stdio: ['ignore', 2, 'inherit'] });
if (bundled.status !== 0) process.exit(1);
// Young objects die young in a simulation: a large nursery halves the time spent on garbage.
const child = spawn(
  process.execPath,
  ['--max-semi-space-size=64', '--max-old-space-size=8192', join(mine, `${command}.js`), ...args],
  { cwd: root, stdio: 'inherit' },
);
// A terminal sends these to all, but who sends one to this process alone means the command too.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal));
child.on('exit', (code, signal) => process.exit(code ?? (signal === 'SIGINT' ? 130 : 1)));
