/** Introducing, carrying, forgetting: one request, the whole answer. */
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { PeerId } from '#shared/base/ids.ts';
import { createRng } from '#shared/base/rng.ts';
import { instant } from '#shared/base/time.ts';
import { defaultServerConfig, type RoomsConfig } from '#server/config.ts';
import { connectionId, createRooms, type ConnectionId, type Rooms, type RoomsAnswer } from '#server/rooms.ts';
import { NAMESAKE_ROOMS_LOOKED_AT } from '#server/namesakes.ts';
import { a, b, c, join, namesake, peer, signal } from './names.ts';

const [one, two, three] = [connectionId(1), connectionId(2), connectionId(3)];
const later = instant(60_000);

const makeRooms = (config: Partial<RoomsConfig> = {}): Rooms =>
  createRooms({ ...defaultServerConfig, ...config }, createRng([1]), instant(0));

function roomsWith(...joined: readonly (readonly [connection: number, room: string, id: PeerId])[]): Rooms {
  const rooms = makeRooms();
  for (const [connection, name, id] of joined) rooms.join(connectionId(connection), join(name, id), later);
  return rooms;
}

describe('join', () => {
  it('the first of a room is welcomed without contacts', () => {
    expect(makeRooms().join(one, join('kitchen', a), later)).toEqual({
      ok: true,
      value: [{ to: one, message: { kind: 'welcome', contacts: [], starting: false } }],
    });
  });

  it('the second is told of the first, who is told nothing', () => {
    expect(roomsWith([1, 'kitchen', a]).join(two, join('kitchen', b), later)).toEqual({
      ok: true,
      value: [{ to: two, message: { kind: 'welcome', contacts: [a], starting: false } }],
    });
  });

  it('members of other rooms are never named', () => {
    expect(roomsWith([1, 'garden', a]).join(two, join('kitchen', b), later)).toEqual({
      ok: true,
      value: [{ to: two, message: { kind: 'welcome', contacts: [], starting: false } }],
    });
  });

  it.each([
    [0, true],
    [29_999, true],
    [30_000, false],
  ])('%i ms after the start the server is starting: %s', (at, starting) => {
    expect(makeRooms().join(one, join('kitchen', a), instant(at))).toMatchObject({
      value: [{ message: { kind: 'welcome', starting } }],
    });
  });

  it('a connection joins once, be it the same room or another', () => {
    const rooms = roomsWith([1, 'kitchen', a]);
    expect(rooms.join(one, join('kitchen', a), later)).toEqual({ ok: false, error: 'already-joined' });
    expect(rooms.join(one, join('garden', b), later)).toEqual({ ok: false, error: 'already-joined' });
    expect(rooms.count()).toEqual({ rooms: 1, members: 1 });
  });

  it('an id that is attached is not taken over', () => {
    const rooms = roomsWith([1, 'kitchen', a], [2, 'kitchen', b]);
    expect(rooms.join(three, join('kitchen', a), later)).toEqual({ ok: false, error: 'id-taken' });
    expect(rooms.signal(two, signal(a))).toMatchObject({ value: [{ to: one }] });
  });

  it('the same id may be in two rooms', () => {
    const rooms = roomsWith([1, 'kitchen', a]);
    expect(rooms.join(two, join('garden', a), later)).toMatchObject({ ok: true });
  });

  it('a full room refuses, and a full server refuses new rooms only', () => {
    const rooms = makeRooms({ roomMembersMax: 2, roomsMax: 1 });
    rooms.join(one, join('kitchen', a), later);
    expect(rooms.join(two, join('garden', b), later)).toEqual({ ok: false, error: 'server-full' });
    expect(rooms.join(two, join('kitchen', b), later)).toMatchObject({ ok: true });
    expect(rooms.join(three, join('kitchen', c), later)).toEqual({ ok: false, error: 'room-full' });
    expect(rooms.count()).toEqual({ rooms: 1, members: 2 });
  });
});

describe('signal', () => {
  it('reaches its target under the id of its sender', () => {
    expect(roomsWith([1, 'kitchen', a], [2, 'kitchen', b]).signal(one, signal(b, 'AAAA'))).toEqual({
      ok: true,
      value: [{ to: two, message: { kind: 'signal', from: a, data: 'AAAA' } }],
    });
  });

  it('into another room is as unreachable as to nobody', () => {
    const rooms = roomsWith([1, 'kitchen', a], [2, 'garden', b]);
    for (const to of [b, c]) {
      expect(rooms.signal(one, signal(to))).toEqual({
        ok: true,
        value: [{ to: one, message: { kind: 'unreachable', to } }],
      });
    }
  });

  it('before a join is refused', () => {
    expect(roomsWith([1, 'kitchen', a]).signal(two, signal(a))).toEqual({ ok: false, error: 'not-joined' });
  });

  it('to oneself is refused', () => {
    expect(roomsWith([1, 'kitchen', a]).signal(one, signal(a))).toEqual({ ok: false, error: 'bad-message' });
  });
});

