/**
 * `npm run bench:sim`: every scenario that has rows in the table, with several seeds each, spread over the cores. It
 * prints the table beside its targets, writes an HTML report with plots, and shows what changed since the baseline.
 */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import process from 'node:process';
import { SCENARIOS } from '../scenarios.ts';
import { runAll } from './pool.ts';
import { bench } from './run.ts';

const REPORT_FILE = join('.reports', 'sim.html');
const BASELINE_FILE = join('shared', 'sim', 'cli', 'bench-baseline.json');
const TICK_MS = 1_000;
const COLUMNS = 80;

process.exitCode = await bench(process.argv.slice(2), {
  scenarios: SCENARIOS,
  runAll,
  print: (text) => void process.stdout.write(text),
  screen: {
    write: (text) => void process.stderr.write(text),
    isTerminal: process.stderr.isTTY,
    // Some terminals do not know.
    columns: process.stderr.columns || COLUMNS,
    nowMs: () => performance.now(),
  },
  every(tick) {
    const timer = setInterval(tick, TICK_MS);
    return () => clearInterval(timer);
  },
  readBaseline,
  writeBaseline: (text) => writeFileSync(BASELINE_FILE, text),
  writeReport(html) {
    mkdirSync(dirname(REPORT_FILE), { recursive: true });
    writeFileSync(REPORT_FILE, html);
    return REPORT_FILE;
  },
  today: new Date().toISOString().slice(0, 10),
});

/** There need be none. */
function readBaseline(): string | undefined {
  try {
    return readFileSync(BASELINE_FILE, 'utf8');
  } catch {
    return undefined;
  }
}
