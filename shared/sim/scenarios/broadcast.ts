/**
 * One after another says something to the whole room: how soon is it everywhere, and how much is sent in vain?
 *
 * The room forms and is left alone for 20 s. Speakers are all members of a room
 * of 100; in a larger one some drawn at the start, 50 of 1,000, 5 of 10,000: each has a tree of its own, so more of them
 * would take more time and change no figure. Each speaks five
 * times, all of them in a new order each time, one every 100 to 200 ms; the first round is the cold one. Then 200
 * messages (25 among 10,000) are measured, each of a speaker drawn at random, as far apart. Messages are on a topic: the reliable lane.
 *
 * Variants: `whole` nodes; `alone`, overlay and broadcast alone, where no records have carved the shared tree that new
 * trees are copies of, so that what is cold is a flood.
 *
 * - `rmr`: frames that carried a measured message, per delivery, less 1. `coldRmr`: the same of the first round.
 * - `p50Ms`, `p99Ms`: of all deliveries, from saying to telling the application.
 * - `lastMs`: from saying to the last delivery, the mean over messages; `worstLastMs`: the greatest.
 * - `lastOverFloor`: the sum of these over the sum of what the quickest ways over the channels open at the time take.
 * - `deliveredPct`: deliveries, of 100 that there should be; looked at 5 s after the last message.
 * - `hops`: of the delivery over the most hops, the mean over messages.
 * - `controlBytesPerDelivery`: bytes of all announcements, grafts, prunes and vectors of the measured phase.
 * - `coldLastMs`, `coldP99Ms`: of the first round.
 */
import { formGossip, formRoom } from '../forming.ts';
import { createGossipWorld } from '../gossip-node.ts';
import { distribution, inPercent, mean, percentile } from '../measures.ts';
import {
  atLeast,
  atMost,
  plot,
  type Row,
  type Scenario,
  type ScenarioOptions,
  type ScenarioResult,
} from '../scenario.ts';
import type { SimTab } from '../tab.ts';
import {
  createTraffic,
  deliveredPct,
  figuresOf,
  redundancy,
  total,
  type Phase,
  type Traffic,
} from '../traffic.ts';
import { createMeshWorld, type World } from '../world.ts';

/** A larger room does not join: ten minutes of processor time for 1,000. */
const JOINED_MAX = 300;
/** How many speak, of a room that is larger: few enough that all of them are warm soon. */
const SPEAKERS_MAX = 100;
const SPEAKERS_MIN = 5;
/** Deliveries of each round, about; then of what is measured. */
const ROUND_DELIVERIES = 50_000;
const MEASURED_DELIVERIES = 200_000;
/** Messages of each speaker before any is measured. */
const WARM_ROUNDS = 5;
const MEASURED_MAX = 200;
const MEASURED_MIN = 25;
/** Between two messages: iroh's simulator has the same. */
const PAUSE_MS_MIN = 100;
const PAUSE_MS_SPREAD = 100;
/** What the last messages of a phase get to arrive. */
const DRAIN_MS = 5_000;

/** What the table shows, in its order. */
const METRICS = [
  'rmr',
  'p50Ms',
  'p99Ms',
  'lastMs',
  'lastOverFloor',
  'deliveredPct',
  'hops',
  'controlBytesPerDelivery',
  'coldRmr',
  'coldP99Ms',
  'coldLastMs',
];

const ANCHORS: Readonly<Record<string, string>> = {
  'rmr 100': 'iroh-gossip 0.101: 0.32 to 0.49; GossipSub: 5.3 to 5.7',
  'p99Ms 100': 'iroh-gossip 0.101: 312',
  'lastMs 100': 'iroh-gossip 0.101: 348',
  'hops 100': 'iroh-gossip 0.101: 11.2',
  'coldRmr 100': 'iroh-gossip 0.101: 1.3 to 2.1',
  'rmr 1000': 'iroh-gossip 0.101: 0.32 to 0.49',
  'p99Ms 1000': 'iroh-gossip 0.101: 550',
  'lastMs 1000': 'iroh-gossip 0.101: 640',
  'hops 1000': 'iroh-gossip 0.101: 21.6',
  'rmr 10000': 'iroh-gossip 0.101: 0.36',
  'p99Ms 10000': 'iroh-gossip 0.101: 1380',
  'lastMs 10000': 'iroh-gossip 0.101: 1506',
  'hops 10000': 'iroh-gossip 0.101: 53',
};

export const broadcast: Scenario = {
  name: 'broadcast',
  about: 'Members drawn at random say something to all, one every 100 to 200 ms.',
  nodesDefault: 100,
  variants: ['whole', 'alone'],
  run,
  rows: [
    ...rowsOf(100, '1', { rmr: 0.02, p99Ms: 180, lastOverFloor: 1.1 }),
    ...rowsOf(10_000, '2', {}).map((row): Row => ({ ...row, variant: 'alone', fullOnly: true })),
  ],
};

