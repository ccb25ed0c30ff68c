/** `npm start`: install what is missing, build, and become the signaling server that also serves the page. */
import { readFileSync } from 'node:fs';
import { build } from './build.mjs';
import { ensureInstalled } from './install.mjs';

// npm hands SIGINT and SIGTERM to the shell between us, which may die without telling, and outlives an npm that is
// killed: remember both before the build, and watch for having lost either.
const lineage = () => `${process.ppid} ${parentOf(process.ppid)}`;
const born = lineage();

ensureInstalled();
if (!build()) {
  process.stderr.write('The build failed; the reason stands above.\n');
  process.exit(1);
}

setInterval(() => {
  if (lineage() !== born) process.kill(process.pid, 'SIGTERM');
}, 500).unref();

await import('../dist/server/main.js');

/** The parent of a process, where the system has a place to read it; elsewhere shells make way for what they run. */
function parentOf(pid) {
  try {
    return readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1)?.split(' ')[1];
  } catch {
    return undefined;
  }
}
