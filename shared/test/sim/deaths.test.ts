import { describe, expect, it } from 'vitest';
import { defaultMembershipConfig, checkMembershipConfig } from '#shared/membership/config.ts';
import type { Scenario, ScenarioResult } from '#sim/scenario.ts';
import { formRoom } from '#sim/forming.ts';
import { createMeshWorld } from '#sim/world.ts';
import { churn } from '#sim/scenarios/churn.ts';
import { crash } from '#sim/scenarios/crash.ts';
import { credulousConfig, falseDeaths, ratioPct } from '#sim/scenarios/false-deaths.ts';
import { kill, killMost } from '#sim/scenarios/kill.ts';

const play = (scenario: Scenario, nodes: number, variant: string): ScenarioResult =>
  scenario.run({ nodes, seed: 1, variant, full: false, progress: () => undefined });

/** The metrics that the table wants of a variant, as the scenario measured them. */
const tabled = ({ rows }: Scenario, variant: string, { metrics }: ScenarioResult): readonly unknown[] =>
  rows.filter((row) => row.variant === variant).map(({ metric }) => metrics[metric]);

describe('a killed room', () => {
  it('with a server is whole again, has everything, and has buried the dead', () => {
    const result = play(kill, 12, '50-server');
    expect(tabled(kill, '50-server', result).every(Number.isFinite)).toBe(true);
    expect(result.metrics).toMatchObject({
      deliveredPct: 100,
      largestComponentPct: 100,
      deadDeclaredPct: 100,
      survivorsListedPct: 100,
    });
    const { deadLastS } = result.metrics;
    expect(deadLastS).toBeGreaterThan(2);
  });

  it('without one stays in the pieces that were left, and each buries the dead', () => {
    const result = play(kill, 22, '75-alone');
    expect(Object.values(result.metrics).every(Number.isFinite)).toBe(true);
    const { percolationPct, largestComponentPct, deadDeclaredPct } = result.metrics;
    expect(percolationPct).toBeLessThan(100);
    expect(largestComponentPct).toBe(percolationPct);
    expect(deadDeclaredPct).toBe(100);
  });
});

it('who never listed the dead has not buried them', () => {
  const world = createMeshWorld({ seed: 1 });
  formRoom(world, { nodes: 6, calmMs: 0 });
  const blind = { has: () => false, goneAtMs: () => undefined };
  const { metrics } = killMost(world, blind, { variant: '50-alone', progress: () => undefined });
  expect(metrics['deadDeclaredPct']).toBe(0);
});

it('a crash takes longer to be seen than a goodbye, and everybody sees both', () => {
  const result = play(crash, 4, 'calm');
  const { crashP50Ms, crashP99Ms, leaveMs, undetected, wrongDeaths } = result.metrics;
  expect([undetected, wrongDeaths]).toEqual([0, 0]);
  expect(leaveMs).toBeGreaterThanOrEqual(10);
  expect(crashP50Ms).toBeGreaterThan(defaultMembershipConfig.suspectAfterMsMin - 1_000);
  expect(crashP99Ms).toBeGreaterThanOrEqual(crashP50Ms!);
});

it('a room in churn measures all that the table wants', () => {
  const result = play(churn, 8, '1-per-s');
  const { deliveredPct, constructedPerNodeHour } = result.metrics;
  expect(deliveredPct).toBeGreaterThan(90);
  expect(constructedPerNodeHour).toBeGreaterThan(0);
  expect(tabled(churn, '1-per-s', result).every(Number.isFinite)).toBe(true);
});

describe('false deaths', () => {
  it('are compared with a detector that believes one accuser and never doubts itself', () => {
    checkMembershipConfig(credulousConfig.membership);
    const result = play(falseDeaths, 4, 'frozen-1');
    expect(tabled(falseDeaths, 'frozen-1', result).every(Number.isFinite)).toBe(true);
    const { falseDeaths: healthy, baselineFalseDeaths, distressedDeaths, aliveDeaths } = result.metrics;
    expect(baselineFalseDeaths).toBeGreaterThan(0);
    expect(aliveDeaths).toBe(healthy! + distressedDeaths!);
  });

  it('are none where a link is dead one way, and a member with one link dies all the same', () => {
    expect(play(falseDeaths, 6, 'one-way').metrics).toMatchObject({ aliveDeaths: 0, listedPct: 100 });
    expect(play(falseDeaths, 6, 'one-link').metrics).toMatchObject({
      links: 1,
      diedPct: 100,
      aliveDeaths: 0,
    });
  });

  it.each([
    [0, 0, 0],
    [0, 7, 0],
    [1, 200, 0.5],
    [3, 0, 100],
  ])('%i beside %i are %d %%', (ours, baseline, pct) => {
    expect(ratioPct(ours, baseline)).toBe(pct);
  });
});
