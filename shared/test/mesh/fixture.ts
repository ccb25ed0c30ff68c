/** Rooms of the simulator for tests of whole nodes: on a quick and even network, with all that tabs tell kept. */
import { expect } from 'vitest';
import type { MeshConfig } from '#shared/mesh/config.ts';
import type { MeshEvent } from '#shared/mesh/messages.ts';
import type { MeshSnapshot } from '#shared/mesh/node.ts';
import type { NetworkConditions } from '#sim/conditions.ts';
import { componentsInUse } from '#sim/components.ts';
import { listExactly } from '#sim/halves.ts';
import type { SimTab } from '#sim/tab.ts';
import { createMeshWorld, type World as SimWorld } from '#sim/world.ts';

export type World = SimWorld<MeshSnapshot>;
export type Tab = SimTab<MeshSnapshot>;

/** Every connection opens, and what is slow takes equally long, so that a test can say how long it waits. */
const CONDITIONS: Partial<NetworkConditions> = {
  setupMs: [100, 400],
  setupFailure: 0,
  iceGivesUpMs: [15_000, 15_000],
  serverLatencyMs: [5, 20],
  attachMs: [5, 60],
  backoffMs: [1_000, 1_000],
};

/** For a test in which no connection is to end by itself. */
export const NEVER_GIVES_UP: Partial<NetworkConditions> = { iceGivesUpMs: [3_600_000, 3_600_000] };

const eventsByTab = new WeakMap<Tab, MeshEvent[]>();

export interface WorldOptions {
  readonly seed: number;
  readonly conditions?: Partial<NetworkConditions>;
  readonly config?: MeshConfig;
}

export function createWorld({ conditions, ...options }: WorldOptions): World {
  const world = createMeshWorld({ ...options, conditions: { ...CONDITIONS, ...conditions } });
  world.observe({
    opened: (tab) => void eventsByTab.set(tab, []),
    told: (tab, event) => void eventsByTab.get(tab)?.push(event),
  });
  return world;
}

/** A world in which so many tabs, opened at once, list each other; it has run for another `calmMs` since. */
export function createRoom(
  count: number,
  { calmMs = 0, ...options }: WorldOptions & { calmMs?: number },
): World {
  const world = createWorld(options);
  for (let n = 0; n < count; n++) world.open();
  expect(world.runUntil(() => rostersAreEqual(world), 60_000)).toBe(true);
  world.run(calmMs);
  return world;
}

/** All that this tab has told, in order. A test may empty it. */
export function eventsOf(tab: Tab): MeshEvent[] {
  return eventsByTab.get(tab)!;
}

export function cutBothWays(world: World, one: Tab, other: Tab): void {
  world.cut(one, other);
  world.cut(other, one);
}

/** True when every living tab lists exactly the living. */
export function rostersAreEqual(world: World): boolean {
  return listExactly(world.living());
}

/** True when links in use join all living tabs: parked channels do not count. */
export function isOneComponent(world: World): boolean {
  return componentsInUse(world.living()).length <= 1;
}
