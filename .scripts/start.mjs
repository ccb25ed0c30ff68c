/** `npm start`: install what is missing, build, and become the signaling server that also serves the page. */
import { readFileSync } from 'node:fs';
import { build } from './build.mjs';
import { ensureInstalled } from './install.mjs';

// npm hands SIGINT and SIGTERM to the shell between us, which may die without telling, and outlives an npm that is
// killed: remember both before the build, and watch for having lost either. Where the shell made way for us, npm
// is our parent, and npm's parent may go as it likes.
const SHELLS = ['sh', 'dash', 'bash', 'ash', 'zsh', 'busybox'];
const shellIsBetween = SHELLS.includes(readProcess(process.ppid, 'comm')?.trim());
const lineage = () => `${process.ppid} ${shellIsBetween ? parentOf(process.ppid) : ''}`;
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

function parentOf(pid) {
  return readProcess(pid, 'stat')?.split(') ').at(-1)?.split(' ')[1];
}

/** What is known of a process, where the system has a place to read it; elsewhere shells make way for what they run. */
function readProcess(pid, what) {
  try {
    return readFileSync(`/proc/${pid}/${what}`, 'utf8');
  } catch {
    return undefined;
  }
}
