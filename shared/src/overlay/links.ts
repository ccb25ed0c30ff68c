/**
 * The links of this node: those up and those on their way, what they cost, and the effects of taking
 * one from phase to phase. It decides nothing about whom to link to.
 */
import { assert } from '../base/assert.ts';
import { compareIds, wordsToAttemptId, type AttemptId, type PeerId } from '../base/ids.ts';
import type { Rng } from '../base/rng.ts';
import { after, elapsedMs, instant, type Instant } from '../base/time.ts';
import {
  choiceOf,
  isOwnAttempt,
  judgeDeadline,
  mayBeForwarded,
  prolongAttempt,
  stretchAttempt,
  type Attempt,
  type Bringer,
  type Choice,
  type Introducer,
  type Link,
  type OwnPurpose,
  type Purpose,
} from './attempts.ts';
import {
  afterClosing,
  afterConstruction,
  canConstruct,
  fullBudget,
  type Budget,
  type Need,
} from './budget.ts';
import type { OverlayConfig } from './config.ts';
import { degreeLimits, type DegreeLimits } from './degree.ts';
import { createParking, type Parked, type Parking } from './parking.ts';
import type { OverlayEffect, Priority } from './messages.ts';
import { RATIONED, reply, UNBOUNDED, type Made } from './replies.ts';

type Effects = readonly OverlayEffect[];

export interface Links extends LinkReader, LinkWriter, LinkParker {}

/** What is there. */
interface LinkReader {
  readonly get: (peer: PeerId) => Link | undefined;
  /** Whom an own attempt was made to, if it is still there. */
  readonly askedBy: (attempt: AttemptId) => PeerId | undefined;
  /** Neighbors, the newest last. */
  readonly activeView: () => readonly PeerId[];
  readonly pending: () => readonly PeerId[];
  /** Newcomers whom we have let in, and whose channels have yet to open. */
  readonly lettingIn: () => readonly PeerId[];
  /** Links and attempts together; at most `degreeMax`. */
  readonly slots: () => number;
  /** Links and attempts of one choice. */
  readonly chosen: (choice: Choice) => readonly PeerId[];
  /** Attempts that we began, all or those of one purpose. */
  readonly ownAttempts: (purpose?: Purpose) => number;
  /** Of those, the ones begun within `slowAttemptMs`. */
  readonly briskAttempts: (at: Instant) => number;
  /** Whether one more link or attempt may come of this introducer; or so many beyond what it may bring else. */
  readonly mayIntroduce: (introducer: Introducer, beyond?: number) => boolean;
  /** Whether one more attempt may be under way for requests and walks that this one brought. */
  readonly mayBring: (bringer: Bringer) => boolean;
  readonly limits: () => DegreeLimits;
  /** Members as we know them; our neighbors and ourselves at least. */
  readonly roomSize: () => number;
  /** Whom we asked for this purpose and who has not answered yet. */
  readonly requested: (purpose: OwnPurpose) => readonly PeerId[];
  /** Whose channels are parked. */
  readonly parked: () => readonly PeerId[];
  /** Connections constructed in this life. */
  readonly constructed: () => number;
  /** A channel has opened in this life. */
  readonly everLinked: () => boolean;
  /** When the first of the present neighbors came up. */
  readonly linkedAt: () => Instant;
  /** Whether the budget has room for one more link that is wanted by us, or by another. */
  readonly affords: (by: Choice, at: Instant) => boolean;
}

/** What changes it. */
interface LinkWriter {
  readonly setRoomSize: (size: number) => void;
  /** Sends a request. */
  readonly ask: (peer: PeerId, wish: Wish, at: Instant) => Effects;
  /** Constructs for an attempt that both ends agreed on. */
  readonly connect: (peer: PeerId, agreed: Agreed, at: Instant) => Effects;
  /** The other end of a link has sent so many signals, and is to be sent these descriptions: those that may go now. */
  readonly reply: (peer: PeerId, heard: number, descriptions: readonly Made[]) => readonly Made[];
  /** A frame of this neighbor came then. */
  readonly heard: (peer: PeerId, heardAt: Instant) => void;
  /** The channel of a connecting link opened. */
  readonly open: (peer: PeerId, attempt: AttemptId, at: Instant) => void;
  /** Takes a link out, whatever its phase; `destroy` when something was constructed for it. */
  readonly remove: (peer: PeerId, at: Instant) => Effects;
  /** The other end of this attempt has described something: it may need more time. */
  readonly described: (peer: PeerId, at: Instant) => Effects;
  /** Moves the deadline of an attempt, or tells that it is over. */
  readonly checkDeadline: (peer: PeerId, attempt: Attempt, at: Instant) => Effects | 'over';
}

