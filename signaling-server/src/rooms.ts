/**
 * Who is attached where: introduces the members of a room to each other, carries their signals, tells them who is
 * attached, forgets them when they go. Pure: it knows connections by number only, and the time is an argument.
 *
 * THE invariant: what one connection sends reaches only connections joined to the same room, under the
 * sender's own id. (A namesake may cause one in another room to be told that there are some, and not who.)
 */
import type { PeerId, RoomId } from '#shared/base/ids.ts';
import { err, ok, type Result } from '#shared/base/result.ts';
import type { Rng } from '#shared/base/rng.ts';
import { elapsedMs, type Instant } from '#shared/base/time.ts';
import {
  LISTED_MAX,
  type GiveNamesake,
  type Join,
  type Namesake,
  type ServerMessage,
  type SignalingErrorCode,
  type SignalTo,
} from '#shared/signaling/messages.ts';
import type { RoomsConfig } from './config.ts';
import { createNamesakes } from './namesakes.ts';

/** Numbers a connection for the server's life; never used again. */
export type ConnectionId = number & { readonly brand: 'ConnectionId' };

// oxlint-disable-next-line typescript/no-unsafe-type-assertion -- The one door of this brand.
export const connectionId = (value: number): ConnectionId => value as ConnectionId;

/** Hand `message` to the connection `to`. */
interface Delivery {
  readonly to: ConnectionId;
  readonly message: ServerMessage;
}

/** Deliveries in order, or why nothing happened. */
export type RoomsAnswer = Result<readonly Delivery[], SignalingErrorCode>;

export interface Rooms {
  readonly join: (from: ConnectionId, request: Join, now: Instant) => RoomsAnswer;
  readonly signal: (from: ConnectionId, request: SignalTo) => RoomsAnswer;
  readonly contacts: (from: ConnectionId) => RoomsAnswer;
  readonly namesake: (from: ConnectionId, request: GiveNamesake) => RoomsAnswer;
  /** Forgets the connection; harmless for one that never joined or has left. Nobody is told. */
  readonly leave: (from: ConnectionId) => void;
  /** The lists of the rooms that have changed since the last call, to everybody there: call it now and then. */
  readonly lists: () => readonly Delivery[];
  readonly hasJoined: (from: ConnectionId) => boolean;
  /** The connection that holds this id in this room. */
  readonly holder: (room: RoomId, id: PeerId) => ConnectionId | undefined;
  readonly count: () => RoomsCount;
}

export interface RoomsCount {
  readonly rooms: number;
  readonly members: number;
}

interface Room {
  readonly name: RoomId;
  /** Bounded by `roomMembersMax`; in the order of attaching. */
  readonly connectionById: Map<PeerId, ConnectionId>;
  /** The same ids as a list, so that drawing a few costs the same in any room. Order means nothing. */
  readonly ids: PeerId[];
  /** Who was told last that there are namesakes. */
  toldOfNamesakes: ConnectionId | undefined;
}

interface Attachment {
  readonly room: Room;
  readonly id: PeerId;
  namesake: Namesake | undefined;
}

