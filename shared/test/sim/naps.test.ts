/**
 * A room of laptops: every few seconds one sleeps for up to half a minute, by its page or whole, one crashes and one
 * joins. Far longer than a run of the swarm, for what is passed on from sleeper to sleeper shows only after a minute.
 */
import { expect, test } from 'vitest';
import { createRng } from '#shared/base/rng.ts';
import type { Checker } from '#sim/swarm/checker.ts';
import { messagesComeOnce } from '#sim/swarm/deliveries.ts';
import { say } from '#sim/swarm/faults.ts';
import { createMeshWorld } from '#sim/world.ts';

const TABS = 16;
const MINUTES = 4;
const BEAT_MS = 5_000;
/** A newcomer is let be for so long. */
const SETTLED_MS = 15_000;
const SPEAKS_EACH_MS = 6_000;
const STEP_MS = 500;

// oxlint-disable-next-line max-lines-per-function -- One story, told in order.
function run(seed: number): readonly string[] {
  const rng = createRng([seed, 0x4a9]);
  const world = createMeshWorld({ seed, conditions: { jitterMs: 10 } });
  const complaints: string[] = [];
  const checker: Checker = messagesComeOnce(world, (what) => void complaints.push(what));
  if (checker.observer) world.observe(checker.observer);
  world.observe({
    told: (_tab, event) => {
      if (event.kind === 'peerMisbehaved') complaints.push(`blamed for ${event.reason}`);
    },
  });
  let asleep = 0;
  const beat = (): void => {
    const settled = world
      .living()
      .filter((tab) => tab.mode() === 'running' && world.timeMs() - tab.openedAtMs > SETTLED_MS);
    // A few stay throughout.
    const [victim, sleeper] = rng.sample(settled.slice(3), 2);
    if (victim) {
      world.crash(victim);
      world.open();
    }
    if (!sleeper || asleep > TABS / 3) return;
    if (rng.fraction() < 0.5) world.freeze(sleeper);
    else world.suspend(sleeper);
    asleep += 1;
    world.later(2_000 * 15 ** rng.fraction(), () => {
      asleep -= 1;
      if (sleeper.isAlive()) world.wake(sleeper);
    });
  };

  for (let opened = 0; opened < TABS; opened++) world.open();
  world.run(SETTLED_MS);
  const endMs = world.timeMs() + MINUTES * 60_000;
  for (let nextMs = world.timeMs(); world.timeMs() < endMs; world.run(STEP_MS)) {
    if (world.timeMs() >= nextMs) {
      nextMs += BEAT_MS;
      beat();
    }
    for (const tab of world.living()) if (rng.fraction() < STEP_MS / SPEAKS_EACH_MS) say(world, tab);
  }
  return complaints;
}

test('where many sleep, nothing comes twice, late or after minutes, and nobody is blamed', () => {
  expect(run(1)).toEqual([]);
});
