import { describe, expect, it } from 'vitest';
import type { PeerId } from '#shared/base/ids.ts';
import { lastOfWays, quickestWays, type LatenciesOf } from '#sim/paths.ts';

const [a, b, c, d, e] = ['a', 'b', 'c', 'd', 'e'] as unknown as [PeerId, PeerId, PeerId, PeerId, PeerId];

/** Both ways of each link. */
function mapOf(links: readonly (readonly [PeerId, PeerId, number])[]): LatenciesOf {
  const byPeer = new Map<PeerId, Map<PeerId, number>>();
  for (const [from, to, ms] of [...links, ...links.map(([x, y, tookMs]) => [y, x, tookMs] as const)]) {
    byPeer.set(from, (byPeer.get(from) ?? new Map<PeerId, number>()).set(to, ms));
  }
  return (id) => byPeer.get(id) ?? new Map();
}

describe('the quickest ways', () => {
  it('take more hops where those are quicker, and leave out who cannot be reached', () => {
    const map = mapOf([
      [a, b, 50],
      [a, c, 10],
      [c, b, 15],
      [b, d, 5],
    ]);
    expect(quickestWays(a, map)).toEqual(
      new Map([
        [a, 0],
        [c, 10],
        [b, 25],
        [d, 30],
      ]),
    );
    expect(quickestWays(e, map)).toEqual(new Map([[e, 0]]));
  });

  it('end with the last who can be reached', () => {
    const map = mapOf([
      [a, b, 20],
      [b, c, 30],
    ]);
    expect([a, b, e].map((id) => lastOfWays(quickestWays(id, map)))).toEqual([50, 30, 0]);
  });
});