describe('the list of those attached', () => {
  const listFor = (rooms: Rooms): readonly (readonly [ConnectionId, readonly PeerId[]])[] =>
    rooms.lists().map(({ to, message }) => [to, message.kind === 'attached' ? message.ids : []]);

  it('goes to everybody in a room that has changed, once, in the order of attaching', () => {
    const rooms = roomsWith([1, 'kitchen', a], [2, 'kitchen', b], [3, 'garden', c]);
    expect(listFor(rooms)).toEqual([
      [one, [a, b]],
      [two, [a, b]],
      [three, [c]],
    ]);
    expect(rooms.lists()).toEqual([]);
    rooms.leave(one);
    rooms.join(one, join('kitchen', a), later);
    expect(listFor(rooms)).toEqual([
      [two, [b, a]],
      [one, [b, a]],
    ]);
    rooms.leave(three);
    expect(rooms.lists()).toEqual([]);
  });

  it('holds at most those sixteen that have been attached longest', () => {
    const places = Array.from({ length: 40 }, (_, at) => [at, 'hall', peer(at)] as const);
    const lists = listFor(roomsWith(...places));
    expect(lists).toHaveLength(40);
    const oldest = places.slice(0, 16).map(([, , id]) => id);
    for (const [, ids] of lists) expect(ids).toEqual(oldest);
  });
});

describe('contacts', () => {
  it('before a join are refused', () => {
    expect(makeRooms().contacts(one)).toEqual({ ok: false, error: 'not-joined' });
  });

  it('are the others when there are few', () => {
    expect(roomsWith([1, 'kitchen', a], [2, 'kitchen', b]).contacts(one)).toEqual({
      ok: true,
      value: [{ to: one, message: { kind: 'contacts', contacts: [b] } }],
    });
  });

  it('are three different others when there are many, and each gets its turn', () => {
    const ids = Array.from({ length: 10 }, (_, at) => peer(at));
    const rooms = roomsWith(...ids.map((id, at) => [at, 'kitchen', id] as const));
    const seen = new Set<PeerId>();
    for (let asked = 0; asked < 100; asked++) {
      const answer = rooms.contacts(connectionId(0));
      const message = answer.ok ? answer.value[0]?.message : undefined;
      const contacts = message?.kind === 'contacts' ? message.contacts : [];
      expect(new Set(contacts).size).toBe(3);
      expect(contacts).not.toContain(ids[0]);
      for (const id of contacts) seen.add(id);
    }
    expect(seen.size).toBe(9);
  });
});

describe('leave', () => {
  it('frees the id and forgets an empty room', () => {
    const rooms = roomsWith([1, 'kitchen', a]);
    rooms.leave(one);
    expect(rooms.count()).toEqual({ rooms: 0, members: 0 });
    expect(rooms.hasJoined(one)).toBe(false);
    expect(rooms.join(two, join('kitchen', a), later)).toMatchObject({ ok: true });
  });

  it('makes the leaver unreachable and unnamed', () => {
    const rooms = roomsWith([1, 'kitchen', a], [2, 'kitchen', b]);
    rooms.leave(two);
    expect(rooms.signal(one, signal(b))).toMatchObject({
      value: [{ message: { kind: 'unreachable', to: b } }],
    });
    expect(rooms.contacts(one)).toMatchObject({ value: [{ message: { contacts: [] } }] });
  });

  it('twice, or without a join, is harmless', () => {
    const rooms = roomsWith([1, 'kitchen', a]);
    rooms.leave(two);
    expect(rooms.count()).toEqual({ rooms: 1, members: 1 });
    rooms.leave(one);
    rooms.leave(one);
    expect(rooms.count()).toEqual({ rooms: 0, members: 0 });
  });
});

