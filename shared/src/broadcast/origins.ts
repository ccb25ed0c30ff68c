/**
 * What came of every other member: one receive window per lane, for the newest epoch heard of and the
 * one before, of which something may still be under way. A newer epoch starts anew; an older one is
 * over. When the table is full, the origin forgotten longest ago gives way, else the one whose last new
 * message is longest ago.
 */
import { unreachable } from '../base/assert.ts';
import { createBoundedMap } from '../base/collections.ts';
import type { Epoch, PeerId } from '../base/ids.ts';
import { elapsedMs, instant, type Instant } from '../base/time.ts';
import type { BroadcastConfig } from './config.ts';
import type { Gossip, Head, Lane } from './messages.ts';
import { createReceiveWindow, hasCome, holesUpTo, type ReceiveWindow } from './receive-window.ts';
import type { Range, Stream } from './streams.ts';

/** A message and the neighbor that brought it. */
export interface Arrival<P> {
  readonly message: Gossip<P>;
  readonly from: PeerId;
}

/** Sequences up to here are older than our meeting; skipped, untold, unless they come soon after `at`. */
export interface Floor {
  readonly seq: number;
  readonly at: Instant;
  readonly from: PeerId;
}

/** That all up to here was said before we met, and so counts as received: one neighbor's word alone. */
export interface PastClaim {
  readonly seq: number;
  readonly at: Instant;
  readonly from: PeerId;
}

/** Reliable messages that found no room, or that nobody asked for gave: to ask for when the base moves on. */
export interface Backlog {
  /** The newest of them. */
  readonly seq: number;
  /** The newest that really came; 0 for none. */
  readonly came: number;
  readonly announcer: PeerId;
  /** The base then. */
  readonly base: number;
  /** When the backlog began, or the base last moved on. */
  readonly at: Instant;
}

export interface Origin<P> {
  readonly id: PeerId;
  readonly epoch: Epoch;
  /** When we first heard of it in this epoch. */
  readonly begunAt: Instant;
  readonly reliable: ReceiveWindow<Arrival<P>>;
  readonly record: ReceiveWindow<null>;
  newestVolatile: number;
  /** The newest volatile message that was proven to be its origin's; 0 for none. */
  newestAnchor: number;
  /** A message came that its origin must have said. Before, the epoch is what some neighbor claims. */
  proven: boolean;
  /** `null`, as nearly always, where there is none. */
  floors: Map<Lane, Floor> | null;
  /** Likewise; those that nothing has borne out. */
  pastClaims: Map<Lane, PastClaim> | null;
  backlog: Backlog | null;
  forgottenAt: Instant | null;
  /** When a message of it was last dropped because it says too much. */
  stemmedAt: Instant | null;
  /** When something of it last came, by itself or named in a vector. */
  heardAt: Instant;
  /** The next life, whose first message waits until everything up to `seq` of this one's reliable lane has had its turn. */
  next: { readonly origin: Origin<P>; readonly seq: number } | null;
  /** The same origin in the epoch before; that one has none before it. */
  before: Origin<P> | null;
}

/** How an epoch stands to those we know. `new` also where we know none. */
export type EpochStanding = 'older' | 'current' | 'new';

export interface Origins<P> {
  /** The origin, if known in the epoch of `stream`. */
  readonly current: (stream: Stream) => Origin<P> | undefined;
  readonly standing: (origin: PeerId, epoch: Epoch) => EpochStanding;
  /**
   * Whether a later epoch has begun. One of which no message has come since `claimedSince`, when we first heard of it, a
   * neighbor made up.
   */
  readonly isSucceeded: (origin: PeerId, epoch: Epoch, claimedSince: Instant) => boolean;
  readonly has: (head: Head) => boolean;
  /** The newest sequence received of a stream; 0 for none. */
  readonly newest: (stream: Stream) => number;
  /** What of a stream up to `head` has not come; of a volatile one only the head itself. */
  readonly missing: (head: Head) => readonly Range[];
  /**
   * The origin in this epoch, made or begun anew if need be; becomes the least idle. `gone`: those that gave way to it, of
   * the same origin the earlier life first.
   */
  readonly admit: (
    id: PeerId,
    epoch: Epoch,
    at: Instant,
  ) => { readonly origin: Origin<P>; readonly gone: readonly Origin<P>[] };
  /** The newest heads of all lanes, without forgotten origins. */
  readonly heads: () => readonly Head[];
  /** Tells the members among the origins from those that have gone, or never were. Before heads are handed out. */
  readonly settle: (at: Instant) => void;
  /** Those of the epochs before. */
  readonly endedHeads: () => readonly Head[];
  /** The newest reliable heads of the forgotten: their last words may be on their way still. */
  readonly lateHeads: () => readonly Head[];
  readonly forget: (id: PeerId, at: Instant) => void;
  /** Drops origins forgotten long enough ago. They weigh little, so no sweep runs for their sake. */
  readonly sweep: (at: Instant) => void;
}

