/**
 * A room that has let go of the server but for about four of its members, and what becomes of it.
 *
 * - `settled`: nothing happens for five minutes.
 * - `hundred`: a hundred newcomers arrive at once; the server knows the greeters alone.
 * - `crash`: every greeter vanishes at once, and the next second a newcomer comes.
 * - `apart`: every link between two halves is cut while those attached stay so, until the halves have buried each
 *   other; then links are possible again, and nothing but the server's list can bring them together.
 * - `restarted`: the server vanishes, and is back, empty, ten seconds later, with five newcomers at that moment.
 */
import type { MeshSnapshot } from '#shared/mesh/node.ts';
import { componentsOf } from '../components.ts';
import { formRoom } from '../forming.ts';
import { halvesOf, listExactly } from '../halves.ts';
import { atMost, type Row, type Scenario, type ScenarioOptions, type ScenarioResult } from '../scenario.ts';
import type { SimTab } from '../tab.ts';
import { createMeshWorld, type World } from '../world.ts';

type MeshWorld = World<MeshSnapshot>;
type Tab = SimTab<MeshSnapshot>;
type Metrics = ScenarioResult['metrics'];

/** A newcomer stays for most of a minute. */
const SETTLES_WITHIN_MS = 120_000;
/** Sockets of a settled room, at most: four, and one on its way in or out. */
const SETTLED_SOCKETS = 5;
const WATCHED_MS = 300_000;
const BURIED_MS = 60_000;
const SERVER_AWAY_MS = 10_000;
/** When there may be no second mesh any more. */
const ONE_MESH_MS = 30_000;
const HUNDRED = 100;
const NEWCOMERS = 5;
const PUBLISH_MS = 100;
const LOOK_MS = 100;

const row = { id: '9', nodes: 40 };
const rows: readonly Row[] = [
  { ...row, variant: 'settled', metric: 'socketsMean', target: atMost(SETTLED_SOCKETS) },
  { ...row, variant: 'settled', metric: 'lonelyS', target: atMost(0) },
  { ...row, variant: 'hundred', metric: 'constructedPerNode', target: atMost(8) },
  { ...row, variant: 'hundred', metric: 'neverHeard', target: atMost(0) },
  { ...row, variant: 'hundred', metric: 'firstMessageP50S', target: undefined },
  { ...row, variant: 'hundred', metric: 'socketsAfter', target: atMost(SETTLED_SOCKETS) },
  { ...row, variant: 'crash', metric: 'greetedS', target: atMost(10) },
  { ...row, variant: 'crash', metric: 'listedS', target: atMost(15) },
  { ...row, variant: 'crash', metric: 'socketsAfter', target: atMost(SETTLED_SOCKETS) },
  ...['apart', 'restarted'].flatMap((variant): Row[] => [
    { ...row, variant, metric: 'mergedS', target: atMost(30) },
    { ...row, variant, metric: 'meshesAfter30S', target: atMost(1) },
  ]),
];

/**
 * - `settledS`: from the moment at which all had their links until no more than five sockets were open.
 * - `socketsMean`, `socketsMax`: open sockets from then on; `lonelyS`: seconds in which there was none.
 * - `socketsAfter`: the same when what had happened was over for two minutes.
 * - `constructedPerNode`: connections constructed per newcomer, each counted at both its ends.
 * - `firstMessageP50S`, `firstMessageMaxS`, `neverHeard`: of the newcomers, as `links` has them.
 * - `greetedS`: from the crash until somebody was attached again; `fourS`: until four were.
 * - `listedS`: from the newcomer's opening until all the living listed exactly each other.
 * - `mergedS`: from the healing, or the server's return, until every member listed all; `buried`: see `split-brain`.
 */
export const greeters: Scenario = {
  name: 'greeters',
  about: 'Few members hold a socket to the server, and others take their place.',
  nodesDefault: 40,
  variants: ['settled', 'hundred', 'crash', 'apart', 'restarted'],
  rows,
  run: (options) => {
    const world = createMeshWorld({ seed: options.seed });
    options.progress('forming');
    formRoom(world, { nodes: options.nodes });
    const formedMs = world.timeMs();
    const settled = world.runUntil(() => sockets(world) <= SETTLED_SOCKETS, SETTLES_WITHIN_MS, LOOK_MS);
    const settledS = settled ? (world.timeMs() - formedMs) / 1_000 : Infinity;
    options.progress('settled');
    return { metrics: { settledS, ...happen(world, options) }, curves: {} };
  },
};

function happen(world: MeshWorld, { variant }: ScenarioOptions): Metrics {
  switch (variant) {
    case 'hundred':
      return arrive(world);
    case 'crash':
      return crashGreeters(world);
    case 'apart':
      return growApart(world);
    case 'restarted':
      return restart(world);
    default:
      return rest(world);
  }
}

const sockets = ({ server }: MeshWorld): number => server.attachedCount();

