/** Two halves of a room: how they come to be, and how far they have grown together again. */
import type { MeshSnapshot } from '#shared/mesh/node.ts';
import { componentsOf } from './components.ts';
import { plot, type Drawing } from './scenario.ts';
import type { SimTab } from './tab.ts';
import type { World } from './world.ts';

type Tab = SimTab<MeshSnapshot>;
type Half = readonly Tab[];

/** Draws until both halves hang together. Then the last draw counts as it is. */
const DRAWS_MAX = 100;

/**
 * The living in two halves, drawn at random of those draws whose halves each hang together by open links: one whose
 * neighbors are all beyond the cut would be a third part, which nobody reaches before the healing.
 */
export function halvesOf(world: World<MeshSnapshot>): readonly [Half, Half] {
  const living = world.living();
  const half = Math.ceil(living.length / 2);
  for (let draw = 1; ; draw++) {
    const drawn = world.rng.sample(living, living.length);
    const halves: readonly [Half, Half] = [drawn.slice(0, half), drawn.slice(half)];
    const whole = halves.every((tabs) => componentsOf(world, tabs).length <= 1);
    if (whole || draw === DRAWS_MAX) return halves;
  }
}

/** Whether each of these lists exactly these. */
export function listExactly(tabs: readonly Tab[]): boolean {
  return tabs.every((tab) => listsExactly(tab, tabs));
}

function listsExactly({ node }: Tab, tabs: readonly Tab[]): boolean {
  const { members } = node.inspect().membership;
  return members.size === tabs.length && tabs.every(({ id }) => members.has(id));
}

/** Share of the open links that join the two halves, in percent; 0 when nobody holds a link. */
export function crossedPct(world: World<MeshSnapshot>, half: Half): number {
  const inside = new Set(half.map(({ id }) => id));
  let links = 0;
  let crossing = 0;
  for (const tab of world.living()) {
    for (const peer of world.neighborsOf(tab).keys()) {
      if (!world.tabOf(peer)?.isAlive()) continue;
      links += 1;
      if (inside.has(tab.id) !== inside.has(peer)) crossing += 1;
    }
  }
  return links === 0 ? 0 : (100 * crossing) / links;
}

/** Whether all show one root of the state. */
export function haveEqualState(tabs: readonly Tab[]): boolean {
  const rootOf = (tab: Tab): string => {
    const { high, low } = tab.node.inspect().reconcile.roots.state;
    return `${high}/${low}`;
  };
  return tabs.every((tab) => rootOf(tab) === rootOf(tabs[0]!));
}

/** How the room grew together after the moment of the call, which this lets pass. */
export interface Merge {
  /** Until every member listed all; `withinMs` if they never did. */
  readonly mergedMs: number;
  /** Until a first link joined the halves, told by its end; `withinMs` if none did. */
  readonly firstCrossMs: number;
  /** From that link until all who held a link showed one root of the state; `withinMs` if they never did. */
  readonly stateEqualMs: number;
}

/** How often a merging room is looked at: the grain of its figures. */
const LOOK_MS = 50;
/** The grain of its curves. */
const GROWTH_LOOK_MS = 500;

/** Lets time pass until the room is one again in list and state, at most `withinMs`. */
export function watchMerge(world: World<MeshSnapshot>, half: Half, withinMs: number): Merge {
  const inside = new Set(half.map(({ id }) => id));
  const startMs = world.timeMs();
  let crossMs = world.living().some((tab) => hasLinkAcross(world, tab, inside)) ? 0 : withinMs;
  world.observe({
    told: (tab, event) => {
      if (event.kind !== 'linkOpened' || inside.has(tab.id) === inside.has(event.peer)) return;
      crossMs = Math.min(crossMs, world.timeMs() - startMs);
    },
  });
  let mergedMs = withinMs;
  let equalMs = withinMs;
  world.runUntil(
    () => {
      const sinceMs = world.timeMs() - startMs;
      const living = world.living();
      if (mergedMs === withinMs && listExactly(living)) mergedMs = sinceMs;
      if (equalMs === withinMs && crossMs < withinMs && haveEqualState(living.filter(isLinked)))
        equalMs = sinceMs;
      return mergedMs < withinMs && equalMs < withinMs;
    },
    withinMs,
    LOOK_MS,
  );
  const stateEqualMs = equalMs === withinMs ? withinMs : Math.max(0, equalMs - crossMs);
  return { mergedMs, firstCrossMs: crossMs, stateEqualMs };
}

export interface Growth {
  /** In percent of the living, those who list them all. */
  readonly listed: readonly (readonly [s: number, percent: number])[];
  /** In percent of the open links, those between the halves. */
  readonly crossed: readonly (readonly [s: number, percent: number])[];
}

/** Looks at the room twice a second from now on, while time passes; what it saw until then. */
export function watchGrowth(world: World<MeshSnapshot>, half: Half, withinMs: number): Growth {
  const listed: (readonly [number, number])[] = [];
  const crossed: (readonly [number, number])[] = [];
  for (let ms = 0; ms <= withinMs; ms += GROWTH_LOOK_MS) {
    world.later(ms, () => {
      const living = world.living();
      const whole = living.filter((tab) => listsExactly(tab, living)).length;
      listed.push([ms / 1_000, (100 * whole) / living.length]);
      crossed.push([ms / 1_000, crossedPct(world, half)]);
    });
  }
  return { listed, crossed };
}

/** As a plot of both. */
export const growthPlots = ({ listed, crossed }: Growth): Readonly<Record<string, Drawing>> => ({
  'Convergence: who lists everybody': plot('s since the two can meet', '% of members', listed),
  'Links between the two': plot('s since the two can meet', '% of open links', crossed),
});

const isLinked = ({ node }: Tab): boolean => node.inspect().overlay.activeView.length > 0;

function hasLinkAcross(world: World<MeshSnapshot>, tab: Tab, inside: ReadonlySet<string>): boolean {
  const across = [...world.neighborsOf(tab).keys()].filter((peer) => inside.has(peer) !== inside.has(tab.id));
  return across.some((peer) => tab.node.inspect().overlay.activeView.includes(peer));
}
