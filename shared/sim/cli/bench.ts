/**
 * `npm run bench:sim`: every scenario that has rows in the table, with several seeds each, spread over the cores. It
 * prints the table beside its targets, writes an HTML report with plots, and shows what changed since the baseline.
 */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import { parseArgs } from 'node:util';
import type { Curve, ScenarioResult } from '../scenario.ts';
import { SCENARIOS } from '../scenarios.ts';
import type { ScenarioJob } from './jobs.ts';
import { runAll } from './pool.ts';
import { htmlReport, type Plot } from './report.ts';
import { rowsOf, textOfRows, type RowResult } from './table.ts';

const REPORT_FILE = join('.reports', 'sim.html');
const BASELINE_FILE = join('shared', 'sim', 'cli', 'bench-baseline.json');
const SEEDS = 8;

const { values } = parseArgs({
  options: {
    json: { type: 'boolean', default: false },
    full: { type: 'boolean', default: false },
    only: { type: 'string' },
    seeds: { type: 'string', default: String(SEEDS) },
    baseline: { type: 'boolean', default: false },
  },
});

interface Done {
  readonly job: ScenarioJob;
  readonly result: ScenarioResult;
}

/** What differs between two jobs but their seeds. */
const placeOf = ({ scenario, nodes, variant }: ScenarioJob): string => `${scenario} ${nodes} ${variant}`;

function planJobs(): readonly ScenarioJob[] {
  const jobs = new Map<string, ScenarioJob>();
  for (const scenario of SCENARIOS) {
    if (values.only !== undefined && scenario.name !== values.only) continue;
    for (const { nodes, variant, fullOnly } of scenario.rows) {
      if (fullOnly === true && !values.full) continue;
      for (let seed = 1; seed <= Number(values.seeds); seed++) {
        const job: ScenarioJob = {
          kind: 'scenario',
          scenario: scenario.name,
          nodes,
          variant,
          seed,
          full: values.full,
        };
        jobs.set(`${placeOf(job)} ${seed}`, job);
      }
    }
  }
  // The largest first: what is left at the end is small, so that no core stands idle for long.
  return [...jobs.values()].toSorted((a, b) => b.nodes - a.nodes);
}

async function runJobs(jobs: readonly ScenarioJob[]): Promise<readonly Done[]> {
  const started = performance.now();
  const done: Done[] = [];
  const say = (what: string): void => {
    const minutes = ((performance.now() - started) / 60_000).toFixed(1);
    process.stderr.write(`${minutes.padStart(5)} min  ${done.length} of ${jobs.length}  ${what}\n`);
  };
  await runAll(jobs, {
    onDone: (job, result) => {
      done.push({ job, result: result as ScenarioResult });
      say(`${placeOf(job)} seed ${job.seed}`);
    },
    onFailed: (job, problem) => {
      process.exitCode = 1;
      say(`${placeOf(job)} seed ${job.seed} FAILED: ${problem}`);
    },
  });
  return done;
}

const order = (row: RowResult): number => SCENARIOS.findIndex(({ name }) => name === row.scenario);

function tableOf(done: readonly Done[]): readonly RowResult[] {
  const rows = [...new Set(done.map(({ job }) => placeOf(job)))].flatMap((place) => {
    const same = done.filter(({ job }) => placeOf(job) === place);
    const { job } = same[0]!;
    const scenario = SCENARIOS.find(({ name }) => name === job.scenario)!;
    return rowsOf(
      scenario,
      job,
      same.toSorted((a, b) => a.job.seed - b.job.seed).map(({ result }) => result.metrics),
    );
  });
  return rows.toSorted(
    (a, b) =>
      order(a) - order(b) || Number(a.target === null) - Number(b.target === null) || a.nodes - b.nodes,
  );
}

/** One plot per name that curves were given under: those of the first seed of each place. */
function plotsOf(done: readonly Done[]): readonly Plot[] {
  const curvesByPlot = new Map<string, Curve[]>();
  for (const { job, result } of done) {
    if (job.seed !== 1) continue;
    for (const [plot, curves] of Object.entries(result.curves)) {
      const named = curves.map(({ name, points }) => ({
        name: `${name} (${job.variant}, N=${job.nodes})`,
        points,
      }));
      const title = `${job.scenario}: ${plot}`;
      curvesByPlot.set(title, [...(curvesByPlot.get(title) ?? []), ...named]);
    }
  }
  return [...curvesByPlot].map(([title, curves]) => ({ title, curves }));
}

function readBaseline(): readonly RowResult[] {
  try {
    return (JSON.parse(readFileSync(BASELINE_FILE, 'utf8')) as { rows: RowResult[] }).rows;
  } catch {
    return [];
  }
}

const done = await runJobs(planJobs());
const rows = tableOf(done);
const before = readBaseline();
process.stdout.write(values.json ? `${JSON.stringify({ rows })}\n` : textOfRows(rows));
mkdirSync('.reports', { recursive: true });
writeFileSync(REPORT_FILE, htmlReport({ rows, before, plots: plotsOf(done) }));
process.stderr.write(`The report: ${REPORT_FILE}\n`);
if (values.baseline) writeFileSync(BASELINE_FILE, `${JSON.stringify({ rows }, null, 1)}\n`);
