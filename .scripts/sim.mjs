/** `npm run sim`, `sim:swarm` and `bench:sim`: bundles the simulator for plain Node and runs one of its commands. */
import { spawnSync } from 'node:child_process';
import { bin, ensureInstalled, root } from './install.mjs';

ensureInstalled();
const [command, ...args] = process.argv.slice(2);
const bundled = spawnSync(
  bin('vite'),
  ['build', '--config', 'shared/sim/cli/vite.config.ts', '--logLevel', 'error'],
  { cwd: root, stdio: ['ignore', 2, 'inherit'] },
);
if (bundled.status !== 0) process.exit(1);
// Young objects die young in a simulation: a large nursery halves the time spent on garbage.
const { status } = spawnSync(
  process.execPath,
  ['--max-semi-space-size=64', '--max-old-space-size=8192', `dist/sim/${command}.js`, ...args],
  { cwd: root, stdio: 'inherit' },
);
process.exit(status ?? 1);
