/** The shapes of effect that every layer shares; a layer's own effects are unions that include these. */
import type { PeerId } from './ids.ts';
import type { Version } from './version.ts';

/** Hand `message` to the neighbor `to`, in order, over the channel to it. */
export interface Send<M> {
  readonly kind: 'send';
  readonly to: PeerId;
  readonly message: M;
}

/** Give `timer` back as an input after `afterMs`. Late, early or repeated delivery must be harmless. */
export interface Schedule<T> {
  readonly kind: 'schedule';
  readonly timer: T;
  readonly afterMs: number;
}

/** A peer sent what it should not have; it was dropped and nothing changed. */
export interface PeerMisbehaved {
  readonly kind: 'peerMisbehaved';
  readonly peer: PeerId;
  readonly reason: string;
}

/** A record of a reconciled table is new or newer; `key` is its name in that table. */
export interface RecordChanged<R> {
  readonly kind: 'recordChanged';
  readonly key: string;
  readonly version: Version;
  readonly record: R;
}

/** A record has left its table: its owner is gone, or it was collected. */
export interface RecordRemoved {
  readonly kind: 'recordRemoved';
  readonly key: string;
}
