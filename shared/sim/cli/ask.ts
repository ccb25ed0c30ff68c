/** What `npm run sim` is asked for. */
import { err, ok, type Result } from '#shared/base/result.ts';
import type { Scenario } from '../scenario.ts';
import type { ScenarioJob } from './jobs.ts';
import { named, nodesOf, problem, readOptions, wholeNumber } from './options.ts';

const SWARM = 'swarm';

export type SimAsked =
  | { readonly kind: 'help' }
  | { readonly kind: 'scenario'; readonly job: ScenarioJob; readonly json: boolean }
  | {
      readonly kind: 'swarm';
      readonly seed: number;
      readonly nodes: number | undefined;
      readonly trace: boolean;
    };

export const simUsage = (scenarios: readonly Scenario[]): string =>
  `npm run sim -- --scenario NAME [--nodes N] [--seed S] [--variant V] [--full] [--json]
npm run sim -- --scenario swarm [--nodes N] [--seed S] [--trace]

Scenarios:
  swarm          Faults drawn from the seed, then calm; checkers watch. --trace prints each step.
${scenarios.map(({ name, about, variants }) => `  ${name.padEnd(14)} ${about} (${variants.join(', ')})`).join('\n')}
`;

const OPTIONS = {
  scenario: { type: 'string' },
  nodes: { type: 'string' },
  seed: { type: 'string' },
  variant: { type: 'string' },
  full: { type: 'boolean' },
  json: { type: 'boolean' },
  trace: { type: 'boolean' },
  help: { type: 'boolean', short: 'h' },
} as const;

export function parseSim(args: readonly string[], scenarios: readonly Scenario[]): Result<SimAsked, string> {
  const typed = readOptions(args, OPTIONS);
  if (!typed.ok) return typed;
  const { scenario: name, nodes: nodesText, seed: seedText = '1', variant, full, json, trace } = typed.value;
  if (typed.value.help) return ok({ kind: 'help' });
  if (name === undefined) return err(problem('noScenario', '--scenario NAME says what to run.'));
  const isSwarm = name === SWARM;
  const scenario = isSwarm ? ok(undefined) : named(scenarios, name, [SWARM]);
  if (!scenario.ok) return scenario;
  const seed = wholeNumber(seedText, { name: 'seed', code: 'badSeed', min: 0, max: Number.MAX_SAFE_INTEGER });
  if (!seed.ok) return seed;
  const nodes = nodesText === undefined ? ok(undefined) : nodesOf(nodesText, 'nodes');
  if (!nodes.ok) return nodes;
  const unfit = isSwarm ? unfitOf({ variant: variant !== undefined, full, json }) : unfitOf({ trace });
  if (unfit !== undefined) {
    return err(problem('badOption', `--${unfit} does nothing with --scenario ${name}.`));
  }
  if (scenario.value === undefined) {
    return ok({ kind: 'swarm', seed: seed.value, nodes: nodes.value, trace });
  }
  return askOf(scenario.value, { variant, nodes: nodes.value, seed: seed.value, full, json });
}

function unfitOf(given: Readonly<Record<string, boolean>>): string | undefined {
  return Object.keys(given).find((name) => given[name] === true);
}

interface Asked {
  readonly variant: string | undefined;
  readonly nodes: number | undefined;
  readonly seed: number;
  readonly full: boolean;
  readonly json: boolean;
}

function askOf(
  { name, variants, nodesDefault }: Scenario,
  { variant = variants[0] ?? '', nodes = nodesDefault, seed, full, json }: Asked,
): Result<SimAsked, string> {
  if (!variants.includes(variant)) {
    const sentence = `${name} has no variant "${variant}"; it has ${variants.join(', ')}.`;
    return err(problem('unknownVariant', sentence));
  }
  return ok({
    kind: 'scenario',
    job: { kind: 'scenario', scenario: name, variant, nodes, seed, full },
    json,
  });
}
