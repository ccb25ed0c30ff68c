import { describe, expect, test } from 'vitest';
import type { PeerId } from '#shared/base/ids.ts';
import { bytesToReceipt, RECEIPT_BYTES } from '#shared/base/receipt.ts';
import { createRng } from '#shared/base/rng.ts';
import { checkRoutingConfig, defaultRoutingConfig } from '#shared/routing/config.ts';
import type { Packet } from '#shared/routing/messages.ts';
import {
  a,
  b,
  c,
  createMember,
  createMemberIn,
  d,
  e,
  f,
  from,
  hopsOf,
  LETTER,
  misbehaved,
  packet,
  packetAck,
  receipt,
  retry,
  send,
  sendTo,
  stranger,
  type Effect,
  type Input,
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
const attached = (member: Member): Member => {
  member.handle({ kind: 'serverAttached' });
  return member;
};
const droppedBy = (member: Member): number => member.layer.inspect().dropped;

describe('sending', () => {
  test('to a neighbor goes straight there', () => {
    expect(createMemberIn(a, line).handle(sendTo(b))).toEqual([send(b, packet({ to: b }))]);
  });

  test('without a route goes to the next hop', () => {
    expect(createMemberIn(a, line).handle(sendTo(e))).toEqual([send(b, packet({ to: e }))]);
  });

  test('with a route takes its first hop off', () => {
    const member = createMemberIn(b, line);
    expect(member.handle(sendTo(e, { route: [f, d] }))).toEqual([
      send(f, packet({ origin: b, to: e, route: [d] })),
    ]);
  });

  test('with a route whose first hop is gone goes towards it and keeps it on the route', () => {
    const member = createMemberIn(a, line);
    expect(member.handle(sendTo(e, { route: [f, d] }))).toEqual([send(b, packet({ to: e, route: [f, d] }))]);
    // Where that hop is unknown, the route is skipped.
    member.handle({ kind: 'forget', id: f });
    expect(member.handle(sendTo(e, { route: [f, d] }))).toEqual([send(b, packet({ id: 2, to: e }))]);
  });

  test('to one that only the server reaches goes there, when it may', () => {
    const member = attached(createMember(a));
    const out = packet({ to: c, serverMay: true });
    expect(member.handle(sendTo(c, { serverMay: true, route: [] }))).toEqual([
      { kind: 'serverSend', to: c, message: out },
    ]);
    expect(member.handle(sendTo(e, { serverMay: true, route: [c, d] }))).toEqual([
      { kind: 'serverSend', to: c, message: { ...out, id: 2, to: e, route: [d] } },
    ]);
    expect(member.handle(sendTo(c))).toEqual([]);
    member.handle({ kind: 'serverDetached' });
    expect(member.handle(sendTo(c, { serverMay: true }))).toEqual([{ kind: 'noWay' }]);
    expect(member.handle(sendTo(c))).toEqual([]);
    expect(droppedBy(member)).toBe(3);
  });

  test('whom the server has just named listens there, whatever way the graph shows', () => {
    const member = attached(createMemberIn(a, line));
    member.handle({ kind: 'serverNamed', peers: [e] }, 1_000);
    const sentBy = (atMs: number): readonly string[] =>
      member.handle(sendTo(e, { serverMay: true }), atMs).map(({ kind }) => kind);
    expect(sentBy(1_000)).toEqual(['serverSend']);
    expect(member.handle(sendTo(e), 1_000)).toMatchObject([{ kind: 'send', to: b }]);
    expect(sentBy(1_000 + defaultRoutingConfig.serverMemoryMs)).toEqual(['send']);
    member.handle({ kind: 'serverNamed', peers: [e] }, 60_000);
    // Its newer links record says that it has found its way in.
    member.handle({ kind: 'links', id: e, neighbors: [d] }, 60_100);
    expect(sentBy(60_200)).toEqual(['send']);
  });

  test('around a channel goes by a neighbor that is heard, else by the server, else nowhere', () => {
    const triangle = [
      [a, b],
      [a, c],
      [b, c],
      [c, d],
      [b, d],
    ] as const;
    const member = createMemberIn(a, triangle);
    const around = (
      avoid: readonly PeerId[],
      { route = null, to = b }: { route?: readonly PeerId[] | null; to?: PeerId } = {},
    ): Input => ({ kind: 'sendAround', to, route, avoid, payload: 'hello' });
    const said = packet({ to: b, serverMay: true });
    expect(member.handle(around([]))).toEqual([send(c, said)]);
    expect(member.handle(around([], { route: [c, d] }))).toEqual([send(c, { ...said, id: 2, route: [d] })]);
    expect(member.handle(around([b, c]))).toEqual([]);
    expect(member.handle(around([], { to: a }))).toEqual([]);
    expect(droppedBy(member)).toBe(2);
    const message = { ...said, id: 3 };
    expect(attached(member).handle(around([b, c]))).toEqual([{ kind: 'serverSend', to: b, message }]);
    expect(hopsOf(member.handle(around([])))).toEqual([c]);
    member.handle({ kind: 'serverNamed', peers: [b] });
    expect(member.handle(around([], { route: [] }))).toMatchObject([{ kind: 'serverSend', to: b }]);
  });

  test('to one in the graph goes through the mesh even when the server would do', () => {
    expect(hopsOf(attached(createMemberIn(a, line)).handle(sendTo(e, { serverMay: true })))).toEqual([b]);
  });

  test('to one that nobody knows floods, once per target and second', () => {
    const member = createMemberIn(b, line);
    const out = packet({ origin: b, to: stranger, flooded: true, ttl: 8 });
    const unknown = sendTo(stranger);
    expect(member.handle(unknown)).toEqual([a, c, f].map((to) => send(to, out)));
    expect(member.handle(unknown, 999)).toEqual([]);
    expect(droppedBy(member)).toBe(1);
    expect(hopsOf(member.handle(unknown, 1_000))).toEqual([a, c, f]);
  });

  test('has an id that those before it do not tell', () => {
    const member = createMember(a, {}, createRng([1]));
    member.handle({ kind: 'neighborUp', peer: b });
    const ids = Array.from({ length: 100 }, () => {
      const [effect] = member.handle(sendTo(b));
      return effect?.kind === 'send' ? effect.message.id : 0;
    });
    expect(ids.every((one) => Number.isSafeInteger(one) && one > 0)).toBe(true);
    // Of a hundred draws from 2^53 no two are near each other, and some are in each half.
    const sorted = ids.toSorted((x, y) => x - y);
    expect(sorted.every((one, at) => at === 0 || one - sorted[at - 1]! > 2 ** 20)).toBe(true);
    expect([sorted[0]! < 2 ** 52, sorted[99]! > 2 ** 52]).toEqual([true, true]);
  });

  test('to itself is undeliverable', () => {
    const member = createMemberIn(a, line);
    expect(member.handle(sendTo(a, { delivery: 'acked', token: 9 }))).toEqual([
      { kind: 'undeliverable', token: 9 },
    ]);
    expect(member.handle(sendTo(a))).toEqual([]);
  });
});

const ackedToD = sendTo(d, { delivery: 'acked', token: 9 });
const out = (member: PeerId): Packet<string> => packet({ origin: member, delivery: 'acked' });
const scheduled = (attempt: number, packetId: number = 1): Effect => ({
  kind: 'schedule',
  timer: { kind: 'retry', id: packetId, attempt },
  afterMs: 0,
});

/** As `handle`, with the delays of timers, which are drawn, taken out. */
const act = (member: Member, input: Input, atMs: number = 0): Effect[] =>
  member
    .handle(input, atMs)
    .map((effect) => (effect.kind === 'schedule' ? { ...effect, afterMs: 0 } : effect));

describe('an acknowledged packet', () => {
  test('is told once, when its target has answered', () => {
    const member = createMemberIn(a, line);
    expect(act(member, ackedToD)).toEqual([send(b, out(a)), scheduled(1)]);
    expect(member.layer.inspect().waitingForAck).toBe(1);
    // Somebody else's answer, or one to another packet, is none.
    expect(act(member, from(b, packetAck({ origin: e })))).toEqual([]);
    expect(act(member, from(b, packetAck({ id: 2 })))).toEqual([]);
    expect(act(member, from(b, packetAck({})))).toEqual([{ kind: 'delivered', token: 9 }]);
    expect(act(member, from(b, packetAck({})))).toEqual([]);
    expect(act(member, retry(1, 1))).toEqual([]);
    expect(member.layer.inspect().waitingForAck).toBe(0);
  });

  test('that only its reader can acknowledge goes on when another does', () => {
    const member = createMemberIn(a, line);
    act(member, { ...ackedToD, payload: LETTER });
    const other = bytesToReceipt(new Uint8Array(RECEIPT_BYTES));
    for (const forged of [null, other]) {
      const ack = packetAck({ receipt: forged });
      expect(act(member, from(b, ack))).toEqual([misbehaved(b, 'forged-ack')]);
    }
    expect(member.layer.inspect().waitingForAck).toBe(1);
    expect(act(member, from(b, packetAck({ receipt })))).toEqual([{ kind: 'delivered', token: 9 }]);
  });

  test('tries another next hop, then floods, then any way again, and is given up', () => {
    const member = createMemberIn(b, line);
    expect(act(member, ackedToD)).toEqual([send(c, out(b)), scheduled(1)]);
    expect(act(member, retry(1, 1), 1_000)).toEqual([send(f, out(b)), scheduled(2)]);
    const flooded = { ...out(b), flooded: true, ttl: 8 };
    expect(act(member, retry(1, 2), 2_000)).toEqual([
      ...[a, c, f].map((to) => send(to, flooded)),
      scheduled(3),
    ]);
    expect(act(member, retry(1, 3), 3_000)).toEqual([send(c, out(b)), scheduled(4)]);
    expect(act(member, retry(1, 4), 4_000)).toEqual([{ kind: 'undeliverable', token: 9 }]);
    for (const attempt of [1, 2, 3, 4]) expect(act(member, retry(1, attempt), 5_000)).toEqual([]);
    expect(act(member, from(c, packetAck({ to: b })))).toEqual([]);
  });

  test('is not moved by a timer of an attempt that is over or not begun', () => {
    const member = createMemberIn(b, line);
    member.handle(ackedToD);
    member.handle(retry(1, 1));
    for (const old of [retry(1, 1), retry(1, 3), retry(7, 1)]) expect(act(member, old)).toEqual([]);
  });
});

const delayTo = (to: PeerId): number => {
  const effects = createMemberIn(a, line).handle(sendTo(to, { delivery: 'acked' }));
  return effects.flatMap((effect) => (effect.kind === 'schedule' ? [effect.afterMs] : []))[0]!;
};

describe('an acknowledged packet without an answer', () => {
  test('waits four trips per hop, and at least 600 ms, a little more or less', () => {
    for (const [to, leastMs] of [
      [b, 600],
      [c, 1_200],
      [e, 2_400],
    ] as const) {
      expect(delayTo(to)).toBeGreaterThanOrEqual(leastMs);
      expect(delayTo(to)).toBeLessThanOrEqual(1.25 * leastMs);
    }
  });

  test('to an unknown target floods once, and waits for a path to be heard of', () => {
    const member = createMemberIn(a, [[a, b]]);
    expect(hopsOf(member.handle(ackedToD))).toEqual([b]);
    // The second to the same target may not flood in this second, yet waits.
    expect(act(member, { ...ackedToD, token: 10 })).toEqual([scheduled(1, 2)]);
    expect(hopsOf(member.handle(retry(1, 1), 2_000))).toEqual([]);
    member.handle({ kind: 'links', id: b, neighbors: [a, d] });
    member.handle({ kind: 'links', id: d, neighbors: [b] });
    expect(hopsOf(member.handle(retry(1, 2), 4_000))).toEqual([b]);
  });

  test('without any neighbor is undeliverable at once', () => {
    const member = createMember(a);
    expect(member.handle(ackedToD)).toEqual([{ kind: 'undeliverable', token: 9 }]);
    expect(member.layer.inspect().waitingForAck).toBe(0);
  });

  test('beyond those that may wait is undeliverable at once', () => {
    const member = createMemberIn(a, line, { waitingMax: 1 });
    member.handle(ackedToD);
    expect(member.handle({ ...ackedToD, token: 10 })).toEqual([{ kind: 'undeliverable', token: 10 }]);
  });
});

describe('the picture of the layer', () => {
  test('keeps identity while nothing changes', () => {
    const member = createMemberIn(a, line);
    const before = member.layer.inspect();
    expect([...before.hopsByMember].toSorted(([, x], [, y]) => x - y)).toEqual([
      [b, 1],
      [c, 2],
      [f, 2],
      [d, 3],
      [e, 4],
    ]);
    member.handle(sendTo(e));
    member.handle(retry(1, 1));
    member.handle({ kind: 'links', id: e, neighbors: [d] });
    member.handle({ kind: 'heardVia', origin: e, neighbor: b });
    member.handle({ kind: 'serverAttached' });
    expect(member.layer.inspect()).toBe(before);
    member.handle({ kind: 'forget', id: e });
    expect(member.layer.inspect()).not.toBe(before);
  });
});

test('a config out of bounds is our own mistake', () => {
  checkRoutingConfig(defaultRoutingConfig);
  for (const wrong of [
    { ttl: 17 },
    { floodTtl: 17 },
    { neighborsMax: 31 },
    { attemptsMax: 0 },
    { seenMs: 0.5 },
  ])
    expect(() => checkRoutingConfig({ ...defaultRoutingConfig, ...wrong })).toThrow('broken invariant');
});
