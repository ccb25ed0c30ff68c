import { describe, expect, test } from 'vitest';
import type { PeerId } from '#shared/base/ids.ts';
import { defaultRoutingConfig } from '#shared/routing/config.ts';
import type { Packet } from '#shared/routing/messages.ts';
import {
  a,
  b,
  byServer,
  c,
  createMemberIn,
  d,
  e,
  f,
  from,
  hopsOf,
  id,
  LETTER,
  misbehaved,
  packet,
  packetAck,
  receipt,
  send,
  sendTo,
  stranger,
  type Effect,
  type Member,
} from './fixture.ts';

/** a - b - c - d - e, and a second way b - f - d. */
const line = [
  [a, b],
  [b, c],
  [c, d],
  [d, e],
  [b, f],
  [f, d],
] as const;
const delivered = (origin: PeerId, trail: readonly PeerId[]): Effect => ({
  kind: 'deliver',
  origin,
  trail,
  hops: trail.length + 1,
  payload: 'hello',
});
const attached = (member: Member): Member => {
  member.handle({ kind: 'serverAttached' });
  return member;
};
const droppedBy = (member: Member): number => member.layer.inspect().dropped;

describe('a packet for us', () => {
  const forD = packet({ trail: [b, c], ttl: 14 });

  test('is delivered once, with its trail and hops', () => {
    const member = createMemberIn(d, line);
    expect(member.handle(from(c, forD))).toEqual([delivered(a, [b, c])]);
    expect(member.handle(from(f, { ...forD, trail: [b, f] }))).toEqual([]);
    expect(member.handle(from(c, { ...forD, id: 2 }))).toEqual([delivered(a, [b, c])]);
    // After a minute the id is forgotten; nothing repeats for so long.
    expect(member.handle(from(c, forD), defaultRoutingConfig.seenMs)).toEqual([delivered(a, [b, c])]);
  });

  test('is acknowledged every time: first on a shortest path, then along its trail', () => {
    const member = createMemberIn(d, line);
    const acked: Packet<string> = { ...forD, delivery: 'acked', trail: [b, f] };
    expect(member.handle(from(f, acked))).toEqual([delivered(a, [b, f]), send(c, packetAck({}))]);
    expect(member.handle(from(f, acked))).toEqual([send(f, packetAck({ route: [b] }))]);
  });

  test('is delivered though one came before it by the same id, of somebody who has not read it', () => {
    const member = createMemberIn(d, line);
    const letter: Packet<string> = { ...forD, delivery: 'acked', payload: LETTER };
    expect(member.handle(from(c, forD))).toEqual([delivered(a, [b, c])]);
    const answer = send(c, packetAck({ receipt }));
    expect(member.handle(from(c, letter))).toEqual([{ ...delivered(a, [b, c]), payload: LETTER }, answer]);
    // Once, and acknowledged every time.
    expect(member.handle(from(c, letter))).toEqual([send(c, packetAck({ receipt, route: [b] }))]);
  });

  test('is remembered though another origin sends as many as can be', () => {
    const member = createMemberIn(d, line, { seenMax: 16 });
    member.handle(from(c, forD));
    const flood = (origin: PeerId): void => {
      for (let count = 1; count <= 100; count++)
        member.handle(from(c, packet({ origin, id: count, trail: [c], ttl: 15 })));
    };
    flood(b);
    expect(member.handle(from(c, forD))).toEqual([]);
    // Its own it pushes out.
    expect(member.handle(from(c, packet({ origin: b, id: 1, trail: [c], ttl: 15 })))).toHaveLength(1);
    for (const other of [e, f]) flood(other);
    expect(member.handle(from(c, forD))).toHaveLength(1);
  });

  test('from an origin outside the graph is acknowledged along its trail', () => {
    const member = createMemberIn(d, line);
    const acked = packet({ origin: stranger, delivery: 'acked', trail: [b, f], ttl: 14 });
    expect(member.handle(from(f, acked))).toEqual([
      delivered(stranger, [b, f]),
      send(f, packetAck({ to: stranger, route: [b] })),
    ]);
  });

  test('by the server is acknowledged there', () => {
    const member = attached(createMemberIn(d, line));
    const acked = packet({ origin: stranger, delivery: 'acked', serverMay: true });
    expect(member.handle(byServer(stranger, acked))).toEqual([
      delivered(stranger, []),
      { kind: 'serverSend', to: stranger, message: packetAck({ to: stranger, serverMay: true }) },
    ]);
  });
});

