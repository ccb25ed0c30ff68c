/** Rooms in which not everyone has the newest version of the wire. The bodies of all versions are the same here. */
import { describe, expect, test } from 'vitest';
import { bytesToPeerId, epoch, type PeerId } from '#shared/base/ids.ts';
import { createRng } from '#shared/base/rng.ts';
import { now } from '#shared/base/time.ts';
import type { Effect } from '#shared/mesh/messages.ts';
import { defaultMeshConfig, type MeshConfig } from '#shared/mesh/config.ts';
import { createMeshNode } from '#shared/mesh/node.ts';
import { createWorld, eventsOf, NEVER_GIVES_UP, rostersAreEqual, type Tab, type World } from './fixture.ts';

describe.each([1, 2, 3])('a room of version 2, seed %i,', (seed) => {
  test('speaks 1 while a member of version 1 is in it, 2 before and after, and nothing is lost or refused', () => {
    const world = createWorld({ seed });
    const residents = open(world, [2, 2, 2, 2, 2]);
    expect(world.living().map((tab) => tab.speaks())).toEqual(residents.map(() => 2));

    const [old] = open(world, [1]) as [Tab];
    expect(spokenIn(world)).toEqual([1]);

    world.leave(old);
    expect(spokenIn(world)).toEqual([2]);

    expect(residents.map(heard)).toEqual(
      residents.map((tab) => said.filter((word) => !word.startsWith(tab.id))),
    );
    expect(world.tabs.flatMap(refusals)).toEqual([]);
  });

  test('speaks 2 again when its member of version 1 crashed', () => {
    const world = createWorld({ seed, conditions: NEVER_GIVES_UP });
    const [old, ...residents] = open(world, [1, 2, 2, 2]) as [Tab, ...Tab[]];
    expect(spokenIn(world)).toEqual([1]);
    world.crash(old);
    expect(world.runUntil(() => residents.every((tab) => tab.speaks() === 2), 20_000)).toBe(true);
    // Until its parked channels are given up, they are knocked at in a version that it reads.
    world.run(90_000);
    expect(spokenIn(world)).toEqual([2]);
    expect(world.tabs.flatMap(refusals)).toEqual([]);
  });

  test('goes on with a member of version 1 that hung, was buried, and comes back by its parked channels', () => {
    const world = createWorld({ seed });
    const [old, ...residents] = open(world, [1, 2, 2]) as [Tab, ...Tab[]];
    world.server.setUp(false);
    world.freeze(old);
    world.run(20_000);
    expect(residents.map((tab) => tab.speaks())).toEqual([2, 2]);
    world.wake(old);
    expect(world.runUntil(() => rostersAreEqual(world), 20_000)).toBe(true);
    expect(spokenIn(world)).toEqual([1]);
    expect(world.tabs.flatMap(refusals)).toEqual([]);
  });
});

describe('a member more than one version back', () => {
  test('learns it from whomever it meets, whoever of them asks the other', () => {
    const world = createWorld({ seed: 4 });
    const first = world.open({ wireVersion: 3 });
    world.run(100);
    const old = world.open({ wireVersion: 1 });
    world.run(10_000);
    const last = world.open({ wireVersion: 3 });
    world.run(60_000);
    expect(new Set(tooOldFor(old))).toEqual(new Set([first.id, last.id]));
    expect([first, last].flatMap(tooOldFor)).toEqual([]);
    expect(first.node.inspect().membership.members.size).toBe(2);
  });

  test('is told so by the server where its packets already cannot be read', () => {
    const world = createWorld({ seed: 5 });
    const newest = world.open({ wireVersion: 9 });
    world.run(100);
    const old = world.open({ wireVersion: 5 });
    // Before the server's list brings them together again.
    world.run(800);
    expect(tooOldFor(old)).toEqual([newest.id]);
    expect(refusals(old)).toEqual([]);
    expect(world.constructed()).toBe(0);
  });

  test('costs the links between neighboring versions nothing', () => {
    const world = createWorld({ seed: 6 });
    const middle = open(world, [2, 2]);
    const newest = open(world, [3]);
    const [oldest] = [world.open({ wireVersion: 1 })];
    world.run(30_000);
    const tabs = [...middle, ...newest];
    for (const tab of tabs) world.command(tab, { kind: 'publish', topic: 'chat', data: tab.id });
    world.run(5_000);
    for (const tab of tabs) {
      expect(heard(tab)).toEqual(
        expect.arrayContaining(tabs.flatMap(({ id }) => (id === tab.id ? [] : [id]))),
      );
    }
    // Only the two that have no version in common refuse each other's frames.
    expect(middle.flatMap(refusals)).toEqual([]);
    expect(tooOldFor(oldest).every((id) => newest.some((tab) => tab.id === id))).toBe(true);
  });
});

