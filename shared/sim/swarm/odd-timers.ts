/**
 * Timers as they should not come: once more when they are long over, or before their time. The contract of all
 * layers is that none of them does anything wrong.
 */
import type { Rng } from '#shared/base/rng.ts';
import { defaultMeshConfig } from '#shared/mesh/config.ts';
import type { NodeTimer } from '#shared/mesh/messages.ts';
import type { SimTab } from '../tab.ts';
import { nameOf, type MakeChecker, type MeshWorld } from './checker.ts';

/** Timers kept of each tab; the oldest give way. A watch comes every second, so this is some minutes. */
const KEPT_MAX = 2_000;
const GIVEN_AT_ONCE = 20;
/** How often, of all steps. */
const SHARE = 0.3;
/** How long timers are counted. */
const COUNTED_MS = 10_000;
/** The watch is the most frequent of all; one more falls in at the edge. */
const TIMES_MAX = COUNTED_MS / defaultMeshConfig.membership.watchMs + 1;

export interface OddTimers {
  /** Now and then some tab is given some of all the timers that it ever asked for. */
  readonly give: () => void;
}

export function createOddTimers(world: MeshWorld, rng: Rng): OddTimers {
  const timersByTab = new Map<SimTab, NodeTimer[]>();
  world.observe({
    stepped: (tab, _input, effects) => {
      const timers = timersByTab.get(tab) ?? [];
      timersByTab.set(tab, timers);
      for (const effect of effects) if (effect.kind === 'schedule') timers.push(effect.timer);
      if (timers.length > KEPT_MAX) timers.splice(0, timers.length - KEPT_MAX);
    },
  });
  return {
    give: () => {
      if (rng.fraction() >= SHARE) return;
      const [tab] = rng.sample(world.living(), 1);
      if (!tab) return;
      for (const timer of rng.sample(timersByTab.get(tab) ?? [], GIVEN_AT_ONCE))
        tab.give(() => ({ kind: 'timer', timer }));
    },
  };
}

/** In calm no tab's timers multiply: an old one that was acted on would have asked for another of its kind, for good. */
export const timersAreFew: MakeChecker = (world, complain) => {
  const timesByTab = new Map<SimTab, Map<string, number>>();
  let calm = false;
  return {
    name: 'timers',
    observer: {
      stepped: (tab, input) => {
        if (!calm || input.kind !== 'timer') return;
        const { layer, timer } = input.timer;
        const timesByKind = timesByTab.get(tab) ?? new Map<string, number>();
        timesByTab.set(tab, timesByKind);
        const kind = `${layer}/${timer.kind}`;
        timesByKind.set(kind, (timesByKind.get(kind) ?? 0) + 1);
      },
    },
    whenCalm: () => {
      calm = true;
      world.run(COUNTED_MS);
      calm = false;
      for (const [{ id }, timesByKind] of timesByTab) {
        for (const [kind, times] of timesByKind) {
          if (times > TIMES_MAX)
            complain(`${nameOf(id)} got ${kind} ${times} times in ${COUNTED_MS / 1_000} s of calm`);
        }
      }
    },
  };
};
