/**
 * The overlay answers one question: to whom do I hold a channel? It follows HyParView (Leitão,
 * Pereira, Rodrigues, DSN 2007) with the changes that WebRTC asks for:
 *
 * - Deviation: a connection is asked for before it is built. `request` and `accept` travel as signals,
 *   and only an accepted attempt constructs an RTCPeerConnection, for each costs and Chromium counts them.
 * - Deviation: links are stable. There is no periodic shuffle; the roster feeds the passive view.
 * - Deviation: eviction takes the newest neighbor that can spare the link, never a random one.
 *
 * How a newcomer N gets in through a contact C that is full, and a member M with a free slot:
 *
 *     N --request--> server --> C --forwardJoin--> x --forwardJoin--> M
 *     N <--accept--- server <-- C <------- accept (back along the trail) -- M
 *     N and M: description, description … by the same way; then the channel opens.
 */
import type { PeerMisbehaved, Schedule, Send } from '../base/effects.ts';
import type { AttemptId, PeerId } from '../base/ids.ts';
import type { Instant } from '../base/time.ts';

/** `high`: the sender is below its minimum degree; only a peer at its hard maximum may refuse. */
export type Priority = 'high' | 'low';

/** Why a request was refused: no slot; too many attempts of its own; the pair failed twice and rests. */
export type RefuseReason = 'full' | 'busy' | 'resting';

/** Travels over a channel between neighbors. */
export type OverlayMessage = ForwardJoin | Disconnect;

/** A random walk that looks for a member with a free slot for `newcomer` (HyParView, section 4.2). */
export interface ForwardJoin {
  readonly kind: 'forwardJoin';
  readonly newcomer: PeerId;
  readonly attempt: AttemptId;
  readonly priority: Priority;
  /** Hops the walk may still take. */
  readonly ttl: number;
  /** The way back: the members passed, the contact first. At most `trailLengthMax`. */
  readonly trail: readonly PeerId[];
}

/** The sender gives this link up; the receiver may look for another. */
export interface Disconnect {
  readonly kind: 'disconnect';
  readonly reason: DisconnectReason;
}

/** `misbehaved`: it will neither be asked nor let in for a while. */
export type DisconnectReason = 'evicted' | 'leaving' | 'misbehaved';

/** Why the node wants a link gone; a `declared-dead` one is not told, and parked. */
export type DropReason = 'leaving' | 'declared-dead' | 'misbehaved';

/** Travels to a peer to whom no channel is held: through the mesh, or through the server. */
export type OverlaySignal = Request | Accept | Refuse | Refer | Description;

/** May I have a link? The receiver accepts, refuses, or lets a walk find somebody else. */
export interface Request {
  readonly kind: 'request';
  readonly attempt: AttemptId;
  readonly priority: Priority;
  /** True when somebody else may accept in the receiver's place (the sender is a newcomer). */
  readonly forward: boolean;
}

/** Yes. From now on both ends construct; the lower id makes the offer. */
export interface Accept {
  readonly kind: 'accept';
  readonly attempt: AttemptId;
}

export interface Refuse {
  readonly kind: 'refuse';
  readonly attempt: AttemptId;
  readonly reason: RefuseReason;
}

/** No, but ask these, whom we have just let in: they have their slots left, and the server reaches them as it did us. */
export interface Refer {
  readonly kind: 'refer';
  readonly attempt: AttemptId;
  /** At most `linksPerIntroducerMax`; beyond, they are not asked. */
  readonly peers: readonly PeerId[];
}

/** Session descriptions and candidates, opaque here: what the transport of one end tells the other's. */
export interface Description {
  readonly kind: 'description';
  readonly attempt: AttemptId;
  /** The newest version of the wire that the sender speaks: what comes over the channel must be one that both read. */
  readonly wireVersion: number;
  readonly data: string;
}

export type OverlayTimer =
  /** Look after the degree: ask for links that are wanted. */
  | { readonly kind: 'maintain'; readonly token: number }
  /** The attempt has had its time to be answered, or to open. */
  | { readonly kind: 'attemptDue'; readonly peer: PeerId; readonly attempt: AttemptId };