function rest(world: MeshWorld): Metrics {
  const counts: number[] = [];
  const until = world.timeMs() + WATCHED_MS;
  while (world.timeMs() < until) {
    world.run(LOOK_MS);
    counts.push(sockets(world));
  }
  return {
    socketsMean: counts.reduce((sum, count) => sum + count, 0) / counts.length,
    socketsMax: Math.max(...counts),
    lonelyS: (counts.filter((count) => count === 0).length * LOOK_MS) / 1_000,
  };
}

function arrive(world: MeshWorld): Metrics {
  const before = world.constructed();
  const speaker = world.living().find((tab) => !world.server.isAttached(tab))!;
  const heardMs = new Map<Tab, number>();
  world.observe({
    told: (tab, event) => {
      if (event.kind === 'message' && !heardMs.has(tab)) heardMs.set(tab, world.timeMs() - tab.openedAtMs);
    },
  });
  const say = (count: number): void => {
    world.command(speaker, { kind: 'publish', topic: 'tick', data: count });
    world.later(PUBLISH_MS, () => say(count + 1));
  };
  say(0);
  const newcomers = Array.from({ length: HUNDRED }, () => world.open());
  world.runUntil(
    () => listExactly(world.living()) && newcomers.every((tab) => heardMs.has(tab)),
    SETTLES_WITHIN_MS,
    LOOK_MS,
  );
  const constructedPerNode = (world.constructed() - before) / HUNDRED;
  const heard = newcomers.flatMap((tab) => heardMs.get(tab) ?? []).toSorted((a, b) => a - b);
  return {
    constructedPerNode,
    firstMessageP50S: (heard[Math.floor(heard.length / 2)] ?? Infinity) / 1_000,
    firstMessageMaxS: (heard.at(-1) ?? Infinity) / 1_000,
    neverHeard: HUNDRED - heard.length,
    ...afterwards(world),
  };
}

function crashGreeters(world: MeshWorld): Metrics {
  for (const tab of world.living().filter(world.server.isAttached)) world.crash(tab);
  const crashedMs = world.timeMs();
  let greetedMs = SETTLES_WITHIN_MS;
  let fourMs = SETTLES_WITHIN_MS;
  world.later(1_000, () => {
    newcomer = world.open();
  });
  let newcomer: Tab | undefined;
  const isOld = (tab: Tab): boolean => tab !== newcomer && world.server.isAttached(tab);
  let listedMs = SETTLES_WITHIN_MS;
  world.runUntil(
    () => {
      const sinceMs = world.timeMs() - crashedMs;
      const greeting = world.living().filter(isOld).length;
      if (greeting >= 1) greetedMs = Math.min(greetedMs, sinceMs);
      if (greeting >= 4) fourMs = Math.min(fourMs, sinceMs);
      if (newcomer && listExactly(world.living()))
        listedMs = Math.min(listedMs, world.timeMs() - newcomer.openedAtMs);
      return fourMs < SETTLES_WITHIN_MS && listedMs < SETTLES_WITHIN_MS;
    },
    SETTLES_WITHIN_MS,
    LOOK_MS,
  );
  return {
    greetedS: greetedMs / 1_000,
    fourS: fourMs / 1_000,
    listedS: listedMs / 1_000,
    ...afterwards(world),
  };
}

function growApart(world: MeshWorld): Metrics {
  const [one, other] = halvesOf(world);
  world.part([one, other]);
  world.run(BURIED_MS);
  const buried = listExactly(one) && listExactly(other);
  world.heal();
  return { buried: Number(buried), ...watchOne(world) };
}

function restart(world: MeshWorld): Metrics {
  world.server.setUp(false);
  world.run(SERVER_AWAY_MS);
  world.server.setUp(true);
  const known = new Set(world.living().map(({ id }) => id));
  const newcomers = Array.from({ length: NEWCOMERS }, () => world.open());
  const areOne = (): boolean => newcomers.some((tab) => world.neighborsOf(tab).size > 0);
  world.runUntil(areOne, ONE_MESH_MS);
  const buried = newcomers.every(({ node }) =>
    [...node.inspect().membership.members.keys()].every((id) => !known.has(id)),
  );
  return { buried: Number(buried), ...watchOne(world) };
}

function watchOne(world: MeshWorld): Metrics {
  const startMs = world.timeMs();
  let meshes = 0;
  world.later(ONE_MESH_MS, () => {
    meshes = componentsOf(world, world.living()).length;
  });
  const merged = world.runUntil(() => listExactly(world.living()), SETTLES_WITHIN_MS, LOOK_MS);
  const mergedS = merged ? (world.timeMs() - startMs) / 1_000 : Infinity;
  world.run(Math.max(0, startMs + ONE_MESH_MS + LOOK_MS - world.timeMs()));
  return { mergedS, meshesAfter30S: meshes, ...afterwards(world) };
}

function afterwards(world: MeshWorld): Metrics {
  world.run(SETTLES_WITHIN_MS);
  return { socketsAfter: sockets(world) };
}