// oxlint-disable-next-line max-lines-per-function -- A factory: what it closes over is one table and its forgotten part.
export function createOrigins<P>(config: BroadcastConfig, isMember: (id: PeerId) => boolean): Origins<P> {
  const originById = createBoundedMap<PeerId, Origin<P>>(config.originsMax);
  /** A subset of the table. */
  const forgotten = new Set<PeerId>();

  const current = (stream: Stream): Origin<P> | undefined =>
    inEpoch(originById.get(stream.origin), stream.epoch);
  const standing = (id: PeerId, epoch: Epoch): EpochStanding => {
    const known = originById.get(id);
    if (known === undefined || known.epoch < epoch) return 'new';
    return inEpoch(known, epoch) !== undefined ? 'current' : 'older';
  };

  const remember = (id: PeerId, origin: Origin<P>): void => {
    origin.forgottenAt = null;
    forgotten.delete(id);
  };
  const forget = (id: PeerId, at: Instant): void => {
    const origin = originById.get(id);
    if (origin === undefined) return;
    origin.forgottenAt ??= at;
    forgotten.add(id);
  };
  const drop = (id: PeerId): void => {
    forgotten.delete(id);
    originById.delete(id);
  };
  /** Forgotten origins make room first; else the table itself chooses. */
  const makeRoom = (): Origin<P> | undefined => {
    const [id] = forgotten;
    if (id === undefined || originById.size < config.originsMax) return undefined;
    const origin = originById.get(id);
    drop(id);
    return origin;
  };

  return {
    current,
    standing,
    isSucceeded: (id, epoch, claimedSince) => {
      const known = originById.get(id);
      const isBelieved = (one: Origin<P>): boolean => one.proven || one.begunAt >= claimedSince;
      return [known, known?.before].some((one) => one != null && one.epoch > epoch && isBelieved(one));
    },
    has: (head) => {
      const origin = current(head);
      return origin !== undefined && hasSequence(origin, head);
    },
    newest: (stream) => newestOf(current(stream), stream),
    missing: (head) => (standing(head.origin, head.epoch) === 'older' ? [] : missingOf(current(head), head)),
    admit: (id, epoch, at) => {
      const known = originById.get(id);
      if (known?.before?.epoch === epoch) return { origin: known.before, gone: [] };
      const origin =
        known?.epoch === epoch
          ? known
          : createOrigin<P>(id, { epoch, at, before: epochBefore(known, epoch) });
      origin.heardAt = at;
      // A late word of one that has gone does not bring it back.
      if (isMember(id)) remember(id, origin);
      else origin.forgottenAt = known?.forgottenAt ?? null;
      const outgoing = known === undefined ? makeRoom() : undefined;
      const evicted = originById.set(id, origin)?.[1] ?? outgoing;
      if (origin.forgottenAt !== null) forgotten.add(id);
      if (evicted !== undefined) forgotten.delete(evicted.id);
      const kept = [origin, origin.before];
      const left = [known?.before, known].filter((one) => !kept.includes(one ?? null));
      if (origin.before !== null) origin.before.before = null;
      return { origin, gone: [evicted, evicted?.before, ...left].filter((one) => one != null) };
    },
    settle: (at) => {
      for (const [id, origin] of originById.entries()) {
        if (isMember(id)) remember(id, origin);
        // A newcomer hears of streams before it hears who is here; and of some whose origin has gone already.
        else if (elapsedMs(origin.heardAt, at) > config.beginMs) forget(id, at);
      }
    },
    heads: () =>
      [...originById.entries()].flatMap(([, origin]) => (origin.forgottenAt === null ? headsOf(origin) : [])),
    endedHeads: () => [...originById.entries()].flatMap(([, { before }]) => (before ? headsOf(before) : [])),
    lateHeads: () =>
      [...forgotten].flatMap((id) => {
        const origin = originById.get(id);
        return origin === undefined ? [] : headsOf(origin).filter(({ lane }) => lane === 'reliable');
      }),
    forget,
    sweep: (at) => {
      for (const id of forgotten) {
        const origin = originById.get(id);
        const since = origin?.forgottenAt ?? null;
        if (origin && isMember(id)) remember(id, origin);
        else if (since === null || elapsedMs(since, at) >= config.forgottenMs) drop(id);
      }
    },
  };
}

