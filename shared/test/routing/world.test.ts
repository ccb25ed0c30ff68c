import { describe, expect, test } from 'vitest';
import type { PeerId } from '#shared/base/ids.ts';
import { createRng } from '#shared/base/rng.ts';
import { createFakeMesh, type FakeMesh } from './fake-mesh.ts';
import { a, b, c, d, id, randomEdges, sendTo } from './fixture.ts';

const ids = Array.from({ length: 40 }, (_, at) => id(at));
const pairs = ids.flatMap((one) =>
  ids.filter((other) => other !== one).map((other) => [one, other] as const),
);

const countOf = (mesh: FakeMesh, kind: string): number =>
  mesh.told.filter(({ effect }) => effect.kind === kind).length;

/** How often each payload was delivered. */
function deliveries(mesh: FakeMesh): Map<string, number> {
  const counts = new Map<string, number>();
  for (const { effect } of mesh.told)
    if (effect.kind === 'deliver') counts.set(effect.payload, (counts.get(effect.payload) ?? 0) + 1);
  return counts;
}

function sendAllPairs(mesh: FakeMesh): void {
  pairs.forEach(([from, to], token) => {
    mesh.give(from, sendTo(to, { delivery: 'acked', token, payload: `${from}>${to}` }));
  });
}

describe.each([1, 2, 3])('forty members on random links, seed %i', (seed) => {
  test('every pair can send, in as many hops as the graph says', () => {
    const rng = createRng([seed]);
    const mesh = createFakeMesh(ids, randomEdges(ids, 80, rng), rng);
    sendAllPairs(mesh);
    mesh.runUntil(10_000);
    expect(countOf(mesh, 'delivered')).toBe(pairs.length);
    expect(countOf(mesh, 'undeliverable')).toBe(0);
    const hops = mesh.told.flatMap(({ id: at, effect }) =>
      effect.kind === 'deliver'
        ? [effect.hops - mesh.member(at).layer.inspect().hopsByMember.get(effect.origin)!]
        : [],
    );
    expect(hops).toEqual(pairs.map(() => 0));
  });

  test('each packet is delivered once though a fifth of the links is cut in flight', () => {
    const rng = createRng([seed]);
    const edges = randomEdges(ids, 80, rng);
    const mesh = createFakeMesh(ids, edges, rng);
    // The ring stays, so that the graph does.
    const cut = rng.sample(edges.slice(ids.length), 24);
    sendAllPairs(mesh);
    mesh.at(35, () => {
      for (const edge of cut) mesh.cut(edge, 500);
    });
    mesh.runUntil(30_000);
    expect(countOf(mesh, 'undeliverable')).toBe(0);
    expect(countOf(mesh, 'delivered')).toBe(pairs.length);
    expect(new Set(deliveries(mesh).values())).toEqual(new Set([1]));
    expect(deliveries(mesh).size).toBe(pairs.length);
    for (const member of ids) expect(mesh.member(member).layer.inspect().waitingForAck).toBe(0);
  });

  test('every acked packet ends exactly once, though some targets vanish', () => {
    const rng = createRng([seed]);
    const edges = randomEdges(ids, 40, rng);
    const mesh = createFakeMesh(ids, edges, rng);
    const gone = new Set(rng.sample(ids, 6));
    mesh.at(30, () => {
      for (const edge of edges) if (gone.has(edge[0]) || gone.has(edge[1])) mesh.cut(edge, 500);
    });
    sendAllPairs(mesh);
    mesh.runUntil(60_000);
    const ends = mesh.told.flatMap(({ effect }) =>
      effect.kind === 'delivered' || effect.kind === 'undeliverable' ? [effect.token] : [],
    );
    expect(ends.toSorted((x, y) => x - y)).toEqual(pairs.map((_, token) => token));
    expect(Math.max(...deliveries(mesh).values())).toBe(1);
  });
});

describe('a graph that is out of date', () => {
  test('is routed around: the packet goes on from where the link is missing', () => {
    const rng = createRng([1]);
    // a - b - c - d is short, a - e.. is long; b's link to c is gone, and only its ends know.
    const [x, y, z] = [id(11), id(12), id(13)];
    const edges = [
      [a, b],
      [b, c],
      [c, d],
      [b, x],
      [x, y],
      [y, z],
      [z, d],
    ] as const;
    const mesh = createFakeMesh([a, b, c, d, x, y, z], edges, rng);
    mesh.cut([b, c], 1_000_000);
    mesh.give(a, sendTo(d));
    mesh.runUntil(1_000);
    expect(mesh.told.map(({ id: at, effect }) => [at, effect.kind === 'deliver' && effect.trail])).toEqual([
      [d, [b, x, y, z]],
    ]);
  });

  test('that promises paths in circles ends every packet within its hops', () => {
    const rng = createRng([2]);
    const few = ids.slice(0, 12);
    const mesh = createFakeMesh(few, randomEdges(few, 10, rng), rng);
    const target = id(200);
    // Everyone believes that the target hangs on somebody else; nobody holds a channel to it.
    few.forEach((member, at) => {
      mesh.give(member, { kind: 'links', id: target, neighbors: [few[(at + 5) % few.length]!] });
      mesh.give(member, { kind: 'links', id: few[(at + 5) % few.length]!, neighbors: [target, ...few] });
    });
    for (const member of few) mesh.give(member, sendTo(target));
    mesh.runUntil(5_000);
    expect(mesh.told).toEqual([]);
    expect(mesh.counts.sent).toBeLessThanOrEqual(few.length * 16);
  });
});

