/**
 * Membership: who is here, and who is alive. SWIM (Das, Gupta, Motivala, DSN 2002) and Lifeguard
 * (Dadgar, Phillips, Currey, 2017), watched by neighbors:
 *
 * - Deviation: no random probes. Neighbors watch each other, for only they hold a channel; any traffic
 *   proves life; a quiet link is pinged often, a busy one seldom, for the ping carries more than the question. The overlay's degree is the number of observers (Rapid).
 * - Deviation: instead of ping-req, every observer of an accused member answers from its own clock:
 *   it agrees, or objects and carries the accusation to the accused, who refutes.
 * - Deviation: every member holds the whole roster, as two records per member that only the owner writes.
 *
 * Death: three observers agree and none objects; or 4 s have passed since the last proof of life with
 * at least one accusation and neither objection nor refutation. Of one whose browser is still reached: after 15 s. A higher incarnation undoes any verdict.
 * What one decides while it hears nobody stays its own view: it is told to no one and undone by any record.
 */
import type { PeerMisbehaved, RecordChanged, RecordRemoved, Schedule } from '../base/effects.ts';
import type { Epoch, Incarnation, PeerId } from '../base/ids.ts';
import type { Proof } from '../base/proof.ts';
import type { Instant } from '../base/time.ts';

/** What its author must answer for before others. The layer carries the proof along and never looks in. */
interface Provable {
  /** `null`: our own, which is proven on its way out, or of a world without keys. */
  readonly proof: Proof | null;
}

/** What an identity record's card may hold. */
export const CARD_BYTES_MAX: number = 256;

/** Says that its owner is here, or that it left. Changes rarely. */
export interface IdentityRecord extends Provable {
  readonly kind: 'identity';
  readonly id: PeerId;
  readonly epoch: Epoch;
  readonly incarnation: Incarnation;
  readonly left: boolean;
  /** The newest version of the wire that its owner speaks. It is the software's, and never changes within a life. */
  readonly wireVersion: number;
  /** What its owner tells everyone of itself, at most `CARD_BYTES_MAX` bytes that mean nothing here. */
  readonly card: Uint8Array;
}

/** Says whose channels its owner holds. An edge counts when both ends name it. */
export interface LinksRecord extends Provable {
  readonly kind: 'links';
  readonly id: PeerId;
  readonly epoch: Epoch;
  readonly seq: number;
  readonly neighbors: readonly PeerId[];
  /** Everything stamped up to this wall time has reached the owner, as far as it can tell; 0: unknown. */
  readonly stability: number;
  /** Its owner is attached to the server, and so there for newcomers. */
  readonly greeter: boolean;
}

export type RosterRecord = IdentityRecord | LinksRecord;

/** `observer` has not heard `target` for `silentMs`. */
export interface Accusation extends Provable {
  readonly kind: 'accusation';
  readonly target: PeerId;
  readonly epoch: Epoch;
  readonly incarnation: Incarnation;
  readonly observer: PeerId;
  readonly silentMs: number;
  /** Packets of its browser came for longer than words of its page: it hangs, or its line stalls. Who has crashed sends none. */
  readonly reached: boolean;
}

/** `observer` hears `target` well. */
export interface Objection extends Provable {
  readonly kind: 'objection';
  readonly target: PeerId;
  readonly epoch: Epoch;
  readonly incarnation: Incarnation;
  readonly observer: PeerId;
}

/** `target` is dead, and these observers say so. Loses to any higher incarnation or epoch. */
export interface Verdict {
  readonly kind: 'verdict';
  readonly target: PeerId;
  readonly epoch: Epoch;
  readonly incarnation: Incarnation;
  readonly accusations: readonly Accusation[];
}

/** What membership says to the whole room. */
export type Claim = RosterRecord | Accusation | Objection | Verdict;

/** What membership says to one member to whom it may hold no channel. */
export type MembershipRouted =
  | { readonly kind: 'routedPing'; readonly probe: number }
  | { readonly kind: 'routedAck'; readonly probe: number }
  /** You are accused: refute if you live. */
  | { readonly kind: 'accused'; readonly accusation: Accusation };

/** A liveness check of a quiet neighbor, and its answer, which a message handler gives and never a timer. */
export interface Ping {
  readonly kind: 'ping';
  readonly probe: number;
  /** How late the sender's timers may come, in milliseconds; its neighbor is patient accordingly. */
  readonly tickMs: number;
}

export interface Ack {
  readonly kind: 'ack';
  readonly probe: number;
}

export type MembershipMessage = Ping | Ack;

export type MembershipTimer =
  /** Look at every neighbor's silence, and at every suspicion's deadline. `dueAt` shows our own lateness. */
  | { readonly kind: 'watch'; readonly token: number; readonly dueAt: Instant }
  /** Publish the links record, coalesced. */
  | { readonly kind: 'publishLinks'; readonly token: number }
  /** Look for members that nobody watches. */
  | { readonly kind: 'orphans'; readonly token: number };

