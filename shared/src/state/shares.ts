/**
 * How much of the state the values of each member take up, so that one alone cannot shut the others out. A share depends
 * on nothing but what is held, in whatever order it came: else a newcomer would refuse what all others hold.
 */
import type { PeerId } from '../base/ids.ts';

export interface Shares {
  /** Values that this member stamped last. */
  readonly valuesOf: (by: PeerId) => number;
  /** What they take up. */
  readonly bytesOf: (by: PeerId) => number;
  readonly count: (by: PeerId, change: 1 | -1, bytes: number) => void;
}

export function createShares(): Shares {
  /** Both hold those alone who take up something, so they are bounded as what is held is. */
  const values = createTally();
  const bytes = createTally();
  return {
    valuesOf: values.of,
    bytesOf: bytes.of,
    count: (by, change, weight) => {
      values.add(by, change);
      bytes.add(by, change * weight);
    },
  };
}

interface Tally {
  readonly of: (peer: PeerId) => number;
  readonly add: (peer: PeerId, change: number) => void;
}

function createTally(): Tally {
  const countByPeer = new Map<PeerId, number>();
  const of = (peer: PeerId): number => countByPeer.get(peer) ?? 0;
  return {
    of,
    add: (peer, change) => {
      const count = of(peer) + change;
      if (count === 0) countByPeer.delete(peer);
      else countByPeer.set(peer, count);
    },
  };
}