export type OverlayInput =
  | { readonly kind: 'message'; readonly from: PeerId; readonly message: OverlayMessage }
  /** `trail`: the members the signal passed, nearest its sender first; the way back is its reverse. */
  | {
      readonly kind: 'signal';
      readonly from: PeerId;
      readonly trail: readonly PeerId[];
      readonly signal: OverlaySignal;
    }
  /** When a frame last came over the link with this neighbor; said before a request in its name. */
  | { readonly kind: 'heard'; readonly peer: PeerId; readonly heardAt: Instant }
  | { readonly kind: 'timer'; readonly timer: OverlayTimer }
  /** The server named members who are attached to it; it takes the place of what it named before. */
  | { readonly kind: 'contacts'; readonly peers: readonly PeerId[] }
  /** The server says who is attached to it. It counts until it says otherwise, or is lost. */
  | { readonly kind: 'listed'; readonly peers: readonly PeerId[] }
  /** So many others are attached, as far as the roster tells. */
  | { readonly kind: 'greeters'; readonly count: number }
  | { readonly kind: 'serverAttached' }
  /** The server carried nothing to this peer: it is not attached. */
  | { readonly kind: 'notAttached'; readonly peer: PeerId }
  | { readonly kind: 'serverDetached' }
  /** A live member and its degree; feeds the passive view. Repeated whenever its degree changes. */
  | { readonly kind: 'known'; readonly peer: PeerId; readonly degree: number }
  /** Dead, left or unheard of: never a candidate again until `known` anew. */
  | {
      readonly kind: 'forget';
      readonly peer: PeerId;
      /** `left`: by its own word. `crowded`: there was no room for it; if it comes again, no half has. */
      readonly why?: 'left' | 'crowded' | undefined;
    }
  /** Live members, this one included. */
  | { readonly kind: 'roomSize'; readonly size: number }
  /** The transport made something for the other end of this attempt. */
  | {
      readonly kind: 'described';
      readonly peer: PeerId;
      readonly attempt: AttemptId;
      readonly wireVersion: number;
      readonly data: string;
    }
  | { readonly kind: 'channelOpened'; readonly peer: PeerId; readonly attempt: AttemptId }
  | { readonly kind: 'channelClosed'; readonly peer: PeerId; readonly attempt: AttemptId }
  /** Nothing comes of this neighbor, and it may yet be that only the way there is gone. */
  | { readonly kind: 'silent'; readonly peer: PeerId }
  /** Nor does anything of any other: whoever hears us is reached by the server alone. */
  | { readonly kind: 'cutOff' }
  /** A frame came from one who is no neighbor: by a channel that was parked, or that we have just given up. */
  | { readonly kind: 'heardStranger'; readonly peer: PeerId }
  /** The node wants this link gone (a dead member's, or all of them on leaving). */
  | { readonly kind: 'drop'; readonly peer: PeerId; readonly reason: DropReason }
  /** We go away for a while: all links end with a goodbye, attempts without, and no other takes their place until we are told of somebody. */
  | { readonly kind: 'away' };

export type OverlayEffect =
  | Send<OverlayMessage>
  | Schedule<OverlayTimer>
  | PeerMisbehaved
  /** Carry a signal. `route` names the hops before `to`, nearest first; `null` lets routing find the way. */
  | {
      readonly kind: 'signal';
      readonly to: PeerId;
      readonly route: readonly PeerId[] | null;
      readonly signal: OverlaySignal;
    }
  /** The same, but neither over the channel to `to` itself nor first to any other neighbor that is not heard. */
  | {
      readonly kind: 'signalAround';
      readonly to: PeerId;
      readonly route: readonly PeerId[] | null;
      readonly signal: OverlaySignal;
    }
  /** Build an RTCPeerConnection. `initiator`: this end makes the offer. */
  | {
      readonly kind: 'construct';
      readonly peer: PeerId;
      readonly attempt: AttemptId;
      readonly initiator: boolean;
    }
  /** Give the transport what the other end of this attempt made. */
  | {
      readonly kind: 'describe';
      readonly peer: PeerId;
      readonly attempt: AttemptId;
      readonly wireVersion: number;
      readonly data: string;
    }
  /** Look for another way of this open channel, in place; what comes of that is described as before. */
  | { readonly kind: 'restart'; readonly peer: PeerId; readonly attempt: AttemptId }
  | { readonly kind: 'destroy'; readonly peer: PeerId; readonly attempt: AttemptId }
  /** Say something on this parked channel: should the other end hear it, its answer shows that both live. */
  | { readonly kind: 'knock'; readonly peer: PeerId }
  | { readonly kind: 'neighborUp'; readonly peer: PeerId }
  | { readonly kind: 'neighborDown'; readonly peer: PeerId; readonly reason: NeighborDownReason }
  /** An attempt ended without a link. */
  | { readonly kind: 'attemptFailed'; readonly peer: PeerId; readonly reason: AttemptFailure }
  /** No link and nobody left to ask: the server should name contacts again. */
  | { readonly kind: 'needContacts' };

/** `away`: we have gone away ourselves, and mean to come back. */
export type NeighborDownReason = 'closed' | 'replaced' | 'away' | DisconnectReason | DropReason;
export type AttemptFailure = 'no-answer' | 'not-opened' | 'channel-failed' | RefuseReason;

export interface OverlaySnapshot {
  readonly activeView: readonly PeerId[];
  /** Those of the active view whom we drew from the roster ourselves. */
  readonly ownChoices: readonly PeerId[];
  readonly passiveView: readonly PeerId[];
  readonly pending: readonly PeerId[];
  /** Members declared dead whose channels are kept for a while. */
  readonly parked: readonly PeerId[];
  readonly targetDegree: number;
  /** Connections constructed in this life of the tab, both roles. */
  readonly constructed: number;
  /** How often the transport was asked to mend a link that had fallen silent. */
  readonly restarts: number;
  /** Descriptions dropped because they were for attempts that are over. */
  readonly staleDescriptions: number;
  /** Why there is no link to this peer, when it is asked; of a peer that is no member it says nothing of use. */
  readonly why: (peer: PeerId, at: Instant) => WhyNoLink;
}

export interface WhyNoLink {
  /**
   * - `linked`, `connecting`: there is one, or it is on its way.
   * - `resting`: attempts with it failed, or one of the two misbehaved, or gave way to another.
   * - `not-wanted`: enough links are held.
   * - `budget`: no more connections may be built for now.
   * - `failed`: as `ending` says.
   * - `full`: it holds as many links as it wants, and we are not in need.
   * - `not-yet`: its turn may come.
   */
  readonly reason:
    'linked' | 'connecting' | 'resting' | 'not-wanted' | 'budget' | 'failed' | 'full' | 'not-yet';
  /** There is a link, an attempt, or an ending that is remembered. */
  readonly isKnown: boolean;
  /** Until it may be asked, in milliseconds; 0 where it may be now. */
  readonly restMs: number;
  /** How the last attempt with it ended, if there has been no link since. */
  readonly ending: { readonly reason: AttemptFailure; readonly agoMs: number } | undefined;
}
