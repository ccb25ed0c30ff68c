/**
 * The public face: every type an application sees, with `link-types.ts`. Nothing here knows how the mesh works inside.
 */
import type { LinkExplanation, RtcOptions } from './link-types.ts';

/** JSON, bytes, and nothing else. At most 16 KiB encoded and 16 levels deep. */
export type Value = null | boolean | number | string | Uint8Array | readonly Value[] | ValueObject;

/** A plain object of values. */
export interface ValueObject {
  readonly [key: string]: Value;
}

/** Ends a subscription. Also a disposable, so `using` ends it at the end of a block. */
export type Unsubscribe = (() => void) & { readonly [K in DisposeSymbol]: () => void };

/** `Symbol.dispose`, where the application's `lib` has it; nothing where it does not. */
type DisposeSymbol = SymbolConstructor[Extract<'dispose', keyof SymbolConstructor>];

/** What every listener and asynchronous call accepts. */
export interface Abortable {
  readonly signal?: AbortSignal | undefined;
}

/**
 * Something live. Snapshots are frozen (a map among them refuses to be changed) and keep their identity until
 * they change, so React's `useSyncExternalStore(r.subscribe, r.getSnapshot)` and Svelte's `$r` work as they are.
 */
export interface Readable<T> {
  readonly value: T;
  readonly getSnapshot: () => T;
  /** Runs once at once, then after every change. A `run` that throws disturbs nobody else. */
  readonly subscribe: (run: (value: T) => void, options?: Abortable) => Unsubscribe;
}

/** Fields that a member shows to everyone: `{ name, cursor, … }`. */
export type PresenceFields = { readonly [field: string]: Value | undefined };

/**
 * What may be shown later, told by what is shown first: a field that begins as `null` may become anything, and one
 * that begins as `true` may become `false`.
 */
export type Shown<P extends PresenceFields> = {
  [K in keyof P]: P[K] extends null ? Value : P[K] extends boolean ? boolean : P[K];
};

/** Somebody who has come, before anything of it is shown. */
export interface Candidate {
  readonly id: string;
  /** As `Member.userId`: the one thing here that others cannot make up. */
  readonly userId: string | undefined;
  /** What it shows so far; anybody can show anything, so it proves nothing. */
  readonly presence: Readonly<Record<string, Value>>;
}

/**
 * Decides whether a member is shown in this tab; only `true` lets it in. One that throws, or rejects, keeps it out and
 * is reported as an uncaught error. The signal aborts when the member is gone, or the mesh is left.
 */
export type Admit = (
  candidate: Candidate,
  options: { readonly signal: AbortSignal },
) => boolean | Promise<boolean>;

export interface JoinOptions<P extends PresenceFields = PresenceFields> {
  /** Address of the signaling server, `ws:` or `wss:` (`http:` and `https:` are taken too). Default: the page's origin. */
  readonly signaling?: string | undefined;
  /**
   * Makes the room private: only who has the same key, from `newRoomKey()`, meets here, and the server learns neither
   * the room's name nor what members tell each other through it.
   */
  readonly key?: string | undefined;
  /**
   * The same with a password, of 1 to 1,024 characters. Whoever runs the server can guess at a weak one; a key
   * cannot be guessed.
   */
  readonly password?: string | undefined;
  /** What this member shows from the start. Joining a room that this page is in already shows it as well. */
  readonly presence?: P | undefined;
  /**
   * Handed to every RTCPeerConnection: STUN and TURN servers (or a function that gives them) and the like. Default: no
   * servers. Where this page is in the room already, that of the first join stays.
   */
  readonly rtc?: RtcOptions | undefined;
  /**
   * Asked about everyone who comes, before it is listed here: until then, and if it is turned away, its presence, its
   * messages and itself are not shown in this tab. It is in the room all the same, hears what is said to all, and
   * what it writes to maps counts: a key (not this) keeps people out. Of two joins of a page the first's stays.
   * Default: everyone.
   */
  readonly admit?: Admit | undefined;
  /**
   * `stored`: this browser has a user of its own, whose key it keeps (in IndexedDB, unreadable), and members show it as
   * `userId`. Where nothing can be stored, `error` tells `IDENTITY_MISSING`, and one joins without. Default: no user.
   */
  readonly identity?: 'stored' | undefined;
  /** `idleMs`: after so long without a pointer, key or touch a member is `idle`; over 0. Default: 60,000. */
  readonly timing?: { readonly idleMs?: number | undefined } | undefined;
  /** Leaves when it aborts; has it aborted before, nothing is dialled and the mesh is closed from the start. */
  readonly signal?: AbortSignal | undefined;
}

