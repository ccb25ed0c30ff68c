/**
 * Are the living declared dead? 128 members, some of whom are in distress all the time; nobody ever ends.
 *
 * The words are Lifeguard's (arXiv 1707.00788, section V): a member in distress that is declared dead while it stands
 * still is no mistake, for where its machine stands still with it nobody could tell it from a crash, and a detector that
 * finds crashes within 4.5 s has to say so. A mistake is what a member in distress makes of the others.
 *
 * - `falseDeaths`: times that any application was told of the death of a healthy member, one that is never in distress
 *   (Lifeguard's FP). `healthyFalseDeaths`: those among them that a healthy member's application was told (its FP-).
 * - `distressedDeaths`: times that any application was told of the death of a member in distress.
 *   `hastyDeaths`: those among them that a healthy member's was told of one that had not been in distress for 2.2 s on end
 *   in the last 10 s: so short a stall must be borne.
 *   `aliveDeaths`: all of them, `falseDeaths` included.
 * - `baseline...`: the same of the same seed and distress, with our own detector's corroboration and local health switched
 *   off: one accuser is enough at once, late timers and general silence are no reason for doubt, packets none to wait.
 * - `ratioPct`: 100 x `falseDeaths` / `baselineFalseDeaths`; 0 when neither was wrong. `aliveRatioPct`: of `aliveDeaths`.
 *
 * The variants, those with distress for 75 s and the others for 150, which are ten and twenty minutes over eight seeds, and
 * with `full` all of them for an hour:
 * - `frozen-K`: each of K members stands still for 0.5 to 8 s, drawn anew each time, then runs for 1 to 10 s. Half of
 *   the times it is the page alone, whose browser still answers, and half the whole machine. Half the
 *   spans are within what the detector must bear (deaths are settled from 2.2 s of silence on); the others put the
 *   member in the place that Lifeguard is about: it wakes, and its own clock says that everyone else has been silent.
 * - `starved-K`: each of K members has too little of its processor. For 5 to 15 s each input costs 40 to 120 ms, drawn for
 *   the spell; a member at rest has about twenty a second, so that it falls behind by up to a second each second. Then
 *   it has 5 to 15 s to catch up. (At 20 to 50 ms it kept up, and no detector erred.)
 * - `loss`: nobody is in distress, but each tenth frame is lost and sent again, and jitter is up to 500 ms.
 * - `one-way`: nobody is in distress, but one link carries nothing one way, all the time.
 * - `one-link`: a member crashes that could be reached by one link only for a minute, its other channels having failed
 *   and every new one failing to open: it must die, and not before. `diedPct`: members that were told, of
 *   100, within half a minute; `crashMs`: the last of them.
 */
import { createDistress, type Distress, type Plague } from '../distress.ts';
import { formRoom } from '../forming.ts';
import { followLists } from '../lists.ts';
import { mean } from '../measures.ts';
import {
  atLeast,
  atMost,
  type Row,
  type Scenario,
  type ScenarioOptions,
  type ScenarioResult,
} from '../scenario.ts';
import type { SimTab } from '../tab.ts';
import { createMeshWorld, type World } from '../world.ts';
import { defaultMeshConfig, type MeshConfig } from '#shared/mesh/config.ts';
import type { MeshSnapshot } from '#shared/mesh/node.ts';

type Tab = SimTab<MeshSnapshot>;
type MeshWorld = World<MeshSnapshot>;

const RUN_MS = 150_000;
/** Run twice, with our detector and with the credulous one, whose deaths cost most. */
const DISTRESS_MS = 75_000;
const RUN_FULL_MS = 3_600_000;
/** What the room gets at the end to list everyone again. */
const CALM_MS = 60_000;
/** A stall this short must be borne: nobody is suspected sooner. */
const BORNE_MS = 2_200;
/** A death is laid to a stall that was over so long ago at most. */
const BLAMED_MS = 10_000;
/** How long a room gets to bury the member with one link. */
const BURY_MS = 30_000;
/** Longer than any run. */
const NEVER_MS = 86_400_000;

