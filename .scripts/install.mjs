/** Installs the packages of the lockfile where they are missing or older than it. Plain Node: nothing is there yet. */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, lstatSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = fileURLToPath(new URL('..', import.meta.url));
const packages = join(root, 'node_modules');
const stamp = join(packages, '.gossamer-lock');

export function ensureInstalled() {
  const wanted = createHash('sha256')
    .update(readFileSync(join(root, 'package-lock.json')))
    .digest('hex');
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === wanted) return;
  // npm would empty what the link leads to, and the packages of another checkout would be gone.
  if (lstatSync(packages, { throwIfNoEntry: false })?.isSymbolicLink()) {
    process.stderr.write(
      'node_modules is a symbolic link, and what it leads to is older or newer than the lockfile: ' +
        'nothing was installed. Install where it leads, or remove the link.\n',
    );
    process.exit(1);
  }
  process.stderr.write('Installing packages, once …\n');
  // Under NODE_ENV=production npm would leave the build tools out.
  const result = runNpm(['ci', '--include=dev', '--loglevel=error']);
  if (result.status !== 0) {
    process.stderr.write('The packages could not be installed; npm said why above.\n');
    process.exit(1);
  }
  writeFileSync(stamp, wanted);
}

/** Runs npm by the path it was itself started with, so that no other npm gets in the way. */
function runNpm(args) {
  const npm = process.env.npm_execpath;
  const options = { cwd: root, stdio: ['ignore', 2, 'inherit'] };
  return npm ? spawnSync(process.execPath, [npm, ...args], options) : spawnSync('npm', args, options);
}

/** The path of a package's command. */
export const bin = (name) => join(root, 'node_modules', '.bin', name);
