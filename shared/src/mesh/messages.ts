/**
 * The node: all layers of one participant, joined. What it is told are inputs, what it wants done are
 * effects, what the application hears are events, what the application asks are commands.
 */
import type { BroadcastMessage, BroadcastTimer } from '../broadcast/messages.ts';
import type { AttemptId, PeerId } from '../base/ids.ts';
import type { Receipt } from '../base/receipt.ts';
import type { Value } from '../base/value.ts';
import type { GreetersTimer, ServerNeed } from '../greeters/messages.ts';
import type {
  Claim,
  IdentityRecord,
  LeaveReason,
  MembershipRouted,
  MembershipTimer,
  RosterRecord,
} from '../membership/messages.ts';
import type {
  AttemptFailure,
  NeighborDownReason,
  OverlayMessage,
  OverlaySignal,
  OverlayTimer,
} from '../overlay/messages.ts';
import type { PresenceRecord, PresenceTimer, PresenceUpdate } from '../presence/messages.ts';
import type { ReconcileMessage, Roots } from '../reconcile/messages.ts';
import type { RoutingMessage, RoutingTimer } from '../routing/messages.ts';
import type { Change, Entry, EntryRefusal, StateTimer, StateUpdate } from '../state/messages.ts';

/** What is broadcast to the room. */
export type Payload = Claim | PresenceUpdate | StateUpdate | TopicMessage;

/** What is sent to one member to whom there may be no channel. */
export type RoutedPayload = OverlaySignal | MembershipRouted | DirectMessage | Sealed | Echo;

const SIGNAL_KINDS: readonly RoutedPayload['kind'][] = [
  'request',
  'accept',
  'refuse',
  'refer',
  'description',
];

/** Whether it helps to build a link: that alone may the server carry. */
export function isSignal(payload: RoutedPayload): boolean {
  return SIGNAL_KINDS.includes(payload.kind);
}

/** Everything that travels over a channel between two neighbors. */
export type LinkMessage =
  | Hello
  | Heartbeat
  | HeartbeatAck
  | Claims
  | Delta
  | Equivocation
  | OverlayMessage
  | BroadcastMessage<Payload>
  | ReconcileMessage
  | RoutingMessage<RoutedPayload>;

/** First on every channel, from both ends: who I am, and what I show. */
export interface Hello {
  readonly kind: 'hello';
  readonly identity: IdentityRecord;
  readonly presence: readonly PresenceRecord[];
}

/** Membership's ping, with what rides on it. */
export interface Heartbeat {
  readonly kind: 'heartbeat';
  readonly probe: number;
  readonly tickMs: number;
  /** The sender's raw wall clock. */
  readonly wall: number;
  readonly roots: Roots;
}

/** Membership's ack, with what rides on it. */
export interface HeartbeatAck {
  readonly kind: 'heartbeatAck';
  readonly probe: number;
  /** `wall` of the heartbeat it answers. */
  readonly echo: number;
  readonly wall: number;
  readonly roots: Roots;
}

/** Claims for one neighbor that holds a record which is over. */
export interface Claims {
  readonly kind: 'claims';
  readonly claims: readonly Claim[];
}

/** Records of one table. */
type Records =
  | { readonly table: 'roster'; readonly records: readonly RosterRecord[] }
  | { readonly table: 'state'; readonly records: readonly Entry[] }
  | { readonly table: 'presence'; readonly records: readonly PresenceRecord[] };

/** Records that the other end lacks, cut to a byte budget; safe to apply twice. */
export type Delta = { readonly kind: 'delta' } & Records;

/** Two records of one version that their author signed and that differ: what costs it its place. */
export type Equivocation = { readonly kind: 'equivocation' } & Records;

/** An application's message to everyone here now. */
export interface TopicMessage {
  readonly kind: 'topic';
  readonly topic: string;
  readonly data: Value;
}

/** An application's message to one member. */
export interface DirectMessage {
  readonly kind: 'direct';
  readonly topic: string;
  readonly data: Value;
  /** Whoever acknowledges it gives this back. */
  readonly receipt: Receipt;
}

/**
 * The same, closed to all but the member it is for: as it travels. The shell seals what leaves and opens what has
 * arrived, so the node meets it only as one who carries it on.
 */
export interface Sealed {
  readonly kind: 'sealed';
  readonly bytes: Uint8Array;
  /** Of one for us that was opened before: it is acknowledged again, and told to nobody. Never travels. */
  readonly receipt?: Receipt;
}

