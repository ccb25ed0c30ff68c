/**
 * What the joints between layers share: who is linked, who is here, the records behind the tables, and the
 * two ways out of a joint: a job for another layer, an effect for the world.
 */
import type { Epoch, PeerId } from '../base/ids.ts';
import { createRates } from '../base/rates.ts';
import { elapsedMs, instant, type Instant, type Now } from '../base/time.ts';
import type { TableName } from '../reconcile/messages.ts';
import { createOutcasts, type Outcasts } from './equivocation.ts';
import type { Job, Layers } from './layers.ts';
import type { Effect, MeshEvent } from './messages.ts';
import { createNews, type HeldNews, type News } from './news.ts';
import type { Speech } from './speech.ts';
import type { Quotas } from './quotas.ts';
import { faultOf, type Fault, type Scores, type Source } from './scores.ts';
import { createStability, type Stability } from './stability.ts';
import { createTables, type Tables } from './tables.ts';

export interface Hub {
  readonly self: PeerId;
  readonly layers: Layers;
  readonly quotas: Quotas;
  readonly scores: Scores;
  /** Whose frame is being worked off, if it is a frame. */
  source: Source | undefined;
  /** The time of the input that is being worked off. */
  now: Now;
  /** Gives a layer its next input, after all effects of the present one have been carried out. */
  readonly feed: (job: Job) => void;
  readonly emit: (effect: Effect) => void;
  readonly tell: (event: MeshEvent) => void;
  /** When every neighbor was last asked whether its link works: what was heard before says nothing of it. */
  probedAt: Instant;
  /** Who we hold an open channel to; at most the overlay's hard maximum. */
  readonly neighbors: Map<PeerId, NeighborNote>;
  /** On whose channels too much waits, parked ones included; at most as many as there are channels. */
  readonly congestedPeers: Set<PeerId>;
  /** The lives of all live members but ourselves; at most the roster's limit. */
  readonly members: Map<PeerId, Epoch>;
  readonly tables: Tables;
  /** Whoever was thrown out, with what proves it; nothing that it says counts. */
  readonly outcasts: Outcasts;
  readonly stability: Stability;
  readonly news: News;
  readonly speech: Speech;
}

/** What is remembered of a neighbor between two of its messages. */
export interface NeighborNote {
  /** When a frame of its last came. */
  heardAt: Instant;
  /** The wall clock on its last heartbeat; our answer gives it back. */
  heartbeatWall: number;
  /** Tables whose first comparison with this neighbor has ended. */
  readonly comparedTables: Set<TableName>;
  /** News that waits for that. */
  readonly heldNews: HeldNews;
}

/**
 * Peers and reasons that are told of no more than once a second, for telling of every frame would be a flood of its
 * own; beyond, the one told longest ago is told again sooner.
 */
const TOLD_MAX = 256;

export function createHub(
  deps: Pick<Hub, 'self' | 'layers' | 'quotas' | 'scores' | 'feed' | 'emit' | 'now' | 'speech'>,
): Hub {
  const { emit } = deps;
  const told = createRates(TOLD_MAX);
  const hub: Hub = {
    ...deps,
    source: undefined,
    probedAt: instant(-Infinity),
    tell: (event) => {
      if (event.kind !== 'peerMisbehaved') return emit({ kind: 'tell', event });
      const { peer, reason } = event;
      const fault = faultOf(peer, reason, hub.source);
      // What no honest software does ends the link soon enough.
      const isEnding = fault === 'invalid' && hub.neighbors.has(peer);
      const isNews = isEnding || told.take(`${peer} ${reason}`, hub.now.instant, 1);
      if (isNews) emit({ kind: 'tell', event });
      // A flood counts by the second, all else each time.
      if (fault !== undefined && (isNews || fault !== 'flooded')) charge(peer, fault, hub);
    },
    neighbors: new Map(),
    congestedPeers: new Set(),
    members: new Map(),
    tables: createTables(),
    outcasts: createOutcasts(),
    stability: createStability(),
    news: createNews(),
  };
  return hub;
}

/** A neighbor is pinged within 1.15 s of its last word: one heard longer ago may not be heard again. */
const HEARD_WITHIN_MS = 1_500;

/** The neighbors whose links may lead nowhere: not heard of late, nor since all were asked. */
export function unheardNeighbors({ neighbors, now: { instant: at }, probedAt }: Hub): readonly PeerId[] {
  return [...neighbors].flatMap(([peer, { heardAt }]) =>
    heardAt < probedAt || elapsedMs(heardAt, at) > HEARD_WITHIN_MS ? [peer] : [],
  );
}

/** Counts a fault of a neighbor, and drops the one who has had enough of them. */
export function charge(peer: PeerId, fault: Fault, { neighbors, scores, now, emit, feed }: Hub): void {
  if (!neighbors.has(peer) || !scores.charge(peer, fault, now.instant)) return;
  emit({ kind: 'tell', event: { kind: 'peerMisbehaved', peer, reason: `dropped-${fault}` } });
  feed({ layer: 'overlay', input: { kind: 'drop', peer, reason: 'misbehaved' } });
}
