import { fc, test } from '@fast-check/vitest';
import { describe, expect } from 'vitest';
import type { PeerId } from '#shared/base/ids.ts';
import { createRng } from '#shared/base/rng.ts';
import { createGraph, type Graph } from '#shared/routing/graph.ts';
import { a, b, c, d, e, f, id, neighborsIn, randomEdges } from './fixture.ts';

const limits = { membersMax: 64, linksPerMemberMax: 16, neighborsMax: 24 };
const nobody: ReadonlySet<PeerId> = new Set();

function graphOf(self: PeerId, edges: readonly (readonly [PeerId, PeerId])[]): Graph {
  const graph = createGraph(self, limits);
  const neighborsOf = neighborsIn(edges);
  for (const peer of neighborsOf.get(self) ?? []) graph.addNeighbor(peer);
  for (const [member, neighbors] of neighborsOf) graph.setLinks(member, neighbors);
  return graph;
}

/** a has b, c; both lead to d; d leads to e. */
const diamond = [
  [a, b],
  [a, c],
  [b, d],
  [c, d],
  [d, e],
] as const;

describe('an edge', () => {
  test('counts when both ends name it', () => {
    const graph = graphOf(a, [[a, b]]);
    graph.setLinks(b, [a, c]);
    expect(graph.hopsTo(c)).toBe(undefined);
    graph.setLinks(c, [b]);
    expect(graph.hopsTo(c)).toBe(2);
    graph.setLinks(b, [a]);
    expect(graph.hopsTo(c)).toBe(undefined);
    graph.setLinks(b, [a, c]);
    expect(graph.hopsTo(c)).toBe(2);
  });

  test('of our own counts by our own knowledge alone', () => {
    const graph = graphOf(a, [[a, b]]);
    graph.setLinks(b, []);
    graph.setLinks(c, [a]);
    graph.setLinks(a, [c]);
    expect([...graph.paths().hopsByMember]).toEqual([[b, 1]]);
    graph.removeNeighbor(b);
    expect([...graph.paths().hopsByMember]).toEqual([]);
  });

  test('goes with the member that is forgotten, and comes back when both name it anew', () => {
    const graph = graphOf(a, diamond);
    graph.forget(d);
    expect([graph.hopsTo(d), graph.hopsTo(e)]).toEqual([undefined, undefined]);
    graph.setLinks(d, [b, e]);
    expect([graph.hopsTo(d), graph.hopsTo(e)]).toEqual([2, 3]);
  });
});

describe('the next hop', () => {
  test('is the lowest id among equals, unless a hint prefers another', () => {
    const graph = graphOf(a, diamond);
    expect(graph.nextHop(d, nobody)).toBe(b);
    graph.hint(d, c);
    expect(graph.nextHop(d, nobody)).toBe(c);
    expect(graph.paths().nextHopByMember.get(d)).toBe(c);
    graph.hint(d, f);
    expect(graph.nextHop(d, nobody)).toBe(b);
  });

  test('is not hinted away from a shortest path', () => {
    const graph = graphOf(a, [...diamond, [c, f], [f, e]]);
    graph.hint(b, c);
    expect(graph.nextHop(b, nobody)).toBe(b);
  });

  test('of a member that nobody names is the one of the hint', () => {
    const graph = graphOf(a, diamond);
    expect(graph.nextHop(f, nobody)).toBe(undefined);
    graph.hint(f, c);
    expect(graph.nextHop(f, nobody)).toBe(c);
    expect(graph.nextHop(f, new Set([c]))).toBe(undefined);
    expect(graph.paths().nextHopByMember.has(f)).toBe(false);
    graph.removeNeighbor(c);
    expect(graph.nextHop(f, nobody)).toBe(undefined);
  });

  test('passes nobody who is to be avoided, over however long a way', () => {
    // b - d is short; c - e - f - d is long.
    const graph = graphOf(a, [
      [a, b],
      [a, c],
      [b, d],
      [c, e],
      [e, f],
      [f, d],
    ]);
    expect(graph.nextHop(d, new Set([b]))).toBe(c);
    expect(graph.nextHop(d, new Set([b, e]))).toBe(undefined);
    expect(graph.nextHop(b, new Set([b]))).toBe(c);
  });
});

