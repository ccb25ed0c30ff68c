/** Keys cost nothing: those whom one liar makes up cannot have a living member declared dead, nor keep a dead one listed. */
import { expect, test } from 'vitest';
import { epoch, incarnation, type PeerId } from '#shared/base/ids.ts';
import type { Claim } from '#shared/membership/messages.ts';
import type { LinkMessage } from '#shared/mesh/messages.ts';
import { createRoom, eventsOf, type Tab, type World } from '../mesh/fixture.ts';
import { identity, nobody, said } from './fixture.ts';

const INVENTED: readonly PeerId[] = [1, 2, 3].map(nobody);

function tellNeighbors(world: World, liar: Tab, message: LinkMessage): void {
  for (const to of liar.node.inspect().overlay.activeView) world.forge(liar, to, message);
}

/** How many have told that this one is gone for having failed. */
const deceived = (world: World, victim: Tab): number =>
  world
    .living()
    .filter((tab) => eventsOf(tab).some((event) => event.kind === 'memberLeft' && event.id === victim.id))
    .length;

function invite(world: World, liar: Tab, invented: readonly PeerId[] = INVENTED): void {
  tellNeighbors(world, liar, { kind: 'delta', table: 'roster', records: invented.map(identity) });
  const knowsAll = (tab: Tab): boolean => {
    const { members } = tab.node.inspect().membership;
    return tab === liar || invented.every((id) => members.has(id));
  };
  expect(world.runUntil(() => world.living().every(knowsAll), 20_000)).toBe(true);
  for (const tab of world.living()) eventsOf(tab).length = 0;
}

function accusationsOf(
  liar: Tab,
  victim: Tab,
  { invented = INVENTED, silentMs = 10_000 }: { invented?: readonly PeerId[]; silentMs?: number } = {},
): readonly Claim[] {
  const accused = incarnation(liar.node.inspect().membership.members.get(victim.id)!.incarnation);
  return invented.map((observer) => ({
    kind: 'accusation',
    observer,
    target: victim.id,
    epoch: epoch(1),
    incarnation: accused,
    silentMs,
    reached: false,
    proof: null,
  }));
}

test.each([1, 2, 3, 4])('by their accusations, said to all, again and again (seed %i)', (seed) => {
  const world = createRoom(16, { seed, calmMs: 15_000 });
  const [liar, victim] = world.living() as [Tab, Tab];
  invite(world, liar);
  for (let time = 0; time < 5; time++) {
    for (const claim of accusationsOf(liar, victim))
      if (claim.kind === 'accusation') tellNeighbors(world, liar, said(claim.observer, 1 + time, claim));
    world.run(2_000);
  }
  expect(deceived(world, victim)).toBe(0);
});

test.each([1, 2, 3])(
  'by verdicts made of them, or of one, while it hangs for two seconds (seed %i)',
  (seed) => {
    const world = createRoom(16, { seed, calmMs: 15_000 });
    const [liar, victim] = world.living() as [Tab, Tab];
    invite(world, liar);
    world.freeze(victim);
    world.run(1_400);
    const accusations = accusationsOf(liar, victim).filter((claim) => claim.kind === 'accusation');
    const { target, epoch: life, incarnation: accused } = accusations[0]!;
    for (let time = 0; time < 6; time++) {
      for (const some of [accusations.slice(0, 1), accusations]) {
        const verdict: Claim = {
          kind: 'verdict',
          target,
          epoch: life,
          incarnation: accused,
          accusations: some,
        };
        tellNeighbors(world, liar, { kind: 'claims', claims: [verdict] });
        tellNeighbors(world, liar, said(liar.id, 5_000 + time, verdict));
      }
      world.run(100);
    }
    world.wake(victim);
    world.run(10_000);
    expect(deceived(world, victim)).toBe(0);
  },
);

test.each([1, 2, 3])('by accusations of a crashed one that crowd out those who know (seed %i)', (seed) => {
  const world = createRoom(16, { seed, calmMs: 15_000 });
  const [liar, victim] = world.living() as [Tab, Tab];
  const invented = Array.from({ length: 20 }, (_, number) => nobody(1 + number));
  invite(world, liar, invented);
  const accusations = new Set<string>();
  world.observe({
    sent: (tab, _to, message) => {
      if (message.kind === 'gossip' && message.origin === tab.id && message.payload.kind === 'accusation')
        accusations.add(`${tab.id} ${message.seq}`);
    },
  });
  const neighbors = world.neighborsOf(victim).size;
  world.crash(victim);
  let rounds = 0;
  const isGone = (): boolean => deceived(world, victim) === 15;
  while (!isGone() && rounds < 10) {
    for (const claim of accusationsOf(liar, victim, { invented, silentMs: 0 }))
      if (claim.kind === 'accusation') tellNeighbors(world, liar, said(claim.observer, 1 + rounds, claim));
    rounds += 1;
    world.runUntil(isGone, 500);
  }
  // As soon as without them, and nobody who knows has to say it twice.
  expect(rounds).toBeLessThanOrEqual(9);
  expect(accusations.size).toBeGreaterThanOrEqual(1);
  expect(accusations.size).toBeLessThanOrEqual(neighbors);
});

test('the control: one who has crashed is lost to all, as soon as without them', () => {
  const world = createRoom(16, { seed: 1, calmMs: 15_000 });
  const [liar, victim] = world.living() as [Tab, Tab];
  invite(world, liar);
  world.crash(victim);
  expect(world.runUntil(() => deceived(world, victim) === 15, 4_500)).toBe(true);
});
