import { describe, expect, test } from 'vitest';
import { drawPlan, isSteady, momentsOf, type Plan, type Step } from '../../soak/plan.ts';

const TEN_MINUTES = { seed: 7, tabs: 24, minutes: 10, everyS: 5 } as const;
const SEEDS = Array.from({ length: 50 }, (_, seed) => seed);

const kinds = ({ steps }: Plan, kind: Step['kind']): readonly Step[] =>
  steps.filter((step) => step.kind === kind);

/** Who is awake, asleep and gone after each step. */
function follow(plan: Plan, tabs: number, look: (awake: Set<number>, asleep: Set<number>) => void): void {
  const awake = new Set(Array.from({ length: tabs }, (_, tab) => tab));
  const asleep = new Set<number>();
  const move = (tab: number, from: Set<number>, to?: Set<number>): void => {
    expect(from.delete(tab)).toBe(true);
    to?.add(tab);
  };
  for (const { kind, tab } of plan.steps) {
    if (kind === 'crash') move(tab, awake);
    else if (kind === 'sleep') move(tab, awake, asleep);
    else if (kind === 'wake') move(tab, asleep, awake);
    else awake.add(tab);
    look(awake, asleep);
  }
}

describe('the plan of a soak', () => {
  test('is the same for the same seed, and another for another', () => {
    expect(drawPlan(TEN_MINUTES)).toEqual(drawPlan(TEN_MINUTES));
    expect(drawPlan({ ...TEN_MINUTES, seed: 8 })).not.toEqual(drawPlan(TEN_MINUTES));
  });

  test('has a crash and a join every five seconds, and as good as always a sleep', () => {
    const plan = drawPlan(TEN_MINUTES);
    expect(kinds(plan, 'crash')).toHaveLength(120);
    expect(kinds(plan, 'join')).toHaveLength(120);
    expect(kinds(plan, 'sleep').length).toBeGreaterThan(110);
    expect(plan.steps.map(({ atMs }) => atMs)).toEqual(
      plan.steps.map(({ atMs }) => atMs).toSorted((a, b) => a - b),
    );
  });

  test.each([4, 6, 12, 24])('lets only those that are awake crash and fall asleep, of %i tabs', (tabs) => {
    for (const seed of SEEDS) {
      const plan = drawPlan({ seed, tabs, minutes: 3, everyS: 5 });
      follow(plan, tabs, (awake, asleep) => {
        expect(asleep.size).toBeLessThanOrEqual(tabs / 3);
        // Between a crash and the join that makes up for it there is one less.
        expect(awake.size + asleep.size).toBeGreaterThanOrEqual(tabs - 1);
      });
    }
  });

  test('spares those that are kept, and lets the witnesses among them be awake', () => {
    for (const seed of SEEDS) {
      const { kept, witnesses, steps } = drawPlan({ ...TEN_MINUTES, seed });
      expect([kept, witnesses]).toEqual([
        [0, 1, 2, 3],
        [0, 1],
      ]);
      expect(steps.some(({ kind, tab }) => kind === 'crash' && kept.includes(tab))).toBe(false);
      expect(steps.some(({ kind, tab }) => kind === 'sleep' && witnesses.includes(tab))).toBe(false);
    }
  });

  test('wakes everybody before it ends', () => {
    for (const seed of SEEDS) {
      const { endMs, steps } = drawPlan({ ...TEN_MINUTES, seed });
      const asleep = new Set<number>();
      for (const { kind, tab } of steps) {
        if (kind === 'sleep') asleep.add(tab);
        else if (kind === 'wake') asleep.delete(tab);
      }
      expect([...asleep]).toEqual([]);
      expect(steps.every(({ atMs }) => atMs <= endMs)).toBe(true);
    }
  });

  test('gives a newcomer the keys of one that crashed, so that no two write under the same', () => {
    const { steps } = drawPlan(TEN_MINUTES);
    const slotByTab = new Map(Array.from({ length: 24 }, (_, tab) => [tab, tab]));
    for (const step of steps) {
      if (step.kind === 'crash') slotByTab.delete(step.tab);
      else if (step.kind === 'join') slotByTab.set(step.tab, step.slot);
    }
    expect([...slotByTab.values()].toSorted((a, b) => a - b)).toEqual(
      Array.from({ length: 24 }, (_, slot) => slot),
    );
  });

  test('has a look at the end of each beat, and a mark in each sleep', () => {
    const sleep: Step = { kind: 'sleep', tab: 1, atMs: 0, forMs: 4_000 };
    const wakes: Step = { kind: 'wake', tab: 1, atMs: 4_000 };
    const plan: Plan = { witnesses: [], kept: [], endMs: 10_000, steps: [sleep, wakes] };
    expect(momentsOf(plan, { everyS: 5, measured: [0.5, 1] })).toEqual([
      sleep,
      { kind: 'mark', atMs: 2_000 },
      wakes,
      { kind: 'look', atMs: 4_999 },
      { kind: 'measure', atMs: 5_000, share: 0.5 },
      { kind: 'look', atMs: 9_999 },
      { kind: 'measure', atMs: 10_000, share: 1 },
    ]);
  });

  test('tells who stays as it is for a while', () => {
    const plan: Plan = {
      witnesses: [],
      kept: [],
      endMs: 60_000,
      steps: [
        { kind: 'sleep', tab: 1, atMs: 5_000, forMs: 2_000 },
        { kind: 'wake', tab: 1, atMs: 7_000 },
        { kind: 'crash', tab: 2, atMs: 9_000 },
      ],
    };
    const steady = [1, 2, 3].filter((tab) => isSteady(plan, tab, 6_000, 10_000));
    expect(steady).toEqual([1, 3]);
    expect([1, 2, 3].filter((tab) => isSteady(plan, tab, 0, 9_000))).toEqual([2, 3]);
  });
});
