/** The bench from its arguments to its exit code, knowing Node only by what it is given. */
import type { Scenario, ScenarioResult } from '../scenario.ts';
import { placeOf, replayOf, type ScenarioJob } from './jobs.ts';
import { EXIT_BAD_OPTION } from './options.ts';
import { BENCH_USAGE, parseBench, planJobs, type BenchOptions, type Plan } from './plan.ts';
import { plotsOf, type Done } from './plots.ts';
import type { RunAll } from './pool.ts';
import { createProgress, type Screen } from './progress.ts';
import { htmlReport } from './report.ts';
import {
  isMetSoFar,
  jsonOfRows,
  mergeRows,
  rowsOf,
  SEEDS_STATED,
  textOfRows,
  type JsonRow,
  type RowResult,
} from './table.ts';

export interface BenchWorld {
  readonly scenarios: readonly Scenario[];
  readonly runAll: RunAll;
  /** What was asked for: the table, or the JSON. */
  readonly print: (text: string) => void;
  /** Everything else that people read. */
  readonly screen: Screen;
  /** Calls back about once a second until what it returns is called. */
  readonly every: (tick: () => void) => () => void;
  readonly readBaseline: () => string | undefined;
  readonly writeBaseline: (text: string) => void;
  /** Returns where it was written to. */
  readonly writeReport: (html: string) => string;
  /** For people. */
  readonly today: string;
}

interface Failed {
  readonly job: ScenarioJob;
  readonly problem: string;
}

interface Outcome {
  readonly done: readonly Done[];
  readonly failed: readonly Failed[];
}

/** Returns the exit code: 1 if a run failed. A target that is not met is a figure like any other. */
export async function bench(args: readonly string[], world: BenchWorld): Promise<number> {
  const { scenarios, print, screen } = world;
  const parsed = parseBench(args, scenarios);
  if (!parsed.ok) {
    screen.write(`${parsed.error}\n`);
    return EXIT_BAD_OPTION;
  }
  const options = parsed.value;
  if (options.help) {
    print(BENCH_USAGE);
    return 0;
  }
  const plan = planJobs(options);
  const outcome = await runJobs(plan.jobs, options.minutes, world);
  const rows = tableOf(outcome, scenarios);
  const lacks = [...notesOn(plan), ...notesOnTime(plan, outcome, options)];
  const notes = [...lacks, summaryOf(rows)].map((note) => `${note}\n`).join('');
  print(options.json ? jsonOfRows(rows) : `${textOfRows(rows)}\n${notes}`);
  if (options.json) screen.write(notes);
  const before = readRows(world.readBaseline());
  const report = htmlReport({
    scenarios: options.scenarios,
    rows,
    before,
    plots: plotsOf(outcome.done, rows),
    facts: [`${world.today}; ${options.seeds === 1 ? 'one seed' : `seeds 1 to ${options.seeds}`}`, ...lacks],
    failures: outcome.failed.map(({ job, problem }) => `${replayOf(job)}\n${firstLine(problem)}`),
  });
  screen.write(`The report: ${world.writeReport(report)}\n`);
  if (outcome.failed.length > 0) {
    screen.write(`${outcome.failed.length} of ${plan.jobs.length} runs failed; again:\n`);
    for (const { job, problem } of outcome.failed) {
      screen.write(`  ${replayOf(job)}\n    ${firstLine(problem)}\n`);
    }
    return 1;
  }
  if (options.baseline) world.writeBaseline(jsonOfRows(mergeRows(before, rows), 1));
  return 0;
}

