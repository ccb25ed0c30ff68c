/** Whom each tab lists, followed by what its application is told: who is still shown though gone, and since when not. */
import type { PeerId } from '#shared/base/ids.ts';
import type { LeaveReason } from '#shared/membership/messages.ts';
import type { SimTab } from './tab.ts';
import type { World } from './world.ts';

export interface Lists<Snapshot> {
  /** Whether this tab's application believes that this peer is here. */
  readonly has: (tab: SimTab<Snapshot>, id: PeerId) => boolean;
  /** When it was last told that the peer is gone; `undefined` while it lists it, or if it never did. */
  readonly goneAtMs: (tab: SimTab<Snapshot>, id: PeerId) => number | undefined;
}

/** A departure that an application was told of. */
export interface Departure<Snapshot> {
  readonly tab: SimTab<Snapshot>;
  readonly id: PeerId;
  readonly reason: LeaveReason;
}

/** Follows every list from the world's start on: call it before the first tab opens. */
export function followLists<Snapshot>(
  world: Pick<World<Snapshot>, 'observe' | 'timeMs'>,
  onDeparture?: (departure: Departure<Snapshot>) => void,
): Lists<Snapshot> {
  const listed = new Map<SimTab<Snapshot>, Set<PeerId>>();
  const gone = new Map<SimTab<Snapshot>, Map<PeerId, number>>();
  world.observe({
    told: (tab, event) => {
      if (event.kind === 'memberJoined') {
        entry(listed, tab, () => new Set()).add(event.id);
        gone.get(tab)?.delete(event.id);
      } else if (event.kind === 'memberLeft') {
        listed.get(tab)?.delete(event.id);
        entry(gone, tab, () => new Map()).set(event.id, world.timeMs());
        onDeparture?.({ tab, id: event.id, reason: event.reason });
      }
    },
  });
  return {
    has: (tab, id) => listed.get(tab)?.has(id) ?? false,
    goneAtMs: (tab, id) => gone.get(tab)?.get(id),
  };
}

function entry<Key, Value>(map: Map<Key, Value>, key: Key, make: () => Value): Value {
  const known = map.get(key);
  if (known !== undefined) return known;
  const made = make();
  map.set(key, made);
  return made;
}
