/** `npm run lab`: tabs behind real NATs and on bad lines, in networks that only root can make. Arguments go to Playwright. */
import { spawnSync } from 'node:child_process';
import { build } from './build.mjs';
import { findChromium } from './chromium.mjs';
import { bin, ensureInstalled, root } from './install.mjs';

const LOSS = ['-A', 'FORWARD', '-m', 'statistic', '--mode', 'random', '--probability', '0.1', '-j', 'DROP'];
const MASQUERADE = ['-t', 'nat', '-A', 'POSTROUTING', '-j', 'MASQUERADE'];

/** Each tool with the Debian package that has it. */
const TOOLS = { ip: 'iproute2', iptables: 'iptables', turnserver: 'coturn' };

const succeeds = (command, ...words) => spawnSync(command, words, { stdio: 'ignore' }).status === 0;

/** Calls `look` with the name of a network namespace that is gone afterwards; `undefined` where there can be none. */
function inTrial(look) {
  const name = `gossamer-${process.pid}-trial`;
  if (!succeeds('ip', 'netns', 'add', name)) return undefined;
  try {
    return look((...words) => succeeds('ip', 'netns', 'exec', name, ...words));
  } finally {
    spawnSync('ip', ['netns', 'delete', name]);
  }
}

/** Why there can be no lab here, in one line; `undefined` where there can. */
function whyNot() {
  if (process.platform !== 'linux') return 'The lab needs Linux: it is made of network namespaces.';
  if (process.getuid() !== 0) return 'The lab needs root: it makes network namespaces.';
  const missing = Object.entries(TOOLS).filter(([tool]) => !succeeds('which', tool));
  if (missing.length > 0) {
    const packages = missing.map(([, name]) => name).join(' ');
    return `The lab needs ${missing.map(([tool]) => tool).join(', ')}: on Debian, \`apt-get install ${packages}\`.`;
  }
  const hasAll = inTrial((run) => run('iptables', ...MASQUERADE) && run('iptables', ...LOSS));
  if (hasAll === undefined) return 'The lab needs network namespaces, which this machine does not give.';
  return hasAll
    ? undefined
    : 'The lab needs iptables with MASQUERADE and statistic, which this kernel lacks.';
}

const reason = whyNot();
if (reason) {
  process.stderr.write(`${reason}\n`);
  process.exit(1);
}
if (!inTrial((run) => run('tc', 'qdisc', 'add', 'dev', 'lo', 'root', 'netem', 'delay', '10ms')))
  process.stdout.write(
    'This kernel has no netem. The lab does without: lines lose packets and are cut here.\n',
  );

ensureInstalled();
const browser = await findChromium();
if (!browser || !build()) process.exit(1);
const words = ['test', '--config', 'e2e/lab/playwright.config.ts', ...process.argv.slice(2)];
const { status } = spawnSync(bin('playwright'), words, {
  cwd: root,
  stdio: 'inherit',
  env: { ...process.env, GOSSAMER_CHROMIUM: browser },
});
process.exit(status ?? 1);
