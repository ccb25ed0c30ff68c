/** Updates of the room's state, each of a key of its own, and since when each tab has them: by what applications are told. */
import type { SimTab } from './tab.ts';
import type { World } from './world.ts';

/** Everything written here is in it. */
const COLLECTION = 'updates';

export interface Updates<Snapshot> {
  readonly write: (tab: SimTab<Snapshot>) => void;
  /** Updates that one of these lacks, each counted for each. */
  readonly missing: (tabs: readonly SimTab<Snapshot>[]) => number;
  /** How long each update took to each tab but its writer, of those that it came to. */
  readonly tookMs: () => readonly number[];
  /** How long each took to the last of these; `Infinity` where one lacks it. */
  readonly lastMs: (tabs: readonly SimTab<Snapshot>[]) => readonly number[];
}

export function createUpdates<Snapshot>(
  world: Pick<World<Snapshot>, 'command' | 'observe' | 'timeMs'>,
): Updates<Snapshot> {
  /** Each is held by its writer from the start. */
  const all: { readonly writtenAtMs: number; readonly heldAtMs: Map<SimTab<Snapshot>, number> }[] = [];
  world.observe({
    told: (tab, event) => {
      if (event.kind !== 'stateChanged') return;
      for (const { collection, key } of event.changes) {
        const held = collection === COLLECTION ? all[Number(key)]?.heldAtMs : undefined;
        if (held !== undefined && !held.has(tab)) held.set(tab, world.timeMs());
      }
    },
  });
  return {
    write: (tab) => {
      const writtenAtMs = world.timeMs();
      const number = all.push({ writtenAtMs, heldAtMs: new Map([[tab, writtenAtMs]]) }) - 1;
      const key = String(number);
      world.command(tab, { kind: 'write', collection: COLLECTION, key, value: number });
    },
    missing: (tabs) =>
      all.reduce((sum, { heldAtMs }) => sum + tabs.filter((tab) => !heldAtMs.has(tab)).length, 0),
    tookMs: () =>
      all.flatMap(({ writtenAtMs, heldAtMs }) =>
        [...heldAtMs.values()].slice(1).map((ms) => ms - writtenAtMs),
      ),
    lastMs: (tabs) =>
      all.map(({ writtenAtMs, heldAtMs }) =>
        Math.max(...tabs.map((tab) => (heldAtMs.get(tab) ?? Infinity) - writtenAtMs)),
      ),
  };
}
