/** Who loses links for what it did: liars may, honest members never. */
import type { SimTab } from '../tab.ts';
import { nameOf, type MakeChecker } from './checker.ts';

/** How a node says that it drops a neighbor for its score. */
const DROPPED = /^dropped-/u;

/** Nobody honest is dropped as misbehaving by somebody honest: what liars make others pass on is no fault of theirs. */
export const theHonestAreKept: MakeChecker = (world, complain) => {
  const liars = new Set<SimTab>();
  return {
    name: 'blame',
    observer: {
      lied: (tab) => void liars.add(tab),
      told: (tab, event) => {
        if (event.kind !== 'peerMisbehaved' || !DROPPED.test(event.reason)) return;
        const peer = world.tabOf(event.peer);
        if (peer && !liars.has(peer)) complain(`${nameOf(tab.id)}: ${nameOf(peer.id)} is ${event.reason}`);
      },
    },
  };
};