describe('a node', () => {
  const peer = (byte: number): PeerId => bytesToPeerId(new Uint8Array(16).fill(byte));
  const [a, b, c] = [peer(1), peer(2), peer(3)];
  const bad = (from: PeerId, reason: string) => ({ kind: 'badFrame', from, reason, bytes: 40 }) as const;
  const told = (from: PeerId): Effect => ({
    kind: 'tell',
    event: { kind: 'peerMisbehaved', peer: from, reason: 'stale-version' },
  });

  test('tells each peer once that its frames are too old', () => {
    const node = createNode(2);
    expect(node.handle(bad(b, 'stale-version'), now(2))).toEqual([told(b), { kind: 'tellTooOld', to: b }]);
    expect(node.handle(bad(b, 'stale-version'), now(3))).toEqual([]);
    expect(node.handle(bad(b, 'stale-version'), now(1_002))).toEqual([told(b)]);
    expect(node.handle(bad(c, 'stale-version'), now(1_004))).toEqual([
      told(c),
      { kind: 'tellTooOld', to: c },
    ]);
  });

  test('tells nobody so for a frame that is wrong otherwise', () => {
    expect(createNode(2).handle(bad(b, 'malformed'), now(2))).toEqual([
      { kind: 'tell', event: { kind: 'peerMisbehaved', peer: b, reason: 'malformed' } },
    ]);
  });

  test('that is written to in what it cannot know yet is too old itself', () => {
    expect(createNode(1).handle(bad(b, 'newer-version'), now(2))).toEqual([
      { kind: 'tell', event: { kind: 'peerMisbehaved', peer: b, reason: 'newer-version' } },
      { kind: 'tell', event: { kind: 'versionTooOld', peer: b } },
    ]);
  });

  test('that is told so tells its application, and answers nothing', () => {
    expect(createNode(1).handle(bad(b, 'too-old'), now(2))).toEqual([
      { kind: 'tell', event: { kind: 'versionTooOld', peer: b } },
    ]);
  });

  function createNode(version: number): ReturnType<typeof createMeshNode> {
    const node = createMeshNode({ self: a, epoch: epoch(1), rng: createRng([1]) }, configOf(version));
    node.handle({ kind: 'start' }, now(1));
    return node;
  }
});

/** Everything that was published by `spokenIn`, in this test. */
const said: string[] = [];

/** Opens a tab for each version, and waits until all know all. */
function open(world: World, versions: readonly number[]): Tab[] {
  if (world.tabs.length === 0) said.length = 0;
  const tabs = versions.map((wireVersion) => world.open({ wireVersion }));
  expect(world.runUntil(() => rostersAreEqual(world), 60_000)).toBe(true);
  return tabs;
}

/** Everyone says something, before and after the room has settled; the versions of the frames written then. */
function spokenIn(world: World): number[] {
  const sayAll = (): void => {
    for (const tab of world.living()) {
      const word = `${tab.id} ${said.length}`;
      said.push(word);
      world.command(tab, { kind: 'publish', topic: 'chat', data: word });
    }
  };
  sayAll();
  world.run(5_000);
  const written = new Set<number>();
  const end = world.observe({ wrote: (_tab, frame) => void written.add(frame[0]!) });
  sayAll();
  world.run(5_000);
  end();
  return [...written];
}

function heard(tab: Tab): string[] {
  const words = eventsOf(tab).flatMap((event) =>
    event.kind === 'message' && typeof event.data === 'string' ? [event.data] : [],
  );
  return words.toSorted((one, other) => said.indexOf(one) - said.indexOf(other));
}

function refusals(tab: Tab): string[] {
  return eventsOf(tab).flatMap((event) => (event.kind === 'peerMisbehaved' ? [event.reason] : []));
}

function tooOldFor(tab: Tab): PeerId[] {
  return eventsOf(tab).flatMap((event) => (event.kind === 'versionTooOld' ? [event.peer] : []));
}

/** A node whose newest version is this one. */
function configOf(wireVersion: number): MeshConfig {
  return { ...defaultMeshConfig, membership: { ...defaultMeshConfig.membership, wireVersion } };
}
