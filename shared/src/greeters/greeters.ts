/** The greeters layer: whether this member holds a socket to the server. See `messages.ts` for what it does and why. */
import { unreachable } from '../base/assert.ts';
import type { PeerId } from '../base/ids.ts';
import type { Layer } from '../base/layer.ts';
import type { Rng } from '../base/rng.ts';
import { after, elapsedMs, instant, type Instant, type WallMillis } from '../base/time.ts';
import { checkGreetersConfig, type GreetersConfig } from './config.ts';
import type { GreetersEffect, GreetersInput, GreetersSnapshot } from './messages.ts';
import { countBefore } from './order.ts';

export type Greeters = Layer<GreetersInput, GreetersEffect, GreetersSnapshot>;

interface Member {
  readonly greeter: boolean;
  readonly suspect: boolean;
}

interface State {
  readonly self: PeerId;
  readonly rng: Rng;
  readonly config: GreetersConfig;
  /** All others that the roster lists: no more than it does. */
  readonly members: Map<PeerId, Member>;
  /** Those of them who are alive and attached. */
  readonly greeters: Set<PeerId>;
  socket: 'wanted' | 'released';
  attached: boolean;
  links: number;
  everLinked: boolean;
  /** Never let go before. */
  stayUntil: Instant;
  carriedAt: Instant;
  /** Since when it would let go if it were quiet. */
  leavingSince: Instant | null;
  /** When a released one with too few links attaches. */
  poorAt: Instant | null;
  /** Since when too few are attached, and when it is our turn. */
  lacking: { readonly since: Instant; readonly turnAt: Instant } | null;
  unseenSince: Instant | null;
  greeted: boolean;
  toldCount: number;
  look: { token: number; at: Instant | null };
}

interface Turn {
  readonly state: State;
  readonly at: Instant;
  readonly wall: WallMillis;
  readonly out: GreetersEffect[];
}

const NEVER: Instant = instant(-Infinity);

export function createGreeters(
  deps: { readonly self: PeerId; readonly rng: Rng },
  config: GreetersConfig,
): Greeters {
  checkGreetersConfig(config);
  const state: State = {
    ...deps,
    config,
    members: new Map(),
    greeters: new Set(),
    socket: 'released',
    attached: false,
    links: 0,
    everLinked: false,
    stayUntil: NEVER,
    carriedAt: NEVER,
    leavingSince: null,
    poorAt: null,
    lacking: null,
    unseenSince: NEVER,
    greeted: false,
    toldCount: -1,
    look: { token: 0, at: null },
  };
  let started = false;
  return {
    handle: (input, now) => {
      started ||= input.kind === 'start';
      if (!started) return [];
      const turn: Turn = { state, at: now.instant, wall: now.wall, out: [] };
      const isLook = take(turn, input);
      noteGreeters(turn);
      if (state.socket === 'released') attachIfNeeded(turn, isLook);
      else letGoIfSpare(turn, isLook);
      return turn.out;
    },
    inspect: () =>
      Object.freeze({
        socket: state.socket,
        attached: state.attached,
        greeters: Object.freeze([...state.greeters]),
        greeted: state.greeted,
      }),
  };
}

/** True where it is time to look at who comes before whom. */
function take({ state, at, out }: Turn, input: GreetersInput): boolean {
  switch (input.kind) {
    case 'start':
      attach({ state, out }, NEVER);
      return false;
    case 'attached':
    case 'detached':
      state.attached = input.kind === 'attached';
      return false;
    case 'links':
      setLinks(state, input.count, at);
      return false;
    case 'member':
      setMember(state, input.id, {
        greeter: input.greeter,
        suspect: state.members.get(input.id)?.suspect ?? false,
      });
      return false;
    case 'suspected':
    case 'recovered': {
      const member = state.members.get(input.id);
      if (member) setMember(state, input.id, { ...member, suspect: input.kind === 'suspected' });
      return false;
    }
    case 'forget':
      state.members.delete(input.id);
      state.greeters.delete(input.id);
      return false;
    case 'carried':
      state.carriedAt = at;
      return false;
    case 'need':
      need({ state, out }, at);
      return false;
    case 'timer':
      if (input.timer.token !== state.look.token) return false;
      state.look.at = null;
      return true;
    default:
      return unreachable(input);
  }
}

function setLinks(state: State, count: number, at: Instant): void {
  const { newcomerStayMs, needStayMs } = state.config;
  if (state.links === 0 && count > 0) stay(state, after(at, state.everLinked ? needStayMs : newcomerStayMs));
  state.links = count;
  state.everLinked ||= count > 0;
}

function setMember(state: State, id: PeerId, member: Member): void {
  state.members.set(id, member);
  if (member.greeter && !member.suspect) state.greeters.add(id);
  else state.greeters.delete(id);
}

