/** What `bench:sim` is asked to run: its options, and the jobs that come of them. */
import { err, ok, type Result } from '#shared/base/result.ts';
import type { Row, Scenario } from '../scenario.ts';
import { placeOf, type ScenarioJob } from './jobs.ts';
import { SEEDS_STATED } from './table.ts';
import { named, nodesOf, readOptions, SEEDS_MAX, wholeNumber } from './options.ts';

export const BENCH_USAGE = `npm run bench:sim -- [--only NAME] [--seeds N] [--nodes-max N] [--minutes M] [--full]
                     [--json] [--baseline]

  --only NAME      one scenario
  --seeds N        seeds of each figure, 8 by default; the table shows their mean and the worst of them
  --nodes-max N    leaves out the figures of larger rooms
  --minutes M      starts no run later, 27 by default and with --full a day's: the table says
                   how many seeds there was time for
  --full           the long forms and the largest rooms too
  --json           prints the rows as JSON, and nothing else (npm run -s keeps npm quiet too)
  --baseline       keeps the figures for the next report's "mean before"
`;

/** What runs then takes a minute or two more: the longest runs come early. */
const MINUTES = '27';
const MINUTES_FULL = '1440';
const MINUTES_MAX = 10_080;

export interface BenchOptions {
  readonly scenarios: readonly Scenario[];
  /** Those that were not asked for: acts of them may be what was. */
  readonly others: readonly Scenario[];
  readonly seeds: number;
  readonly nodesMax: number;
  readonly minutes: number;
  readonly full: boolean;
  readonly json: boolean;
  readonly baseline: boolean;
  readonly help: boolean;
}

export function parseBench(
  args: readonly string[],
  scenarios: readonly Scenario[],
): Result<BenchOptions, string> {
  const typed = readOptions(args, {
    only: { type: 'string' },
    seeds: { type: 'string' },
    'nodes-max': { type: 'string' },
    minutes: { type: 'string' },
    full: { type: 'boolean' },
    json: { type: 'boolean' },
    baseline: { type: 'boolean' },
    help: { type: 'boolean', short: 'h' },
  });
  if (!typed.ok) return typed;
  const {
    only,
    seeds: seedsText = String(SEEDS_STATED),
    'nodes-max': nodesText,
    minutes: text,
    ...switches
  } = typed.value;
  const minutesText = text ?? (switches.full ? MINUTES_FULL : MINUTES);
  const chosen: Result<readonly Scenario[], string> =
    only === undefined ? ok(scenarios) : one(scenarios, only);
  if (!chosen.ok) return chosen;
  const seeds = wholeNumber(seedsText, { name: 'seeds', code: 'badSeeds', min: 1, max: SEEDS_MAX });
  if (!seeds.ok) return seeds;
  const nodesMax = nodesText === undefined ? ok(Infinity) : nodesOf(nodesText, 'nodes-max');
  if (!nodesMax.ok) return nodesMax;
  const minutes = wholeNumber(minutesText, { name: 'minutes', code: 'badMinutes', min: 1, max: MINUTES_MAX });
  if (!minutes.ok) return minutes;
  return ok({
    scenarios: chosen.value,
    others: scenarios.filter((scenario) => !chosen.value.includes(scenario)),
    seeds: seeds.value,
    nodesMax: nodesMax.value,
    minutes: minutes.value,
    ...switches,
  });
}

function one(scenarios: readonly Scenario[], name: string): Result<readonly Scenario[], string> {
  const found = named(scenarios, name);
  return found.ok ? ok([found.value]) : err(found.error);
}

export interface Plan {
  /**
   * One seed of everything, then the next, so that a bench that is cut short has a whole table; of each the smallest
   * rooms first, so that one that is cut still sooner lacks few figures.
   */
  readonly jobs: readonly ScenarioJob[];
  /** By reason, the places of the table that are not run: an option, with what it is set to. */
  readonly leftOut: ReadonlyMap<string, readonly string[]>;
}

export function planJobs(options: BenchOptions): Plan {
  const jobs = new Map<string, ScenarioJob>();
  const leftOut = new Map<string, Set<string>>();
  const leave = (reason: string, place: string): void =>
    void leftOut.set(reason, (leftOut.get(reason) ?? new Set()).add(place));
  for (const scenario of options.scenarios) {
    for (const row of scenario.rows) {
      const { nodes, variant } = row;
      const place = placeOf({ scenario: scenario.name, nodes, variant });
      const reason = reasonAgainst(row, options);
      if (reason !== undefined) {
        leave(reason, place);
        continue;
      }
      for (let seed = 1; seed <= options.seeds; seed++) {
        jobs.set(`${place} ${seed}`, {
          kind: 'scenario',
          scenario: scenario.name,
          nodes,
          variant,
          seed,
          full: options.full,
        });
      }
    }
  }
  for (const { place, reason } of actsElsewhere(options)) leave(reason, place);
  return {
    jobs: [...jobs.values()].toSorted((a, b) => a.seed - b.seed || a.nodes - b.nodes),
    leftOut: new Map([...leftOut].map(([reason, places]) => [reason, [...places]])),
  };
}

/** What is told of the chosen scenarios as an act of one that was not chosen. */
function actsElsewhere(
  options: BenchOptions,
): readonly { readonly place: string; readonly reason: string }[] {
  return options.others.flatMap(({ name, rows }) =>
    rows.flatMap((row) => {
      const { act, nodes } = row;
      const chosen = options.scenarios.find((scenario) => scenario.name === act?.scenario);
      if (act === undefined || chosen === undefined) return [];
      const reason = reasonAgainst(row, options) ?? `by --only ${chosen.name}`;
      return [{ place: `${placeOf({ ...act, nodes })} (an act of ${name})`, reason }];
    }),
  );
}

function reasonAgainst({ nodes, fullOnly }: Row, { nodesMax, full }: BenchOptions): string | undefined {
  if (nodes > nodesMax) return `by --nodes-max ${nodesMax}`;
  return fullOnly === true && !full ? 'without --full' : undefined;
}
