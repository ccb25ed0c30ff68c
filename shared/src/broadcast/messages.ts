/**
 * Broadcast: say once, heard everywhere. Plumtree (Leitão, Pereira, Rodrigues, SRDS 2007) with trees
 * per origin. `P` is the payload, which this layer never looks into.
 *
 * Each neighbor is eager or lazy per tree. Eager ones get the message, lazy ones an `ihave`. A second
 * copy makes its sender lazy (`prune`); an announced message that does not come makes its announcer
 * eager (`graft`) and asks it for what is missing.
 *
 * - Deviation: the origin says on each message which tree it travels: its own (`hot`), unless it has said
 *   no more than a few records; these all share one tree, and train it. So all members agree.
 * - Deviation: a new tree is a copy of the shared one, and learns the quickest ways from announcements (`trees.ts`).
 * - Deviation: ids are (origin, epoch, lane, sequence), so an announcement is a head, not a list of hashes.
 * - Deviation: the graft timer follows the observed lag of eager messages and is never under 150 ms.
 * - Deviation: on the shared tree only some messages prune (`carving.ts`), lest several at once tear it.
 */
import type { PeerMisbehaved, Schedule, Send } from '../base/effects.ts';
import type { Epoch, PeerId } from '../base/ids.ts';
import type { Proof } from '../base/proof.ts';

/**
 * What a payload asks of delivery; sequences count from 1 per (origin, epoch, lane).
 * - `reliable`: every message once, in the order it was sent; a gap nobody fills for 10 s is told and skipped.
 * - `record`: every message once, as it comes; order lies in the records' own versions.
 * - `volatile`: only ever the newest; gaps are ignored.
 */
export type Lane = 'reliable' | 'record' | 'volatile';

/** The tree of one origin, or (`null`) the one that quiet origins share. */
export type TreeKey = PeerId | null;

/** The greatest `round`; who forwards counts no further. Over the longest way through a room. */
export const ROUND_MAX: number = 64;

/** No stream gets there: at a thousand messages a second it would take 8,900 years. */
export const SEQUENCE_MAX: number = 2 ** 48;

export type BroadcastMessage<P> = Gossip<P> | IHave | Vector | Graft | Prune;

export interface Gossip<P> {
  readonly kind: 'gossip';
  readonly origin: PeerId;
  readonly epoch: Epoch;
  readonly lane: Lane;
  readonly seq: number;
  /** The message travels its origin's own tree. */
  readonly hot: boolean;
  /** Hops travelled, at most `ROUND_MAX`; the origin sends 0. */
  readonly round: number;
  /** How long those who passed it on have kept it, below `cacheMs`; the origin sends 0. Time on the way does not count. */
  readonly ageMs: number;
  /** What the first reliable message of a life comes after; `null` on all others, and where nothing was said before. */
  readonly follows: EndedStream | null;
  /** That its origin said it, where the payload does not carry proofs itself. Carried along, never looked into. */
  readonly proof: Proof | null;
  readonly payload: P;
}

/**
 * The reliable lane of a life that is over: its last sequence that anybody heard, and what of it its origin can still
 * give, sequences `from` to `seq`; none if `from` is above.
 */
export interface EndedStream {
  readonly epoch: Epoch;
  readonly seq: number;
  readonly from: number;
}

/** The newest sequence held of one origin and lane. */
export interface Head {
  readonly origin: PeerId;
  readonly epoch: Epoch;
  readonly lane: Lane;
  readonly seq: number;
}

/** I hold these; ask if you do not get them. Sent to lazy peers, batched. */
export interface IHave {
  readonly kind: 'ihave';
  readonly heads: readonly Head[];
}

/** A head, and what of its stream the sender can still give: sequences `from` to `seq`; none if `from` is above. */
export interface VectorHead extends Head {
  readonly from: number;
}

/**
 * First on a new link: every head of the `reliable` and `record` lanes, short of what the sender said
 * to nobody yet, which follows. Who has not begun starts from the first one, and begins with the first
 * one of somebody who has begun; whoever begins tells its neighbors so with a vector.
 */