describe('a packet for another', () => {
  test('goes on with one hop less, and us on its trail', () => {
    const member = createMemberIn(c, line);
    expect(member.handle(from(b, packet({ to: e, trail: [b], ttl: 15 })))).toEqual([
      send(d, packet({ to: e, trail: [b, c], ttl: 14 })),
    ]);
  });

  test('follows its route, not the shortest path', () => {
    const member = createMemberIn(b, line);
    expect(member.handle(from(a, packet({ to: e, route: [f, d] })))).toEqual([
      send(f, packet({ to: e, route: [d], trail: [b], ttl: 15 })),
    ]);
  });

  test('never meets a member twice, even when our graph says that it should', () => {
    // c believes that d is reached over b only; b sent it here.
    const member = createMemberIn(c, [
      [b, c],
      [a, b],
      [b, f],
      [f, d],
    ]);
    expect(member.handle(from(b, packet({ trail: [b], ttl: 15 })))).toEqual([]);
    expect(droppedBy(member)).toBe(1);
    // With another way, however long, it goes on.
    member.handle({ kind: 'neighborUp', peer: e });
    member.handle({ kind: 'links', id: e, neighbors: [c, d] });
    member.handle({ kind: 'links', id: d, neighbors: [f, e] });
    expect(hopsOf(member.handle(from(b, packet({ trail: [b], ttl: 15 }))))).toEqual([e]);
  });

  test('ends when its hops are used up', () => {
    const member = createMemberIn(b, line);
    expect(member.handle(from(a, packet({ ttl: 1 })))).toEqual([]);
    expect(member.handle(from(a, packetAck({ to: d, origin: a, ttl: 1 })))).toEqual([]);
    expect(droppedBy(member)).toBe(2);
  });

  test('is dropped by whom it has passed, and by its origin', () => {
    const member = createMemberIn(b, line);
    expect(member.handle(from(c, packet({ trail: [b, c], ttl: 14 })))).toEqual([]);
    expect(member.handle(from(c, packet({ origin: b, trail: [c], ttl: 15 })))).toEqual([]);
    expect(droppedBy(member)).toBe(2);
  });
});

describe('a flooded packet for another', () => {
  test('goes once to everyone not on its trail', () => {
    const member = createMemberIn(d, line);
    const flooded = packet({ to: stranger, flooded: true, ttl: 7, trail: [c] });
    expect(member.handle(from(c, flooded))).toEqual(
      [e, f].map((to) => send(to, { ...flooded, ttl: 6, trail: [c, d] })),
    );
    expect(member.handle(from(f, { ...flooded, trail: [f] }))).toEqual([]);
  });

  test('goes on eight times a second per origin', () => {
    const member = createMemberIn(b, line);
    const floods = Array.from({ length: 10 }, (_, at) =>
      member.handle(from(a, packet({ id: at + 1, to: stranger, flooded: true, ttl: 8 })), at),
    );
    expect(floods.map((effects) => effects.length)).toEqual([2, 2, 2, 2, 2, 2, 2, 2, 0, 0]);
    expect(droppedBy(member)).toBe(2);
  });
});

describe('an acknowledgement for another', () => {
  test('goes on along its route, else on a shortest path', () => {
    const member = createMemberIn(c, line);
    expect(member.handle(from(d, packetAck({ route: [b] })))).toEqual([send(b, packetAck({ ttl: 15 }))]);
    expect(member.handle(from(d, packetAck({})))).toEqual([send(b, packetAck({ ttl: 15 }))]);
    expect(member.handle(from(d, packetAck({ receipt })))).toEqual([
      send(b, packetAck({ ttl: 15, receipt })),
    ]);
    // Never back to whom it came from.
    expect(member.handle(from(b, packetAck({})))).toEqual([]);
  });
});

