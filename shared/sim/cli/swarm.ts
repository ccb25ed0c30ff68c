/**
 * `npm run sim:swarm`: runs of the swarm with fresh seeds, spread over the cores. A seed that fails joins the fixed
 * ones, which every test run repeats. `--baseline` runs the fixed ones and keeps what they came to.
 */
import { randomInt } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import { ok, type Result } from '#shared/base/result.ts';
import { sumCounts, textOfDifference } from '../swarm/baseline.ts';
import { replayLine, type SwarmCounts } from '../swarm/swarm.ts';
import type { SwarmJob, SwarmRun } from './jobs.ts';
import { EXIT_BAD_OPTION, readOptions, wholeNumber } from './options.ts';
import { runAll } from './pool.ts';

const SEEDS_FILE = join('shared', 'test', 'sim', 'seeds.json');
const BASELINE_FILE = join('shared', 'test', 'sim', 'baseline.json');
const SEEDS_PER_JOB = 10;
const SEED_MAX = 2 ** 31;
/** Days. */
const SEEDS_MAX = 1_000_000;
/** Seeds kept for every test run. More would make it slow; the oldest proved themselves longest ago. */
const FIXED_MAX = 100;

/** Without `--seeds`. */
const SEEDS = '200';

interface SwarmOptions {
  readonly seeds: number;
  /** The first of them; they are drawn otherwise. */
  readonly from: number | undefined;
  readonly baseline: boolean;
}

function parseSwarm(args: readonly string[]): Result<SwarmOptions, string> {
  const typed = readOptions(args, {
    seeds: { type: 'string' },
    from: { type: 'string' },
    baseline: { type: 'boolean' },
  });
  if (!typed.ok) return typed;
  const { seeds: text = SEEDS, from: fromText, baseline } = typed.value;
  const seeds = wholeNumber(text, { name: 'seeds', code: 'badSeeds', min: 1, max: SEEDS_MAX });
  if (!seeds.ok) return seeds;
  const bounds = { name: 'from', code: 'badSeed', min: 0, max: SEED_MAX } as const;
  const from = fromText === undefined ? ok(undefined) : wholeNumber(fromText, bounds);
  if (!from.ok) return from;
  return ok({ seeds: seeds.value, from: from.value, baseline });
}

const print = (text: string): void => void process.stdout.write(text);
const readJson = (file: string): unknown => JSON.parse(readFileSync(file, 'utf8'));
const fixed = readJson(SEEDS_FILE) as number[];

interface Ran {
  readonly seed: number;
  readonly complaints: readonly string[];
  readonly counts: SwarmCounts | undefined;
}

async function runSeeds(seeds: readonly number[]): Promise<readonly Ran[]> {
  const ran: Ran[] = [];
  const note = (one: Ran): void => {
    ran.push(one);
    if (one.complaints.length > 0) {
      print(
        `\n${replayLine({ seed: one.seed })}\n${one.complaints.map((complaint) => `  ${complaint}\n`).join('')}`,
      );
    }
    if (ran.length % 50 === 0 || ran.length === seeds.length) print(`${ran.length} of ${seeds.length}\n`);
  };
  const jobs = Array.from({ length: Math.ceil(seeds.length / SEEDS_PER_JOB) }, (_, at): SwarmJob => ({
    kind: 'swarm',
    seeds: seeds.slice(at * SEEDS_PER_JOB, (at + 1) * SEEDS_PER_JOB),
  }));
  await runAll(jobs, {
    onDone: (_job, result) => (result as readonly SwarmRun[]).forEach(note),
    onFailed: (job, problem) => {
      for (const seed of job.seeds) note({ seed, complaints: [problem], counts: undefined });
    },
  });
  return ran;
}

function freshSeeds({ seeds, from }: SwarmOptions): number[] {
  return Array.from({ length: seeds }, (_, at) => (from === undefined ? randomInt(SEED_MAX) : from + at));
}

async function main(args: readonly string[]): Promise<number> {
  const options = parseSwarm(args);
  if (!options.ok) {
    process.stderr.write(`${options.error}\n`);
    return EXIT_BAD_OPTION;
  }
  const { baseline } = options.value;
  const ran = await runSeeds(baseline ? fixed : freshSeeds(options.value));
  const failed = ran.filter(({ complaints }) => complaints.length > 0);
  if (baseline && failed.length === 0) {
    const counts = sumCounts(ran.flatMap((one) => one.counts ?? []));
    print(textOfDifference(readJson(BASELINE_FILE) as SwarmCounts, counts));
    writeFileSync(BASELINE_FILE, `${JSON.stringify(counts, null, 2)}\n`);
  }
  const fresh = failed.map(({ seed }) => seed).filter((seed) => !fixed.includes(seed));
  if (fresh.length > 0) {
    const kept = [...fixed, ...fresh].slice(-FIXED_MAX);
    writeFileSync(SEEDS_FILE, `${JSON.stringify(kept)}\n`);
    print(`${fresh.length} seeds joined ${SEEDS_FILE}\n`);
  }
  print(`${ran.length - failed.length} passed, ${failed.length} failed\n`);
  return failed.length === 0 ? 0 : 1;
}

process.exitCode = await main(process.argv.slice(2));
