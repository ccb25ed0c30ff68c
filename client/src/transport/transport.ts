/**
 * The transport seam: all that the shell knows about how two tabs are joined. simple-peer stands behind
 * it in a browser; tests put memory there. `client/test/transport-acceptance.ts` is what any
 * implementation must pass.
 */

/** Bytes waiting above which a channel counts as congested, and below half of which it has drained. */
export const CONGESTED_BYTES: number = 65_536;
/** Bytes waiting at which a channel is given up: the other end does not read. More than a whole room's state. */
export const OVERRUN_BYTES: number = 67_108_864;
/** How long a closed channel lives on for what was sent before: more than a slow link takes for one window. */
export const LINGER_MS: number = 2_000;
/** The largest frame a channel takes; with its length, within what every browser accepts. */
export const TRANSPORT_FRAME_BYTES_MAX: number = 65_533;

/** What a channel tells its owner. Nothing is told after `onClosed`, and `onClosed` is told at most once. */
export interface ChannelHandlers {
  /** Something for the other end's `describe`, to be carried there by whatever way there is. */
  readonly onDescribed: (data: string) => void;
  readonly onOpened: () => void;
  /** A frame, in the order it was sent, never before `onOpened`. */
  readonly onFrame: (bytes: Uint8Array) => void;
  readonly onCongestion: (congested: boolean) => void;
  /**
   * What is sent goes through a TURN server, at either end, or no longer does. Told soon after the channel has opened,
   * and when it changes; until then it does not.
   */
  readonly onRelayed: (relayed: boolean) => void;
  readonly onClosed: () => void;
}

/** SHA-256 of the certificates that the two ends of a connection are encrypted under. */
export interface Fingerprints {
  /** 32 bytes. */
  readonly own: Uint8Array;
  /** 32 bytes. */
  readonly other: Uint8Array;
}

/**
 * Why a channel has not opened, or would not if it ended now.
 *
 * - `timed-out`: nothing came of the other end, or it went no further when the two could reach each other.
 * - `bad-description`: the other end described what the browser does not take.
 * - `needs-turn`: both ends told how they are reached, no pair of that works, and neither named a relayed address.
 * - `ice-failed`: likewise, and one of them did.
 * - `not-proven`: it did open, and its other end did not prove itself, or we could not.
 */
export type ChannelFault = 'timed-out' | 'bad-description' | 'needs-turn' | 'ice-failed' | 'not-proven';

/** A STUN or TURN server did not do what was asked of it. */
export interface IceError {
  /** As STUN numbers them (401: credentials refused); 701: not reached. */
  readonly code: number;
  readonly url: string;
}

export interface ChannelReport {
  readonly fault: ChannelFault;
  /** The first few that differ. */
  readonly iceErrors: readonly IceError[];
}

export interface Channel {
  /**
   * Takes what the other end's `onDescribed` gave. False: it was not fit to be used, and was not. Nothing that is
   * taken once the channel is open changes what `fingerprints` tells.
   */
  readonly describe: (data: string) => boolean;
  /**
   * Of an open channel: how many milliseconds ago the last packet came, be it only that the browser at the other end has
   * ours; `Infinity` where nobody can tell.
   */
  readonly quietMs: () => Promise<number>;
  /**
   * Of an open channel by which nothing comes any more: looks for another way to the other end, in place, so that nothing
   * that was sent is lost. What comes of it is told by `onDescribed`, and is for the other end's `redescribe`. While that
   * comes to nothing, again. Resolves with whether another way is looked for.
   */
  readonly restart: () => Promise<boolean>;
  /**
   * Of an open channel: takes what the other end described after it had opened, and surely said itself. False: it was
   * not fit to be used, be it that it would change what `fingerprints` tells, and was not.
   */
  readonly redescribe: (data: string) => boolean;
  /** False before it is open, after it is closed, and for a frame that is too large. */
  readonly send: (bytes: Uint8Array) => boolean;
  /** Of an open channel; `undefined` where they cannot be told for sure. Whoever carries the descriptions cannot choose them. */
  readonly fingerprints: () => Promise<Fingerprints | undefined>;
  /** How far it has come; also once it is closed. */
  readonly report: () => ChannelReport;
  /**
   * Closes at once for this end, without telling `onClosed`. Frames already sent still leave: where there is a
   * backlog, the other end is let go only when it has left, at most `LINGER_MS` later. Resolves then. Again:
   * harmless.
   */
  readonly close: () => Promise<void>;
}

export interface Transport {
  /** Begins a channel. Exactly one of its two ends is the initiator. */
  readonly construct: (options: { readonly initiator: boolean }, handlers: ChannelHandlers) => Channel;
}
