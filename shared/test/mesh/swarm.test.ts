/**
 * Faults drawn from a seed, then calm: tabs open, crash, leave, freeze and thaw, links are cut one way or
 * both, the server comes and goes, and everyone goes on writing. What must hold afterwards, holds.
 */
import { describe, expect, test } from 'vitest';
import { createRng, type Rng } from '#shared/base/rng.ts';
import {
  createWorld,
  cutBothWays,
  eventsOf,
  isOneComponent,
  rostersAreEqual,
  type Tab,
  type World,
} from './fixture.ts';

const STEPS = 40;
/** Long enough for the slowest backoff and every departed member to be found out. */
const CALM_MS = 90_000;

interface Fault {
  readonly weight: number;
  readonly happen: (world: World, tab: Tab, other: Tab, rng: Rng) => void;
}

const FAULTS: readonly Fault[] = [
  { weight: 10, happen: (world) => void (world.living().length < 20 && world.open()) },
  { weight: 8, happen: (world, tab) => unlessFew(world, () => world.crash(tab)) },
  { weight: 6, happen: (world, tab) => unlessFew(world, () => world.leave(tab)) },
  { weight: 4, happen: (world, tab, other) => world.cut(tab, other) },
  { weight: 4, happen: cutBothWays },
  { weight: 6, happen: (world) => world.heal() },
  { weight: 6, happen: (world, tab, other) => world.failLink(tab, other) },
  { weight: 4, happen: (world) => world.server.setUp(false) },
  { weight: 6, happen: (world) => world.server.setUp(true) },
  { weight: 4, happen: (world, tab) => world.freeze(tab) },
  { weight: 6, happen: thawAll },
  { weight: 16, happen: (world, tab, _other, rng) => write(world, tab, rng) },
  {
    weight: 10,
    happen: (world, tab) => world.command(tab, { kind: 'publish', topic: 'chat', data: world.timeMs() }),
  },
  {
    weight: 10,
    happen: (world, tab) =>
      world.command(tab, { kind: 'present', fields: new Map([['cursor', world.timeMs()]]) }),
  },
];

describe('after any faults, when calm has returned', () => {
  test.each(Array.from({ length: 16 }, (_, at) => at + 1))('seed %i: the room is whole', (seed) => {
    const world = runSwarm(seed);
    expect(isOneComponent(world)).toBe(true);
    expect(rostersAreEqual(world)).toBe(true);
    expect(new Set(world.living().map(stateOf)).size).toBe(1);
    expect(new Set(world.living().map(presenceOf)).size).toBe(1);

    const living = new Set(world.living().map(({ id }) => id));
    for (const tab of world.living()) {
      const { overlay, presence, membership } = tab.node.inspect();
      expect([...presence.fieldsByOwner.keys()].filter((owner) => !living.has(owner))).toEqual([]);
      expect(overlay.activeView.length).toBeLessThanOrEqual(10);
      expect([...membership.members.values()].every(({ status }) => status === 'alive')).toBe(true);
      expect(messagesOf(tab)).toEqual([...new Set(messagesOf(tab))]);
      expect(misbehaviour(tab)).toEqual([]);
    }
    for (const tab of world.living()) {
      for (const peer of tab.node.inspect().overlay.activeView) {
        const other = world.living().find(({ id }) => id === peer);
        expect(other?.node.inspect().overlay.activeView).toContain(tab.id);
      }
    }
  });

  test('the same seed tells the same story', () => {
    const tell = (): string =>
      JSON.stringify(runSwarm(3).tabs.map((tab) => [tab.id, eventsOf(tab).map((event) => event.kind)]));
    expect(tell()).toBe(tell());
  });
});

function runSwarm(seed: number): World {
  const rng = createRng([seed, 99]);
  const world = createWorld({ seed, conditions: { setupFailure: 0.05 } });
  const first = 3 + rng.below(12);
  for (let n = 0; n < first; n++) world.open();
  world.run(3_000);
  for (let step = 0; step < STEPS; step++) {
    const [tab, other] = rng.sample(world.living(), 2) as [Tab, Tab];
    drawFault(rng).happen(world, tab, other, rng);
    world.run(rng.below(2) === 0 ? rng.below(300) : rng.below(6_000));
  }
  world.heal();
  thawAll(world);
  world.server.setUp(true);
  world.run(CALM_MS);
  return world;
}

function drawFault(rng: Rng): Fault {
  let left = rng.below(FAULTS.reduce((sum, { weight }) => sum + weight, 0));
  return FAULTS.find(({ weight }) => (left -= weight) < 0)!;
}

function unlessFew(world: World, run: () => void): void {
  if (world.living().length > 3) run();
}

function thawAll(world: World): void {
  for (const tab of world.living()) if (tab.mode() === 'frozen') world.wake(tab);
}

function write(world: World, tab: Tab, rng: Rng): void {
  const value = rng.below(4) === 0 ? undefined : world.timeMs();
  world.command(tab, { kind: 'write', collection: 'notes', key: `k${rng.below(10)}`, value });
}

function stateOf(tab: Tab): string {
  const notes = tab.node.inspect().state.collections.get('notes') ?? new Map();
  return JSON.stringify([...notes].toSorted(([a], [b]) => (a < b ? -1 : 1)));
}

function presenceOf(tab: Tab): string {
  const owners = [...tab.node.inspect().presence.fieldsByOwner].map(([owner, fields]) => [
    owner,
    [...fields],
  ]);
  return JSON.stringify(owners.map(String).toSorted((a, b) => (a < b ? -1 : 1)));
}

function messagesOf(tab: Tab): string[] {
  return eventsOf(tab).flatMap((event) =>
    event.kind === 'message' ? [`${event.from} ${JSON.stringify(event.data)}`] : [],
  );
}

function misbehaviour(tab: Tab): string[] {
  return eventsOf(tab).flatMap((event) => (event.kind === 'peerMisbehaved' ? [event.reason] : []));
}