describe('a newcomer whom only a contact knows', () => {
  const newcomer = id(99);
  const far = id(14);
  const edges: (readonly [PeerId, PeerId])[] = [
    [a, b],
    [b, c],
    [c, far],
    [b, d],
  ];

  test('exchanges packets with a member three hops away, both ways along the trail', () => {
    const mesh = createFakeMesh([a, b, c, d, far, newcomer], edges, createRng([1]));
    mesh.attach(a);
    mesh.attach(newcomer);
    mesh.give(newcomer, sendTo(far, { route: [a], serverMay: true, payload: 'request' }));
    mesh.runUntil(500);
    const request = mesh.told[0]!.effect;
    expect(request).toEqual({
      kind: 'deliver',
      origin: newcomer,
      trail: [a, b, c],
      hops: 4,
      payload: 'request',
    });
    mesh.give(far, sendTo(newcomer, { route: [c, b, a], serverMay: true, payload: 'accept' }));
    mesh.runUntil(1_000);
    const accept = mesh.told[1]!.effect;
    expect(accept).toEqual({ kind: 'deliver', origin: far, trail: [c, b, a], hops: 4, payload: 'accept' });
    mesh.give(newcomer, sendTo(far, { route: [a, b, c], serverMay: true, payload: 'offer' }));
    mesh.runUntil(1_500);
    expect(mesh.told[2]!.effect).toMatchObject({ payload: 'offer', trail: [a, b, c] });
    expect(mesh.told).toHaveLength(3);
    expect(mesh.counts).toEqual({ sent: 9, byServer: 3 });
  });

  test('gets its acknowledgement the same way', () => {
    const mesh = createFakeMesh([a, b, c, d, far, newcomer], edges, createRng([1]));
    mesh.attach(a);
    mesh.attach(newcomer);
    mesh.give(newcomer, sendTo(far, { route: [a], serverMay: true, delivery: 'acked', token: 5 }));
    mesh.runUntil(5_000);
    expect(mesh.told.map(({ effect }) => effect.kind)).toEqual(['deliver', 'delivered']);
  });

  test('is answered around a link of the trail that broke meanwhile', () => {
    const mesh = createFakeMesh([a, b, c, d, far, newcomer], [...edges, [d, c]], createRng([1]));
    mesh.attach(a);
    mesh.attach(newcomer);
    mesh.cut([b, c], 100);
    mesh.runUntil(200);
    mesh.give(far, sendTo(newcomer, { route: [c, b, a], serverMay: true }));
    mesh.runUntil(1_000);
    expect(mesh.told.map(({ effect }) => effect.kind === 'deliver' && effect.trail)).toEqual([[c, d, b, a]]);
  });
});

describe('floods', () => {
  test('find a member that no graph has, and cost at most one message per link and end', () => {
    const rng = createRng([3]);
    const edges = randomEdges(ids, 40, rng);
    const hidden = id(77);
    const mesh = createFakeMesh([...ids, hidden], edges, rng);
    // Its only neighbor holds the channel; nobody has heard of it.
    const [host, sender] = [ids[20]!, ids[0]!];
    const withHidden = createFakeMesh([...ids, hidden], [...edges, [host, hidden]], rng);
    for (const member of ids) withHidden.give(member, { kind: 'forget', id: hidden });
    withHidden.give(sender, sendTo(hidden));
    withHidden.runUntil(2_000);
    expect(countOf(withHidden, 'deliver')).toBe(1);
    expect(withHidden.counts.sent).toBeLessThanOrEqual(2 * (edges.length + 1));

    mesh.give(sender, sendTo(hidden));
    mesh.runUntil(2_000);
    expect(mesh.told).toEqual([]);
    expect(mesh.counts.sent).toBeLessThanOrEqual(2 * edges.length);
  });

  test('of one member for one target come once a second, however often it sends', () => {
    const rng = createRng([4]);
    const edges = randomEdges(ids, 40, rng);
    const mesh = createFakeMesh(ids, edges, rng);
    for (let atMs = 0; atMs < 3_000; atMs += 20)
      mesh.at(atMs, () => mesh.give(ids[0]!, sendTo(id(77), { delivery: 'acked', token: atMs })));
    mesh.runUntil(2_999);
    expect(mesh.counts.sent).toBeLessThanOrEqual(3 * 2 * edges.length);
    mesh.runUntil(30_000);
    expect(countOf(mesh, 'undeliverable')).toBe(150);
  });
});
