/** One with a key of its own wants another member declared dead: by old accusations of others, or by its own word. */
import { expect, test } from 'vitest';
import { incarnation } from '#shared/base/ids.ts';
import type { Accusation, Claim } from '#shared/membership/messages.ts';
import type { LinkMessage } from '#shared/mesh/messages.ts';
import { createRoom, eventsOf, rostersAreEqual, type Tab, type World } from '../mesh/fixture.ts';
import { said } from './fixture.ts';

interface Trial {
  readonly world: World;
  readonly liar: Tab;
  readonly victim: Tab;
  /** True accusations of the victim's, from a time when it hung. */
  readonly accusations: readonly Accusation[];
}

/** A room of sixteen in which one hung, was accused, and is back. */
function createTrial(seed: number): Trial {
  const world = createRoom(16, { seed, calmMs: 15_000 });
  const [liar, victim] = world.living() as [Tab, Tab];
  const accusations = new Map<string, Accusation>();
  const stop = world.observe({
    sent: (_tab, _to, message) => {
      if (message.kind !== 'gossip' || message.payload.kind !== 'accusation') return;
      if (message.payload.target === victim.id) accusations.set(message.payload.observer, message.payload);
    },
  });
  world.freeze(victim);
  world.run(8_000);
  world.wake(victim);
  expect(world.runUntil(() => rostersAreEqual(world), 30_000)).toBe(true);
  world.run(30_000);
  stop();
  for (const tab of world.living()) eventsOf(tab).length = 0;
  return { world, liar, victim, accusations: [...accusations.values()] };
}

/** The liar says these of its victim once a second, in a broadcast of its own and by hand. */
function insist({ world, liar }: Trial, claim: Claim): void {
  for (let time = 0; time < 15; time++) {
    const messages: readonly LinkMessage[] = [
      said(liar.id, 5_000 + time, claim),
      { kind: 'claims', claims: [claim] },
    ];
    for (const to of liar.node.inspect().overlay.activeView)
      for (const message of messages) world.forge(liar, to, message);
    world.run(1_000);
  }
}

/** How many have told that this one left. */
const losers = ({ world, victim }: Trial): number =>
  world
    .living()
    .filter((tab) => eventsOf(tab).some((event) => event.kind === 'memberLeft' && event.id === victim.id))
    .length;

const incarnationOf = ({ liar, victim }: Trial): number | undefined =>
  liar.node.inspect().membership.members.get(victim.id)?.incarnation;

test.each([1, 2, 3])('old accusations, collected into a verdict, end nobody (seed %i)', (seed) => {
  const trial = createTrial(seed);
  const [first] = trial.accusations;
  expect(trial.accusations.length).toBeGreaterThanOrEqual(3);
  const before = incarnationOf(trial)!;
  expect(before).toBeGreaterThan(first!.incarnation);
  const { target, epoch, incarnation: accused } = first!;
  const accusations = trial.accusations.filter((one) => one.incarnation === accused).slice(0, 8);
  insist(trial, { kind: 'verdict', target, epoch, incarnation: accused, accusations });
  expect(losers(trial)).toBe(0);
  // It did not even have to answer.
  expect(incarnationOf(trial)).toBe(before);
  expect(rostersAreEqual(trial.world)).toBe(true);
});

test.each([1, 2, 3])('one who accuses alone, again and again, is answered each time (seed %i)', (seed) => {
  const trial = createTrial(seed);
  const { liar, victim } = trial;
  for (let time = 0; time < 3; time++) {
    const accused = incarnation(incarnationOf(trial)!);
    const life = { target: victim.id, epoch: trial.accusations[0]!.epoch, incarnation: accused };
    insist(trial, {
      kind: 'accusation',
      ...life,
      observer: liar.id,
      silentMs: 10_000,
      reached: false,
      proof: null,
    });
    expect(incarnationOf(trial)).toBeGreaterThan(accused);
  }
  expect(losers(trial)).toBe(0);
  expect(rostersAreEqual(trial.world)).toBe(true);
});

test('the control: one who does not answer is lost to all', () => {
  const trial = createTrial(1);
  trial.world.crash(trial.victim);
  trial.world.run(15_000);
  expect(losers(trial)).toBe(15);
});