function need({ state, out }: Pick<Turn, 'state' | 'out'>, at: Instant): void {
  const until = after(at, state.config.needStayMs);
  if (state.socket === 'released') attach({ state, out }, until);
  else stay(state, until);
}

function stay(state: State, until: Instant): void {
  if (until > state.stayUntil) state.stayUntil = until;
}

/** What the roster shows now: told where it changed, and remembered since when it lacks something. */
function noteGreeters(turn: Turn): void {
  const { state, at, out } = turn;
  const count = state.greeters.size;
  if (count !== state.toldCount) {
    state.toldCount = count;
    out.push({ kind: 'greeterCount', count });
  }
  state.unseenSince = count > 0 ? null : (state.unseenSince ?? at);
  const unseenAt = state.unseenSince === null ? null : after(state.unseenSince, state.config.unseenMs);
  const greeted = unseenAt === null || at < unseenAt;
  if (greeted !== state.greeted) {
    state.greeted = greeted;
    out.push({ kind: 'greeted', greeted });
  }
  if (greeted && unseenAt !== null) lookAt(turn, unseenAt);
}

function attachIfNeeded(turn: Turn, isLook: boolean): void {
  const { state, at } = turn;
  const { needStayMs, greetersWanted } = state.config;
  if (state.links === 0) return attach(turn, after(at, needStayMs));
  if (isPoor(state)) {
    state.poorAt ??= after(at, Math.round(state.rng.fraction() * state.config.poorWaitMsMax));
    if (at >= state.poorAt) return attach(turn, after(at, needStayMs));
    lookAt(turn, state.poorAt);
  } else state.poorAt = null;
  if (state.greeters.size >= greetersWanted) {
    state.lacking = null;
    return;
  }
  // To find one's turn is a walk over the room, so it is taken when the lack begins and when the turn has come.
  if (state.lacking === null || isLook)
    state.lacking = { since: state.lacking?.since ?? at, turnAt: turnAt(turn) };
  if (at >= state.lacking.turnAt) return attach(turn, NEVER);
  lookAt(turn, state.lacking.turnAt);
}

/** Those who come before us and have not attached go first; who of them has meanwhile holds us up no more. */
function turnAt({ state, at, wall }: Turn): Instant {
  const waiting = [...state.members].flatMap(([id, { greeter, suspect }]) =>
    greeter || suspect ? [] : [id],
  );
  const rank = countBefore(state.self, waiting, wall);
  return after(state.lacking?.since ?? at, rank * state.config.rankMs);
}

function letGoIfSpare(turn: Turn, isLook: boolean): void {
  const { state, at } = turn;
  const { greetersWanted, lookMs } = state.config;
  const isSpare = state.everLinked && !isPoor(state) && state.greeters.size >= greetersWanted;
  if (!isSpare) {
    state.leavingSince = null;
    return;
  }
  if (!isLook || at < state.stayUntil) return lookAt(turn, later(after(at, lookMs), state.stayUntil));
  // Who has only dialled is counted by nobody. Of those attached the first stay, so that not all let go at once.
  if (state.attached && countBefore(state.self, state.greeters, turn.wall) < greetersWanted) {
    state.leavingSince = null;
    return lookAt(turn, after(at, lookMs));
  }
  state.leavingSince ??= at;
  if (state.attached && isCarrying(state, state.leavingSince, at)) return lookAt(turn, after(at, lookMs));
  letGo(turn);
}

/** An introduction may be under way through this socket; there is no end of them where newcomers stream in. */
function isCarrying({ carriedAt, config }: State, since: Instant, at: Instant): boolean {
  return elapsedMs(carriedAt, at) < config.quietMs && elapsedMs(since, at) < config.quietWaitMsMax;
}

/** Fewer links than a member needs, in a room that has as many to give. */
function isPoor({ links, members, config }: State): boolean {
  return links < Math.min(members.size, config.linksMin);
}

function attach({ state, out }: Pick<Turn, 'state' | 'out'>, until: Instant): void {
  state.socket = 'wanted';
  state.lacking = null;
  state.poorAt = null;
  state.leavingSince = null;
  stay(state, until);
  out.push({ kind: 'attach' });
}

function letGo({ state, out }: Turn): void {
  state.socket = 'released';
  state.leavingSince = null;
  out.push({ kind: 'detach' });
}

/** One look is planned at a time: the earliest. Every other becomes void. */
function lookAt({ state, at, out }: Turn, when: Instant): void {
  const { look } = state;
  if (look.at !== null && look.at <= when) return;
  look.token += 1;
  look.at = when;
  out.push({
    kind: 'schedule',
    timer: { kind: 'look', token: look.token },
    afterMs: Math.max(0, Math.ceil(elapsedMs(at, when))),
  });
}

function later(a: Instant, b: Instant): Instant {
  return a > b ? a : b;
}
