/** How much of the state each member takes up, so that one alone cannot shut the others out. */
import type { PeerId } from '../base/ids.ts';
import type { StateConfig } from './config.ts';

export interface Shares {
  /** Whether one more entry stamped by this member is within its share. */
  readonly hasRoom: (by: PeerId) => boolean;
  readonly count: (by: PeerId, change: 1 | -1, bytes: number) => void;
  /** What its entries take up. */
  readonly bytesOf: (by: PeerId) => number;
  /** Whether this member may begin one more collection. */
  readonly mayBegin: (by: PeerId) => boolean;
  readonly begun: (collection: string, by: PeerId) => void;
  readonly ended: (collection: string) => void;
}

export function createShares({ entriesPerMemberMax, collectionsPerMemberMax }: StateConfig): Shares {
  /** All hold those alone who take up something, so they are bounded as what is held is. */
  const entries = createTally();
  const collections = createTally();
  const bytes = createTally();
  const beginnerByCollection = new Map<string, PeerId>();
  return {
    hasRoom: (by) => entries.of(by) < entriesPerMemberMax,
    count: (by, change, weight) => {
      entries.add(by, change);
      bytes.add(by, change * weight);
    },
    bytesOf: (by) => bytes.of(by),
    mayBegin: (by) => collections.of(by) < collectionsPerMemberMax,
    begun: (collection, by) => {
      beginnerByCollection.set(collection, by);
      collections.add(by, 1);
    },
    ended: (collection) => {
      const by = beginnerByCollection.get(collection);
      if (by === undefined) return;
      beginnerByCollection.delete(collection);
      collections.add(by, -1);
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
