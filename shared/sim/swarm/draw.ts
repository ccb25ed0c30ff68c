/** What a fault is drawn for: two different tabs, and chance. */
import type { Rng } from '#shared/base/rng.ts';
import type { MeshSnapshot } from '#shared/mesh/node.ts';
import type { SimTab } from '../tab.ts';
import type { MeshWorld } from './checker.ts';

export type Tab = SimTab<MeshSnapshot>;

export interface Draw {
  readonly world: MeshWorld;
  readonly tab: Tab;
  readonly other: Tab;
  readonly rng: Rng;
  readonly tabsMax: number;
}
