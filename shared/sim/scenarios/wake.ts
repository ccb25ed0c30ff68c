/**
 * Some tabs of a room lose their links for a reason of their own and come back: their machine slept, their page stood
 * still, or their machine came into another network. Nobody ends, so nobody should be missed for long.
 *
 * The variants, for three tabs at once:
 * - `network`: no link of theirs carries anything before it is restarted, and their sockets are lost.
 * - `nap`: suspended for 1.5 s, which must be borne; `sleep`: for 30 s; `frozen`: the page alone stands still for 30 s.
 *
 * - `backMs`: from the return until all tabs list all and each of the three is heard over four links or more; `limitMs` if never.
 * - `falseDeaths`: deaths of the others that those three tell of. `missed`: times that anybody else tells of one of the three's.
 * - `keptPct`: links of the three, of 100, that are the same connections afterwards. `constructed`: connections built meanwhile.
 * - `restarts`: of ICE, of all tabs, until they are back.
 */
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
import type { SimTab } from '../tab.ts';
import { createMeshWorld, type World } from '../world.ts';
import type { PeerId } from '#shared/base/ids.ts';
import type { MeshSnapshot } from '#shared/mesh/node.ts';

type Tab = SimTab<MeshSnapshot>;
type MeshWorld = World<MeshSnapshot>;

const AWAY_TABS = 3;
const NAP_MS = 1_500;
const SLEEP_MS = 30_000;
const LIMIT_MS = 120_000;
const LOOK_MS = 100;
const LINKS_MIN = 4;

export const wake: Scenario = {
  name: 'wake',
  about: 'Three tabs sleep, stand still, or change their network: how soon are they back, and at what cost?',
  nodesDefault: 24,
  variants: ['network', 'nap', 'sleep', 'frozen'],
  run,
  rows: [
    ...rowsOf('network', { backMs: 5_000, missed: 0 }),
    rowAt('network')('keptPct', atLeast(100)),
    ...rowsOf('nap', { backMs: 1_000, missed: 0 }),
    ...rowsOf('sleep', { backMs: 15_000 }),
    ...rowsOf('frozen', { backMs: 10_000 }),
  ],
};

function rowAt(variant: string): ReturnType<typeof rowsAt> {
  return rowsAt({ id: '7', nodes: 24, variant });
}

function rowsOf(variant: string, bounds: { readonly backMs: number; readonly missed?: number }): Row[] {
  const row = rowAt(variant);
  return [
    row('backMs', atMost(bounds.backMs)),
    row('falseDeaths', atMost(0)),
    row('missed', bounds.missed === undefined ? undefined : atMost(bounds.missed)),
    row('constructed'),
    row('restarts'),
  ];
}

function run({ nodes, seed, variant, progress }: ScenarioOptions): ScenarioResult {
  const world = createMeshWorld({ seed });
  const away = new Set<Tab>();
  const counts = { falseDeaths: 0, missed: 0 };
  const lists = followLists(world, ({ tab, id }) => {
    const gone = world.tabOf(id);
    if (gone && away.has(gone)) counts.missed += 1;
    else if (away.has(tab)) counts.falseDeaths += 1;
  });
  progress('forming');
  formRoom(world, { nodes });
  for (const tab of world.rng.sample(world.living(), AWAY_TABS)) away.add(tab);
  const before = snapshot(world, away);
  progress('away');
  const returnedAtMs = leaveAndReturn(world, away, variant);
  const heard = followFrames(world, away);
  const isBack = (): boolean =>
    [...away].every((tab) => heard(tab) >= LINKS_MIN) &&
    world.living().every((tab) => world.living().every(({ id }) => id === tab.id || lists.has(tab, id)));
  progress('coming back');
  world.runUntil(isBack, LIMIT_MS, LOOK_MS);
  const backMs = world.timeMs() - returnedAtMs;
  const after = snapshot(world, away);
  return {
    metrics: {
      backMs,
      ...counts,
      keptPct: 100 * mean(before.links.map((link) => Number(after.links.includes(link)))),
      constructed: after.constructed - before.constructed,
      restarts: after.restarts - before.restarts,
    },
    curves: {},
  };
}

/** The time of the return. */
function leaveAndReturn(world: MeshWorld, away: ReadonlySet<Tab>, variant: string): number {
  if (variant === 'network') {
    for (const tab of away) world.changeNetwork(tab);
    return world.timeMs();
  }
  for (const tab of away) {
    if (variant === 'frozen') world.freeze(tab);
    else world.suspend(tab);
  }
  world.run(variant === 'nap' ? NAP_MS : SLEEP_MS);
  for (const tab of away) world.wake(tab);
  return world.timeMs();
}

/** From how many of its neighbors each of these tabs has got a frame from now on. */
function followFrames(world: MeshWorld, away: ReadonlySet<Tab>): (tab: Tab) => number {
  const heardByTab = new Map([...away].map((tab) => [tab, new Set<PeerId>()]));
  world.observe({
    stepped: (tab, input) => {
      if (input.kind === 'frame') heardByTab.get(tab)?.add(input.from);
    },
  });
  return (tab) => [...world.neighborsOf(tab).keys()].filter((id) => heardByTab.get(tab)?.has(id)).length;
}

/** The connections of these tabs by their attempts, and what was spent so far. */
function snapshot(
  world: MeshWorld,
  away: ReadonlySet<Tab>,
): { readonly links: readonly string[]; readonly constructed: number; readonly restarts: number } {
  const restarts = world.living().reduce((sum, { node }) => sum + node.inspect().overlay.restarts, 0);
  const links = [...away].flatMap((tab) => world.attemptsOf(tab));
  return { links, constructed: world.constructed(), restarts };
}