export type MembershipInput =
  /** Once, first: publish the own record and start the timers. */
  | { readonly kind: 'start' }
  /** Time has passed. Comes before all else that a node is told, so that a sleep is noticed before anything is said. */
  | { readonly kind: 'clock' }
  | { readonly kind: 'message'; readonly from: PeerId; readonly message: MembershipMessage }
  | { readonly kind: 'routed'; readonly from: PeerId; readonly message: MembershipRouted }
  /**
   * A claim came: by broadcast, by reconciliation, or in a greeting. `from`: the neighbor that brought it.
   */
  | { readonly kind: 'claim'; readonly from: PeerId; readonly claim: Claim }
  | { readonly kind: 'neighborUp'; readonly peer: PeerId }
  | { readonly kind: 'neighborDown'; readonly peer: PeerId }
  /** The page was awoken, or its network is another: any link may be dead, so every neighbor is asked at once. */
  | { readonly kind: 'probe' }
  /** Some frame came from this neighbor: it lives. */
  | { readonly kind: 'heard'; readonly peer: PeerId }
  /** The stability stamp moved, and somebody wants it; it rides on the links record. Not given while nobody does. */
  | { readonly kind: 'stability'; readonly stamp: number }
  /** The server let us in, or we are no longer attached; it rides on the links record. */
  | { readonly kind: 'greeter'; readonly greeter: boolean }
  /** What we tell everyone of ourselves; it costs the room an identity record, unless nobody is there yet. */
  | { readonly kind: 'card'; readonly card: Uint8Array }
  /** It is proven that this member must not be here: from now on no record of it counts. */
  | { readonly kind: 'expel'; readonly id: PeerId }
  /** That can be shown to nobody any more. */
  | { readonly kind: 'readmit'; readonly id: PeerId }
  /** This neighbor has shown by another way than its link that it lives; of our own hearing that says nothing. */
  | { readonly kind: 'lives'; readonly peer: PeerId }
  /** Of a silent neighbor: the last packet of its browser came so long ago, be it only that it had ours. */
  | { readonly kind: 'reached'; readonly peer: PeerId; readonly quietMs: number }
  /** Says goodbye to this epoch. */
  | { readonly kind: 'goAway' }
  /** Begins the next one. */
  | { readonly kind: 'comeBack' }
  | { readonly kind: 'leave' }
  | { readonly kind: 'timer'; readonly timer: MembershipTimer };

/** `expelled`: it was proven to have told different members different things. */
export type LeaveReason = 'goodbye' | 'failed' | 'expelled' | 'forgotten';

export type MembershipEffect =
  | Schedule<MembershipTimer>
  | PeerMisbehaved
  | { readonly kind: 'send'; readonly to: PeerId; readonly message: MembershipMessage }
  /** This tab stood still, `forMs` beyond what is usual: what comes now may have waited for as long. */
  | { readonly kind: 'slept'; readonly forMs: number }
  /** We slept for so long that others have declared us dead. Whatever follows is said in this, a new epoch. */
  | { readonly kind: 'woke'; readonly epoch: Epoch }
  /** Say to the whole room. */
  | { readonly kind: 'publish'; readonly claim: Claim }
  /** Say to one neighbor only: it holds a record that we know to be over. */
  | { readonly kind: 'tell'; readonly to: PeerId; readonly claims: readonly Claim[] }
  /** Show to one neighbor why this member is none: it holds a record of it. */
  | { readonly kind: 'tellExpelled'; readonly to: PeerId; readonly id: PeerId }
  | { readonly kind: 'route'; readonly to: PeerId; readonly message: MembershipRouted }
  | RecordChanged<RosterRecord>
  | RecordRemoved
  /** `returned`: it was here before, in an earlier epoch, or was declared dead wrongly. */
  | { readonly kind: 'memberUp'; readonly id: PeerId; readonly epoch: Epoch; readonly returned: boolean }
  | { readonly kind: 'memberSuspected'; readonly id: PeerId; readonly by: PeerId }
  | { readonly kind: 'memberRecovered'; readonly id: PeerId }
  | { readonly kind: 'memberGone'; readonly id: PeerId; readonly reason: LeaveReason }
  /** Its links record is newer. */
  | {
      readonly kind: 'linksChanged';
      readonly id: PeerId;
      readonly neighbors: readonly PeerId[];
      readonly greeter: boolean;
    }
  | { readonly kind: 'neighborSuspected'; readonly peer: PeerId }
  /** Every neighbor has just been asked whether it lives: what was heard before says nothing of its link. */
  | { readonly kind: 'probed' }
  /**
   * Nothing comes of this neighbor: its link may be mended before anybody is accused, and whether packets of its browser
   * still come is of interest (`reached`). Again at each watch while it lasts.
   */
  | { readonly kind: 'neighborSilent'; readonly peer: PeerId }
  /** A neighbor that is no member, or no more, is silent: its channel leads nowhere. */
  | { readonly kind: 'strangerSilent'; readonly peer: PeerId }
  /** A measured round trip to a neighbor, in milliseconds. */
  | { readonly kind: 'rtt'; readonly peer: PeerId; readonly rttMs: number };

export type MemberStatus = 'alive' | 'suspect';

export interface MembershipSnapshot {
  readonly members: ReadonlyMap<
    PeerId,
    {
      readonly status: MemberStatus;
      readonly epoch: Epoch;
      readonly incarnation: Incarnation;
      readonly neighbors: readonly PeerId[];
    }
  >;
  readonly departed: ReadonlyMap<
    PeerId,
    { readonly epoch: Epoch; readonly incarnation: Incarnation; readonly reason: LeaveReason }
  >;
  readonly incarnation: Incarnation;
  /** True while this node doubts itself and holds accusations back. */
  readonly doubting: boolean;
  /** Claims that found no room: the roster or the suspicions were full. */
  readonly refused: number;
}

/** The key of a record in the roster table. */
export function rosterKey(record: Pick<RosterRecord, 'kind' | 'id'>): string {
  return `${record.kind === 'identity' ? 'i' : 'l'}:${record.id}`;
}