/** Asks for nothing but its acknowledgement: a round trip measured over the mesh. */
export interface Echo {
  readonly kind: 'echo';
}

export type NodeTimer =
  | { readonly layer: 'overlay'; readonly timer: OverlayTimer }
  | { readonly layer: 'broadcast'; readonly timer: BroadcastTimer }
  | { readonly layer: 'membership'; readonly timer: MembershipTimer }
  | { readonly layer: 'presence'; readonly timer: PresenceTimer }
  | { readonly layer: 'state'; readonly timer: StateTimer }
  | { readonly layer: 'routing'; readonly timer: RoutingTimer }
  | { readonly layer: 'greeters'; readonly timer: GreetersTimer };

export type Command =
  /** To everyone else here now. */
  | { readonly kind: 'publish'; readonly topic: string; readonly data: Value }
  /** To one member; ends in one `delivered` or `undeliverable` event with this token. */
  | {
      readonly kind: 'sendTo';
      readonly token: number;
      readonly to: PeerId;
      readonly topic: string;
      readonly data: Value;
      /** Random, and fit for a secret. */
      readonly receipt: Receipt;
    }
  /** Measures the way to one member; ends as `sendTo` does. */
  | { readonly kind: 'echo'; readonly token: number; readonly to: PeerId }
  /** What our identity record tells everyone of us; see `CARD_BYTES_MAX`. */
  | { readonly kind: 'card'; readonly card: Uint8Array }
  | { readonly kind: 'present'; readonly fields: ReadonlyMap<string, Value | undefined> }
  /** `undefined` deletes. */
  | {
      readonly kind: 'write';
      readonly collection: string;
      readonly key: string;
      readonly value: Value | undefined;
    }
  /** The page is put away, and perhaps shown again: says goodbye and ends every link, but forgets nothing. */
  | { readonly kind: 'goAway' }
  /** It is shown again: we are here in a new epoch, without a link. */
  | { readonly kind: 'comeBack' }
  | { readonly kind: 'leave' };

export type Input =
  /** Once, first. */
  | { readonly kind: 'start' }
  | { readonly kind: 'command'; readonly command: Command }
  /** A decoded frame over the open channel to this neighbor, and what it weighed. */
  | {
      readonly kind: 'frame';
      readonly from: PeerId;
      readonly message: LinkMessage;
      readonly bytes: number;
    }
  /** A frame over the channel to this peer that was refused before it got here, and what it weighed; it was dropped. */
  | {
      readonly kind: 'badFrame';
      readonly from: PeerId;
      readonly reason: string;
      readonly bytes: number;
    }
  /** The same of what the server brought: it may never have come from this peer. */
  | { readonly kind: 'badSignal'; readonly from: PeerId; readonly reason: string }
  | { readonly kind: 'channelOpened'; readonly peer: PeerId; readonly attempt: AttemptId }
  | { readonly kind: 'channelClosed'; readonly peer: PeerId; readonly attempt: AttemptId }
  | { readonly kind: 'congestion'; readonly peer: PeerId; readonly congested: boolean }
  | {
      readonly kind: 'described';
      readonly peer: PeerId;
      readonly attempt: AttemptId;
      /** The newest that this end speaks. */
      readonly wireVersion: number;
      readonly data: string;
    }
  /** The server let us in, or in again. */
  | { readonly kind: 'serverAttached'; readonly contacts: readonly PeerId[] }
  | { readonly kind: 'serverContacts'; readonly contacts: readonly PeerId[] }
  | { readonly kind: 'serverDetached' }
  /** The server says who is attached: all, or those who have been for longest. */
  | { readonly kind: 'serverListed'; readonly ids: readonly PeerId[] }
  /** The server is needed for a reason that the node does not see. */
  | { readonly kind: 'serverNeeded'; readonly need: ServerNeed }
  /** The server could not hand a signal to this peer. */
  | { readonly kind: 'serverUnreachable'; readonly to: PeerId }
  | {
      readonly kind: 'serverSignal';
      readonly from: PeerId;
      readonly message: RoutingMessage<RoutedPayload>;
    }
  /** This neighbor has signed something that came by another way: it lives, though its channel may not. */
  | { readonly kind: 'signed'; readonly peer: PeerId }
  /** The answer to `askReached`: the last packet of this neighbor's browser came so long ago, be it only that it had ours. */
  | { readonly kind: 'reached'; readonly peer: PeerId; readonly quietMs: number }
  /** A frame of this neighbor came over its channel, and is still being verified. */
  | { readonly kind: 'heard'; readonly peer: PeerId }
  /** The page was awoken, or its network is another: what links it holds may lead nowhere. */
  | { readonly kind: 'probe' }
  | { readonly kind: 'timer'; readonly timer: NodeTimer };

