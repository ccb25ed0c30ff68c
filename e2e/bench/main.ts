/**
 * The bench: `npm run bench -- --runs 3 --large`. Gossamer and its rivals do the same things in the same
 * browser, one after another in every run. It asserts nothing; people compare.
 */
import { cpus } from 'node:os';
import { parseArgs } from 'node:util';
import { chromium, type Browser } from '@playwright/test';
import { CHROMIUM_ARGS, PROCESS_PER_TAB } from '../kit/chromium-args.ts';
import { installRivals, prepareContestant, type ContestantName, type ContestantPlan } from './contestants.ts';
import { reportOf, type Series } from './report.ts';
import { measureRound, type Figures, type RoundOptions } from './round.ts';

const TABS = 16;
const TABS_LARGE = 64;
const RIVALS: readonly ContestantName[] = ['y-webrtc', 'trystero'];

const FLAGS: readonly string[] = [...CHROMIUM_ARGS, PROCESS_PER_TAB];

const { values: given } = parseArgs({
  options: {
    runs: { type: 'string', default: '1' },
    tabs: { type: 'string', default: String(TABS) },
    large: { type: 'boolean', default: false },
    alone: { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
  },
});

interface Leg {
  readonly plan: ContestantPlan;
  readonly options: RoundOptions;
  readonly rounds: Figures[];
}

const root = process.cwd();
const names: readonly ContestantName[] =
  given.alone || !installRivals() ? ['gossamer'] : ['gossamer', ...RIVALS];
const plans = await Promise.all(names.map((name) => prepareContestant(root, name)));
const legs: Leg[] = plans.map((plan) => ({ plan, options: optionsFor(Number(given.tabs)), rounds: [] }));
const [gossamer] = plans;
if (given.large && gossamer) legs.push({ plan: gossamer, options: optionsFor(TABS_LARGE), rounds: [] });

let version = '';
for (let run = 1; run <= Number(given.runs); run++) {
  // Another goes first in every run, so that a machine that grows busier or calmer favors nobody.
  const first = run % legs.length;
  for (const leg of [...legs.slice(first), ...legs.slice(0, first)]) {
    process.stderr.write(`run ${run}: ${leg.plan.name}, ${leg.options.tabs} tabs …\n`);
    leg.rounds.push(await measureInFreshBrowser(leg));
  }
}

const series: readonly Series[] = legs.map(({ plan, options, rounds }) => ({
  contestant: plan.name,
  tabs: options.tabs,
  rounds,
}));
const machine = { cores: cpus().length, processor: cpus()[0]?.model, chromium: version };
process.stdout.write(
  given.json
    ? `${JSON.stringify({ machine, series }, undefined, 2)}\n`
    : `${machine.cores} cores, ${machine.processor}, Chromium ${version}; medians of ${given.runs}\n\n${reportOf(series)}\n`,
);

function optionsFor(tabs: number): RoundOptions {
  return { tabs, idleMs: 20_000, moves: 150 };
}

/** A browser of its own: nothing that a round left behind burdens the next. */
async function measureInFreshBrowser({ plan, options }: Leg): Promise<Figures> {
  const executablePath = process.env['GOSSAMER_CHROMIUM'];
  const browser: Browser = await chromium.launch({
    args: [...FLAGS],
    ...(executablePath ? { executablePath } : {}),
  });
  version = browser.version();
  try {
    return await measureRound(browser, plan, options);
  } finally {
    await browser.close();
  }
}