/** The channels of members declared dead; see `parking.ts`. */
interface LinkParker {
  /** Takes a link that is up out of the degree, but keeps its channel. `destroy` for the one that gives way to it. */
  readonly park: (peer: PeerId, at: Instant) => Effects;
  /** Puts a parked channel back into use; false where there is none, or no slot. */
  readonly revive: (peer: PeerId, at: Instant) => boolean;
  /** The attempt of the channel to this peer that is parked, if one is. */
  readonly parkedAttempt: (peer: PeerId) => AttemptId | undefined;
  /** Gives a parked channel up. */
  readonly unpark: (peer: PeerId, at: Instant) => Effects;
  /** Gives up those parked for long enough. */
  readonly unparkOverdue: (at: Instant) => Effects;
  /** Whom to knock at now. */
  readonly takeKnocks: (at: Instant) => readonly PeerId[];
  /** The transport closed a parked channel: there is nothing left to destroy. */
  readonly parkedClosed: (peer: PeerId, attempt: AttemptId, at: Instant) => void;
}

interface Wish {
  readonly purpose: OwnPurpose;
  readonly priority: Priority;
  readonly introducer: Introducer;
  /** As in the effect `signal`. */
  readonly route: readonly PeerId[] | null;
}

interface Agreed {
  readonly attempt: AttemptId;
  readonly purpose: Purpose;
  readonly introducer: Introducer;
  readonly bringer: Bringer;
  readonly route: readonly PeerId[];
}

interface State {
  readonly self: PeerId;
  readonly rng: Rng;
  readonly config: OverlayConfig;
  /** At most `degreeMax`; neighbors in the order in which they came up. */
  readonly linkByPeer: Map<PeerId, Link>;
  readonly parking: Parking;
  budget: Budget;
  roomSize: number;
  everLinked: boolean;
  linkedAt: Instant;
}

export function createLinks(
  deps: { readonly self: PeerId; readonly rng: Rng },
  config: OverlayConfig,
): Links {
  const state: State = {
    self: deps.self,
    rng: deps.rng,
    config,
    linkByPeer: new Map(),
    parking: createParking(config),
    budget: fullBudget(config.budget),
    roomSize: 1,
    everLinked: false,
    linkedAt: instant(0),
  };
  return { ...createReader(state), ...createWriter(state), ...createParker(state) };
}

function createReader(state: State): LinkReader {
  return {
    get: (peer) => state.linkByPeer.get(peer),
    askedBy: (attempt) => peersWhere(state, (link) => link.attempt === attempt && isOwnAttempt(link))[0],
    activeView: () => activeView(state),
    pending: () => peersWhere(state, (link) => link.phase !== 'up'),
    lettingIn: () =>
      peersWhere(
        state,
        (link) => link.phase === 'connecting' && link.purpose === 'answer' && link.introducer !== null,
      ),
    slots: () => state.linkByPeer.size,
    chosen: (choice) => peersWhere(state, (link) => choiceOf(link) === choice),
    ownAttempts: (purpose) =>
      peersWhere(state, (link) => isOwnAttempt(link) && (!purpose || link.purpose === purpose)).length,
    briskAttempts: (at) =>
      peersWhere(
        state,
        (link) => isOwnAttempt(link) && elapsedMs(link.begunAt, at) < state.config.slowAttemptMs,
      ).length,
    mayIntroduce: (introducer, beyond = 0) => {
      if (introducer === null) return true;
      const limit = limitOf(introducer, state.config) + beyond;
      return peersWhere(state, (link) => link.introducer === introducer).length < limit;
    },
    mayBring: (bringer) => {
      if (bringer === null) return true;
      const brought = peersWhere(state, (link) => link.phase === 'connecting' && link.bringer === bringer);
      return brought.length < limitOf(bringer, state.config);
    },
    requested: (purpose) =>
      peersWhere(state, (link) => link.phase === 'requesting' && link.purpose === purpose),
    limits: () => limits(state),
    roomSize: () => roomSize(state),
    parked: () => state.parking.peers(),
    constructed: () => state.budget.total,
    everLinked: () => state.everLinked,
    linkedAt: () => state.linkedAt,
    affords: (by, at) => {
      const promised = peersWhere(state, (link) => link.phase === 'requesting').length;
      return canConstruct(state.budget, { need: need(state), promised, by }, at, state.config.budget);
    },
  };
}