describe('namesakes', () => {
  const tell = (to: number) => ({ to, message: { kind: 'namesakes' } });
  const right = namesake('1');

  it('are told to who is alone, while others are in another room; these hear nothing', () => {
    const rooms = roomsWith([1, 'topic', a], [2, 'topic', b], [3, 'wrong topic', c]);
    expect(rooms.namesake(one, right)).toEqual({ ok: true, value: [] });
    expect(rooms.namesake(two, right)).toEqual({ ok: true, value: [] });
    expect(rooms.namesake(three, right)).toEqual({ ok: true, value: [tell(3)] });
  });

  it('are told to who was there first too, if it is alone, once per connection', () => {
    const rooms = roomsWith([1, 'wrong topic', a], [2, 'topic', b]);
    rooms.namesake(one, right);
    expect(rooms.namesake(two, right)).toEqual({ ok: true, value: [tell(2), tell(1)] });
    rooms.join(three, join('third topic', c), later);
    expect(rooms.namesake(three, right)).toEqual({ ok: true, value: [tell(3)] });
  });

  it('of another name are none', () => {
    const rooms = roomsWith([1, 'topic', a], [2, 'other topic', b]);
    rooms.namesake(one, right);
    expect(rooms.namesake(two, namesake('2'))).toEqual({ ok: true, value: [] });
  });

  it('are forgotten with the connections that gave them', () => {
    const rooms = roomsWith([1, 'topic', a], [2, 'topic', b], [3, 'wrong topic', c]);
    rooms.namesake(one, right);
    rooms.namesake(two, right);
    rooms.leave(one);
    rooms.leave(two);
    expect(rooms.namesake(three, right)).toEqual({ ok: true, value: [] });
  });

  it('are given once, after joining', () => {
    const rooms = roomsWith([1, 'topic', a]);
    expect(rooms.namesake(two, right)).toEqual({ ok: false, error: 'not-joined' });
    rooms.namesake(one, right);
    expect(rooms.namesake(one, namesake('2'))).toEqual({ ok: false, error: 'already-joined' });
  });

  it('are looked for in a few rooms only: who makes many does not make the next one dear', () => {
    const rooms = roomsWith(...Array.from({ length: 40 }, (_, at) => [at, `topic ${at}`, peer(at)] as const));
    let told = 0;
    for (let at = 0; at < 40; at++) {
      const answer = rooms.namesake(connectionId(at), right);
      const count = answer.ok ? answer.value.length : 0;
      expect(count).toBeLessThanOrEqual(NAMESAKE_ROOMS_LOOKED_AT + 1);
      told += count;
    }
    expect(told).toBe(40);
  });
});

interface Place {
  readonly room: string;
  readonly id: PeerId;
}

/** Every effect of one request against a plain list of who is where. */
function expectLawful(
  answer: RoomsAnswer,
  from: Place | undefined,
  places: ReadonlyMap<number, Place>,
): void {
  const others = [...places.values()].filter((place) => place.room === from?.room && place.id !== from.id);
  for (const { to, message } of answer.ok ? answer.value : []) {
    if (message.kind === 'namesakes') {
      const { room } = places.get(to)!;
      expect([...places.values()].filter((place) => place.room === room)).toHaveLength(1);
      expect([...places.values()].some((place) => place.room !== room)).toBe(true);
      continue;
    }
    expect(places.get(to)?.room).toBe(from?.room);
    if (message.kind === 'signal') expect(message.from).toBe(from?.id);
    if (message.kind !== 'contacts') continue;
    expect(new Set(message.contacts).size).toBe(Math.min(3, others.length));
    expect(others.map((place) => place.id)).toEqual(expect.arrayContaining([...message.contacts]));
  }
}

describe('the law of rooms', () => {
  const step = fc.record({
    what: fc.constantFrom('join', 'join', 'leave', 'signal', 'contacts', 'namesake'),
    connection: fc.nat(7),
    room: fc.constantFrom('kitchen', 'garden'),
    id: fc.nat(5).map(peer),
  });

  it('what one sends reaches only its own room, under its own id; who is named is there; counts match', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const rooms = makeRooms();
        const places = new Map<number, Place>();
        for (const { what, connection, room, id } of steps) {
          const from = connectionId(connection);
          if (what === 'leave') {
            rooms.leave(from);
            places.delete(connection);
          } else if (what === 'join') {
            if (rooms.join(from, join(room, id), later).ok) places.set(connection, { room, id });
          } else {
            const answers = {
              signal: () => rooms.signal(from, signal(id)),
              contacts: () => rooms.contacts(from),
              namesake: () => rooms.namesake(from, namesake('1')),
            };
            expectLawful(answers[what](), places.get(connection), places);
          }
        }
        const names = new Set([...places.values()].map((place) => place.room));
        expect(rooms.count()).toEqual({ rooms: names.size, members: places.size });
      }),
      { numRuns: 500, seed: 20_261_122 },
    );
  });
});
