/**
 * What others were measured at, by the size of the room: drawn beside our own figures. All but memberlist's ran under
 * the conditions of our benches, links of 10 to 50 ms; none of them pays for the setting up of a WebRTC connection.
 */

export interface Anchor {
  readonly scenario: string;
  readonly metric: string;
  /** Whose figure, and how it was taken. */
  readonly name: string;
  readonly points: readonly (readonly [nodes: number, figure: number])[];
}

/** Its own state machine in its own simulator, over 30 rounds from cold, a sender at random each time. */
const IROH = 'iroh-gossip 0.101';
const iroh = { scenario: 'broadcast', name: IROH };
/** Its rounds 6 to 15. */
const irohStorm = { scenario: 'storm', name: IROH };
/** Computed of its defaults for a LAN; its lists are full sooner when others confirm a suspicion. */
const memberlist = { scenario: 'crash', name: 'memberlist, LAN' };
const MEMBERLIST: Anchor['points'] = [
  [10, 6_600],
  [100, 10_600],
  [1_000, 14_600],
];

export const ANCHORS: readonly Anchor[] = [
  { ...iroh, metric: 'rmr', points: bySize([0.393, 0.472, 0.461, 0.356]) },
  { ...iroh, metric: 'hops', points: bySize([5, 9.9, 20.7, 53]) },
  { ...iroh, metric: 'p50Ms', points: bySize([102, 199, 358, 694]) },
  { ...iroh, metric: 'p99Ms', points: bySize([159, 312, 550, 1_380]) },
  { ...iroh, metric: 'lastMs', points: bySize([179, 325, 601, 1_506]) },
  { ...irohStorm, metric: 'rmr', points: bySize([1.39, 1.04]) },
  { ...irohStorm, metric: 'lastMs', points: bySize([474, 833]) },
  { ...irohStorm, metric: 'p99Ms', points: bySize([406, 614]) },
  { ...memberlist, metric: 'crashP50Ms', points: MEMBERLIST },
  {
    scenario: 'links',
    metric: 'constructedPerNode',
    name: `${IROH}, all at once`,
    points: [
      [20, 9.9],
      [50, 13],
      [100, 13.9],
      [300, 14.5],
      [1_000, 14.6],
    ],
  },
  {
    scenario: 'reconcile',
    metric: 'idleBytesPerS',
    name: 'ScaleCube',
    points: [
      [20, 870],
      [50, 588],
      [100, 661],
      [200, 582],
    ],
  },
];

function bySize(figures: readonly number[]): Anchor['points'] {
  const sizes = [20, 100, 1_000, 10_000];
  return figures.map((figure, at) => [sizes[at]!, figure] as const);
}