function limitOf(introducer: Introducer, config: OverlayConfig): number {
  return introducer === 'carried' ? config.degreeTarget : config.linksPerIntroducerMax;
}

function createWriter(state: State): LinkWriter {
  const { linkByPeer, config } = state;
  return {
    setRoomSize: (size) => {
      state.roomSize = size;
    },
    ask: (peer, wish, at) => ask(state, peer, wish, at),
    connect: (peer, agreed, at) => [...unpark(state, peer, at), ...connect(state, peer, agreed, at)],
    reply: (peer, heard, descriptions) => {
      const link = linkByPeer.get(peer);
      if (link?.phase !== 'connecting') return descriptions;
      const { said, replies } = reply(link.replies, heard, descriptions);
      linkByPeer.set(peer, { ...link, replies });
      return said;
    },
    heard: (peer, heardAt) => {
      const link = linkByPeer.get(peer);
      // Changed in its place: neighbors stay in the order in which they came up.
      if (link?.phase === 'up') linkByPeer.set(peer, { ...link, heardAt });
    },
    open: (peer, attempt, at) => {
      const link = linkByPeer.get(peer);
      linkByPeer.delete(peer);
      const choice = link ? choiceOf(link) : 'theirs';
      addUp(state, peer, { attempt, introducer: link?.introducer ?? null, choice }, at);
    },
    remove: (peer, at) => {
      const link = linkByPeer.get(peer);
      linkByPeer.delete(peer);
      if (!link || link.phase === 'requesting') return [];
      state.budget = afterClosing(state.budget, at, config.budget);
      return [{ kind: 'destroy', peer, attempt: link.attempt }];
    },
    described: (peer, at) => {
      const link = linkByPeer.get(peer);
      const prolonged = link?.phase === 'connecting' ? prolongAttempt(link, at, config) : undefined;
      if (!prolonged) return [];
      linkByPeer.set(peer, prolonged);
      return [due(peer, prolonged.attempt, elapsedMs(at, prolonged.dueAt))];
    },
    checkDeadline: (peer, attempt, at) => {
      const verdict = judgeDeadline(attempt, at, config);
      if (verdict.kind === 'wait') return [];
      if (verdict.kind === 'over') return 'over';
      linkByPeer.set(peer, stretchAttempt(attempt, at, verdict.graceMs));
      return [due(peer, attempt.attempt, verdict.graceMs)];
    },
  };
}

function createParker(state: State): LinkParker {
  const { linkByPeer, parking, config } = state;
  return {
    park: (peer, at) => {
      const link = linkByPeer.get(peer);
      if (link?.phase !== 'up') return [];
      linkByPeer.delete(peer);
      const { attempt, introducer, choice } = link;
      const outdone = parking.add({ peer, attempt, introducer, choice }, at);
      return outdone ? [giveUp(state, outdone, at)] : [];
    },
    revive: (peer, at) => {
      const parked = parking.get(peer);
      // A request that waits for its answer has become needless: its slot is the channel's.
      const isAsked = linkByPeer.get(peer)?.phase === 'requesting';
      if (!parked || linkByPeer.size - Number(isAsked) >= config.degreeMax) return false;
      if (isAsked) linkByPeer.delete(peer);
      parking.remove(peer);
      addUp(state, peer, parked, at);
      return true;
    },
    parkedAttempt: (peer) => parking.get(peer)?.attempt,
    unpark: (peer, at) => unpark(state, peer, at),
    unparkOverdue: (at) => parking.overdue(at).map((parked) => giveUp(state, parked, at)),
    takeKnocks: parking.takeKnocks,
    parkedClosed: (peer, attempt, at) => {
      const parked = parking.get(peer);
      if (parked?.attempt === attempt) giveUp(state, parked, at);
    },
  };
}

