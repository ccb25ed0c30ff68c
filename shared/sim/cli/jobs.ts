/** What is run in a process of its own, so that seeds are spread over cores: one seed of a scenario, or of the swarm. */
import type { Scenario, ScenarioResult } from '../scenario.ts';
import { SCENARIOS } from '../scenarios.ts';
import { runSwarm, type SwarmResult } from '../swarm/swarm.ts';

export interface ScenarioJob {
  readonly kind: 'scenario';
  readonly scenario: string;
  readonly nodes: number;
  readonly variant: string;
  readonly seed: number;
  readonly full: boolean;
}

/** Several seeds: a process costs more than a short run. */
export interface SwarmJob {
  readonly kind: 'swarm';
  readonly seeds: readonly number[];
}

export interface SwarmRun extends SwarmResult {
  readonly seed: number;
}

export type Job = ScenarioJob | SwarmJob;

/** What the job came to; the kind is that of the job. */
export type JobResult = ScenarioResult | readonly SwarmRun[];

export function runJob(
  job: Job,
  progress: (at: string) => void,
  scenarios: readonly Scenario[] = SCENARIOS,
): JobResult {
  if (job.kind === 'swarm') return job.seeds.map((seed) => ({ seed, ...runSwarm({ seed }) }));
  const scenario = scenarios.find(({ name }) => name === job.scenario);
  if (!scenario) throw new Error(`There is no scenario ${job.scenario}.`);
  const { nodes, variant, seed, full } = job;
  return scenario.run({ nodes, variant, seed, full, progress });
}

/** What differs between two jobs but their seeds: a place in the table. */
export const placeOf = ({
  scenario,
  nodes,
  variant,
}: Pick<ScenarioJob, 'scenario' | 'nodes' | 'variant'>): string => `${scenario} ${variant} N=${nodes}`;

/** The line that runs the job again. */
export function replayOf({ scenario, nodes, variant, seed, full }: ScenarioJob): string {
  const room = `--scenario ${scenario} --variant ${variant} --nodes ${nodes}`;
  return `npm run sim -- ${room} --seed ${seed}${full ? ' --full' : ''}`;
}
