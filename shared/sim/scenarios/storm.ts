/**
 * All speak at once, each second: what a room costs when everybody's pointer moves, or all answer one question.
 *
 * The room forms by joining and is left alone for 20 s. Then there are 15 rounds, one each second, in which every member
 * says something at the same moment; rounds 6 to 15 are measured. Variants: `topic`, messages on the reliable lane;
 * `presence`, a field of presence that changes, on the record lane, where an origin has its own tree from its sixth
 * message on only: what is measured of it are a tree's first messages, so it has no targets.
 *
 * - `rmr`: frames that carried what was measured, per delivery, less 1.
 * - `lastMs`: from saying to the last delivery, the mean over all that was said; `worstLastMs`: the greatest.
 * - `p50Ms`, `p99Ms`: of all deliveries. `deliveredPct`: deliveries, of 100 that there should be.
 * - `controlBytesPerDelivery`: bytes of all announcements, grafts, prunes and vectors of the measured rounds.
 * - `coldRmr`, `coldLastMs`: of the first round.
 */
import { formRoom } from '../forming.ts';
import { distribution, inPercent, mean } from '../measures.ts';
import {
  atLeast,
  atMost,
  plot,
  type Row,
  type Scenario,
  type ScenarioOptions,
  type ScenarioResult,
} from '../scenario.ts';
import {
  createTraffic,
  deliveredPct,
  figuresOf,
  inPresence,
  onTopic,
  redundancy,
  total,
  type Phase,
} from '../traffic.ts';
import { createMeshWorld } from '../world.ts';

const ROUNDS = 15;
/** The first round that is measured, from 0. */
const MEASURED_FROM = 5;
const ROUND_MS = 1_000;
/** What the last round gets to arrive. */
const DRAIN_MS = 4_000;

const ROW = { id: '3', nodes: 100, variant: 'topic' };

export const storm: Scenario = {
  name: 'storm',
  about: 'All members say something at the same moment, once a second.',
  nodesDefault: 100,
  variants: ['topic', 'presence'],
  run,
  rows: [
    { ...ROW, metric: 'rmr', target: atMost(0.02), anchor: 'iroh-gossip 0.101: 1.04' },
    { ...ROW, metric: 'lastMs', target: atMost(350), anchor: 'iroh-gossip 0.101: 833' },
    { ...ROW, metric: 'p99Ms', target: atMost(200), anchor: 'iroh-gossip 0.101: 614' },
    { ...ROW, metric: 'controlBytesPerDelivery', target: atMost(20) },
    { ...ROW, metric: 'deliveredPct', target: atLeast(100) },
    { ...ROW, metric: 'coldRmr', target: undefined },
    { ...ROW, metric: 'coldLastMs', target: undefined },
    ...['rmr', 'lastMs', 'p99Ms', 'controlBytesPerDelivery', 'deliveredPct'].map((metric): Row => ({
      ...ROW,
      variant: 'presence',
      fullOnly: true,
      metric,
      target: undefined,
    })),
  ],
};

function run({ nodes, seed, variant, progress }: ScenarioOptions): ScenarioResult {
  const world = createMeshWorld({ seed });
  progress('forming');
  // What is cold depends on what joining has left behind.
  formRoom(world, { nodes, joining: true });
  const traffic = createTraffic(world, variant === 'presence' ? inPresence : onTopic);
  const rounds: Phase[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    progress(`round ${round + 1}`);
    rounds.push(traffic.begin());
    for (const tab of world.living()) traffic.say(tab);
    world.run(ROUND_MS);
  }
  world.run(DRAIN_MS);
  return resultOf(rounds);
}

function resultOf(rounds: readonly Phase[]): ScenarioResult {
  const measured = rounds.slice(MEASURED_FROM);
  const sayings = measured.flatMap((phase) => phase.sayings);
  const tookMs = measured.flatMap((phase) => phase.tookMs);
  const controlBytes = measured.reduce((sum, phase) => sum + phase.controlBytes(), 0);
  const cold = rounds[0]!.sayings;
  return {
    metrics: {
      ...figuresOf(sayings, tookMs),
      controlBytesPerDelivery: controlBytes / total(sayings, 'deliveries'),
      coldRmr: redundancy(cold),
      coldLastMs: mean(cold.map(({ lastMs }) => lastMs)),
      coldDeliveredPct: deliveredPct(cold),
    },
    curves: {
      Convergence: plot('ms since it was said', '% of deliveries', inPercent(distribution(tookMs, 10))),
      'Redundancy while trees grow': plot(
        'round',
        'frames in vain per delivery',
        rounds.map((phase, at) => [at + 1, redundancy(phase.sayings)]),
      ),
      'Last delivery while trees grow': plot(
        'round',
        'ms',
        rounds.map(({ sayings: said }, at) => [at + 1, mean(said.map(({ lastMs }) => lastMs))]),
      ),
    },
  };
}