export interface Vector {
  readonly kind: 'vector';
  readonly heads: readonly VectorHead[];
  /** The sender knows the room's past. False among newcomers that have met newcomers only. */
  readonly begun: boolean;
  /** False while more frames of the same vector follow. */
  readonly last: boolean;
}

/** Make this link eager for these trees, and send me those messages. */
export interface Graft {
  readonly kind: 'graft';
  readonly trees: readonly TreeKey[];
  readonly wants: readonly Want[];
}

/** Sequences `first` to `last`, both included; the answer holds those still cached. */
export interface Want {
  readonly origin: PeerId;
  readonly epoch: Epoch;
  readonly lane: Lane;
  readonly first: number;
  readonly last: number;
}

/** You sent me what I had: be lazy towards me in this tree. */
export interface Prune {
  readonly kind: 'prune';
  readonly tree: TreeKey;
}

export type BroadcastTimer =
  /** Send the gathered announcements. */
  | { readonly kind: 'announce'; readonly token: number }
  /** An announced message has had its time to come by itself. */
  | { readonly kind: 'graft'; readonly head: Head; readonly attempt: number }
  /** Newcomers that have met nobody who has begun, are the room: they begin. */
  | { readonly kind: 'begin'; readonly token: number }
  /** Forget old payloads, cold trees, and gaps that nobody fills. */
  | { readonly kind: 'sweep'; readonly token: number };

export type BroadcastInput<P> =
  | { readonly kind: 'message'; readonly from: PeerId; readonly message: BroadcastMessage<P> }
  | { readonly kind: 'broadcast'; readonly lane: Lane; readonly payload: P }
  /** The last thing we say, on the record lane: to every neighbor at once, for no announcement can follow it. */
  | { readonly kind: 'farewell'; readonly payload: P }
  /** We stood still for so long: what comes now may have waited for as long. Comes before it. */
  | { readonly kind: 'slept'; readonly forMs: number }
  /** We are another life. What we say from here on belongs to this epoch, with sequences of its own. */
  | { readonly kind: 'woke'; readonly epoch: Epoch }
  | { readonly kind: 'neighborUp'; readonly peer: PeerId }
  | { readonly kind: 'neighborDown'; readonly peer: PeerId }
  /** A neighbor went quiet: every tree that came by it is grafted elsewhere, in one batch. */
  | { readonly kind: 'neighborSuspected'; readonly peer: PeerId }
  /** Over 64 kB wait on this link: it gets announcements only until it has drained. */
  | { readonly kind: 'congestion'; readonly peer: PeerId; readonly congested: boolean }
  /** The member is gone; so is what was kept for it. */
  | { readonly kind: 'forget'; readonly origin: PeerId }
  | { readonly kind: 'timer'; readonly timer: BroadcastTimer };

export type BroadcastEffect<P> =
  | Send<BroadcastMessage<P>>
  | Schedule<BroadcastTimer>
  | PeerMisbehaved
  /** Told once per message; never for one's own. `from`: the neighbor that brought it. */
  | {
      readonly kind: 'deliver';
      readonly origin: PeerId;
      readonly epoch: Epoch;
      readonly lane: Lane;
      readonly seq: number;
      readonly hops: number;
      readonly from: PeerId;
      readonly payload: P;
    }
  /** Reliable messages `first` to `last` were given up. */
  | {
      readonly kind: 'gap';
      readonly origin: PeerId;
      readonly epoch: Epoch;
      readonly first: number;
      readonly last: number;
    }
  /** This neighbor announced a message, was asked for it, and has not given it. */
  | { readonly kind: 'withheld'; readonly peer: PeerId };

export interface BroadcastSnapshot {
  readonly neighbors: readonly PeerId[];
  /** Eager neighbors per tree; the key of the shared tree is `shared`. */
  readonly eagerByTree: ReadonlyMap<string, readonly PeerId[]>;
  readonly heads: readonly Head[];
  readonly cachedMessages: number;
  readonly counts: BroadcastCounts;
}

export interface BroadcastCounts {
  readonly delivered: number;
  readonly duplicates: number;
  readonly gossipSent: number;
  readonly controlSent: number;
  readonly grafts: number;
  readonly gaps: number;
}
