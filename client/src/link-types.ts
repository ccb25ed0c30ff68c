/** Of the public face what is about single links: how they are made, and why one is missing. */

/**
 * What RTCPeerConnection takes, but `iceServers` may be a function. With `iceTransportPolicy: 'relay'` links go through
 * TURN servers only, and other members are told no address of this one: no link comes about without such servers.
 */
export interface RtcOptions extends Omit<RTCConfiguration, 'iceServers'> {
  readonly iceServers?: RTCIceServer[] | GetIceServers | undefined;
}

/**
 * Asked before the first link, and again before its answer is too old: at three quarters of `ttlMs` (default: 30
 * minutes). What it gave last is used for each new connection. When it throws, answers with what the browser refuses, or
 * not within 5 seconds (the signal aborts then, or when the mesh is left), the mesh goes on with what it gave before, if
 * anything; `error` tells `ICE_SERVERS_MISSING`, once until it has answered again, and it is asked again after 5
 * seconds, and then after ever longer, up to 5 minutes.
 */
export type GetIceServers = (options: { readonly signal: AbortSignal }) => IceServers | Promise<IceServers>;

/** At most 16 servers. */
export type IceServers =
  | readonly RTCIceServer[]
  | {
      readonly iceServers: readonly RTCIceServer[];
      /** How long they are good for, in milliseconds; over 0. */
      readonly ttlMs?: number | undefined;
    };

/**
 * - `linked`, `connecting`: there is a link, or it is on its way.
 * - `self`, `unknown`: there can be none: it is this member, or none that is here.
 * - `not-wanted`: this member holds as many links as it wants; messages go through others.
 * - `not-yet`: no candidate so far: it has not been tried; its turn may come.
 * - `budget`: a page may not build more connections for now.
 * - `resting`: attempts failed twice, or one of the two misbehaved or gave way to another. `restMs` tells how long.
 * - All of `LinkFailure`: so did the last attempt end, and another will be made. (`full` also where its own record says so.)
 */
export type LinkReason =
  'linked' | 'connecting' | 'self' | 'unknown' | 'not-wanted' | 'not-yet' | 'budget' | LinkFailure;

/**
 * - `full`, `busy`, `resting`: the other side said so: it holds enough links, may build no more connections for now, or
 *   does not try this pair again yet.
 * - `timed-out`: it did not answer, or the answer did not come to an open channel in time.
 * - `bad-description`: it described a connection that this browser does not take.
 * - `needs-turn`: no pair of addresses works, and no TURN server lent one: none is named, or it refused (see `iceErrors`).
 * - `ice-failed`: no pair of addresses works, those of a TURN server among them.
 * - `not-proven`: a channel opened, and its other end was not let in, or did not let us in; see `peer:misbehaved`.
 */
export type LinkFailure =
  'full' | 'busy' | 'resting' | 'timed-out' | 'bad-description' | 'needs-turn' | 'ice-failed' | 'not-proven';

/** Frozen, and all in it. */
export interface LinkExplanation {
  readonly reason: LinkReason;
  /** Milliseconds until this pair may be tried again; 0: it may be now. */
  readonly restMs: number;
  /** The last attempt that came to nothing, if no link has opened since; of the last 128 members. */
  readonly last:
    | {
        readonly reason: LinkFailure;
        readonly agoMs: number;
        /** What STUN and TURN servers answered (401: credentials refused; 701: not reached); at most 8. */
        readonly iceErrors: readonly { readonly code: number; readonly url: string }[];
      }
    | undefined;
}