/** What a private link says. */
export interface RoomLink {
  readonly room: string;
  readonly key: string;
}

/**
 * - `connecting`: looking for the first member.
 * - `alone`: the server knows of nobody else here.
 * - `connected`: holds links, and the server is reachable: by this tab, or by others who greet newcomers for it.
 * - `degraded`: holds links, but the server is gone; all goes on, newcomers must wait.
 * - `offline`: holds no link and no server.
 * - `closed`: left.
 */
export type MeshStatus = 'connecting' | 'alone' | 'connected' | 'degraded' | 'offline' | 'closed';

/** `closed`: let go of, by `detach()` or because enough others hold on to it. */
export type SignalingStatus = 'connecting' | 'open' | 'closed';

export interface Mesh<P extends PresenceFields = PresenceFields> extends MeshEventSource<P> {
  readonly room: string;
  /** This member's id, new at every join: 32 hex digits. */
  readonly id: string;
  readonly status: Readable<MeshStatus>;
  readonly signaling: Readable<SignalingStatus>;
  /**
   * Resolves when the first neighbor has shared all it knows, or when nobody else is here. Rejects with
   * `BAD_SIGNALING_URL` or `CRYPTO_MISSING` where a join can never succeed, with `CLOSED` when the mesh is left first.
   */
  readonly ready: Promise<void>;
  readonly members: Members<P>;
  readonly presence: Presence<P>;
  /** A map that converges: the last writer of a key wins. The same name gives the same map. Throws `BAD_NAME`, `LIMIT`. */
  readonly map: <V extends Value = Value>(name: string) => SharedMap<V>;
  /** Messages to everyone here now, or to one member. Throws `BAD_NAME`, `LIMIT`. */
  readonly topic: <T extends Value = Value>(name: string) => Topic<T>;
  /** Who holds a link to whom, as far as this member knows. */
  readonly graph: () => MeshGraph;
  readonly stats: () => MeshStats;
  /** Why there is no link to a member, or that there is one. */
  readonly explain: (id: string) => LinkExplanation;
  /** Lets go of the signaling server for good, until `attach()`. The mesh goes on; newcomers cannot be introduced by this tab. */
  readonly detach: () => void;
  /** Takes hold of it again, for a while at least; while that is being tried already, tries at once. */
  readonly attach: () => void;
  /**
   * Says goodbye and closes; resolves when the farewell, and all that was sent before it, has left on every
   * link, after two seconds at most. Again: the same promise. A signal ends the waiting, not the leaving. While
   * another join of this page is in the room, only this handle is closed: the member stays.
   */
  readonly leave: (options?: Abortable) => Promise<void>;
  /** The same, where nothing can be waited for. When a page goes the library says goodbye by itself: a mesh that was closed is not back when the page is. */
  readonly close: () => void;
}

/** `alive`, or `suspect`: its neighbors have not heard it lately. */
export type MemberStatus = 'alive' | 'suspect';

/**
 * Whether somebody is at the page, as far as pointer, keys, touch, focus and visibility tell. `idle`: no input for a
 * while. `away`: the page is hidden. In a worker and under Node always `active`.
 */
export type Activity = 'active' | 'idle' | 'away';