/** `startedAt` is when the server began to listen. */
// oxlint-disable-next-line max-lines-per-function -- A factory: what it closes over are the rooms of one server.
export function createRooms(config: RoomsConfig, rng: Rng, startedAt: Instant): Rooms {
  /** Bounded by `roomsMax`; a room goes with its last member. */
  const roomByName = new Map<RoomId, Room>();
  /** Bounded by the number of connections. */
  const attachmentByConnection = new Map<ConnectionId, Attachment>();
  /** Those whose members have not been told of the last change; rooms that are gone are not among them. */
  const changedRooms = new Set<Room>();
  /** Bounded by the number of connections, each of which gives one. */
  const namesakes = createNamesakes<Room>();

  const join = (from: ConnectionId, { room: name, id }: Join, now: Instant): RoomsAnswer => {
    if (attachmentByConnection.has(from)) return err('already-joined');
    const known = roomByName.get(name);
    if (!known && roomByName.size >= config.roomsMax) return err('server-full');
    if (known?.connectionById.has(id)) return err('id-taken');
    if (known && known.ids.length >= config.roomMembersMax) return err('room-full');

    const room: Room = known ?? { name, connectionById: new Map(), ids: [], toldOfNamesakes: undefined };
    roomByName.set(name, room);
    room.connectionById.set(id, from);
    room.ids.push(id);
    attachmentByConnection.set(from, { room, id, namesake: undefined });
    changedRooms.add(room);
    const starting = elapsedMs(startedAt, now) < config.startingMs;
    return ok([{ to: from, message: { kind: 'welcome', contacts: pickContacts(room, id), starting } }]);
  };

  const signal = (from: ConnectionId, { to, data }: SignalTo): RoomsAnswer => {
    const sender = attachmentByConnection.get(from);
    if (!sender) return err('not-joined');
    if (to === sender.id) return err('bad-message');
    const target = sender.room.connectionById.get(to);
    if (target === undefined) return ok([{ to: from, message: { kind: 'unreachable', to } }]);
    return ok([{ to: target, message: { kind: 'signal', from: sender.id, data } }]);
  };

  const contacts = (from: ConnectionId): RoomsAnswer => {
    const asker = attachmentByConnection.get(from);
    if (!asker) return err('not-joined');
    return ok([{ to: from, message: { kind: 'contacts', contacts: pickContacts(asker.room, asker.id) } }]);
  };

  const namesake = (from: ConnectionId, { name }: GiveNamesake): RoomsAnswer => {
    const giver = attachmentByConnection.get(from);
    if (!giver) return err('not-joined');
    if (giver.namesake !== undefined) return err('already-joined');
    giver.namesake = name;
    return ok(namesakes.add(name, giver.room).flatMap(tellWhoIsAlone));
  };

  const leave = (from: ConnectionId): void => {
    const leaver = attachmentByConnection.get(from);
    if (!leaver) return;
    const { room, id } = leaver;
    attachmentByConnection.delete(from);
    if (leaver.namesake !== undefined) namesakes.remove(leaver.namesake, room);
    room.connectionById.delete(id);
    removeUnordered(room.ids, id);
    changedRooms.add(room);
    if (room.ids.length > 0) return;
    roomByName.delete(room.name);
    changedRooms.delete(room);
  };

  const lists = (): readonly Delivery[] => {
    const deliveries = [...changedRooms].flatMap(listOf);
    changedRooms.clear();
    return deliveries;
  };

  const pickContacts = (room: Room, self: PeerId): readonly PeerId[] =>
    pickOthers(room.ids, { self, count: config.contactsMax, rng });

  return {
    join,
    signal,
    contacts,
    namesake,
    leave,
    lists,
    hasJoined: (from) => attachmentByConnection.has(from),
    holder: (room, id) => roomByName.get(room)?.connectionById.get(id),
    count: () => ({ rooms: roomByName.size, members: attachmentByConnection.size }),
  };
}

/**
 * Those attached longest: the list stays the same while others come and go, and whoever was here before the server's
 * last start comes back among the first.
 */
function listOf({ connectionById }: Room): readonly Delivery[] {
  const ids = [...connectionById.keys()].slice(0, LISTED_MAX);
  return [...connectionById.values()].map((to) => ({ to, message: { kind: 'attached', ids } }));
}

/** Alone in a room that has namesakes is who gave it: nobody else is there to have done so. */
function tellWhoIsAlone(room: Room): readonly Delivery[] {
  const [only] = room.connectionById.values();
  if (only === undefined || room.ids.length > 1 || room.toldOfNamesakes === only) return [];
  room.toldOfNamesakes = only;
  return [{ to: only, message: { kind: 'namesakes' } }];
}

interface Draw {
  readonly self: PeerId;
  readonly count: number;
  readonly rng: Rng;
}

/** A few different ids, never `self`. Draws again on a repeat: rare where there are more than are wanted. */
function pickOthers(ids: readonly PeerId[], { self, count, rng }: Draw): readonly PeerId[] {
  if (ids.length - 1 <= count) return ids.filter((id) => id !== self);
  const picked = new Set<PeerId>();
  while (picked.size < count) {
    const id = rng.pick(ids);
    if (id !== undefined && id !== self) picked.add(id);
  }
  return [...picked];
}

/** The last element takes the free place. Searching costs a walk over at most one room, once per leave. */
function removeUnordered(ids: PeerId[], id: PeerId): void {
  const at = ids.indexOf(id);
  const last = ids.pop();
  if (at !== -1 && last !== undefined && at < ids.length) ids[at] = last;
}
