/**
 * Lines that lose packets. Members write one update a second by turns for ten minutes; nobody ends. A channel sends
 * again what was lost, so all of it comes in the end, late; what is said meanwhile goes with it (`oneInFlight`).
 *
 * - `p50Ms`, `p99Ms`, `maxMs`: from writing an update until a member has it, over all updates and members.
 * - `lastP99Ms`: until the last member has it, of 99 in 100 updates.
 * - `missed`: updates that one lacks half a minute after the last, each counted for each.
 * - `aliveDeaths`: times that an application is told that a living member is gone.
 * - `equal`: 1 if all list all and show one root of the state, half a minute after the last update.
 * - `constructed`: connections constructed per member meanwhile.
 */
import { haveEqualState, listExactly } from '../halves.ts';
import { formRoom } from '../forming.ts';
import { followLists } from '../lists.ts';
import { percentile } from '../measures.ts';
import {
  atLeast,
  atMost,
  rowsAt,
  type Row,
  type Scenario,
  type ScenarioOptions,
  type ScenarioResult,
} from '../scenario.ts';
import { createUpdates } from '../updates.ts';
import { createMeshWorld } from '../world.ts';

/** Packets lost, of a hundred, each way. */
const LEVELS = ['1', '5', '10', '20', '30'] as const;
const SIZES = [3, 20] as const;
const MINUTES = 10;
/** Between two updates, of whomever. */
const WRITE_MS = 1_000;
const WRITES = (MINUTES * 60_000) / WRITE_MS;
/** What was written last gets so long to arrive, over lines that lose as much. */
const CALM_MS = 30_000;

const P99_MS: Readonly<Record<string, number>> = { '1': 500, '5': 500, '10': 500, '30': 2_500 };

export const loss: Scenario = {
  name: 'loss',
  about: 'Lines lose packets for ten minutes: how late do updates come, and who is declared dead?',
  nodesDefault: 3,
  variants: LEVELS,
  run,
  rows: LEVELS.flatMap((variant) => SIZES.flatMap((nodes) => rowsOf(variant, nodes))),
};

function rowsOf(variant: string, nodes: number): Row[] {
  // Twenty tabs cost half a minute and more.
  const fullOnly = nodes === 20 && variant !== '10';
  const row = rowsAt({ id: '7', nodes, variant, fullOnly });
  const p99Ms = P99_MS[variant];
  return [
    row('p99Ms', p99Ms === undefined ? undefined : atMost(p99Ms)),
    row('missed', atMost(0)),
    row('aliveDeaths', atMost(0)),
    row('equal', atLeast(1)),
    row('p50Ms'),
    row('maxMs'),
    row('lastP99Ms'),
    row('constructed'),
  ];
}

function run({ nodes, seed, variant, progress }: ScenarioOptions): ScenarioResult {
  const world = createMeshWorld({ seed, conditions: { oneInFlight: true } });
  let aliveDeaths = 0;
  followLists(world, () => void (aliveDeaths += 1));
  progress('forming');
  formRoom(world, { nodes });
  const updates = createUpdates(world);
  const before = world.constructed();
  world.setConditions({ loss: Number(variant) / 100 });
  for (let written = 0; written < WRITES; written++) {
    if (written % 60 === 0) progress(`minute ${written / 60 + 1} of ${MINUTES}`);
    updates.write(world.tabs[written % nodes]!);
    world.run(WRITE_MS);
  }
  world.run(CALM_MS);
  const living = world.living();
  const tookMs = updates.tookMs();
  return {
    metrics: {
      p50Ms: percentile(tookMs, 0.5),
      p99Ms: percentile(tookMs, 0.99),
      maxMs: percentile(tookMs, 1),
      lastP99Ms: percentile(updates.lastMs(living), 0.99),
      missed: updates.missing(living),
      aliveDeaths,
      equal: Number(listExactly(living) && haveEqualState(living)),
      constructed: (world.constructed() - before) / nodes,
    },
    curves: {},
  };
}
