/**
 * One run of the swarm: a seed draws a network, tabs, and faults; checkers watch every step; then all is calm, and
 * what must hold then is looked at. The same seed tells the same story again.
 */
import { createRng } from '#shared/base/rng.ts';
import { TRACE_HEADING, traceLine } from '#shared/mesh/trace.ts';
import { createMeshWorld } from '../world.ts';
import { theHonestAreKept } from './blame.ts';
import type { Checker, MakeChecker, MeshWorld } from './checker.ts';
import { clocksStayNear } from './clocks.ts';
import { copiesAreFew, copiesAreNotRepeated } from './copies.ts';
import { messagesComeOnce } from './deliveries.ts';
import { directsArriveOnce } from './directs.ts';
import { createExtras, drawServerJitter } from './extras.ts';
import { calm, drawConditions, FAULTS, say, type Fault } from './faults.ts';
import { createGreeterFaults, fewGreet } from './greeters.ts';
import { lostMessagesComeAgain, nobodyGivesUpEarly } from './giving-up.ts';
import { framesCountOnce, linksAreSynced, roundsEnd } from './links.ts';
import { refutationsCount, theDeafDoubt } from './lives.ts';
import {
  nobodyIsWronged,
  presencesAreEqual,
  roomIsWhole,
  rostersAreEqual,
  statesAreEqual,
  tablesRest,
  viewsAreSymmetric,
} from './liveness.ts';
import { everyVersionSaysOneThing } from './one-word.ts';
import { createOddTimers, timersAreFew } from './odd-timers.ts';
import {
  circlesEnd,
  clocksRise,
  collectionsAreBounded,
  eventsAlternate,
  presenceIsOfMembers,
  roundsAreSpaced,
  viewsAreWellFormed,
} from './safety.ts';
import { createPageFaults } from './pages.ts';
import { newestIsShown } from './shown.ts';

export interface SwarmOptions {
  readonly seed: number;
  /** Tabs at most; drawn from the seed if not given. */
  readonly nodes?: number;
  /** Called with each line of the trace, its heading first. */
  readonly trace?: (line: string) => void;
}

export interface SwarmResult {
  readonly complaints: readonly string[];
  readonly counts: SwarmCounts;
}

/** What a run came to: compared with the counts of an earlier version, it shows what a change did. */
export interface SwarmCounts {
  readonly tabs: number;
  readonly steps: number;
  readonly frames: number;
  readonly bytes: number;
  readonly constructed: number;
  readonly failed: number;
}

const CHECKERS: readonly MakeChecker[] = [
  circlesEnd,
  viewsAreWellFormed,
  eventsAlternate,
  presenceIsOfMembers,
  clocksRise,
  clocksStayNear,
  newestIsShown,
  framesCountOnce,
  refutationsCount,
  theDeafDoubt,
  collectionsAreBounded,
  messagesComeOnce,
  copiesAreNotRepeated,
  roundsAreSpaced,
  roundsEnd,
  nobodyIsWronged,
  roomIsWhole,
  viewsAreSymmetric,
  linksAreSynced,
  rostersAreEqual,
  statesAreEqual,
  presencesAreEqual,
  directsArriveOnce,
  nobodyGivesUpEarly,
  copiesAreFew,
  timersAreFew,
  tablesRest,
  lostMessagesComeAgain,
  theHonestAreKept,
  everyVersionSaysOneThing,
  fewGreet,
];

const STEPS = 50;
const STEP_MS_MAX = 3_000;
/** Long enough for the slowest backoff, and for every departed member to be found out. */
const CALM_MS = 90_000;
/** For what is said when all is calm to be heard everywhere; a hole that nobody can fill is given up after 10 s. */
const HEARD_MS = 15_000;
/** Complaints that are kept: the first ones tell most. */
const COMPLAINTS_MAX = 20;

