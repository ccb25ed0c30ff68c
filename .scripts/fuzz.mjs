/** `npm run fuzz`: a million random and damaged inputs for every decoder; `-- COUNT` for another number. */
import { spawnSync } from 'node:child_process';
import { bin, ensureInstalled, root } from './install.mjs';

ensureInstalled();
const inputs = process.argv[2] ?? '1000000';
if (!/^[1-9]\d*$/.test(inputs)) {
  process.stderr.write(`${inputs} is no number of inputs.\n`);
  process.exit(2);
}
const { status } = spawnSync(bin('vitest'), ['run', '--config', '.vitest.config.ts', '/fuzz'], {
  cwd: root,
  stdio: 'inherit',
  env: { ...process.env, FUZZ_INPUTS: inputs },
});
process.exit(status ?? 1);
