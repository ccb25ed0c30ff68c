/** How a room comes to be before something is measured in it: by joining, as real tabs do, or, unless it is small, at once. */
import type { MeshSnapshot } from '#shared/mesh/node.ts';
import { acquaintRoom } from './acquaint.ts';
import type { GossipSnapshot } from './gossip-node.ts';
import { quickestWays } from './paths.ts';
import type { World } from './world.ts';

/** A larger room is acquainted unless it is asked to join: joining takes 4 times as long at 100, and minutes at 300. */
export const JOINED_MAX: number = 60;
/** Virtual time after which forming has failed. */
const FORM_MS_MAX = 120_000;
/** How often a large room is looked at, which is dear. */
const LOOK_LARGE_MS = 1_000;

export interface FormOptions {
  readonly nodes: number;
  /** Tabs opened each second; `Infinity`: all at once, and of no account where a room is acquainted. */
  readonly perSecond?: number;
  /** Tabs join by themselves, however many: where forming is measured, or what it leaves behind. */
  readonly joining?: boolean;
  /** How long the formed room is left alone. */
  readonly calmMs?: number;
}

/**
 * Opens the tabs and waits until all list all and hold enough links. Throws if that takes too long: of a room that is
 * none, no figure means what it says.
 */
export function formRoom(world: World<MeshSnapshot>, options: FormOptions): void {
  const { nodes, perSecond = 50, joining = nodes <= JOINED_MAX, calmMs = 20_000 } = options;
  if (!joining) {
    if (!acquaintRoom(world, nodes)) throw notFormed(nodes);
    world.run(calmMs);
    // It was handed what it knows; whoever has just lost a link gets time for another.
    if (!world.runUntil(() => isFormed(world), FORM_MS_MAX, LOOK_LARGE_MS)) throw notFormed(nodes);
    return;
  }
  openTabs(world, nodes, perSecond);
  if (!world.runUntil(() => isFormed(world), FORM_MS_MAX, 250)) throw notFormed(nodes);
  world.run(calmMs);
}

function notFormed(nodes: number): Error {
  return new Error(`The room of ${nodes} did not form within ${FORM_MS_MAX / 1_000} s.`);
}

function openTabs<Snapshot>(world: World<Snapshot>, nodes: number, perSecond: number): void {
  const batchMs = perSecond === Infinity ? 0 : 100;
  const batch = perSecond === Infinity ? nodes : Math.max(1, Math.round(perSecond / 10));
  for (let opened = 0; opened < nodes; opened += batch) {
    for (let at = opened; at < Math.min(nodes, opened + batch); at++) world.open();
    world.run(batchMs);
  }
}

/** Every living tab lists exactly the living, and holds at least four links, or one to everybody. */
export function isFormed(world: World<MeshSnapshot>): boolean {
  const living = world.living();
  const degreeMin = Math.min(living.length - 1, 4);
  // The newest are those who lack something.
  return living.toReversed().every(({ node }) => {
    const view = node.inspect();
    return view.overlay.activeView.length >= degreeMin && view.membership.members.size === living.length;
  });
}

/** The same for nodes without a roster: until each holds enough links, and all hang together. */
export function formGossip(world: World<GossipSnapshot>, options: FormOptions): void {
  const { nodes, perSecond = 200, calmMs = 20_000 } = options;
  openTabs(world, nodes, perSecond);
  if (!world.runUntil(() => isLinked(world), FORM_MS_MAX, LOOK_LARGE_MS)) throw notFormed(nodes);
  world.run(calmMs);
}

function isLinked(world: World<GossipSnapshot>): boolean {
  const living = world.living();
  const [first] = living;
  const degreeMin = Math.min(living.length - 1, 4);
  if (first === undefined || living.some((tab) => world.neighborsOf(tab).size < degreeMin)) return false;
  return quickestWays(first.id, (id) => world.neighborsOf(world.tabOf(id)!)).size === living.length;
}
