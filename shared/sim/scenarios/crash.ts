/**
 * Members crash one at a time in a calm room, and others leave with a goodbye: how long until every one of those who
 * remain has been told.
 *
 * - `crashP50Ms`, `crashP99Ms`: from the crash until the last of all remaining members was told that it is gone, over the
 *   crashes of a run (by nearest rank: with few crashes, the 99th percentile is the slowest).
 * - `observersP50Ms`, `observersP99Ms`: the same over every pair of a crash and a remaining member.
 * - `leaveMs`, `leaveP50Ms`: from a goodbye until the last remaining member was told, the slowest and the median leave.
 * - `undetected`: departures that some remaining member had not been told of after half a minute; in the other figures
 *   they took for ever. `wrongDeaths`: members that were declared dead though they lived.
 *
 * Who goes is drawn evenly; whoever went is replaced, and the room gets time to settle and to grow quiet again.
 */
import { formRoom, isFormed } from '../forming.ts';
import { followLists, type Lists } from '../lists.ts';
import { distribution, inPercent, percentile } from '../measures.ts';
import {
  atMost,
  plot,
  type Row,
  type Scenario,
  type ScenarioOptions,
  type ScenarioResult,
} from '../scenario.ts';
import type { SimTab } from '../tab.ts';
import { createMeshWorld, type World } from '../world.ts';
import type { MeshSnapshot } from '#shared/mesh/node.ts';

type Tab = SimTab<MeshSnapshot>;
type MeshWorld = World<MeshSnapshot>;

const CRASHES = 10;
const LEAVES = 5;
/** With `full`, and in a room of two: there they cost nothing, and each has one observer alone. */
const CRASHES_MANY = 40;
const LEAVES_MANY = 20;
/** After this a departure counts as undetected. */
const WITHIN_MS = 30_000;
/** Between two departures, the replacement's joining included, drawn evenly: crashes keep no step with anybody's clock. */
const PAUSE_MS: readonly [number, number] = [8_000, 12_000];
/** What a replacement gets to be listed by all and to fill its links. */
const SETTLE_MS = 30_000;

export const crash: Scenario = {
  name: 'crash',
  about: 'Members crash, and leave, one at a time: the time until every other one has been told.',
  nodesDefault: 100,
  variants: ['calm'],
  run,
  rows: [
    ...rowsOf(2),
    ...rowsOf(20, 'memberlist LAN: 6.6 s at 10'),
    ...rowsOf(100, 'memberlist LAN: 10.6 s; browser ICE alone: 7 s'),
    ...rowsOf(500).map((row) => ({ ...row, fullOnly: true })),
  ],
};

export function rowsOf(nodes: number, anchor?: string): Row[] {
  const row = { id: '6', nodes, variant: 'calm' };
  return [
    { ...row, metric: 'crashP50Ms', target: atMost(3_000), ...(anchor !== undefined && { anchor }) },
    { ...row, metric: 'crashP99Ms', target: atMost(4_500) },
    { ...row, metric: 'observersP99Ms', target: undefined },
    { ...row, metric: 'undetected', target: atMost(0) },
    { ...row, metric: 'wrongDeaths', target: atMost(0) },
    { ...row, metric: 'leaveMs', target: nodes === 100 ? atMost(200) : undefined },
  ];
}

function run(options: ScenarioOptions): ScenarioResult {
  const { nodes, seed, full, progress } = options;
  const world = createMeshWorld({ seed });
  const departures = watchDepartures(world);
  progress('forming');
  formRoom(world, { nodes });
  const isMany = full || nodes === 2;
  return depart(departures, options, isMany ? [CRASHES_MANY, LEAVES_MANY] : [CRASHES, LEAVES]);
}

export interface Departures {
  readonly world: MeshWorld;
  readonly lists: Lists<MeshSnapshot>;
  readonly wrongDeaths: () => number;
}

/** Before the first tab opens. */
export function watchDepartures(world: MeshWorld): Departures {
  let wrongDeaths = 0;
  const lists = followLists(world, ({ id, reason }) => {
    if (reason === 'failed' && world.tabOf(id)?.isAlive() === true) wrongDeaths += 1;
  });
  return { world, lists, wrongDeaths: () => wrongDeaths };
}

/** The story in a room that exists. */
export function depart(
  departures: Departures,
  { progress }: Pick<ScenarioOptions, 'progress'>,
  [crashCount, leaveCount]: readonly [number, number],
): ScenarioResult {
  const { world, wrongDeaths } = departures;
  // Those of the forming are of no account: while a room is acquainted no accusation is carried.
  const wrongBefore = wrongDeaths();
  const crashes = repeat(crashCount, (at, of) => {
    progress(`crash ${at} of ${of}`);
    return departOne(departures, world.crash);
  });
  const leaves = repeat(leaveCount, (at, of) => {
    progress(`goodbye ${at} of ${of}`);
    return departOne(departures, world.leave);
  });
  const lasts = crashes.map((times) => Math.max(...times));
  const each = crashes.flat();
  const leaveLasts = leaves.map((times) => Math.max(...times));
  return {
    metrics: {
      crashP50Ms: percentile(lasts, 0.5),
      crashP99Ms: percentile(lasts, 0.99),
      observersP50Ms: percentile(each, 0.5),
      observersP99Ms: percentile(each, 0.99),
      leaveP50Ms: percentile(leaveLasts, 0.5),
      leaveMs: Math.max(...leaveLasts),
      undetected: [...lasts, ...leaveLasts].filter((ms) => ms === Infinity).length,
      wrongDeaths: wrongDeaths() - wrongBefore,
    },
    curves: {
      'Detection: who has been told of a crash': plot(
        'ms since the crash',
        '% of members × crashes',
        inPercent(distribution(each.filter(Number.isFinite), 100)),
      ),
    },
  };
}

/** One goes and is replaced. How long after it each remaining member was told; `Infinity` for who was not. */
function departOne({ world, lists }: Departures, go: (tab: Tab) => void): number[] {
  const leaver = world.rng.pick(world.living())!;
  const remaining = world.living().filter((tab) => tab !== leaver);
  const atMs = world.timeMs();
  go(leaver);
  world.runUntil(() => remaining.every((tab) => !lists.has(tab, leaver.id)), WITHIN_MS);
  const times = remaining.map((tab) => (lists.goneAtMs(tab, leaver.id) ?? Infinity) - atMs);
  world.open();
  world.runUntil(() => isFormed(world), SETTLE_MS, 250);
  world.run(PAUSE_MS[0] + world.rng.below(PAUSE_MS[1] - PAUSE_MS[0]));
  return times;
}

function repeat<Value>(times: number, make: (at: number, of: number) => Value): Value[] {
  return Array.from({ length: times }, (_, at) => make(at + 1, times));
}
