/** A checker sees all that happens in a world, and complains. What it says is for whoever replays the seed. */
import type { MeshSnapshot } from '#shared/mesh/node.ts';
import type { Observer, World } from '../world.ts';

export type MeshWorld = World<MeshSnapshot>;

export interface Checker {
  /** Stands before each of its complaints. */
  readonly name: string;
  /** Watches the whole run, incrementally. */
  readonly observer?: Observer<MeshSnapshot>;
  /** Looks at everybody now and then, and once at the end. */
  readonly look?: () => void;
  /** Faults have just stopped. */
  readonly calmed?: () => void;
  /** Looks when calm has lasted long enough for everything to be well. */
  readonly whenCalm?: () => void;
}

export type MakeChecker = (world: MeshWorld, complain: Complain) => Checker;

export type Complain = (what: string) => void;

/** The first digits of an id, as in the trace: for complaints alone, for two tabs may share them. */
export const nameOf = (id: string): string => id.slice(0, 4);