export function rowsOf(nodes: number, id: string, bounds: Readonly<Record<string, number>>): Row[] {
  return METRICS.map((metric) => {
    const bound = bounds[metric];
    const anchor = ANCHORS[`${metric} ${nodes}`];
    const most = bound === undefined ? undefined : atMost(bound);
    const target = metric === 'deliveredPct' ? atLeast(100) : most;
    return { id, metric, nodes, variant: 'whole', target, ...(anchor === undefined ? {} : { anchor }) };
  });
}

function run(options: ScenarioOptions): ScenarioResult {
  const { nodes, seed, variant, progress } = options;
  progress('forming');
  if (variant === 'alone') {
    const world = createGossipWorld({ seed, nodes });
    formGossip(world, { nodes });
    return speak(world, options);
  }
  const world = createMeshWorld({ seed });
  // What is cold depends on what joining has left behind.
  formRoom(world, { nodes, joining: nodes <= JOINED_MAX });
  return speak(world, options);
}

/** The story in a room that exists. */
export function speak<S>(
  world: World<S>,
  { nodes, progress }: Pick<ScenarioOptions, 'nodes' | 'progress'>,
): ScenarioResult {
  const traffic = createTraffic(world);
  const fitting = Math.max(SPEAKERS_MIN, Math.floor(ROUND_DELIVERIES / nodes));
  const speakers = world.rng.sample(world.living(), Math.min(SPEAKERS_MAX, fitting));
  const measuredCount = Math.max(MEASURED_MIN, Math.floor(MEASURED_DELIVERIES / nodes));
  const rounds: Phase[] = [];
  for (let round = 0; round < WARM_ROUNDS; round++) {
    progress(`round ${round + 1}`);
    rounds.push(traffic.begin());
    sayInTurn(world, traffic, world.rng.sample(speakers, speakers.length));
    // What comes next is not to be slowed down or pruned by what was said first.
    if (round === 0) world.run(DRAIN_MS);
  }
  progress('measuring');
  const drawn = Array.from({ length: Math.min(MEASURED_MAX, measuredCount) }, () =>
    world.rng.pick(speakers)!,
  );
  world.run(DRAIN_MS);
  const measured = traffic.begin();
  sayInTurn(world, traffic, drawn);
  world.run(DRAIN_MS);
  return resultOf(rounds, measured);
}

function sayInTurn<S>(world: World<S>, traffic: Traffic<S>, senders: readonly SimTab<S>[]): void {
  for (const sender of senders) {
    traffic.say(sender);
    world.run(PAUSE_MS_MIN + world.rng.below(PAUSE_MS_SPREAD + 1));
  }
}

/** Of `byRound`. */
const ROUND = 'message of each speaker (6: measured)';

function resultOf(rounds: readonly Phase[], measured: Phase): ScenarioResult {
  const { sayings, tookMs, hops } = measured;
  const cold = rounds[0]!;
  return {
    metrics: {
      ...figuresOf(sayings, tookMs),
      floorMs: mean(sayings.map(({ floorMs }) => floorMs)),
      hops: mean(sayings.map(({ hopsMax }) => hopsMax)),
      controlBytesPerDelivery: measured.controlBytes() / total(sayings, 'deliveries'),
      coldRmr: redundancy(cold.sayings),
      coldP99Ms: percentile(cold.tookMs, 0.99),
      coldLastMs: mean(cold.sayings.map(({ lastMs }) => lastMs)),
      coldLastOverFloor: total(cold.sayings, 'lastMs') / total(cold.sayings, 'floorMs'),
      coldDeliveredPct: deliveredPct(cold.sayings),
    },
    curves: {
      Convergence: plot('ms since it was said', '% of deliveries', inPercent(distribution(tookMs, 10))),
      Hops: plot('hops', '% of deliveries', inPercent(distribution(hops, 1))),
      'Redundancy while trees grow': plot(
        ROUND,
        'frames in vain per delivery',
        byRound([...rounds, measured], redundancy),
      ),
      'Last delivery while trees grow': plot(
        ROUND,
        'times the shortest path',
        byRound([...rounds, measured], (said) => total(said, 'lastMs') / total(said, 'floorMs')),
      ),
    },
  };
}

function byRound(
  phases: readonly Phase[],
  figure: (sayings: Phase['sayings']) => number,
): readonly (readonly [number, number])[] {
  return phases.map(({ sayings }, at) => [at + 1, figure(sayings)]);
}
