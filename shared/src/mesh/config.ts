/** The configuration of a node: one part per layer, and what others may cost it. */
import { defaultBroadcastConfig, type BroadcastConfig } from '../broadcast/config.ts';
import { defaultGreetersConfig, type GreetersConfig } from '../greeters/config.ts';
import { defaultMembershipConfig, type MembershipConfig } from '../membership/config.ts';
import { defaultOverlayConfig, type OverlayConfig } from '../overlay/config.ts';
import { defaultPresenceConfig, type PresenceConfig } from '../presence/config.ts';
import { defaultReconcileConfig, type ReconcileConfig } from '../reconcile/config.ts';
import { defaultRoutingConfig, type RoutingConfig } from '../routing/config.ts';
import { defaultStateConfig, type StateConfig } from '../state/config.ts';
import { defaultQuotaConfig, type QuotaConfig } from './quotas.ts';
import { defaultScoreConfig, type ScoreConfig } from './scores.ts';

export interface MeshConfig {
  readonly overlay: OverlayConfig;
  readonly broadcast: BroadcastConfig;
  readonly membership: MembershipConfig;
  readonly presence: PresenceConfig;
  readonly reconcile: ReconcileConfig;
  readonly routing: RoutingConfig;
  readonly state: StateConfig;
  readonly greeters: GreetersConfig;
  readonly quotas: QuotaConfig;
  readonly scores: ScoreConfig;
}

export const defaultMeshConfig: MeshConfig = Object.freeze({
  overlay: defaultOverlayConfig,
  broadcast: defaultBroadcastConfig,
  membership: defaultMembershipConfig,
  presence: defaultPresenceConfig,
  reconcile: defaultReconcileConfig,
  routing: defaultRoutingConfig,
  state: defaultStateConfig,
  greeters: defaultGreetersConfig,
  quotas: defaultQuotaConfig,
  scores: defaultScoreConfig,
});
