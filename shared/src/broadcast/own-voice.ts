/**
 * Our own streams: their epoch and sequences, whether our messages travel a tree of our own, and what we
 * said while no neighbor was there to hear it.
 */
import type { Epoch, PeerId } from '../base/ids.ts';
import { elapsedMs, type Instant } from '../base/time.ts';
import type { BroadcastConfig } from './config.ts';
import type { Head, Lane } from './messages.ts';

export interface OwnVoice {
  readonly epoch: () => Epoch;
  /** From here on we speak in this epoch. */
  readonly begin: (epoch: Epoch) => void;
  readonly newest: (lane: Lane) => number;
  /** Takes the next sequence of the lane, and says whether we are hot with it. */
  readonly speak: (lane: Lane, at: Instant) => { readonly seq: number; readonly hot: boolean };
  /** The newest heads of all lanes. */
  readonly heads: () => readonly Head[];
  /** Those of the epoch before, short of what was said to nobody. */
  readonly endedHeads: () => readonly Head[];
  /** Notes that `seq` was said to nobody. */
  readonly noteUnheard: (lane: Lane, seq: number) => void;
  /** The first sequence of the lane said to nobody, with none heard after it; `null` when all were. */
  readonly firstUnheard: (lane: Lane) => number | null;
  readonly clearUnheard: () => void;
}

export function createOwnVoice(self: PeerId, firstEpoch: Epoch, config: BroadcastConfig): OwnVoice {
  const newestByLane = new Map<Lane, number>();
  const firstUnheardByLane = new Map<Lane, number>();
  /** The last `hotMessages` instants at which we spoke. */
  let spokenAt: readonly Instant[] = [];
  let hot = false;
  let epoch = firstEpoch;
  let endedHeads: readonly Head[] = [];

  /** Once hot, an origin stays so until others would have forgotten its tree. */
  const isHot = (lane: Lane, at: Instant): boolean => {
    const last = spokenAt.at(-1);
    const wasHot = hot && last !== undefined && elapsedMs(last, at) < config.treeIdleMs;
    spokenAt = [...spokenAt, at].slice(-config.hotMessages);
    const first = spokenAt[0] ?? at;
    if (wasHot || lane !== 'record') return true;
    return spokenAt.length === config.hotMessages && elapsedMs(first, at) <= config.hotWindowMs;
  };

  const heads = (): readonly Head[] =>
    [...newestByLane].map(([lane, seq]) => ({ origin: self, epoch, lane, seq }));

  return {
    epoch: () => epoch,
    begin: (next) => {
      endedHeads = heads().map((head) => ({
        ...head,
        seq: (firstUnheardByLane.get(head.lane) ?? head.seq + 1) - 1,
      }));
      epoch = next;
      newestByLane.clear();
      firstUnheardByLane.clear();
    },
    newest: (lane) => newestByLane.get(lane) ?? 0,
    speak: (lane, at) => {
      const seq = (newestByLane.get(lane) ?? 0) + 1;
      newestByLane.set(lane, seq);
      hot = isHot(lane, at);
      return { seq, hot };
    },
    heads,
    endedHeads: () => endedHeads,
    noteUnheard: (lane, seq) => {
      if (!firstUnheardByLane.has(lane)) firstUnheardByLane.set(lane, seq);
    },
    firstUnheard: (lane) => firstUnheardByLane.get(lane) ?? null,
    clearUnheard: () => firstUnheardByLane.clear(),
  };
}
