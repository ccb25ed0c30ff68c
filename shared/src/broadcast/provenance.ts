/**
 * What may be believed without proof. Messages of the lanes without gaps are their origin's own word, and so are
 * anchors among the volatile ones; heads in vectors, and volatile messages between two anchors, are the word of
 * whoever brings them. What the latter say holds until the former show otherwise.
 */
import { after, elapsedMs } from '../base/time.ts';
import type { Gossip, Lane } from './messages.ts';
import type { EpochStanding, Origin, PastClaim } from './origins.ts';
import { reopenAt } from './receive-window.ts';
import { type Relay, refuse } from './relay.ts';

export function isProven<P>({ deps }: Relay<P>, { lane, payload }: Gossip<P>): boolean {
  return lane !== 'volatile' || deps.isAnchor(payload);
}

/** Whether its epoch is over. That a later one has begun, a neighbor may have made up: it is believed for a while. */
export function isPast<P>(relay: Relay<P>, message: Gossip<P>, standing: EpochStanding): boolean {
  if (standing !== 'older') return false;
  const { origin, epoch } = message;
  const claimedSince = after(relay.at, -oldestUnderWayMs(relay));
  return !isProven(relay, message) || relay.origins.isSucceeded(origin, epoch, claimedSince);
}

/**
 * An unproven message begins no epoch, and may be ahead of the last anchor by no more than its origin can have said
 * since. Nobody is blamed: who passes on a forgery has been deceived as we might be.
 */
export function isBeyondProof<P>(relay: Relay<P>, message: Gossip<P>, standing: EpochStanding): boolean {
  if (isProven(relay, message)) return false;
  if (standing === 'new') return true;
  const anchor = relay.origins.current(message)?.newestAnchor ?? 0;
  return anchor > 0 && message.seq - anchor > relay.config.anchorAheadMax;
}

/** Whether a message that seems to have come is new all the same: what made it seem so was not its origin's word. */
export function isNewsAfterAll<P>(relay: Relay<P>, message: Gossip<P>): boolean {
  const origin = relay.origins.current(message);
  if (origin === undefined || !isProven(relay, message)) return false;
  // An unproven message with a higher sequence stands in its way, and gives way.
  if (message.lane === 'volatile') return message.seq > origin.newestAnchor;
  return refutes(relay, origin, message);
}

export function notePastClaim<P>(origin: Origin<P>, lane: Lane, claim: PastClaim): void {
  origin.pastClaims ??= new Map();
  origin.pastClaims.set(lane, claim);
}

/**
 * Somebody named a sequence far above the truth as what was said before we met, and all that the origin really says
 * would count as old. What comes when nothing from before can be under way any more is no old message.
 */
function refutes<P>(relay: Relay<P>, origin: Origin<P>, { lane, seq }: Gossip<P>): boolean {
  const claim = origin.pastClaims?.get(lane);
  if (lane === 'volatile' || claim === undefined || seq > claim.seq) return false;
  if (elapsedMs(claim.at, relay.at) <= oldestUnderWayMs(relay)) return false;
  dropClaim(origin, lane);
  reopenAt(origin[lane], seq);
  refuse(relay, claim.from, 'lying-vector');
  return true;
}

/** Its origin has come to what was claimed to be past: so it was. */
export function bearOutClaim<P>(origin: Origin<P>, lane: Lane, seq: number): void {
  const claim = origin.pastClaims?.get(lane);
  if (claim !== undefined && seq > claim.seq) dropClaim(origin, lane);
}

/** Nobody keeps a message for longer than its cache does, nor asks for one when its hole has been given up. */
function oldestUnderWayMs<P>({ config }: Relay<P>): number {
  return config.cacheMs + config.gapTimeoutMs;
}

function dropClaim<P>(origin: Origin<P>, lane: Lane): void {
  origin.pastClaims?.delete(lane);
  if (origin.pastClaims?.size === 0) origin.pastClaims = null;
}
