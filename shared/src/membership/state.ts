/** What one membership instance holds, and the turn in which one input is handled. */
import { createBoundedMap, createRing, type BoundedMap, type Ring } from '../base/collections.ts';
import type { PeerId } from '../base/ids.ts';
import type { Rng } from '../base/rng.ts';
import { after, instant, type Instant, type WallMillis } from '../base/time.ts';
import type { MembershipConfig } from './config.ts';
import { createHealth, type Health } from './health.ts';
import type {
  IdentityRecord,
  LinksRecord,
  MembershipEffect,
  MembershipTimer,
  RosterRecord,
} from './messages.ts';
import { createRoster, rosterVersion, type Roster } from './roster.ts';
import type { Silence } from './silence.ts';
import type { Suspicion } from './suspicion.ts';
import { rosterKey } from './messages.ts';

/** A neighbor whose channel closed without a goodbye. */
export interface Lost {
  readonly heardAt: Instant;
  /** Since when its silence counts. */
  readonly quietSince: Instant;
  readonly lostAt: Instant;
  /** The routed ping sent on the loss, and again each second: one alone may get lost. */
  readonly probe: number;
  readonly askedAt: Instant;
}

/** A member that no neighbor names, and that falls to us to ping. */
export interface Orphan {
  readonly probe: number;
  readonly unanswered: number;
  /** Since when its silence counts. */
  readonly quietSince: Instant;
  /** When it last answered. */
  readonly answeredAt: Instant | null;
}

/** Who is watched by whom follows from this alone. */
export interface WatchBasis {
  readonly roster: number;
  readonly neighbors: readonly PeerId[];
  readonly suspects: readonly PeerId[];
}

/** The own links record and when its successor is due. */
export interface OwnLinks {
  record: LinksRecord;
  stability: number;
  greeter: boolean;
  /** `null` until one was published that anybody could hear. */
  publishedAt: Instant | null;
  dueAt: Instant | null;
  token: number;
}

/** A repeating timer: only the newest token counts. */
export interface Ticker {
  token: number;
  dueAt: Instant;
}

export interface State {
  readonly self: PeerId;
  readonly rng: Rng;
  readonly config: MembershipConfig;
  identity: IdentityRecord;
  readonly links: OwnLinks;
  /** `dueWall`: the same by the wall clock, for in some browsers the other stands still while the machine sleeps. */
  readonly watch: Ticker & { dueWall: number };
  readonly orphanWatch: Ticker;
  nextProbe: number;
  announcedTickMs: number;
  /** Claims that found no room. */
  refused: number;
  readonly health: Health;
  readonly roster: Roster;
  /** At most `neighborsMax`. */
  readonly neighbors: Map<PeerId, Silence>;
  readonly lost: BoundedMap<PeerId, Lost>;
  /** At most `suspicionsMax`. */
  readonly suspicions: Map<PeerId, Suspicion>;
  /** At most `orphansMax`. */
  readonly orphans: Map<PeerId, Orphan>;
  /**
   * Where nobody was an orphan, as in a room at rest: to look again is a walk over all links of the room, which
   * made 20 % of what 300 members cost at rest.
   */
  allWatched: WatchBasis | null;
  /** When this tab last came out of a sleep. */
  wokeAt: Instant;
  /** When room was last made in a full roster. */
  crowdedAt: Instant | null;
  /** Since when doubt holds the accusation of this member back. */
  readonly heldSince: BoundedMap<PeerId, Instant>;
  readonly objectedAt: BoundedMap<PeerId, Instant>;
  /** When which neighbor was told about which departed member: `peer:member`. */
  readonly toldAt: BoundedMap<string, Instant>;
  /** The last arrivals, one more than makes a storm. */
  readonly joins: Ring<Instant>;
}

/** One input being handled: the state, the time, and the consequences so far. */
export interface Turn {
  readonly state: State;
  readonly at: Instant;
  readonly wall: WallMillis;
  readonly out: MembershipEffect[];
}

export interface StateSeed {
  readonly identity: IdentityRecord;
  readonly rng: Rng;
  readonly startedAt: Instant;
}

export function createState(config: MembershipConfig, seed: StateSeed): State {
  const { id, epoch } = seed.identity;
  return {
    self: id,
    rng: seed.rng,
    config,
    identity: seed.identity,
    links: {
      record: {
        kind: 'links',
        id,
        epoch,
        seq: 0,
        neighbors: [],
        stability: 0,
        greeter: false,
        proof: null,
      },
      stability: 0,
      greeter: false,
      publishedAt: null,
      dueAt: null,
      token: 0,
    },
    watch: { token: 0, dueAt: seed.startedAt, dueWall: 0 },
    orphanWatch: { token: 0, dueAt: seed.startedAt },
    nextProbe: seed.rng.below(2 ** 30),
    announcedTickMs: config.watchMs,
    refused: 0,
    health: createHealth(config, seed.startedAt),
    roster: createRoster(config),
    neighbors: new Map(),
    lost: createBoundedMap(config.lostMax),
    suspicions: new Map(),
    orphans: new Map(),
    allWatched: null,
    wokeAt: instant(-Infinity),
    crowdedAt: null,
    // Whoever could be accused, or the first would be forgotten before its time, and the doubt last for ever.
    heldSince: createBoundedMap(config.neighborsMax + config.lostMax + config.orphansMax),
    objectedAt: createBoundedMap(config.suspicionsMax),
    toldAt: createBoundedMap(config.tellsMax),
    joins: createRing(config.stormJoins + 1),
  };
}

export function takeProbe(state: State): number {
  state.nextProbe = (state.nextProbe + 1) % 2 ** 31;
  return state.nextProbe;
}

export function isBusy(state: State): boolean {
  return state.neighbors.size > 0 || state.suspicions.size > 0;
}

/** Schedules the next watch; every earlier one becomes void. */
export function scheduleWatch(turn: Turn): void {
  const { state, at } = turn;
  const afterMs = isBusy(state) ? state.config.watchMs : state.config.watchIdleMs;
  state.watch.token += 1;
  state.watch.dueAt = after(at, afterMs);
  state.watch.dueWall = turn.wall + afterMs;
  const { token, dueAt } = state.watch;
  schedule(turn, { kind: 'watch', token, dueAt }, afterMs);
}

/** Schedules the next look for orphans; every earlier one becomes void. */
export function scheduleOrphans(turn: Turn, afterMs: number): void {
  const { state, at } = turn;
  state.orphanWatch.token += 1;
  state.orphanWatch.dueAt = after(at, afterMs);
  schedule(turn, { kind: 'orphans', token: state.orphanWatch.token }, afterMs);
}

export function schedule(turn: Turn, timer: MembershipTimer, afterMs: number): void {
  turn.out.push({ kind: 'schedule', timer, afterMs });
}

export function recordChanged(turn: Turn, record: RosterRecord): void {
  turn.out.push({
    kind: 'recordChanged',
    key: rosterKey(record),
    version: rosterVersion(record),
    record,
  });
}

export function recordRemoved(turn: Turn, record: RosterRecord): void {
  turn.out.push({ kind: 'recordRemoved', key: rosterKey(record) });
}

/** No room for what a claim would add. Counted, for whoever brought it is not to blame. */
export function refused(turn: Turn): void {
  turn.state.refused += 1;
}

export function misbehaved(turn: Turn, peer: PeerId, reason: string): void {
  turn.out.push({ kind: 'peerMisbehaved', peer, reason });
}
