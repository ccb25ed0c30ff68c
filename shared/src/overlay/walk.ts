/** The random walk of a newcomer (HyParView, section 4.2): whether one is well formed, and its next step. */
import type { PeerId } from '../base/ids.ts';
import type { OverlayConfig } from './config.ts';
import type { ForwardJoin } from './messages.ts';

/** What is wrong with a walk that `from` handed to `self`, or `undefined`. */
export function walkFault(
  walk: ForwardJoin,
  ends: { readonly self: PeerId; readonly from: PeerId },
  config: OverlayConfig,
): string | undefined {
  const { trail, ttl, newcomer } = walk;
  if (!Number.isInteger(ttl) || ttl < 0 || ttl > config.activeWalkLength) return 'walk-ttl-out-of-range';
  // The trail must hold everyone that it will pass, or who passes it on will seem the one at fault.
  if (trail.length + ttl > config.trailLengthMax) return 'walk-trail-too-long';
  if (trail.at(-1) !== ends.from) return 'walk-trail-not-by-sender';
  if (new Set(trail).size < trail.length || trail.includes(ends.self)) return 'walk-trail-loops';
  if (newcomer === ends.self || trail.includes(newcomer)) return 'walk-newcomer-on-trail';
  return undefined;
}

/** The walk as `self` passes it on. */
export function stepWalk(walk: ForwardJoin, self: PeerId): ForwardJoin {
  return { ...walk, ttl: walk.ttl - 1, trail: [...walk.trail, self] };
}

/** Hops that a walk may take which starts with `trail`: its trail must hold everyone that it will pass. */
export function firstTtl(trail: readonly PeerId[], config: OverlayConfig): number {
  return Math.min(config.activeWalkLength, config.trailLengthMax - trail.length);
}

/** Those to whom it may go. */
export function walkSteps(walk: ForwardJoin, activeView: readonly PeerId[]): readonly PeerId[] {
  return activeView.filter((peer) => peer !== walk.newcomer && !walk.trail.includes(peer));
}