export type Effect =
  | { readonly kind: 'send'; readonly to: PeerId; readonly message: LinkMessage }
  | { readonly kind: 'serverSend'; readonly to: PeerId; readonly message: RoutingMessage<RoutedPayload> }
  /** Dial the server, and again whenever the socket is lost, until `detach`. */
  | { readonly kind: 'attach' }
  | { readonly kind: 'detach' }
  | { readonly kind: 'askContacts' }
  | {
      readonly kind: 'construct';
      readonly peer: PeerId;
      readonly attempt: AttemptId;
      readonly initiator: boolean;
    }
  | {
      readonly kind: 'describe';
      readonly peer: PeerId;
      readonly attempt: AttemptId;
      /** The newest that the other end speaks. */
      readonly wireVersion: number;
      readonly data: string;
    }
  /** Say when the last packet of this neighbor's browser came (`reached`), unless nobody can tell. */
  | { readonly kind: 'askReached'; readonly peer: PeerId }
  /** Restart ICE of this open channel, in place, unless packets come by it. */
  | { readonly kind: 'restart'; readonly peer: PeerId; readonly attempt: AttemptId }
  | { readonly kind: 'destroy'; readonly peer: PeerId; readonly attempt: AttemptId }
  /** From here on frames are written in this version of the wire, where the other end reads it. */
  | { readonly kind: 'speak'; readonly version: number }
  /** Tell this peer, over its channel or else by the server, that what it writes is too old to be read here. */
  | { readonly kind: 'tellTooOld'; readonly to: PeerId }
  | { readonly kind: 'schedule'; readonly timer: NodeTimer; readonly afterMs: number }
  | { readonly kind: 'tell'; readonly event: MeshEvent };

/** What the application is told. */
export type MeshEvent =
  | { readonly kind: 'memberJoined'; readonly id: PeerId; readonly returned: boolean }
  | { readonly kind: 'memberSuspected'; readonly id: PeerId; readonly by: PeerId }
  | { readonly kind: 'memberRecovered'; readonly id: PeerId }
  | { readonly kind: 'memberLeft'; readonly id: PeerId; readonly reason: LeaveReason }
  /** Whether anybody greets newcomers, as far as the roster tells one who is not attached. */
  | { readonly kind: 'greeted'; readonly greeted: boolean }
  /** Who holds a link to whom has changed. */
  | { readonly kind: 'graphChanged' }
  | { readonly kind: 'linkOpened'; readonly peer: PeerId }
  | { readonly kind: 'linkClosed'; readonly peer: PeerId; readonly reason: NeighborDownReason }
  | { readonly kind: 'attemptFailed'; readonly peer: PeerId; readonly reason: AttemptFailure }
  /** This neighbor and we have shared all that each held when the link came up. */
  | { readonly kind: 'synced'; readonly peer: PeerId }
  | {
      readonly kind: 'presenceChanged';
      readonly owner: PeerId;
      readonly fields: ReadonlyMap<string, Value | undefined>;
    }
  | { readonly kind: 'stateChanged'; readonly changes: readonly Change[] }
  | { readonly kind: 'entryRefused'; readonly entry: Entry; readonly reason: EntryRefusal }
  | {
      readonly kind: 'message';
      readonly topic: string;
      readonly data: Value;
      readonly from: PeerId;
      readonly hops: number;
    }
  | { readonly kind: 'gap'; readonly from: PeerId; readonly missed: number }
  | { readonly kind: 'delivered'; readonly token: number }
  | { readonly kind: 'undeliverable'; readonly token: number }
  | { readonly kind: 'rtt'; readonly peer: PeerId; readonly rttMs: number }
  | { readonly kind: 'peerMisbehaved'; readonly peer: PeerId; readonly reason: string }
  /** This peer says, or shows by what it writes, that all we can write is too old for it. */
  | { readonly kind: 'versionTooOld'; readonly peer: PeerId };