export interface Member<P extends PresenceFields = PresenceFields> {
  readonly id: string;
  /**
   * The user behind it, the same over reloads and in all tabs of one browser: 32 hex digits, where it joined with
   * `identity: 'stored'`. Its key has signed for this member in this room: nobody else can claim it.
   */
  readonly userId: string | undefined;
  readonly self: boolean;
  readonly status: MemberStatus;
  /** Whether somebody is at it; it says nothing about whether it lives. */
  readonly activity: Activity;
  readonly presence: Readonly<Partial<P>>;
  /**
   * `direct`: a link of one's own; `turn`: likewise, but through a TURN server; `via`: through others; `none`: no known
   * way.
   */
  readonly link: 'self' | 'direct' | 'turn' | 'via' | 'none';
  /** Links to cross; 0 for oneself, `undefined` while no way is known. */
  readonly hops: number | undefined;
  /** Round trip of a link of one's own in milliseconds, once measured; `members.ping` measures other ways. */
  readonly rtt: number | undefined;
}

/** Every member of the room, oneself included. */
export interface Members<P extends PresenceFields = PresenceFields>
  extends Readable<ReadonlyMap<string, Member<P>>>, Iterable<Member<P>> {
  readonly size: number;
  readonly get: (id: string) => Member<P> | undefined;
  /** Round trip to a member over the mesh, in milliseconds; 0 to oneself. Rejects with `UNREACHABLE`, `LIMIT`, `CLOSED`. */
  readonly ping: (id: string, options?: Abortable) => Promise<number>;
}

export interface Presence<P extends PresenceFields = PresenceFields> {
  readonly mine: Readable<Readonly<Partial<P>>>;
  /**
   * Changes the named fields; `undefined` takes one away. Throws `BAD_NAME`, `BAD_VALUE`, `VALUE_TOO_LARGE`,
   * `LIMIT`, `CLOSED`; nothing has changed then.
   */
  readonly set: (patch: { readonly [K in keyof P]?: P[K] | undefined }) => void;
}

export interface MapChange<V extends Value = Value> {
  readonly key: string;
  readonly old: V | undefined;
  /** `undefined`: deleted. */
  readonly value: V | undefined;
  /** Id of the member that wrote. */
  readonly by: string;
  /** When it was written, in the mesh's time: milliseconds since 1970. */
  readonly at: number;
  readonly local: boolean;
}

export interface SharedMap<V extends Value = Value>
  extends Readable<ReadonlyMap<string, V>>, Iterable<[string, V]> {
  readonly name: string;
  readonly size: number;
  readonly get: (key: string) => V | undefined;
  readonly has: (key: string) => boolean;
  /** Throws `BAD_KEY`, `BAD_VALUE`, `VALUE_TOO_LARGE`, `LIMIT`, `CLOSED`; nothing has changed then. */
  readonly set: (key: string, value: V) => void;
  /** Sets under a key of its own and returns the key. Throws as `set` does. */
  readonly add: (value: V) => string;
  /** True when there was something to delete. Throws `CLOSED`. */
  readonly delete: (key: string) => boolean;
  readonly on: (
    type: 'change',
    run: (changes: readonly MapChange<V>[]) => void,
    options?: Abortable,
  ) => Unsubscribe;
}

export interface Message<T extends Value = Value> {
  readonly data: T;
  /** Id of the sender. */
  readonly from: string;
  /** Links crossed. */
  readonly hops: number;
}

export interface Topic<T extends Value = Value> {
  readonly name: string;
  /**
   * To everyone else here now, each exactly once and in the order of sending; resolves when handed to the
   * links. With `to`: to one member over the mesh, or to oneself; resolves when that member has it, rejects
   * with `UNREACHABLE` when it cannot be had, and with `LIMIT` when too many wait to be had. Rejects with
   * `BAD_VALUE`, `VALUE_TOO_LARGE`, `CLOSED`.
   */
  readonly send: (data: T, options?: Abortable & { readonly to?: string | undefined }) => Promise<void>;
  readonly on: (run: (message: Message<T>) => void, options?: Abortable) => Unsubscribe;
}

export interface MeshGraph {
  readonly nodes: readonly { readonly id: string; readonly self: boolean; readonly status: MemberStatus }[];
  /** Links that both ends name. */
  readonly edges: readonly { readonly a: string; readonly b: string }[];
}

