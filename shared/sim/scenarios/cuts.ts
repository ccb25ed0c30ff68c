/**
 * The network is gone for everyone at once: no tab reaches any other, or the server, for so many seconds. Each tab writes
 * once a second all the while. Nobody ends, so all should be as before, on the connections that they had where these live on.
 *
 * - `equalMs`: from the healing until all list all, show one root of the state, and have everything written until then.
 * - `constructed`: connections constructed per member, each counted at both its ends, from the cut until a minute after it.
 * - `keptPct`: links of before the cut, of 100, that are the same connections a minute after it.
 * - `deaths`: times that an application is told that a member is gone, per pair of members.
 * - `missed`: updates that one lacks a minute after the healing, each counted for each; `restarts`: times that a
 *   member has a link mended, if packets do not come by it after all.
 */
import { haveEqualState, listExactly } from '../halves.ts';
import { formRoom } from '../forming.ts';
import { followLists } from '../lists.ts';
import { mean } from '../measures.ts';
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
import { createMeshWorld, type World } from '../world.ts';
import type { NetworkConditions } from '../conditions.ts';
import type { MeshSnapshot } from '#shared/mesh/node.ts';

const LEVELS = ['5', '12', '14', '30'] as const;
const SIZES = [3, 20] as const;
const WATCHED_MS = 60_000;
const LOOK_MS = 50;
const WRITE_MS = 1_000;
/** From here on a connection may have been given up. */
const GIVEN_UP_S = 14;

/** As it was measured between real tabs; the usual conditions are sterner, or kinder. */
const CONDITIONS: Partial<NetworkConditions> = {
  iceGivesUpMs: [13_000, 15_500], // none after a cut of 12 s, one or two of each tab after 14 s, all after 16 s
  resumeMs: [0, 3_000], // SCTP's timer, doubled while nothing is acknowledged, up to 3 s
};

export const cuts: Scenario = {
  name: 'cuts',
  about:
    'Every tab is cut off from every other and from the server: how soon are all equal again, and on what?',
  nodesDefault: 20,
  variants: LEVELS,
  run,
  rows: LEVELS.flatMap((variant) => SIZES.flatMap((nodes) => rowsOf(variant, nodes))),
};

function rowsOf(variant: string, nodes: number): Row[] {
  const isShort = Number(variant) < GIVEN_UP_S;
  const row = rowsAt({ id: '8', nodes, variant });
  return [
    row('equalMs', atMost(isShort ? 3_000 : 8_000)),
    row('missed', atMost(0)),
    row('constructed', isShort ? atMost(0) : undefined),
    row('keptPct', isShort ? atLeast(100) : undefined),
    row('deaths'),
    row('restarts'),
  ];
}

function run({ nodes, seed, variant, progress }: ScenarioOptions): ScenarioResult {
  const world = createMeshWorld({ seed, conditions: CONDITIONS });
  let deaths = 0;
  followLists(world, () => void (deaths += 1));
  progress('forming');
  // Later than the asking of newcomers is over: what is constructed from here on is the cut's.
  formRoom(world, { nodes, calmMs: 60_000 });
  const updates = createUpdates(world);
  const before = snapshot(world);
  world.part(world.living().map((tab) => [tab]));
  world.server.setUp(false);
  for (let second = 0; second < Number(variant); second++) {
    for (const tab of world.living()) updates.write(tab);
    world.run(WRITE_MS);
  }
  progress('healing');
  world.heal();
  world.server.setUp(true);
  const healedAtMs = world.timeMs();
  const living = world.living();
  const isEqual = (): boolean =>
    updates.missing(living) === 0 && listExactly(living) && haveEqualState(living);
  const equal = world.runUntil(isEqual, WATCHED_MS, LOOK_MS);
  const equalMs = equal ? world.timeMs() - healedAtMs : Infinity;
  world.run(healedAtMs + WATCHED_MS - world.timeMs());
  const after = snapshot(world);
  return {
    metrics: {
      equalMs,
      missed: updates.missing(living),
      constructed: (after.constructed - before.constructed) / nodes,
      keptPct: 100 * mean([...before.links].map((link) => Number(after.links.has(link)))),
      deaths: deaths / nodes / (nodes - 1),
      restarts: (after.restarts - before.restarts) / nodes,
    },
    curves: {},
  };
}

/** The connections by their attempts, and what was spent so far. */
function snapshot(world: World<MeshSnapshot>): {
  readonly links: ReadonlySet<string>;
  readonly constructed: number;
  readonly restarts: number;
} {
  const restarts = world.living().reduce((sum, { node }) => sum + node.inspect().overlay.restarts, 0);
  const links = new Set(world.living().flatMap((tab) => world.attemptsOf(tab)));
  return { links, constructed: world.constructed(), restarts };
}
