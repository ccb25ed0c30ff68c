/**
 * Greeters: who holds a socket to the signaling server, so that newcomers find somebody there. Once in, most members
 * let go of it; about four stay. Nobody appoints them: each reads in the roster who is attached, and all go by one order
 * of the members, which is another one every hour.
 *
 * - Too few are attached: who is not attaches in that order, each a little later than the one before.
 * - Enough others are attached: who comes after them in that order lets go.
 * - Whoever needs the server itself (no link, too few, no path for a signal, another network) attaches at once.
 */
import type { Schedule } from '../base/effects.ts';
import type { PeerId } from '../base/ids.ts';

export type GreetersTimer = /** Look again whether to attach or to let go. */ {
  readonly kind: 'look';
  readonly token: number;
};

/** Why the server is needed. `no-path`: the mesh knows no way for a signal. `network`: ours has changed, or the application asks. */
export type ServerNeed = 'no-path' | 'network';

export type GreetersInput =
  /** Once, first: a newcomer has nobody but the server. */
  | { readonly kind: 'start' }
  /** The server let us in. */
  | { readonly kind: 'attached' }
  /** The socket is gone, whoever closed it. */
  | { readonly kind: 'detached' }
  /** How many links are open. */
  | { readonly kind: 'links'; readonly count: number }
  /** A live member, as its newest records say. */
  | { readonly kind: 'member'; readonly id: PeerId; readonly greeter: boolean }
  | { readonly kind: 'suspected'; readonly id: PeerId }
  | { readonly kind: 'recovered'; readonly id: PeerId }
  | { readonly kind: 'forget'; readonly id: PeerId }
  /** Something went through the server, either way: an introduction is under way. */
  | { readonly kind: 'carried' }
  | { readonly kind: 'need'; readonly need: ServerNeed }
  | { readonly kind: 'timer'; readonly timer: GreetersTimer };

export type GreetersEffect =
  | Schedule<GreetersTimer>
  /** Dial the server until it lets us in, and again whenever the socket is lost. */
  | { readonly kind: 'attach' }
  /** Let go of the server, or give up dialling it. */
  | { readonly kind: 'detach' }
  /** So many others are attached, as far as the roster tells. */
  | { readonly kind: 'greeterCount'; readonly count: number }
  /** Whether newcomers find anybody: no greeter was seen alive for a while, or one is seen again. */
  | { readonly kind: 'greeted'; readonly greeted: boolean };

export interface GreetersSnapshot {
  /** `wanted`: the socket is open or being dialled; `released`: the others hold theirs for us. */
  readonly socket: 'wanted' | 'released';
  readonly attached: boolean;
  /** Others, alive and attached by their own word. */
  readonly greeters: readonly PeerId[];
  readonly greeted: boolean;
}
