/** The passive view (HyParView, section 4.1): a bounded random sample of members to whom no link is held. */
import type { PeerId } from '../base/ids.ts';
import type { Rng } from '../base/rng.ts';

export interface PassiveView {
  readonly has: (peer: PeerId) => boolean;
  readonly peers: () => readonly PeerId[];
  /**
   * Offers a member to the sample; `population` is how many could be in it. A full view takes a new one
   * with the chance `limit / population` and gives up a random one for it, which it returns.
   */
  readonly add: (peer: PeerId, population: number) => PeerId | undefined;
  readonly remove: (peer: PeerId) => boolean;
}

export function createPassiveView(limit: number, rng: Rng): PassiveView {
  const held = new Set<PeerId>();

  const add = (peer: PeerId, population: number): PeerId | undefined => {
    if (held.has(peer)) return undefined;
    if (held.size < limit) {
      held.add(peer);
      return undefined;
    }
    // Deviation: the paper always takes the new one. A roster names everyone, again and again, so that
    // the last few named would fill the view; a reservoir (Vitter, 1985) keeps it a fair sample.
    if (rng.below(Math.max(population, limit + 1)) >= limit) return undefined;
    const given = rng.pick([...held]);
    if (given !== undefined) held.delete(given);
    held.add(peer);
    return given;
  };

  return {
    has: (peer) => held.has(peer),
    peers: () => [...held],
    add,
    remove: (peer) => held.delete(peer),
  };
}
