/** `npm run bench:trust`: what signing and verifying cost under Node. Arguments go to the bench. */
import { spawnSync } from 'node:child_process';
import { bin, ensureInstalled, root } from './install.mjs';

ensureInstalled();
const run = (command, args) => spawnSync(command, args, { cwd: root, stdio: 'inherit' }).status ?? 1;
const status = run(bin('vite'), ['build', '--config', 'client/bench/vite.config.ts']);
process.exit(status || run(process.execPath, ['dist/bench-trust/trust.js', ...process.argv.slice(2)]));
