/** One who asks for links in the names of others, to have those that they hold given up for it. */
import { expect, test } from 'vitest';
import { wordsToAttemptId, type PeerId } from '#shared/base/ids.ts';
import type { LinkMessage } from '#shared/mesh/messages.ts';
import { defaultOverlayConfig } from '#shared/overlay/config.ts';
import { createRoom, eventsOf, type Tab, type World } from '../mesh/fixture.ts';

const SECONDS = 60;

const forged = (from: PeerId, to: PeerId, by: PeerId, number: number): LinkMessage => ({
  kind: 'packet',
  origin: from,
  to,
  id: 1_000_000 + number,
  ttl: 3,
  delivery: 'once',
  flooded: false,
  serverMay: true,
  route: [],
  trail: [by],
  payload: { kind: 'request', attempt: wordsToAttemptId(9, number), priority: 'high', forward: false },
});

/** The liar asks this one for a link once a second in the name of each of the others. */
function borrowNames(world: World, liar: Tab, victim: Tab, names: readonly PeerId[]): void {
  let number = 0;
  for (let second = 0; second < SECONDS; second++) {
    for (const name of names) world.forge(liar, victim.id, forged(name, victim.id, liar.id, ++number));
    world.run(1_000);
  }
}

const closedBy = (tab: Tab): readonly string[] =>
  eventsOf(tab).flatMap((event) => (event.kind === 'linkClosed' ? [event.reason] : []));

test.each([1, 2, 3])('in a room of eight, all of whom are linked, costs nobody a link (seed %i)', (seed) => {
  const world = createRoom(8, { seed, calmMs: 15_000 });
  const [liar, victim, ...others] = world.living() as [Tab, Tab, ...Tab[]];
  const before = victim.node.inspect().overlay;
  expect(before.activeView).toHaveLength(7);
  for (const tab of world.living()) eventsOf(tab).length = 0;
  borrowNames(
    world,
    liar,
    victim,
    others.map(({ id }) => id),
  );
  expect(world.living().flatMap(closedBy)).toEqual([]);
  expect(victim.node.inspect().overlay.constructed).toBe(before.constructed);
});

test('in a larger room, also of those who are not linked, costs few constructions, and no link but for one of its own choice', () => {
  const world = createRoom(30, { seed: 4, calmMs: 30_000 });
  const [liar] = world.living() as [Tab];
  const victim = world.living().find((tab) => liar.node.inspect().overlay.activeView.includes(tab.id))!;
  const before = victim.node.inspect().overlay;
  for (const tab of world.living()) eventsOf(tab).length = 0;
  const names = world.living().flatMap(({ id }) => (id === liar.id || id === victim.id ? [] : [id]));
  borrowNames(world, liar, victim, names);
  const { activeView, constructed, ownChoices } = victim.node.inspect().overlay;
  // Who is asked in vain all the time is pressed, and sees to it that half of its links are its own choice.
  const { ownChoicesMin } = defaultOverlayConfig;
  expect(closedBy(victim).filter((reason) => reason !== 'evicted')).toEqual([]);
  expect(closedBy(victim).length).toBeLessThanOrEqual(ownChoicesMin);
  expect(ownChoices.length).toBeGreaterThanOrEqual(ownChoicesMin);
  expect(activeView.length).toBeGreaterThanOrEqual(before.targetDegree);
  // Two at a time, each for the ten seconds that a channel may take.
  expect(constructed - before.constructed).toBeLessThanOrEqual((2 * SECONDS) / 10 + 2 + ownChoicesMin);
});

test('the control: one who has really lost its end of a link has it again soon', () => {
  const world = createRoom(8, { seed: 1, calmMs: 15_000 });
  const [, lost, other] = world.living() as [Tab, Tab, Tab];
  world.cut(lost, other);
  world.cut(other, lost);
  const isLinked = (): boolean => lost.node.inspect().overlay.activeView.includes(other.id);
  expect(world.runUntil(() => !isLinked(), 60_000)).toBe(true);
  world.heal();
  expect(world.runUntil(isLinked, 30_000)).toBe(true);
});
