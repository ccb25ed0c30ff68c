/**
 * The soak: `npm run soak -- --tabs 24 --minutes 10 --every 5 --seed 7`. Tabs crash, join and sleep one after another,
 * while all of them move, write and speak. It ends with 1 where something does not hold that must.
 */
import { serveBlankPages } from '../kit/library.ts';
import { startChromium } from '../kit/raw-chromium.ts';
import { startServer } from '../kit/server.ts';
import { checksOf, figuresOf, notesOf } from './outcome.ts';
import { readOptions } from './options.ts';
import { drawPlan } from './plan.ts';
import { holds, textOfChecks, textOfFigures } from './report.ts';
import { runPlan } from './run.ts';

/** The room as a whole moves, and writes or speaks, so many times a second: all its tabs share one machine. */
const ROOM_BEATS_PER_S = 8;

const print = (line: string): void => void process.stdout.write(`${line}\n`);

const options = readOptions(process.argv.slice(2), Math.floor(Math.random() * 2 ** 32));
if (typeof options === 'string') {
  process.stderr.write(`${options}\n`);
  process.exit(2);
}
const { tabs, minutes, everyS, seed } = options;
const plan = drawPlan(options);
print(
  `${tabs} tabs for ${minutes} min, a crash, a join and a sleep every ${everyS} s; again: ` +
    `npm run soak -- --tabs ${tabs} --minutes ${minutes} --every ${everyS} --seed ${seed}`,
);
print(`Tabs ${plan.kept.join(', ')} never crash; ${plan.witnesses.join(', ')} of these never sleep.`);

const server = await startServer();
const pages = await serveBlankPages();
const chromium = await startChromium();
try {
  const place = {
    chromium,
    page: pages.url,
    signaling: server.url,
    room: 'soak',
    beatMs: (tabs * 1_000) / ROOM_BEATS_PER_S,
  };
  const outcome = await runPlan(place, { plan, tabs, everyS }, print);
  const checks = checksOf(outcome, options);
  const sections = [textOfChecks(checks), textOfFigures(figuresOf(outcome, plan)), notesOf(outcome)];
  print(`\n${sections.join('\n\n')}`);
  process.exitCode = holds(checks) ? 0 : 1;
} finally {
  await chromium.close();
  pages.close();
  await server.kill();
}