export const falseDeaths: Scenario = {
  name: 'false-deaths',
  about: 'Members freeze, starve or lose frames, and nobody ends: who is declared dead all the same?',
  nodesDefault: 128,
  variants: [
    'frozen-8',
    'frozen-1',
    'frozen-32',
    'starved-1',
    'starved-8',
    'starved-32',
    'loss',
    'one-way',
    'one-link',
  ],
  run,
  rows: [
    ...['frozen-8', 'starved-8'].flatMap(distressRows),
    ...['frozen-1', 'frozen-32', 'starved-1', 'starved-32']
      .flatMap(distressRows)
      .map((row) => ({ ...row, fullOnly: true })),
    { id: '7', nodes: 128, variant: 'loss', metric: 'aliveDeaths', target: atMost(0) },
    { id: '7', nodes: 128, variant: 'one-way', metric: 'aliveDeaths', target: atMost(0) },
    { id: '7', nodes: 128, variant: 'one-link', metric: 'diedPct', target: atLeast(100) },
    { id: '7', nodes: 128, variant: 'one-link', metric: 'aliveDeaths', target: atMost(0) },
  ],
};

function distressRows(variant: string): Row[] {
  const row = { id: '7', nodes: 128, variant };
  return [
    { ...row, metric: 'ratioPct', target: atMost(0.5), anchor: 'Lifeguard: 1.53 of SWIM' },
    {
      ...row,
      metric: 'healthyFalseDeaths',
      target: atMost(0),
      anchor: 'Lifeguard: 25 events, 1.89 % of SWIM',
    },
    // What a starved member has not worked off yet outlasts its spell, so that only a frozen one's is sharp.
    { ...row, metric: 'hastyDeaths', target: variant.startsWith('frozen') ? atMost(0) : undefined },
    { ...row, metric: 'falseDeaths', target: undefined },
    { ...row, metric: 'baselineFalseDeaths', target: undefined },
    { ...row, metric: 'distressedDeaths', target: undefined },
  ];
}

/** One accuser is enough, and nothing is a reason for doubt. */
export const credulousConfig: MeshConfig = {
  ...defaultMeshConfig,
  membership: {
    ...defaultMeshConfig.membership,
    quorum: 1,
    agreedMsMin: 0,
    doubtMsMax: 0,
    // Over the longest spell; beyond it a new life begins, for both detectors alike.
    lateMs: defaultMeshConfig.membership.newEpochMs,
    sleptMs: defaultMeshConfig.membership.newEpochMs,
    deafMs: NEVER_MS,
    reachedAfterMs: NEVER_MS,
  },
};

function run(options: ScenarioOptions): ScenarioResult {
  const { variant } = options;
  const [kind, count] = variant.split('-');
  if (variant === 'one-link') return { metrics: runOneLink(options), curves: {} };
  if (kind !== 'frozen' && kind !== 'starved') return { metrics: runSound(options), curves: {} };
  const plague: Plague = { kind, members: Number(count) };
  const ours = runDistressed(options, plague, defaultMeshConfig);
  const baseline = runDistressed(options, plague, credulousConfig);
  return {
    metrics: {
      ...ours,
      ratioPct: ratioPct(ours.falseDeaths, baseline.falseDeaths),
      aliveRatioPct: ratioPct(ours.aliveDeaths, baseline.aliveDeaths),
      baselineFalseDeaths: baseline.falseDeaths,
      baselineHealthyFalseDeaths: baseline.healthyFalseDeaths,
      baselineDistressedDeaths: baseline.distressedDeaths,
      baselineAliveDeaths: baseline.aliveDeaths,
    },
    curves: {},
  };
}

/** Of nothing, nothing is 0 % and anything is as much as all. */
export function ratioPct(ours: number, baseline: number): number {
  if (ours === 0) return 0;
  return baseline === 0 ? 100 : (100 * ours) / baseline;
}

type Deaths = Readonly<
  Record<
    'falseDeaths' | 'healthyFalseDeaths' | 'distressedDeaths' | 'hastyDeaths' | 'aliveDeaths' | 'listedPct',
    number
  >
>;

function runDistressed(
  { nodes, seed, full, progress }: ScenarioOptions,
  plague: Plague,
  config: MeshConfig,
): Deaths {
  const world = createMeshWorld({ seed, config });
  const watch = watchDeaths(world);
  progress('forming');
  formRoom(world, { nodes });
  watch.counting = true;
  const distress = createDistress(world, plague);
  watch.distress = distress;
  runMinutes(world, full ? RUN_FULL_MS : DISTRESS_MS, progress);
  distress.end();
  return watch.counts();
}

