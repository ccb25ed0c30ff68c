/**
 * Two meshes that should be one.
 *
 * - `apart`: every link between two halves is cut while all stay attached to the server, until the halves have
 *   buried each other; then links are possible again. Nothing but the server can bring them together.
 * - `restarted`: the server vanishes, and is back, empty, ten seconds later. Newcomers arrive at that moment and
 *   found a mesh of their own before the members have dialed again.
 */
import { componentsOf } from '../components.ts';
import { crossedPct, growthPlots, halvesOf, listExactly, watchGrowth, watchMerge } from '../halves.ts';
import { formRoom } from '../forming.ts';
import { atMost, type Row, type Scenario, type ScenarioOptions } from '../scenario.ts';
import type { SimTab } from '../tab.ts';
import type { MeshSnapshot } from '#shared/mesh/node.ts';
import { createMeshWorld, type World } from '../world.ts';

const WATCHED_MS = 120_000;
/** When there may be no second mesh any more. */
const ONE_MESH_MS = 30_000;
/** Time for the halves to bury each other. */
const BURIED_MS = 60_000;
const SERVER_AWAY_MS = 10_000;
const NEWCOMERS = 5;

const rows: readonly Row[] = ['apart', 'restarted'].flatMap((variant) =>
  [20, 100].flatMap((nodes): Row[] => {
    const row = { id: '8', nodes, variant };
    return [
      { ...row, metric: 'mergedS', target: atMost(30) },
      { ...row, metric: 'meshesAfter30S', target: atMost(1) },
      { ...row, metric: 'stateEqualMs', target: atMost(2_000) },
    ];
  }),
);

/**
 * - `buried`: 1 if the halves listed exactly themselves when the links came back (`apart`), or the newcomers had
 *   a mesh of their own, of two members or more (`restarted`): else the story did not happen.
 * - `mergedS`: from then until every member lists all; `firstCrossS`: until a link joins the two.
 * - `meshesAfter30S`: groups of members that open links join, half a minute after that moment.
 * - `stateEqualMs`: from the first link between the two until all show one root of the state.
 */
export const splitBrain: Scenario = {
  name: 'split-brain',
  about: 'Two meshes that should be one find together.',
  nodesDefault: 20,
  variants: ['apart', 'restarted'],
  rows,
  run: ({ nodes, seed, variant, progress }: ScenarioOptions) => {
    const world = createMeshWorld({ seed });
    progress('forming');
    formRoom(world, { nodes });
    progress('becoming two');
    const { half, buried } = variant === 'apart' ? growApart(world) : restart(world);
    progress('two meshes, becoming one');
    let meshes = 0;
    world.later(ONE_MESH_MS, () => {
      meshes = componentsOf(world, world.living()).length;
    });
    const startMs = world.timeMs();
    const growth = watchGrowth(world, half, WATCHED_MS);
    const merge = watchMerge(world, half, WATCHED_MS);
    world.run(Math.max(0, startMs + BURIED_MS - world.timeMs()));
    return {
      metrics: {
        buried: Number(buried),
        mergedS: merge.mergedMs / 1_000,
        firstCrossS: merge.firstCrossMs / 1_000,
        meshesAfter30S: meshes,
        stateEqualMs: merge.stateEqualMs,
        crossedPct: crossedPct(world, half),
      },
      curves: growthPlots(growth),
    };
  },
};

interface Story {
  readonly half: readonly SimTab<MeshSnapshot>[];
  readonly buried: boolean;
}

function growApart(world: World<MeshSnapshot>): Story {
  const [one, other] = halvesOf(world);
  world.part([one, other]);
  world.run(BURIED_MS / 2);
  writeIn(world, one, 'one');
  writeIn(world, other, 'other');
  world.run(BURIED_MS / 2);
  const buried = listExactly(one) && listExactly(other);
  world.heal();
  return { half: one, buried };
}

function restart(world: World<MeshSnapshot>): Story {
  const members = world.living();
  world.server.setUp(false);
  world.run(SERVER_AWAY_MS);
  world.server.setUp(true);
  const newcomers = Array.from({ length: NEWCOMERS }, () => world.open());
  const areOne = (): boolean => newcomers.some(({ node }) => node.inspect().overlay.activeView.length > 0);
  world.runUntil(areOne, ONE_MESH_MS);
  const known = new Set(members.map(({ id }) => id));
  const buried = newcomers.every(({ node }) =>
    [...node.inspect().membership.members.keys()].every((id) => !known.has(id)),
  );
  writeIn(world, members, 'old');
  writeIn(world, newcomers, 'new');
  return { half: newcomers, buried };
}

function writeIn(world: World<MeshSnapshot>, tabs: readonly SimTab<MeshSnapshot>[], text: string): void {
  for (let at = 0; at < 20; at++) {
    const key = at === 0 ? 'both' : `${text}-${at}`;
    world.command(world.rng.pick(tabs)!, { kind: 'write', collection: 'notes', key, value: text });
  }
}
