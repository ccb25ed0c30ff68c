/**
 * How many connections it takes: to come into a room, to stay in it, and to mend it.
 *
 * - `four-contacts`: all but four arrive at once, and the server names only these four.
 * - `ten-a-second`: ten arrive every second, and the server names anybody.
 * - `idle`: a room in which nothing happens, for ten minutes; an hour with `full`.
 * - `crash`: ten members vanish, one every twenty seconds.
 */
import type { MeshSnapshot } from '#shared/mesh/node.ts';
import { listExactly } from '../halves.ts';
import { formRoom } from '../forming.ts';
import { atMost, type Row, type Scenario, type ScenarioOptions, type ScenarioResult } from '../scenario.ts';
import type { SimTab } from '../tab.ts';
import { createMeshWorld, type World } from '../world.ts';

const CONTACTS = 4;
const PUBLISH_MS = 100;
/** Without a construction for so long, a room has settled. */
const QUIET_MS = 15_000;
const SETTLES_WITHIN_MS = 180_000;
const HOUR_MS = 3_600_000;
const CRASHES = 10;
const CRASH_EVERY_MS = 20_000;

const row = { id: '9', nodes: 100 };
const rows: readonly Row[] = [
  ...['four-contacts', 'ten-a-second'].flatMap((variant): Row[] => [
    {
      ...row,
      variant,
      metric: 'constructedPerNode',
      target: atMost(8),
      ...(variant === 'four-contacts' && { anchor: 'iroh-gossip 0.101: 13.9' }),
    },
    { ...row, variant, metric: 'firstMessageP50S', target: atMost(1.5) },
    { ...row, variant, metric: 'degreeMean', target: undefined },
  ]),
  {
    ...row,
    variant: 'idle',
    metric: 'idlePerHour',
    target: atMost(0),
    anchor: 'iroh-gossip 0.101: 47 to 58',
  },
  {
    ...row,
    variant: 'crash',
    metric: 'perCrash',
    target: atMost(1.2),
    anchor: 'iroh-gossip 0.101: 1.4 to 2.4',
  },
];

/**
 * - `constructedPerNode`: connections constructed, each counted at both its ends, until every member lists all and
 *   nobody has constructed one for 15 s; `settledS` is when that span began.
 * - `firstMessageP50S`, `firstMessageMaxS`: from opening a tab until it was told a message, of those who opened
 *   after the first four; the first tab publishes ten times a second. `neverHeard`: those who were told none.
 * - `idlePerHour`: connections constructed per member and hour once settled.
 * - `perCrash`: connections constructed per crash, over the mean degree before.
 * - `degreeMin`, `degreeMean`, `degreeMax`: open channels per member when settled.
 */
export const links: Scenario = {
  name: 'links',
  about: 'How many connections are constructed, and how soon a newcomer hears something.',
  nodesDefault: 100,
  variants: ['four-contacts', 'ten-a-second', 'idle', 'crash'],
  rows,
  run: (options) => {
    if (options.variant === 'idle') return runIdle(options);
    return options.variant === 'crash' ? runCrash(options) : runJoin(options);
  },
};

function runJoin({ nodes, seed, variant, progress }: ScenarioOptions): ScenarioResult {
  const atOnce = variant === 'four-contacts';
  const conditions = atOnce ? { contacts: CONTACTS, contactsOf: CONTACTS } : {};
  const world = createMeshWorld({ seed, conditions });
  const heardMs = firstMessages(world);
  const founders = Array.from({ length: CONTACTS }, () => world.open());
  world.run(10_000);
  publishFrom(world, founders[0]!);
  for (let opened = CONTACTS; opened < nodes; opened++) {
    world.open();
    if (!atOnce) world.run(100);
  }
  progress('settling');
  const settledMs = settle(world);
  const newcomers = world.tabs.slice(CONTACTS);
  const heard = newcomers.flatMap((tab) => heardMs.get(tab) ?? []).toSorted((a, b) => a - b);
  return {
    metrics: {
      constructedPerNode: world.constructed() / nodes,
      settledS: settledMs / 1_000,
      firstMessageP50S: (heard[Math.floor(heard.length / 2)] ?? Infinity) / 1_000,
      firstMessageMaxS: (heard.at(-1) ?? Infinity) / 1_000,
      neverHeard: newcomers.length - heard.length,
      ...degreesOf(world),
    },
    curves: {},
  };
}

/** By tab, from opening until it was told a message. */
function firstMessages(world: World<MeshSnapshot>): ReadonlyMap<SimTab, number> {
  const heardMs = new Map<SimTab, number>();
  world.observe({
    told: (tab, event) => {
      if (event.kind === 'message' && !heardMs.has(tab)) heardMs.set(tab, world.timeMs() - tab.openedAtMs);
    },
  });
  return heardMs;
}

function publishFrom(world: World<MeshSnapshot>, tab: SimTab<MeshSnapshot>): void {
  const say = (count: number): void => {
    world.command(tab, { kind: 'publish', topic: 'tick', data: count });
    world.later(PUBLISH_MS, () => say(count + 1));
  };
  say(0);
}

/** Lets time pass until the room has settled; tells how long that took, or all there was. */
function settle(world: World<MeshSnapshot>): number {
  const startMs = world.timeMs();
  let constructed = world.constructed();
  let sinceMs = startMs;
  world.runUntil(
    () => {
      if (world.constructed() !== constructed) {
        constructed = world.constructed();
        sinceMs = world.timeMs();
      }
      return world.timeMs() - sinceMs >= QUIET_MS && listExactly(world.living());
    },
    SETTLES_WITHIN_MS,
    250,
  );
  return sinceMs - startMs;
}

function degreesOf(world: World<MeshSnapshot>): Readonly<Record<string, number>> {
  const degrees = world.living().map((tab) => world.neighborsOf(tab).size);
  return {
    degreeMin: Math.min(...degrees),
    degreeMean: meanOf(degrees),
    degreeMax: Math.max(...degrees),
  };
}

const meanOf = (values: readonly number[]): number =>
  values.reduce((sum, value) => sum + value, 0) / values.length;

function settledRoom({ nodes, seed, progress }: ScenarioOptions): World<MeshSnapshot> {
  const world = createMeshWorld({ seed });
  progress('forming');
  formRoom(world, { nodes, joining: true });
  settle(world);
  return world;
}

function runIdle(options: ScenarioOptions): ScenarioResult {
  const world = settledRoom(options);
  const { nodes, progress } = options;
  const spanMs = options.full ? HOUR_MS : HOUR_MS / 6;
  const before = world.constructed();
  for (let ranMs = 0; ranMs < spanMs; ranMs += 60_000) {
    progress(`minute ${ranMs / 60_000 + 1} of ${spanMs / 60_000}`);
    world.run(60_000);
  }
  const idlePerHour = ((world.constructed() - before) / nodes) * (HOUR_MS / spanMs);
  return { metrics: { idlePerHour, ...degreesOf(world) }, curves: {} };
}

function runCrash(options: ScenarioOptions): ScenarioResult {
  const world = settledRoom(options);
  const { degreeMean = 0 } = degreesOf(world);
  const before = world.constructed();
  for (let crash = 0; crash < CRASHES; crash++) {
    options.progress(`crash ${crash + 1} of ${CRASHES}`);
    world.crash(world.rng.pick(world.living())!);
    world.run(CRASH_EVERY_MS);
  }
  world.run(CRASH_EVERY_MS);
  const perCrash = (world.constructed() - before) / CRASHES / degreeMean;
  return {
    metrics: { perCrash, listed: Number(listExactly(world.living())), ...degreesOf(world) },
    curves: {},
  };
}