/** Nobody is in distress: the network is. */
function runSound({ nodes, seed, full, variant, progress }: ScenarioOptions): Deaths {
  const world = createMeshWorld({
    seed,
    ...(variant === 'one-way' && { conditions: { iceGivesUpMs: [NEVER_MS, NEVER_MS] } }),
  });
  const watch = watchDeaths(world);
  progress('forming');
  formRoom(world, { nodes });
  watch.counting = true;
  if (variant === 'loss') world.setConditions({ loss: 0.1, jitterMs: 500 });
  else {
    const [from, to] = pickLink(world);
    world.cut(from, to);
  }
  runMinutes(world, full ? RUN_FULL_MS : RUN_MS, progress);
  return watch.counts();
}

function runOneLink({ nodes, seed, progress }: ScenarioOptions): Record<string, number> {
  const world = createMeshWorld({ seed });
  const watch = watchDeaths(world);
  progress('forming');
  formRoom(world, { nodes });
  watch.counting = true;
  const [member, neighbor] = pickLink(world);
  for (const other of world.living()) {
    if (other === member || other === neighbor) continue;
    world.cut(member, other);
    world.cut(other, member);
    world.failLink(member, other);
  }
  // All try in vain to mend that.
  world.run(CALM_MS);
  const links = world.neighborsOf(member).size;
  world.crash(member);
  const crashedAtMs = world.timeMs();
  world.run(BURY_MS);
  const toldMs = world.living().map((tab) => (watch.goneAtMs(tab, member) ?? Infinity) - crashedAtMs);
  const told = toldMs.filter((ms) => ms < Infinity);
  return {
    links,
    diedPct: (100 * told.length) / toldMs.length,
    crashMs: Math.max(0, ...told),
    ...watch.counts(),
  };
}

function runMinutes(world: MeshWorld, ms: number, progress: (at: string) => void): void {
  for (let ranMs = 0; ranMs < ms; ranMs += 60_000) {
    progress(`minute ${ranMs / 60_000}`);
    world.run(Math.min(60_000, ms - ranMs));
  }
}

function pickLink(world: MeshWorld): readonly [Tab, Tab] {
  const tab = world.rng.pick(world.living().filter((candidate) => world.neighborsOf(candidate).size > 0))!;
  return [tab, world.tabOf(world.rng.pick([...world.neighborsOf(tab).keys()])!)!];
}

interface DeathWatch {
  /** Set once the room has formed: while it is acquainted no accusation is carried to whom it is of. */
  counting: boolean;
  /** Set once somebody is in distress. */
  distress: Distress | undefined;
  readonly goneAtMs: (tab: Tab, member: Tab) => number | undefined;
  /** What was told so far; then gives the room its calm, and sees who lists whom. */
  readonly counts: () => Deaths;
}

function watchDeaths(world: MeshWorld): DeathWatch {
  const counts = { falseDeaths: 0, healthyFalseDeaths: 0, distressedDeaths: 0, hastyDeaths: 0 };
  const lists = followLists(world, ({ tab, id, reason }) => {
    const target = world.tabOf(id);
    if (!watch.counting || reason !== 'failed' || target?.isAlive() !== true) return;
    const { distress } = watch;
    if (distress?.isPlagued(target) === true) {
      counts.distressedDeaths += 1;
      const isHasty = !distress.isPlagued(tab) && distress.stalledMs(target, BLAMED_MS) < BORNE_MS;
      if (isHasty) counts.hastyDeaths += 1;
      return;
    }
    counts.falseDeaths += 1;
    if (distress?.isPlagued(tab) !== true) counts.healthyFalseDeaths += 1;
  });
  const watch: DeathWatch = {
    counting: false,
    distress: undefined,
    goneAtMs: (tab, member) => lists.goneAtMs(tab, member.id),
    counts: () => {
      const told = { ...counts, aliveDeaths: counts.falseDeaths + counts.distressedDeaths };
      world.run(CALM_MS);
      const living = world.living();
      const pairs = living.flatMap((tab) =>
        living.filter((other) => other !== tab).map(({ id }) => Number(lists.has(tab, id))),
      );
      return { ...told, listedPct: 100 * mean(pairs) };
    },
  };
  return watch;
}
