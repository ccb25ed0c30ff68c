/** What happens when: drawn from a seed, so that it can be run again. Pure. */
import { createFraction } from '../kit/fraction.ts';

export interface PlanOptions {
  readonly seed: number;
  /** In the room at any time, those that sleep among them. */
  readonly tabs: number;
  readonly minutes: number;
  /** From one crash, join and sleep to the next. */
  readonly everyS: number;
}

/** Tabs are numbered in the order in which they come; those from the start are 0 to `tabs` - 1. */
export type Step =
  | { readonly kind: 'crash'; readonly atMs: number; readonly tab: number }
  /** Writes from now on under the keys of one that crashed, so that the room's state does not grow by newcomers. */
  | { readonly kind: 'join'; readonly atMs: number; readonly tab: number; readonly slot: number }
  | { readonly kind: 'sleep'; readonly atMs: number; readonly tab: number; readonly forMs: number }
  | { readonly kind: 'wake'; readonly atMs: number; readonly tab: number };

export interface Plan {
  /** Neither crash nor sleep: what they see is what the room is measured by. */
  readonly witnesses: readonly number[];
  /** Never crash; those among them that are no witnesses sleep as others do. */
  readonly kept: readonly number[];
  /** In the order in which they happen. */
  readonly steps: readonly Step[];
  readonly endMs: number;
}

/** As long as it takes a room to doubt one (and some that nobody misses), to as long as a link may be parked for twice over. */
const SLEEP_MS: readonly [number, number] = [2_000, 30_000];
/** Of all tabs: more would be another room. */
const ASLEEP_SHARE = 1 / 3;
/** Of beats: nobody crashes or falls asleep that has hardly come. */
const SETTLED_BEATS = 2;

interface Life {
  readonly tab: number;
  readonly slot: number;
  readonly joinedBeat: number;
  awakeFromMs: number;
}

export function drawPlan({ seed, tabs, minutes, everyS }: PlanOptions): Plan {
  const fraction = createFraction(seed);
  const kept = Array.from({ length: Math.min(4, Math.ceil(tabs / 3)) }, (_, tab) => tab);
  const witnesses = kept.slice(0, Math.ceil(kept.length / 2));
  const endMs = minutes * 60_000;
  const beats = Math.floor(endMs / (everyS * 1_000));
  const steps: Step[] = [];
  let living: Life[] = Array.from({ length: tabs }, (_, tab) => ({
    tab,
    slot: tab,
    joinedBeat: -SETTLED_BEATS,
    awakeFromMs: 0,
  }));
  const draw = (lives: readonly Life[]): Life | undefined => lives[Math.floor(fraction() * lives.length)];

  for (let beat = 0; beat < beats; beat++) {
    const atMs = beat * everyS * 1_000;
    const settled = living.filter(
      (life) => beat - life.joinedBeat >= SETTLED_BEATS && life.awakeFromMs <= atMs,
    );
    const crashing = draw(settled.filter(({ tab }) => !kept.includes(tab)));
    if (crashing) {
      const tab = tabs + beat;
      const { slot } = crashing;
      steps.push({ kind: 'crash', atMs, tab: crashing.tab }, { kind: 'join', atMs, tab, slot });
      living = [
        ...living.filter((life) => life !== crashing),
        { tab, slot, joinedBeat: beat, awakeFromMs: atMs },
      ];
    }
    const asleep = living.filter(({ awakeFromMs }) => awakeFromMs > atMs).length;
    const sleeper = draw(settled.filter((life) => life !== crashing && !witnesses.includes(life.tab)));
    // Drawn in any case: what comes later does not depend on how many sleep now.
    const drawnMs = Math.round(SLEEP_MS[0] * (SLEEP_MS[1] / SLEEP_MS[0]) ** fraction());
    if (!sleeper || asleep + 1 > tabs * ASLEEP_SHARE) continue;
    const forMs = Math.min(drawnMs, endMs - atMs);
    sleeper.awakeFromMs = atMs + forMs;
    steps.push({ kind: 'sleep', atMs, tab: sleeper.tab, forMs });
    steps.push({ kind: 'wake', atMs: sleeper.awakeFromMs, tab: sleeper.tab });
  }
  return { witnesses, kept, steps: steps.toSorted((a, b) => a.atMs - b.atMs), endMs };
}

/** Something to do, at its time: a step of the plan, or what is done to know what becomes of it. */
export type Moment =
  | Step
  /** Something is written that those who sleep do not know. */
  | { readonly kind: 'mark'; readonly atMs: number }
  | { readonly kind: 'look'; readonly atMs: number }
  /** `share`: of the soak that has passed. */
  | { readonly kind: 'measure'; readonly atMs: number; readonly share: number };

/** All of it in its order: a look at the end of each beat, a mark in the middle of each sleep. */
export function momentsOf(
  { steps, endMs }: Plan,
  { everyS, measured }: { readonly everyS: number; readonly measured: readonly number[] },
): readonly Moment[] {
  const beats = Math.floor(endMs / (everyS * 1_000));
  const looks = Array.from({ length: beats }, (_, beat): Moment => ({
    kind: 'look',
    atMs: (beat + 1) * everyS * 1_000 - 1,
  }));
  const marks = steps.flatMap((step): Moment[] =>
    step.kind === 'sleep' ? [{ kind: 'mark', atMs: step.atMs + step.forMs / 2 }] : [],
  );
  const measures = measured.map((share): Moment => ({ kind: 'measure', atMs: share * endMs, share }));
  return [...steps, ...marks, ...looks, ...measures].toSorted((a, b) => a.atMs - b.atMs);
}

/** Who neither crashes nor falls asleep from one time to another: whoever waits for it does not wait in vain. */
export function isSteady({ steps }: Plan, tab: number, fromMs: number, untilMs: number): boolean {
  return !steps.some(
    (step) =>
      step.tab === tab &&
      (step.kind === 'crash' || step.kind === 'sleep') &&
      step.atMs >= fromMs &&
      step.atMs < untilMs,
  );
}
