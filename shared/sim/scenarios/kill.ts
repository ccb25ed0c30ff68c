/**
 * Most of a room dies at one moment, without a word, and messages are under way. Who lives on must still get them,
 * find together again, and learn who died.
 *
 * - `deliveredPct`: survivors, of 100, that hold within 10 s of the kill every message that any survivor holds by then.
 *   Messages: six sent in the 200 ms before the kill, three of them by members that die, and four by survivors within a
 *   second after it. With the server down nobody can cross from one remaining piece of the link graph to another, so
 *   there "any survivor" means: any in the same piece, the pieces being taken at the moment of the kill.
 * - `deliveredP99Ms`: the same as a time, 99th percentile over the survivors that got everything.
 * - `percolationPct`: the largest piece of the survivors at the moment of the kill, in percent of them: no protocol that
 *   builds no links can reach more. `largestComponentPct`: the same 10 s later.
 * - `deadDeclaredPct`: of all pairs of a survivor and a dead member, those in which the survivor no longer listed the
 *   dead a minute after the kill. `deadLastS`: when the last pair was settled; the limit if some never was.
 * - `survivorsListedPct`: of all pairs of survivors, those that list each other when the run ends.
 * - `constructedPerSurvivor` and `kBPerSurvivor`: connections built, and bytes sent, in the minute after the kill, per
 *   survivor; `claimKBPerSurvivor`: the bytes of accusations, objections and verdicts alone.
 *
 * A dead member's socket to the server ends with it, as it does when a tab or its browser crashes. Its channels do not:
 * neighbors notice by silence.
 */
