/** Members in distress: they live, but stand still or lag again and again, each at times of its own. */
import type { Rng } from '#shared/base/rng.ts';
import { drawFrom, type Range } from './conditions.ts';
import type { SimTab } from './tab.ts';
import type { World } from './world.ts';

/** What befalls how many members. */
export interface Plague {
  readonly kind: 'frozen' | 'starved';
  readonly members: number;
}

export interface Distress {
  readonly isPlagued: (tab: SimTab) => boolean;
  /** The longest spell that this member was in within the last so many milliseconds; the whole of one that reaches in. */
  readonly stalledMs: (tab: SimTab, withinMs: number) => number;
  /** All run freely from now on. */
  readonly end: () => void;
}

/** How long a frozen member stands still, and runs between. */
export const FROZEN_MS: Range = [500, 8_000];
export const THAWED_MS: Range = [1_000, 10_000];
/** How long a starved member starves, and recovers between; what an input costs it. */
export const STARVED_MS: Range = [5_000, 15_000];
export const FED_MS: Range = [5_000, 15_000];
export const INPUT_COST_MS: Range = [40, 120];

interface Patient<Snapshot> {
  readonly tab: SimTab<Snapshot>;
  readonly rng: Rng;
  /** The newest spells, oldest first; the last may go on still. */
  spells: { readonly fromMs: number; untilMs: number }[];
}

/** Spells remembered of each member. */
const SPELLS_MAX = 16;

/** Draws the members and begins, each at a moment of its own. Equal seeds give equal spells, whatever the members do. */
export function createDistress<Snapshot>(world: World<Snapshot>, { kind, members }: Plague): Distress {
  const patients = new Map<SimTab, Patient<Snapshot>>();
  const [illMs, wellMs] = kind === 'frozen' ? [FROZEN_MS, THAWED_MS] : [STARVED_MS, FED_MS];
  let over = false;

  const strike = (patient: Patient<Snapshot>): void => {
    if (over || !patient.tab.isAlive()) return;
    const { tab, rng } = patient;
    const ms = drawFrom(rng, illMs);
    patient.spells = [...patient.spells, { fromMs: world.timeMs(), untilMs: Infinity }].slice(-SPELLS_MAX);
    if (kind === 'starved') tab.starve(drawFrom(rng, INPUT_COST_MS));
    else if (rng.fraction() < 0.5) world.freeze(tab);
    else world.suspend(tab);
    world.later(ms, () => relieve(patient));
  };
  const relieve = (patient: Patient<Snapshot>): void => {
    const spell = patient.spells.at(-1);
    if (spell?.untilMs !== Infinity) return;
    spell.untilMs = world.timeMs();
    if (kind === 'frozen') world.wake(patient.tab);
    else patient.tab.starve(0);
    world.later(drawFrom(patient.rng, wellMs), () => strike(patient));
  };

  for (const tab of world.rng.sample(world.living(), members)) {
    const patient = { tab, rng: world.rng.fork(`distress ${tab.index}`), spells: [] };
    patients.set(tab, patient);
    world.later(drawFrom(patient.rng, wellMs), () => strike(patient));
  }
  return {
    isPlagued: (tab) => patients.has(tab),
    stalledMs: (tab, withinMs) => {
      const nowMs = world.timeMs();
      const spells = patients.get(tab)?.spells ?? [];
      return spells
        .filter(({ untilMs }) => untilMs >= nowMs - withinMs)
        .reduce((longest, { fromMs, untilMs }) => Math.max(longest, Math.min(untilMs, nowMs) - fromMs), 0);
    },
    end: () => {
      over = true;
      for (const patient of patients.values()) relieve(patient);
    },
  };
}