async function runJobs(
  jobs: readonly ScenarioJob[],
  minutes: number,
  { runAll, screen, every }: BenchWorld,
): Promise<Outcome> {
  const done: Done[] = [];
  const failed: Failed[] = [];
  const progress = createProgress(screen, jobs.length);
  const stop = every(progress.tick);
  const startedAtMs = screen.nowMs();
  await runAll(jobs, {
    mayStart: () => screen.nowMs() - startedAtMs < minutes * 60_000,
    onStarted: progress.started,
    onProgress: progress.at,
    onDone: (job, result) => {
      done.push({ job, result: result as ScenarioResult });
      progress.ended(job, false);
    },
    onFailed: (job, problem) => {
      failed.push({ job, problem });
      progress.ended(job, true);
      progress.close();
      screen.write(`  ${replayOf(job)}\n${problem.replaceAll(/^/gm, '    ')}\n`);
    },
  });
  stop();
  progress.close();
  return { done, failed };
}

const firstLine = (text: string): string => text.split('\n', 1)[0] ?? '';

/** In the order of the scenarios; those with a target first, then by size. */
function tableOf({ done, failed }: Outcome, scenarios: readonly Scenario[]): readonly RowResult[] {
  const jobs = [...done, ...failed].map(({ job }) => job);
  const jobByPlace = new Map(jobs.map((job) => [placeOf(job), job]));
  const rows = [...jobByPlace].flatMap(([place, job]) => {
    const scenario = scenarios.find(({ name }) => name === job.scenario)!;
    const results = done
      .filter((one) => placeOf(one.job) === place)
      .toSorted((a, b) => a.job.seed - b.job.seed)
      .map(({ result }) => result.metrics);
    return rowsOf(scenario, job, {
      results,
      failed: failed.filter((one) => placeOf(one.job) === place).length,
    });
  });
  const order = (row: RowResult): number => scenarios.findIndex(({ name }) => name === row.scenario);
  const variantOrder = (row: RowResult): number => scenarios[order(row)]!.variants.indexOf(row.variant);
  return rows.toSorted(
    (a, b) =>
      order(a) - order(b) ||
      Number(a.target === null) - Number(b.target === null) ||
      variantOrder(a) - variantOrder(b) ||
      a.nodes - b.nodes,
  );
}

/** What the table does not show. */
function notesOn({ leftOut }: Plan): string[] {
  return [...leftOut].map(([reason, places]) => `Left out ${reason}: ${places.join(', ')}.`);
}

/** What there was no time for. */
function notesOnTime({ jobs }: Plan, { done, failed }: Outcome, { minutes, seeds }: BenchOptions): string[] {
  const ended = done.length + failed.length;
  if (ended === jobs.length) return [];
  const seedsByPlace = new Map(jobs.map((job) => [placeOf(job), 0]));
  for (const { job } of [...done, ...failed]) {
    seedsByPlace.set(placeOf(job), (seedsByPlace.get(placeOf(job)) ?? 0) + 1);
  }
  const counts = [...seedsByPlace.values()];
  const never = [...seedsByPlace].filter(([, count]) => count === 0).map(([place]) => place);
  return [
    `After ${minutes} minutes ${ended} of ${jobs.length} runs had been started: ${Math.min(...counts)} to ${Math.max(...counts)} of ${seeds} seeds of each figure.`,
    ...(never.length === 0 ? [] : [`Not run at all: ${never.join(', ')}.`]),
  ];
}

function summaryOf(rows: readonly RowResult[]): string {
  const judged = rows.filter(({ met }) => met !== null);
  const soFar = rows.filter(isMetSoFar).length;
  const met = judged.filter((row) => row.met === true).length - soFar;
  const few = soFar === 0 ? '' : `, ${soFar} more by the fewer than ${SEEDS_STATED} seeds that ran`;
  const failed = rows.some((row) => row.failed > 0) ? ' Of failed runs nothing counts as met.' : '';
  return `${met} of ${judged.length} targets met${few}.${failed}`;
}

/** A baseline that cannot be read is none. */
function readRows(text: string | undefined): readonly JsonRow[] {
  try {
    return (JSON.parse(text ?? '') as { rows: JsonRow[] }).rows;
  } catch {
    return [];
  }
}
