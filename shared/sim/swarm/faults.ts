/** The faults that a swarm draws from: what people, browsers, networks and liars do to a room. */
import type { PeerId } from '#shared/base/ids.ts';
import type { Rng } from '#shared/base/rng.ts';
import { defaultConditions, type NetworkConditions } from '../conditions.ts';
import type { MeshWorld } from './checker.ts';
import { NUMBERED_TOPIC } from './deliveries.ts';
import { sendDirect } from './directs.ts';
import type { Draw, Tab } from './draw.ts';
import { LIES } from './lies.ts';

export interface Fault {
  readonly name: string;
  readonly weight: number;
  readonly happen: (draw: Draw) => void;
}

/** Fewer are left alone: what is to converge must be a room. */
const TABS_MIN = 3;

export const FAULTS: readonly Fault[] = [
  {
    name: 'open',
    weight: 16,
    happen: ({ world, rng, tabsMax }) => {
      if (world.living().length < tabsMax) world.open({ skewMs: rng.fraction() < 0.2 ? skew(rng) : 0 });
    },
  },
  { name: 'crash', weight: 6, happen: ({ world, tab }) => unlessFew(world, () => world.crash(tab)) },
  { name: 'mass crash', weight: 1, happen: ({ world, rng }) => crashMany(world, rng) },
  { name: 'leave', weight: 5, happen: ({ world, tab }) => unlessFew(world, () => world.leave(tab)) },
  { name: 'cut one way', weight: 4, happen: ({ world, tab, other }) => world.cut(tab, other) },
  { name: 'cut', weight: 4, happen: ({ world, tab, other }) => cutBoth(world, tab, other) },
  {
    name: 'part',
    weight: 2,
    happen: ({ world, rng }) => {
      world.part([world.living(), rng.sample(world.living(), 1 + rng.below(world.living().length - 1))]);
    },
  },
  { name: 'heal', weight: 8, happen: ({ world }) => world.heal() },
  { name: 'fail link', weight: 6, happen: ({ world, tab, other }) => world.failLink(tab, other) },
  { name: 'server down', weight: 3, happen: ({ world }) => world.server.setUp(false) },
  { name: 'server up', weight: 5, happen: ({ world }) => world.server.setUp(true) },
  { name: 'server slow', weight: 1, happen: ({ world, rng }) => world.server.setSlowness(rng.below(3_000)) },
  { name: 'freeze', weight: 4, happen: ({ world, tab }) => world.freeze(tab) },
  { name: 'suspend', weight: 2, happen: ({ world, tab }) => world.suspend(tab) },
  { name: 'wake all', weight: 8, happen: ({ world }) => wakeAll(world) },
  { name: 'hide', weight: 3, happen: ({ tab }) => tab.throttle(1_000) },
  { name: 'show', weight: 2, happen: ({ tab }) => tab.throttle(0) },
  { name: 'starve', weight: 2, happen: ({ tab, rng }) => tab.starve(5 + rng.below(60)) },
  { name: 'feed', weight: 3, happen: ({ world }) => world.living().forEach((each) => each.starve(0)) },
  { name: 'wrong clock', weight: 2, happen: ({ tab, rng }) => tab.setSkew(skew(rng)) },
  { name: 'write', weight: 16, happen: ({ world, tab, rng }) => write(world, tab, rng) },
  { name: 'say', weight: 12, happen: ({ world, tab }) => say(world, tab) },
  { name: 'show something', weight: 8, happen: ({ world, tab, rng }) => present(world, tab, rng) },
  { name: 'move', weight: 3, happen: ({ world, tab }) => move(world, tab) },
  {
    name: 'send to one',
    weight: 4,
    happen: ({ world, tab, other }) => void sendDirect(world, tab, other.id),
  },
  { name: 'bad bytes', weight: 5, happen: badBytes },
  { name: 'lie', weight: 6, happen: (draw) => draw.rng.pick(LIES)?.(draw) },
];