describe('the limits', () => {
  test('leave out members beyond the graph, and links beyond the first 16', () => {
    const graph = createGraph(a, { ...limits, membersMax: 2 });
    expect([b, c, d, b].map((member) => graph.setLinks(member, []))).toEqual([true, true, false, true]);
    graph.forget(b);
    expect(graph.setLinks(d, [])).toBe(true);

    const many = Array.from({ length: 20 }, (_, at) => id(100 + at));
    const wide = graphOf(a, [[a, b]]);
    wide.setLinks(b, many);
    for (const member of many) wide.setLinks(member, [b]);
    expect(many.filter((member) => wide.hopsTo(member) === 2)).toEqual(many.slice(0, 16));
  });

  test('of our own neighbors are kept by the overlay; more is our mistake', () => {
    const graph = createGraph(a, { ...limits, neighborsMax: 1 });
    graph.addNeighbor(b);
    graph.addNeighbor(b);
    expect(() => graph.addNeighbor(c)).toThrow('broken invariant');
  });
});

describe('paths', () => {
  test('keep identity while nothing changes', () => {
    const graph = graphOf(a, diamond);
    const before = graph.paths();
    graph.setLinks(d, [e, c, b]);
    graph.setLinks(f, [e]);
    graph.hint(d, b);
    graph.hint(f, c);
    graph.addNeighbor(b);
    graph.removeNeighbor(f);
    expect(graph.paths()).toBe(before);
    graph.hint(d, c);
    expect(graph.paths()).not.toBe(before);
    expect(graph.paths().hopsByMember).toBe(before.hopsByMember);
  });

  test.prop([fc.integer(), fc.integer({ min: 0, max: 30 })], { seed: 5, numRuns: 60 })(
    'are shortest, and each hop is one nearer',
    (seed, chords) => {
      const ids = Array.from({ length: 20 }, (_, at) => id(at));
      const edges = randomEdges(ids, chords, createRng([seed]));
      const neighborsOf = neighborsIn(edges);
      const graphs = new Map(ids.map((self) => [self, graphOf(self, edges)]));
      for (const [self, graph] of graphs) {
        const { hopsByMember, nextHopByMember } = graph.paths();
        expect(hopsByMember.size).toBe(ids.length - 1);
        for (const [to, hops] of hopsByMember) {
          const next = nextHopByMember.get(to)!;
          expect(neighborsOf.get(self)).toContain(next);
          expect(next === to ? 0 : graphs.get(next)!.hopsTo(to)).toBe(hops - 1);
          expect(graphs.get(to)!.hopsTo(self)).toBe(hops);
        }
      }
    },
  );

  test.prop([fc.integer(), fc.array(fc.nat({ max: 19 }), { maxLength: 8 })], { seed: 5, numRuns: 60 })(
    'around members to avoid exist exactly when the graph without them has one',
    (seed, avoided) => {
      const ids = Array.from({ length: 20 }, (_, at) => id(at));
      const edges = randomEdges(ids, 10, createRng([seed]));
      const [self, to] = [id(0), id(10)];
      const avoid = new Set(avoided.map(id).filter((member) => member !== self && member !== to));
      const rest = edges.filter(([one, other]) => !avoid.has(one) && !avoid.has(other));
      const hop = graphOf(self, edges).nextHop(to, avoid);
      const without = graphOf(self, rest);
      expect(hop === undefined).toBe(without.hopsTo(to) === undefined);
      if (hop !== undefined && hop !== to)
        expect(
          graphOf(
            hop,
            rest.filter((edge) => !edge.includes(self)),
          ).hopsTo(to),
        ).toBe(without.hopsTo(to)! - 1);
    },
  );
});