function unpark(state: State, peer: PeerId, at: Instant): Effects {
  const parked = state.parking.get(peer);
  return parked ? [giveUp(state, parked, at)] : [];
}

function giveUp(state: State, { peer, attempt }: Parked, at: Instant): OverlayEffect {
  state.parking.remove(peer);
  state.budget = afterClosing(state.budget, at, state.config.budget);
  return { kind: 'destroy', peer, attempt };
}

function ask(
  state: State,
  peer: PeerId,
  { purpose, priority, introducer, route }: Wish,
  at: Instant,
): Effects {
  const { rng, config } = state;
  const attempt = wordsToAttemptId(rng.word(), rng.word());
  const dueAt = after(at, config.answerTimeoutMs);
  const forward = mayBeForwarded(purpose);
  add(state, peer, {
    phase: 'requesting',
    attempt,
    purpose,
    introducer,
    begunAt: at,
    dueAt,
    stretched: false,
  });
  return [
    { kind: 'signal', to: peer, route, signal: { kind: 'request', attempt, priority, forward } },
    due(peer, attempt, config.answerTimeoutMs),
  ];
}

function connect(state: State, peer: PeerId, agreed: Agreed, at: Instant): Effects {
  const { self, config } = state;
  const { attempt } = agreed;
  const dueAt = after(at, config.openTimeoutMs);
  state.budget = afterConstruction(state.budget, need(state), at, config.budget);
  const replies = agreed.purpose === 'answer' ? RATIONED : UNBOUNDED;
  add(state, peer, { phase: 'connecting', ...agreed, replies, begunAt: at, dueAt, stretched: false });
  return [
    { kind: 'construct', peer, attempt, initiator: compareIds(self, peer) < 0 },
    due(peer, attempt, config.openTimeoutMs),
  ];
}

function due(peer: PeerId, attempt: AttemptId, afterMs: number): OverlayEffect {
  return { kind: 'schedule', timer: { kind: 'attemptDue', peer, attempt }, afterMs };
}

function addUp(
  state: State,
  peer: PeerId,
  opened: { readonly attempt: AttemptId; readonly introducer: Introducer; readonly choice: Choice },
  at: Instant,
): void {
  if (activeView(state).length === 0) state.linkedAt = at;
  state.everLinked = true;
  add(state, peer, { phase: 'up', ...opened, upSince: at, heardAt: at });
}

function add({ linkByPeer, self, config }: State, peer: PeerId, link: Link): void {
  assert(peer !== self, 'a node holds no link to itself');
  assert(!linkByPeer.has(peer), `${peer} has a link or an attempt already`);
  linkByPeer.set(peer, link);
  assert(linkByPeer.size <= config.degreeMax, `${linkByPeer.size} links, over ${config.degreeMax}`);
}

/** A newcomer learns the size of the room after its first neighbors: those count at least. */
function roomSize(state: State): number {
  return Math.max(state.roomSize, activeView(state).length + 1);
}

function limits(state: State): DegreeLimits {
  return degreeLimits(roomSize(state), state.config);
}

/** Whoever it is for may be one more than are known: to one who is alone, a newcomer is the room. */
function need(state: State): Need {
  const { min } = degreeLimits(roomSize(state) + 1, state.config);
  return state.linkByPeer.size < min ? 'below-minimum' : 'extra';
}

function activeView(state: State): readonly PeerId[] {
  return peersWhere(state, isUp);
}

function peersWhere({ linkByPeer }: State, wanted: (link: Link) => boolean): readonly PeerId[] {
  const peers: PeerId[] = [];
  for (const [peer, link] of linkByPeer) if (wanted(link)) peers.push(peer);
  return peers;
}

function isUp({ phase }: Link): boolean {
  return phase === 'up';
}