describe('a contact between server and mesh', () => {
  const newcomer = id(99);
  const request = packet({ origin: newcomer, to: d, serverMay: true });

  test('carries what a newcomer says into the mesh', () => {
    const contact = attached(createMemberIn(b, line));
    expect(contact.handle(byServer(newcomer, { ...request, route: [f] }))).toEqual([
      send(f, { ...request, trail: [b], ttl: 15 }),
    ]);
  });

  test('hands the newcomer what the mesh answers', () => {
    const contact = attached(createMemberIn(b, line));
    const answer = packet({ origin: d, to: newcomer, serverMay: true, trail: [c], ttl: 15 });
    expect(contact.handle(from(c, answer))).toEqual([
      { kind: 'serverSend', to: newcomer, message: { ...answer, trail: [c, b], ttl: 14 } },
    ]);
    // What the server may not carry ends here.
    expect(contact.handle(from(c, { ...answer, serverMay: false }))).toEqual([]);
  });

  test('answers at the server one that spoke there, though the graph has its former links', () => {
    const contact = attached(createMemberIn(b, line));
    contact.handle(byServer(e, { ...request, origin: e, to: b }));
    const answer = sendTo(e, { serverMay: true, route: [] });
    expect(contact.handle(answer)).toMatchObject([{ kind: 'serverSend', to: e }]);
    expect(contact.handle(answer, 20_000)).toMatchObject([{ kind: 'send', to: c }]);
    // Newer links tell that it has found its way in.
    contact.handle(byServer(e, { ...request, id: 2, origin: e, to: b }));
    contact.handle({ kind: 'links', id: e, neighbors: [d] });
    expect(contact.handle(answer)).toMatchObject([{ kind: 'send', to: c }]);
  });

  test('sends nothing back to the server that came from it', () => {
    const contact = attached(createMemberIn(b, line));
    expect(contact.handle(byServer(newcomer, { ...request, to: stranger }))).toEqual([]);
    expect(droppedBy(contact)).toBe(1);
  });

  test('takes fifty messages a second from each sender', () => {
    const contact = attached(createMemberIn(b, line));
    const say = (sender: PeerId, count: number, atMs: number): readonly Effect[] =>
      contact.handle(byServer(sender, { ...request, origin: sender, id: count }), atMs);
    for (let count = 1; count <= 50; count++) expect(hopsOf(say(newcomer, count, count))).toEqual([c]);
    expect(say(newcomer, 51, 51)).toEqual([misbehaved(newcomer, 'server-flood')]);
    expect(hopsOf(say(stranger, 1, 51))).toEqual([c]);
    expect(hopsOf(say(newcomer, 52, 1_001))).toEqual([c]);
  });
});

describe('what others may not do', () => {
  test('hand us a packet of which they are neither origin nor last on the trail', () => {
    const member = attached(createMemberIn(b, line));
    expect(member.handle(from(c, packet({})))).toEqual([misbehaved(c, 'forged-hop')]);
    expect(member.handle(from(c, packet({ trail: [d], ttl: 15 })))).toEqual([misbehaved(c, 'forged-hop')]);
    expect(member.handle(byServer(e, packet({ serverMay: true })))).toEqual([misbehaved(e, 'forged-hop')]);
  });

  test('speak over a channel that is not held', () => {
    const member = createMemberIn(b, line);
    expect(member.handle(from(e, packet({ origin: e })))).toEqual([misbehaved(e, 'not-a-neighbor')]);
    member.handle({ kind: 'neighborDown', peer: a });
    expect(member.handle(from(a, packetAck({})))).toEqual([misbehaved(a, 'not-a-neighbor')]);
  });

  const unsound: Readonly<Record<string, Packet<string>>> = {
    'no hop left': packet({ ttl: 0 }),
    'half a hop': packet({ ttl: 1.5 }),
    'more hops than any origin gives': packet({ ttl: 17 }),
    'hops and trail that do not sum up': packet({ trail: [f, a], ttl: 15 }),
    'a flood with the hops of a path': packet({ flooded: true, ttl: 9 }),
    'too long a route': packet({ route: Array.from({ length: 17 }, () => c) }),
    'an id below one': packet({ id: 0 }),
    'an id that is no whole number': packet({ id: 0.5 }),
  };
  test.each(Object.entries(unsound))('send %s', (_, message) => {
    expect(createMemberIn(b, line).handle(from(a, message))).toEqual([misbehaved(a, 'bad-packet')]);
  });

  test('use the server for what it may not carry', () => {
    const member = attached(createMemberIn(b, line));
    const flooded = packet({ flooded: true, ttl: 8, serverMay: true });
    for (const message of [packet({}), flooded, packetAck({ to: d, origin: a })])
      expect(member.handle(byServer(a, message))).toEqual([misbehaved(a, 'bad-packet')]);
  });
});
