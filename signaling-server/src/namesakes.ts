/**
 * Rooms in which the same namesake was given: one name, and as many keys. Who has mistyped a password is in a room of
 * its own, and nothing there says so but this. Pure; a namesake goes with the last connection that gave it.
 */
import type { Namesake } from '#shared/signaling/messages.ts';

/** Rooms looked at when one more joins them: whoever makes a thousand must not make each newcomer cost a thousand. Guess. */
export const NAMESAKE_ROOMS_LOOKED_AT: number = 16;

export interface Namesakes<Room> {
  /** One more in this room gives it. The rooms to look at: none while this is the only one, else this and a few of the others. */
  readonly add: (name: Namesake, room: Room) => readonly Room[];
  /** One of those who gave it there is gone. */
  readonly remove: (name: Namesake, room: Room) => void;
}

export function createNamesakes<Room>(): Namesakes<Room> {
  /** How many in each room gave it. Never more entries than connections; those without any are deleted. */
  const giversByName = new Map<Namesake, Map<Room, number>>();

  return {
    add: (name, room) => {
      const giversByRoom = giversByName.get(name) ?? new Map<Room, number>();
      giversByName.set(name, giversByRoom);
      giversByRoom.set(room, (giversByRoom.get(room) ?? 0) + 1);
      return giversByRoom.size === 1 ? [] : [room, ...firstOthers(giversByRoom.keys(), room)];
    },
    remove: (name, room) => {
      const giversByRoom = giversByName.get(name);
      const givers = giversByRoom?.get(room);
      if (!giversByRoom || givers === undefined) return;
      if (givers > 1) giversByRoom.set(room, givers - 1);
      else giversByRoom.delete(room);
      if (giversByRoom.size === 0) giversByName.delete(name);
    },
  };
}

function firstOthers<Room>(rooms: Iterable<Room>, room: Room): readonly Room[] {
  const others: Room[] = [];
  for (const other of rooms) {
    if (others.length === NAMESAKE_ROOMS_LOOKED_AT) break;
    if (other !== room) others.push(other);
  }
  return others;
}
