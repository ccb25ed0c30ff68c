/** `npm run sim`: one scenario with one seed, or one run of the swarm, with its trace if asked. */
import process from 'node:process';
import { parseArgs } from 'node:util';
import type { Scenario } from '../scenario.ts';
import { SCENARIOS } from '../scenarios.ts';
import { replayLine, runSwarm } from '../swarm/swarm.ts';
import { rowsOf, textOfRows } from './table.ts';

const USAGE = `npm run sim -- --scenario NAME [--nodes N] [--seed S] [--variant V] [--full] [--json]
npm run sim -- --scenario swarm [--nodes N] [--seed S] [--trace]

Scenarios:
  swarm          Faults drawn from the seed, then calm; checkers watch. --trace prints each step.
${SCENARIOS.map(({ name, about, variants }) => `  ${name.padEnd(14)} ${about} (${variants.join(', ')})`).join('\n')}
`;

const { values } = parseArgs({
  options: {
    scenario: { type: 'string' },
    nodes: { type: 'string' },
    seed: { type: 'string', default: '1' },
    variant: { type: 'string' },
    full: { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
    trace: { type: 'boolean', default: false },
  },
});

const print = (text: string): void => void process.stdout.write(text);

function main(): number {
  const seed = Number(values.seed);
  const nodes = values.nodes === undefined ? undefined : Number(values.nodes);
  if (!Number.isSafeInteger(seed) || (nodes !== undefined && !(Number.isSafeInteger(nodes) && nodes >= 2))) {
    process.stderr.write('--seed and --nodes are whole numbers, --nodes from 2.\n');
    return 2;
  }
  if (values.scenario === 'swarm') return swarm(seed, nodes);
  const scenario = SCENARIOS.find(({ name }) => name === values.scenario);
  const variant = values.variant ?? scenario?.variants[0];
  if (!scenario || variant === undefined || !scenario.variants.includes(variant)) {
    process.stderr.write(USAGE);
    return 2;
  }
  return once(scenario, { seed, nodes: nodes ?? scenario.nodesDefault, variant });
}

function once(
  scenario: Scenario,
  { seed, nodes, variant }: { readonly seed: number; readonly nodes: number; readonly variant: string },
): number {
  const progress = (at: string): void => void process.stderr.write(`${scenario.name}: ${at}\n`);
  const { metrics } = scenario.run({ seed, nodes, variant, full: values.full, progress });
  const rows = rowsOf(scenario, { nodes, variant }, [metrics]);
  print(values.json ? `${JSON.stringify({ rows })}\n` : textOfRows(rows));
  return 0;
}

function swarm(seed: number, nodes: number | undefined): number {
  const options = { seed, ...(nodes === undefined ? {} : { nodes }) };
  const trace = (line: string): void => print(`${line}\n`);
  const { complaints, counts } = runSwarm({ ...options, ...(values.trace ? { trace } : {}) });
  print(`${JSON.stringify(counts)}\n`);
  for (const complaint of complaints) print(`${complaint}\n`);
  print(complaints.length === 0 ? 'good\n' : `${replayLine(options)}\n`);
  return complaints.length === 0 ? 0 : 1;
}

process.exitCode = main();