export interface MeshStats {
  /** Bytes exchanged with the signaling server; `quietMs`: since the last one, `undefined` before the first. */
  readonly signaling: {
    readonly sentBytes: number;
    readonly receivedBytes: number;
    readonly quietMs: number | undefined;
  };
  /** Bytes exchanged with other tabs, directly, once a link has proven itself. */
  readonly links: {
    readonly open: number;
    readonly constructed: number;
    /** How often another way was looked for, in place: on links that fell silent, or whose network changed, where no packet came any more. */
    readonly restarted: number;
    readonly sentBytes: number;
    readonly receivedBytes: number;
    readonly sentFrames: number;
    readonly receivedFrames: number;
  };
  /**
   * What was refused, by reason: frames and records; `server-…`: messages of the signaling server; `attempt-…`:
   * links that were tried and did not come about; `link-…`: of those, why no channel opened; `ice-…`: questions for `iceServers` that came to nothing.
   */
  readonly refused: Readonly<Record<string, number>>;
  readonly broadcast: {
    readonly delivered: number;
    readonly duplicates: number;
    readonly grafts: number;
    readonly gaps: number;
  };
  readonly state: { readonly entries: number; readonly tombstones: number; readonly stubs: number };
}

/** Typed details of the native events of a mesh. */
export interface MeshEvents<P extends PresenceFields = PresenceFields> {
  /** `returned`: it was here before, or its user was, as a member that is gone. */
  'member:join': { readonly member: Member<P>; readonly returned: boolean };
  'member:update': { readonly member: Member<P> };
  'member:suspect': { readonly member: Member<P>; readonly by: string };
  'member:recover': { readonly member: Member<P> };
  /** `expelled`: it was proven to have told different members different things. `forgotten`: there is no room for more, or it shows another user, and `admit` is asked about that one. */
  'member:leave': {
    readonly member: Member<P>;
    readonly reason: 'goodbye' | 'failed' | 'expelled' | 'forgotten';
  };
  'link:open': { readonly peer: string };
  'link:close': { readonly peer: string; readonly reason: string };
  /** Messages of this sender were lost for good. */
  'message:gap': { readonly from: string; readonly missed: number };
  'state:refused': {
    readonly map: string;
    readonly key: string;
    readonly value: Value | undefined;
    readonly reason: string;
  };
  'peer:misbehaved': { readonly peer: string; readonly reason: string };
  error: MeshErrorDetail;
}

/** What an `error` event carries: a `MeshError`. */
export interface MeshErrorDetail {
  readonly name: 'MeshError';
  readonly code: MeshErrorCode;
  readonly message: string;
}

export interface MeshEventSource<P extends PresenceFields = PresenceFields> {
  /** Listens to one type; the detail comes without its event. A `run` that throws disturbs nobody else. */
  readonly on: <K extends keyof MeshEvents<P>>(
    type: K,
    run: (detail: MeshEvents<P>[K]) => void,
    options?: Abortable,
  ) => Unsubscribe;
  readonly addEventListener: <K extends keyof MeshEvents<P>>(
    type: K,
    listener: (event: CustomEvent<MeshEvents<P>[K]>) => void,
    options?: AddEventListenerOptions | boolean,
  ) => void;
  readonly removeEventListener: <K extends keyof MeshEvents<P>>(
    type: K,
    listener: (event: CustomEvent<MeshEvents<P>[K]>) => void,
    options?: EventListenerOptions | boolean,
  ) => void;
}

/** Stable; a message may be reworded, a code may not. */
export type MeshErrorCode =
  | 'BAD_ROOM'
  | 'BAD_ROOM_KEY'
  | 'WRONG_KEY'
  | 'CRYPTO_MISSING'
  | 'IDENTITY_MISSING'
  | 'BAD_SIGNALING_URL'
  | 'SIGNALING_UNREACHABLE'
  | 'SIGNALING_REFUSED'
  | 'VERSION_TOO_OLD'
  | 'WEBRTC_MISSING'
  | 'BAD_NAME'
  | 'BAD_KEY'
  | 'BAD_RTC'
  | 'ICE_SERVERS_MISSING'
  | 'BAD_VALUE'
  | 'VALUE_TOO_LARGE'
  | 'LIMIT'
  | 'UNREACHABLE'
  | 'CLOSED';