export function runSwarm({ seed, nodes, trace }: SwarmOptions): SwarmResult {
  // Apart from the world's own streams: another network draws the same faults.
  const rng = createRng([seed, 0x5a4d]);
  const tabsMax = nodes ?? 3 + rng.below(20);
  const serverJitterMs = drawServerJitter(rng.fork('server'));
  const world = createMeshWorld({ seed, conditions: { ...drawConditions(rng), serverJitterMs } });
  const complaints: string[] = [];
  const counts = countAll(world);
  // Their chance is their own: the faults are the same without them.
  const oddTimers = createOddTimers(world, createRng([seed, 0x0dd]));
  const greeterFaults = createGreeterFaults(world, createRng([seed, 0x9ee7]));
  const pageFaults = createPageFaults(world, createRng([seed, 0xba9e]));
  const extras = createExtras(world, { rng: rng.fork('extras'), tabsMax, trace });
  if (trace) traceAll(world, trace);
  const checkers = CHECKERS.map((make) => {
    const checker: Checker = make(world, (what) => {
      if (complaints.length < COMPLAINTS_MAX)
        complaints.push(`${(world.timeMs() / 1_000).toFixed(3)} s  ${checker.name}: ${what}`);
    });
    if (checker.observer) world.observe(checker.observer);
    return checker;
  });

  try {
    for (let opened = 0; opened < Math.max(3, tabsMax / 2); opened++) world.open();
    extras.begin();
    for (let step = 0; step < STEPS; step++) {
      const [tab, other] = rng.sample(world.living(), 2);
      const fault = pickWeighted(rng.fraction());
      trace?.(`--- ${fault.name}`);
      if (tab && other) fault.happen({ world, tab, other, rng, tabsMax });
      extras.give();
      oddTimers.give();
      greeterFaults.give();
      pageFaults.give();
      world.run(rng.fraction() * STEP_MS_MAX);
      for (const checker of checkers) checker.look?.();
    }
    trace?.('--- calm');
    extras.end();
    pageFaults.end();
    calm(world);
    for (const checker of checkers) checker.calmed?.();
    world.run(CALM_MS);
    for (const tab of world.living()) say(world, tab);
    world.run(HEARD_MS);
    for (const checker of checkers) checker.look?.();
    for (const checker of checkers) checker.whenCalm?.();
  } catch (problem) {
    // A broken invariant is the loudest complaint; the seed replays it.
    complaints.push(`${(world.timeMs() / 1_000).toFixed(3)} s  assert: ${String(problem)}`);
  }
  return { complaints, counts: counts() };
}

/** The line that tells the story again. */
export function replayLine({ seed, nodes }: Pick<SwarmOptions, 'seed' | 'nodes'>): string {
  return `npm run sim -- --scenario swarm${nodes === undefined ? '' : ` --nodes ${nodes}`} --seed ${seed}`;
}

function countAll(world: MeshWorld): () => SwarmCounts {
  let steps = 0;
  let frames = 0;
  let bytes = 0;
  let failed = 0;
  world.observe({
    stepped: () => {
      steps += 1;
    },
    sent: (_tab, _to, _message, length) => {
      frames += 1;
      bytes += length;
    },
    told: (_tab, event) => {
      if (event.kind === 'memberLeft' && event.reason === 'failed') failed += 1;
    },
  });
  return () => ({ tabs: world.tabs.length, steps, frames, bytes, constructed: world.constructed(), failed });
}

function traceAll(world: MeshWorld, trace: (line: string) => void): void {
  trace(TRACE_HEADING);
  world.observe({
    stepped: (tab, input, effects) => {
      const { overlay, membership } = tab.node.inspect();
      const sizes = {
        active: overlay.activeView.length,
        passive: overlay.passiveView.length,
        members: membership.members.size,
      };
      trace(traceLine({ timeMs: world.timeMs(), self: tab.id, input, sizes, effects }));
    },
  });
}

const WEIGHT_ALL = FAULTS.reduce((sum, { weight }) => sum + weight, 0);

function pickWeighted(fraction: number): Fault {
  let left = fraction * WEIGHT_ALL;
  for (const fault of FAULTS) {
    left -= fault.weight;
    if (left < 0) return fault;
  }
  return FAULTS.at(-1)!;
}
