/** The eight layers of a node, and the jobs they are given. */
import { createBroadcast, type Broadcast } from '../broadcast/broadcast.ts';
import type { BroadcastInput } from '../broadcast/messages.ts';
import { createGreeters, type Greeters } from '../greeters/greeters.ts';
import type { GreetersInput } from '../greeters/messages.ts';
import { createMembership, type Membership } from '../membership/membership.ts';
import type { MembershipInput } from '../membership/messages.ts';
import { createOverlay, type Overlay } from '../overlay/overlay.ts';
import type { OverlayInput } from '../overlay/messages.ts';
import { createPresence, type Presence } from '../presence/presence.ts';
import type { PresenceInput } from '../presence/messages.ts';
import { createReconcile, type Reconcile } from '../reconcile/reconcile.ts';
import type { ReconcileInput } from '../reconcile/messages.ts';
import { createRouting, type Routing } from '../routing/routing.ts';
import { receiptOf } from './receipts.ts';
import type { RoutingInput } from '../routing/messages.ts';
import { createState, type State } from '../state/state.ts';
import type { StateInput } from '../state/messages.ts';
import type { Epoch, PeerId } from '../base/ids.ts';
import type { Rng } from '../base/rng.ts';
import { isAnchor, isByItsAuthor, isUrgent } from './authors.ts';
import type { MeshConfig } from './config.ts';
import type { Payload, RoutedPayload } from './messages.ts';
import type { Quotas } from './quotas.ts';
import { payloadBytesMax } from './sizes.ts';

export interface MeshDeps {
  readonly self: PeerId;
  readonly epoch: Epoch;
  readonly rng: Rng;
}

export interface Layers {
  readonly overlay: Overlay;
  readonly broadcast: Broadcast<Payload>;
  readonly membership: Membership;
  readonly routing: Routing<RoutedPayload>;
  readonly reconcile: Reconcile;
  readonly presence: Presence;
  readonly state: State;
  readonly greeters: Greeters;
}

/** One input for one layer. */
export type Job =
  | { readonly layer: 'overlay'; readonly input: OverlayInput }
  | { readonly layer: 'broadcast'; readonly input: BroadcastInput<Payload> }
  | { readonly layer: 'membership'; readonly input: MembershipInput }
  | { readonly layer: 'routing'; readonly input: RoutingInput<RoutedPayload> }
  | { readonly layer: 'reconcile'; readonly input: ReconcileInput }
  | { readonly layer: 'presence'; readonly input: PresenceInput }
  | { readonly layer: 'state'; readonly input: StateInput }
  | { readonly layer: 'greeters'; readonly input: GreetersInput };

export function createLayers(
  deps: MeshDeps,
  config: MeshConfig,
  quotas: Quotas,
  isMember: (peer: PeerId) => boolean,
): Layers {
  const { self, epoch, rng } = deps;
  return {
    overlay: createOverlay({ self, rng: rng.fork('overlay') }, config.overlay),
    broadcast: createBroadcast<Payload>(
      {
        self,
        epoch,
        rng: rng.fork('broadcast'),
        sizeOf: payloadBytesMax,
        maySay: isByItsAuthor,
        overspender: quotas.overspender,
        isMember,
        isUrgent,
        isAnchor,
      },
      config.broadcast,
    ),
    membership: createMembership({ self, epoch, rng: rng.fork('membership') }, config.membership),
    routing: createRouting<RoutedPayload>({ self, rng: rng.fork('routing'), receiptOf }, config.routing),
    reconcile: createReconcile({ self }, config.reconcile),
    presence: createPresence({ self, epoch }, config.presence),
    state: createState({ self }, config.state),
    greeters: createGreeters({ self, rng: rng.fork('greeters') }, config.greeters),
  };
}