/** A network for one run, from a quiet one to a rough one. */
export function drawConditions(rng: Rng): Partial<NetworkConditions> {
  return {
    jitterMs: rng.pick([0, 0, 10, 200]) ?? 0,
    loss: rng.pick([0, 0, 0.01, 0.1]) ?? 0,
    duplication: rng.pick([0, 0, 0.02]) ?? 0,
    bytesPerMs: rng.pick([Infinity, Infinity, 100, 10]) ?? Infinity,
    setupFailure: rng.pick([0, 0.05, 0.2]) ?? 0,
  };
}

/** Everything stops that was wrong. */
export function calm(world: MeshWorld): void {
  const { jitterMs, loss, duplication, bytesPerMs, setupFailure, serverJitterMs } = defaultConditions;
  world.setConditions({ jitterMs, loss, duplication, bytesPerMs, setupFailure, serverJitterMs });
  world.heal();
  wakeAll(world);
  for (const tab of world.living()) {
    tab.throttle(0);
    tab.starve(0);
  }
  world.server.setSlowness(0);
  world.server.setUp(true);
}

export function wakeAll(world: MeshWorld): void {
  for (const tab of world.living()) if (tab.mode() !== 'running') world.wake(tab);
}

export function say(world: MeshWorld, tab: Tab): void {
  // Numbers are given when the tab gets to it, so that a frozen one does not hold any.
  if (tab.mode() !== 'running') return;
  const number = (numberByOrigin(world).get(tab.id) ?? 0) + 1;
  numberByOrigin(world).set(tab.id, number);
  world.command(tab, { kind: 'publish', topic: NUMBERED_TOPIC, data: number });
}

const numbersByWorld = new WeakMap<MeshWorld, Map<PeerId, number>>();

function numberByOrigin(world: MeshWorld): Map<PeerId, number> {
  const known = numbersByWorld.get(world) ?? new Map<PeerId, number>();
  numbersByWorld.set(world, known);
  return known;
}

function write(world: MeshWorld, tab: Tab, rng: Rng): void {
  const key = ['one', 'two', 'three', '__proto__', `k${rng.below(40)}`][rng.below(5)] ?? 'one';
  const value = rng.fraction() < 0.3 ? undefined : { at: Math.round(world.timeMs()), by: tab.index };
  world.command(tab, { kind: 'write', collection: rng.fraction() < 0.8 ? 'notes' : 'more', key, value });
}

function present(world: MeshWorld, tab: Tab, rng: Rng): void {
  const field = ['name', 'color', 'cursor'][rng.below(3)] ?? 'name';
  const value = rng.fraction() < 0.2 ? undefined : rng.below(1_000);
  world.command(tab, { kind: 'present', fields: new Map([[field, value]]) });
}

/** A pointer that moves for a second. */
function move(world: MeshWorld, tab: Tab): void {
  for (let step = 0; step < 30; step++) {
    world.later(step * 33, () => {
      world.command(tab, { kind: 'present', fields: new Map([['cursor', { x: step, y: tab.index }]]) });
    });
  }
}

function badBytes({ world, tab, rng }: Draw): void {
  const [to] = rng.sample([...world.neighborsOf(tab).keys()], 1);
  if (to === undefined) return;
  const length = [0, 1, 7, 300, 65_000, 80_000][rng.below(6)] ?? 0;
  const bytes = Uint8Array.from({ length }, () => rng.below(256));
  // A true first byte gets further in.
  if (rng.fraction() < 0.5 && length > 0) bytes[0] = 1;
  world.inject(tab, to, bytes);
}

function crashMany(world: MeshWorld, rng: Rng): void {
  const living = world.living();
  for (const tab of rng.sample(living, Math.floor(living.length * 0.6)))
    unlessFew(world, () => world.crash(tab));
}

function cutBoth(world: MeshWorld, tab: Tab, other: Tab): void {
  world.cut(tab, other);
  world.cut(other, tab);
}

function unlessFew(world: MeshWorld, run: () => void): void {
  if (world.living().length > TABS_MIN) run();
}

/** Seconds, minutes or more than a day wrong. */
const skew = (rng: Rng): number => rng.pick([-90_000_000, -600_000, -5_000, 5_000, 600_000, 90_000_000]) ?? 0;