import { componentsOf, largestPct } from '../components.ts';
import { formRoom } from '../forming.ts';
import { followLists, type Lists } from '../lists.ts';
import { completeAtMs, createMailbag, type Mailbag } from '../mailbag.ts';
import { mean, percentile } from '../measures.ts';
import {
  atLeast,
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

/** Before the kill, by one who dies, or by one who lives on. */
const BEFORE_MS: readonly (readonly [beforeMs: number, by: 'dying' | 'surviving'])[] = [
  [200, 'dying'],
  [150, 'surviving'],
  [100, 'dying'],
  [60, 'surviving'],
  [20, 'dying'],
  [5, 'surviving'],
];
/** After the kill, by survivors. */
const AFTER_MS: readonly number[] = [20, 200, 500, 1_000];
/** What the target allows for delivery. */
const DELIVER_WITHIN_MS = 10_000;
/** What `deadDeclaredPct`, connections and bytes are counted over. */
const BURY_WITHIN_MS = 60_000;
/** The run goes on so long while some dead member is still listed. */
const BURY_LIMIT_MS = 600_000;
/** How often the lists are looked at. */
const LOOK_MS = 250;

/** What iroh-gossip 0.101 does with neighbors that say goodbye: at the kill, and a tenth of a second later. */
const ANCHORS: ReadonlyMap<number, string> = new Map([
  [50, 'iroh-gossip 0.101: 87 at the kill, 100 after 0.1 s (69 if silent)'],
  [80, 'iroh-gossip 0.101: 46 at the kill, 100 after 0.1 s (2 if silent)'],
  [90, 'iroh-gossip 0.101: 0 at the kill, 99.7 after 0.1 s (0 if silent)'],
  [95, 'iroh-gossip 0.101: 1 at the kill, 76 after 0.1 s (2 if silent)'],
]);

/** The levels that a bench without `--full` has time for. */
const ALWAYS: ReadonlySet<string> = new Set(['80-server', '80-alone', '95-server']);

export const kill: Scenario = {
  name: 'kill',
  about: 'Most of a room dies at once with messages under way, the server staying or going with it.',
  nodesDefault: 1_000,
  variants: [
    '80-server',
    '50-server',
    '90-server',
    '95-server',
    '80-alone',
    '50-alone',
    '90-alone',
    '95-alone',
  ],
  run,
  rows: [50, 80, 90, 95].flatMap((percent) => [
    ...rowsOf(percent, 200).map((row) => (ALWAYS.has(row.variant) ? row : { ...row, fullOnly: true })),
    // In a room of 1,000 one of them is the last act of the large scenario.
    ...rowsOf(percent, 1_000)
      .filter(({ variant }) => variant !== '80-server')
      .map((row) => ({ ...row, fullOnly: true })),
  ]),
};

export function rowsOf(percent: number, nodes: number): Row[] {
  const row = { id: '4', nodes };
  const withServer = { ...row, variant: `${percent}-server` };
  const alone = { ...row, variant: `${percent}-alone` };
  const anchor = ANCHORS.get(percent);
  return [
    {
      ...withServer,
      metric: 'deliveredPct',
      target: atLeast(percent > 90 ? 97 : 99.9),
      ...(anchor !== undefined && { anchor }),
    },
    { ...withServer, metric: 'deadDeclaredPct', target: atLeast(100) },
    { ...withServer, metric: 'deadLastS', target: undefined },
    { ...withServer, metric: 'largestComponentPct', target: undefined },
    { ...withServer, metric: 'kBPerSurvivor', target: undefined },
    { ...withServer, metric: 'constructedPerSurvivor', target: undefined },
    { ...alone, metric: 'deliveredPct', target: atLeast(100) },
    { ...alone, metric: 'largestComponentPct', target: undefined },
    { ...alone, metric: 'percolationPct', target: undefined },
    { ...alone, metric: 'deadDeclaredPct', target: atLeast(100) },
    { ...alone, metric: 'deadLastS', target: undefined },
  ];
}

function run(options: ScenarioOptions): ScenarioResult {
  const { nodes, seed, progress } = options;
  const world = createMeshWorld({ seed });
  const lists = followLists(world);
  progress('forming');
  formRoom(world, { nodes });
  return killMost(world, lists, options);
}

/** The story in a room that exists, and whose lists have been followed. */
export function killMost(
  world: MeshWorld,
  lists: Lists<MeshSnapshot>,
  { variant, progress }: Pick<ScenarioOptions, 'variant' | 'progress'>,
): ScenarioResult {
  const { share, server } = parseVariant(variant);
  const mailbag = createMailbag(world);
  const { dying, surviving } = divide(world, share);
  postBefore(world, mailbag, { dying, surviving });
  progress('killing');
  const spent = meter(world, new Set(surviving));
  const pieces = componentsOf(world, surviving);
  const percolationPct = largestPct(world, surviving);
  if (server === 'alone') world.server.setUp(false);
  for (const tab of dying) world.crash(tab);
  const killedAtMs = world.timeMs();
  for (const ms of AFTER_MS) world.later(ms, () => void mailbag.post(world.rng.pick(surviving)!));
  world.run(DELIVER_WITHIN_MS);
  const groups = server === 'alone' ? pieces : [surviving];
  const completeMs = groups
    .flatMap((group) => completeAtMs(mailbag.mails, group, killedAtMs + DELIVER_WITHIN_MS))
    .map((at) => Math.max(0, at - killedAtMs));
  const complete = completeMs.filter((ms) => ms < Infinity);
  const largestComponentPct = largestPct(world, surviving);
  progress('burying');
  world.run(BURY_WITHIN_MS - DELIVER_WITHIN_MS);
  const costs = spent();
  world.runUntil(() => !anyListed(lists, surviving, dying), BURY_LIMIT_MS - BURY_WITHIN_MS, LOOK_MS);
  const burialMs = burials(lists, surviving, dying).map((at) => at - killedAtMs);
  const settled = burialMs.filter((ms) => ms <= BURY_WITHIN_MS).length;
  return {
    metrics: {
      deliveredPct: (100 * complete.length) / surviving.length,
      deliveredP99Ms: percentile(complete, 0.99),
      percolationPct,
      largestComponentPct,
      deadDeclaredPct: (100 * settled) / burialMs.length,
      deadLastS:
        Math.min(
          BURY_LIMIT_MS,
          burialMs.reduce((a, b) => Math.max(a, b), 0),
        ) / 1_000,
      survivorsListedPct: listedPct(lists, surviving),
      ...costs,
    },
    curves: {
      'Convergence: who holds everything': plot(
        's since the kill',
        '% of survivors',
        cumulative(completeMs, DELIVER_WITHIN_MS),
      ),
      'Detection: the dead are listed no more': plot(
        's since the kill',
        '% of survivors × the dead',
        cumulative(burialMs, BURY_WITHIN_MS),
      ),
    },
  };
}

function parseVariant(variant: string): { share: number; server: 'server' | 'alone' } {
  const [percent, server] = variant.split('-');
  return { share: Number(percent) / 100, server: server === 'alone' ? 'alone' : 'server' };
}

interface Divided {
  readonly dying: readonly Tab[];
  readonly surviving: readonly Tab[];
}

function divide(world: MeshWorld, share: number): Divided {
  const living = world.living();
  const shuffled = world.rng.sample(living, living.length);
  const deaths = Math.round(shuffled.length * share);
  return { dying: shuffled.slice(0, deaths), surviving: shuffled.slice(deaths) };
}

/** Posts what is under way at the kill; time is up to the kill when it returns. */
function postBefore(world: MeshWorld, mailbag: Mailbag<MeshSnapshot>, { dying, surviving }: Divided): void {
  const startMs = Math.max(...BEFORE_MS.map(([beforeMs]) => beforeMs));
  for (const [beforeMs, by] of BEFORE_MS) {
    const sender = world.rng.pick(by === 'dying' ? dying : surviving)!;
    world.later(startMs - beforeMs, () => void mailbag.post(sender));
  }
  world.run(startMs);
}

/** Starts to count what these tabs spend; the answer tells what it was until then. */
function meter(world: MeshWorld, tabs: ReadonlySet<Tab>): () => Record<string, number> {
  const constructedBefore = world.constructed();
  let bytes = 0;
  let claimBytes = 0;
  world.observe({
    sent: (tab, _to, message, length) => {
      if (!tabs.has(tab)) return;
      bytes += length;
      if (message.kind === 'gossip' && DEATH_KINDS.has(message.payload.kind)) claimBytes += length;
    },
  });
  return () => ({
    constructedPerSurvivor: (world.constructed() - constructedBefore) / tabs.size,
    kBPerSurvivor: bytes / tabs.size / 1_000,
    claimKBPerSurvivor: claimBytes / tabs.size / 1_000,
  });
}

const DEATH_KINDS: ReadonlySet<string> = new Set(['accusation', 'objection', 'verdict']);

function anyListed(lists: Lists<MeshSnapshot>, surviving: readonly Tab[], dying: readonly Tab[]): boolean {
  return surviving.some((tab) => dying.some(({ id }) => lists.has(tab, id)));
}

/** When each survivor was told of each death; `Infinity` where it was not, be it that it never listed the dead. */
function burials(lists: Lists<MeshSnapshot>, surviving: readonly Tab[], dying: readonly Tab[]): number[] {
  return surviving.flatMap((tab) =>
    dying.map(({ id }) => (lists.has(tab, id) ? Infinity : (lists.goneAtMs(tab, id) ?? Infinity))),
  );
}

function listedPct(lists: Lists<MeshSnapshot>, tabs: readonly Tab[]): number {
  return (
    100 *
    mean(
      tabs.flatMap((tab) =>
        tabs.filter((other) => other !== tab).map(({ id }) => Number(lists.has(tab, id))),
      ),
    )
  );
}

/** The share, in percent, that is done by each half second. */
function cumulative(doneMs: readonly number[], untilMs: number): (readonly [number, number])[] {
  const sorted = doneMs.toSorted((a, b) => a - b);
  const points: (readonly [number, number])[] = [];
  let done = 0;
  for (let ms = 0; ms <= untilMs; ms += 500) {
    while (done < sorted.length && sorted[done]! <= ms) done += 1;
    points.push([ms / 1_000, (100 * done) / sorted.length]);
  }
  return points;
}