/** The origin in this epoch, if that is its present one or the one before. */
function inEpoch<P>(origin: Origin<P> | undefined, epoch: Epoch): Origin<P> | undefined {
  return [origin, origin?.before].find((one) => one?.epoch === epoch) ?? undefined;
}

/** What stays of `known` behind a new epoch; one that is only claimed does not push out a proven one. */
function epochBefore<P>(known: Origin<P> | undefined, epoch: Epoch): Origin<P> | null {
  const isOutbid = known?.proven === false && known.before?.proven === true;
  const last = isOutbid ? known.before : known;
  return [last, last?.before].find((one) => one != null && one.epoch < epoch) ?? null;
}

function createOrigin<P>(
  id: PeerId,
  { epoch, at, before }: { readonly epoch: Epoch; readonly at: Instant; readonly before: Origin<P> | null },
): Origin<P> {
  return {
    id,
    epoch,
    begunAt: at,
    reliable: createReceiveWindow<Arrival<P>>(),
    record: createReceiveWindow<null>(),
    newestVolatile: 0,
    newestAnchor: 0,
    proven: false,
    floors: null,
    pastClaims: null,
    backlog: null,
    forgottenAt: null,
    stemmedAt: null,
    heardAt: instant(0),
    next: null,
    before,
  };
}

/** A volatile message older than the newest counts as had: nobody wants it any more. */
function hasSequence<P>(origin: Origin<P>, { lane, seq }: Head): boolean {
  switch (lane) {
    case 'reliable':
      return hasCome(origin.reliable, seq);
    case 'record':
      return hasCome(origin.record, seq);
    case 'volatile':
      return seq <= origin.newestVolatile;
    default:
      return unreachable(lane);
  }
}

function newestOf<P>(origin: Origin<P> | undefined, { lane }: Stream): number {
  switch (lane) {
    case 'reliable':
      return origin?.reliable.highest ?? 0;
    case 'record':
      return origin?.record.highest ?? 0;
    case 'volatile':
      return origin?.newestVolatile ?? 0;
    default:
      return unreachable(lane);
  }
}

function missingOf<P>(origin: Origin<P> | undefined, { lane, seq }: Head): readonly Range[] {
  switch (lane) {
    case 'reliable':
      return origin ? holesUpTo(origin.reliable, seq) : [{ first: 1, last: seq }];
    case 'record':
      return origin ? holesUpTo(origin.record, seq) : [{ first: 1, last: seq }];
    case 'volatile':
      return seq > (origin?.newestVolatile ?? 0) ? [{ first: seq, last: seq }] : [];
    default:
      return unreachable(lane);
  }
}

function headsOf<P>(origin: Origin<P>): Head[] {
  const heads: Head[] = [
    { origin: origin.id, epoch: origin.epoch, lane: 'reliable', seq: origin.reliable.highest },
    { origin: origin.id, epoch: origin.epoch, lane: 'record', seq: origin.record.highest },
    { origin: origin.id, epoch: origin.epoch, lane: 'volatile', seq: origin.newestVolatile },
  ];
  return heads.filter(({ seq }) => seq > 0);
}
