/** `npm run sim`: one scenario with one seed, or one run of the swarm, with its trace if asked. */
import process from 'node:process';
import { SCENARIOS } from '../scenarios.ts';
import type { ScenarioResult } from '../scenario.ts';
import { replayLine, runSwarm } from '../swarm/swarm.ts';
import { parseSim, simUsage } from './ask.ts';
import { replayOf, runJob, type ScenarioJob } from './jobs.ts';
import { EXIT_BAD_OPTION } from './options.ts';
import { jsonOfRows, rowsOf, textOfRows } from './table.ts';

/** A short run has nothing to tell but what it came to. */
const TELL_EVERY_MS = 2_000;

const print = (text: string): void => void process.stdout.write(text);
const say = (text: string): void => void process.stderr.write(text);

function main(args: readonly string[]): number {
  const asked = parseSim(args, SCENARIOS);
  if (!asked.ok) {
    say(`${asked.error}\n${args.length === 0 ? `\n${simUsage(SCENARIOS)}` : ''}`);
    return EXIT_BAD_OPTION;
  }
  switch (asked.value.kind) {
    case 'help':
      print(simUsage(SCENARIOS));
      return 0;
    case 'scenario':
      return once(asked.value.job, asked.value.json);
    case 'swarm':
      return swarm(asked.value);
  }
}

function once(job: ScenarioJob, json: boolean): number {
  const startedMs = performance.now();
  let toldMs = startedMs;
  const progress = (at: string): void => {
    const now = performance.now();
    if (now - toldMs < TELL_EVERY_MS) return;
    toldMs = now;
    say(`${((now - startedMs) / 1_000).toFixed(1).padStart(7)} s  ${job.scenario}: ${at}\n`);
  };
  try {
    const { metrics } = runJob(job, progress) as ScenarioResult;
    const scenario = SCENARIOS.find(({ name }) => name === job.scenario)!;
    const rows = rowsOf(scenario, job, { results: [metrics], failed: 0 });
    print(json ? jsonOfRows(rows) : textOfRows(rows));
    return 0;
  } catch (problem) {
    say(`${problem instanceof Error ? problem.stack : String(problem)}\n${replayOf(job)}\n`);
    return 1;
  }
}

interface SwarmAsked {
  readonly seed: number;
  readonly nodes: number | undefined;
  readonly trace: boolean;
}

function swarm({ seed, nodes, trace: isTraced }: SwarmAsked): number {
  const options = { seed, ...(nodes === undefined ? {} : { nodes }) };
  const trace = (line: string): void => print(`${line}\n`);
  const { complaints, counts } = runSwarm({ ...options, ...(isTraced ? { trace } : {}) });
  print(`${JSON.stringify(counts)}\n`);
  for (const complaint of complaints) print(`${complaint}\n`);
  print(complaints.length === 0 ? 'good\n' : `${replayLine(options)}\n`);
  return complaints.length === 0 ? 0 : 1;
}

process.exitCode = main(process.argv.slice(2));
