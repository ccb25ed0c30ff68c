/** The membership layer: the door through which every input comes. See `messages.ts` for what it does and why. */
import { assert, unreachable } from '../base/assert.ts';
import { incarnation, type Epoch, type PeerId } from '../base/ids.ts';
import type { Layer } from '../base/layer.ts';
import type { Rng } from '../base/rng.ts';
import { after } from '../base/time.ts';
import { onAccusation, onObjection, onVerdict, refuteAny } from './accusing.ts';
import { claimFault } from './checks.ts';
import { onIdentity, onLinks } from './claims.ts';
import { checkMembershipConfig, type MembershipConfig } from './config.ts';
import type {
  Claim,
  MembershipEffect,
  MembershipInput,
  MembershipRouted,
  MembershipSnapshot,
  MembershipTimer,
} from './messages.ts';
import { afterOrphans, onRoutedAck } from './orphans.ts';
import {
  afterPublishLinks,
  onCard,
  onGreeter,
  onStability,
  publishFarewell,
  publishFirst,
  sayGoodbye,
} from './own.ts';
import { expel } from './standing.ts';
import {
  createState,
  isBusy,
  misbehaved,
  scheduleOrphans,
  scheduleWatch,
  type State,
  type Turn,
} from './state.ts';
import {
  afterWatch,
  comeBack,
  hasSlept,
  onHeard,
  onLives,
  onMessage,
  onNeighborDown,
  onNeighborUp,
  onReached,
  probe,
  wake,
} from './watch.ts';

export interface MembershipDeps {
  readonly self: PeerId;
  readonly epoch: Epoch;
  readonly rng: Rng;
}

export type Membership = Layer<MembershipInput, MembershipEffect, MembershipSnapshot>;

/** `here` between `start` and `leave`, but for `away`; what comes after is answered with nothing. */
type Phase =
  | { readonly kind: 'new' }
  | { readonly kind: 'here'; readonly state: State }
  | { readonly kind: 'away'; readonly state: State }
  | { readonly kind: 'left'; readonly state: State };

export function createMembership(deps: MembershipDeps, config: MembershipConfig): Membership {
  checkMembershipConfig(config);
  const { self, epoch, rng } = deps;
  let phase: Phase = { kind: 'new' };

  return {
    handle: (input, now) => {
      const out: MembershipEffect[] = [];
      const { instant: at, wall } = now;
      if (phase.kind === 'left') return out;
      if (phase.kind === 'new') {
        if (input.kind === 'clock') return out;
        assert(input.kind === 'start', `membership starts with start, not ${input.kind}`);
        const identity = {
          kind: 'identity',
          id: self,
          epoch,
          incarnation: incarnation(0),
          left: false,
          wireVersion: config.wireVersion,
          card: new Uint8Array(0),
          proof: null,
        } as const;
        const state = createState(config, { identity, rng, startedAt: at });
        phase = { kind: 'here', state };
        start({ state, at, wall, out });
        return out;
      }
      const turn: Turn = { state: phase.state, at, wall, out };
      if (input.kind === 'leave') {
        publishFarewell(turn);
        phase = { kind: 'left', state: phase.state };
        return out;
      }
      if (phase.kind === 'away') {
        if (input.kind !== 'comeBack') {
          noteWhileAway(turn, input);
          return out;
        }
        phase = { kind: 'here', state: phase.state };
        comeBack(turn);
        scheduleOrphans(turn, config.orphansMs);
        return out;
      }
      // The farewell was signed ahead for this epoch: no other begins before we come back, whatever the clock says.
      if (input.kind === 'goAway') {
        sayGoodbye(turn);
        phase = { kind: 'away', state: phase.state };
        return out;
      }
      if (hasSlept(turn)) wake(turn);
      dispatch(turn, input);
      hurryWatch(turn);
      return out;
    },
    inspect: () => inspect(phase),
  };
}

/** Nothing is said, nobody is asked or accused, and all timers end. What is known of ourselves is for the next life. */
function noteWhileAway({ state }: Turn, input: MembershipInput): void {
  if (input.kind === 'neighborDown') state.neighbors.delete(input.peer);
  else if (input.kind === 'card') state.identity = { ...state.identity, card: input.card };
  else if (input.kind === 'greeter') state.links.greeter = input.greeter;
  else if (input.kind === 'stability') state.links.stability = input.stamp;
}

function start(turn: Turn): void {
  publishFirst(turn);
  scheduleWatch(turn);
  scheduleOrphans(turn, turn.state.config.orphansMs);
}

function dispatch(turn: Turn, input: Exclude<MembershipInput, { readonly kind: 'leave' | 'goAway' }>): void {
  switch (input.kind) {
    case 'start':
      return assert(false, 'membership starts once');
    // Whoever is here has not been away.
    case 'comeBack':
    case 'clock':
      return;
    case 'message':
      return onMessage(turn, input.from, input.message);
    case 'routed':
      return onRouted(turn, input.from, input.message);
    case 'claim':
      return onClaim(turn, input.from, input.claim);
    case 'neighborUp':
      return onNeighborUp(turn, input.peer);
    case 'neighborDown':
      return onNeighborDown(turn, input.peer);
    case 'probe':
      return probe(turn);
    case 'heard':
      return onHeard(turn, input.peer);
    case 'lives':
      return onLives(turn, input.peer);
    case 'reached':
      return onReached(turn, input.peer, input.quietMs);
    case 'stability':
      return onStability(turn, input.stamp);
    case 'greeter':
      return onGreeter(turn, input.greeter);
    case 'card':
      return onCard(turn, input.card);
    case 'expel':
      return expel(turn, input.id);
    case 'readmit':
      return turn.state.roster.readmit(input.id);
    case 'timer':
      return onTimer(turn, input.timer);
    default:
      return unreachable(input);
  }
}

function onRouted(turn: Turn, from: PeerId, message: MembershipRouted): void {
  switch (message.kind) {
    case 'routedPing':
      turn.out.push({ kind: 'route', to: from, message: { kind: 'routedAck', probe: message.probe } });
      return;
    case 'routedAck':
      return onRoutedAck(turn, from, message.probe);
    case 'accused': {
      const { accusation } = message;
      const fault = claimFault(accusation, turn.state.config);
      if (fault !== null) return misbehaved(turn, from, fault);
      if (accusation.target !== turn.state.self) return misbehaved(turn, from, 'not-the-accused');
      return refuteAny(turn, accusation);
    }
    default:
      return unreachable(message);
  }
}

function onClaim(turn: Turn, from: PeerId, claim: Claim): void {
  const fault = claimFault(claim, turn.state.config);
  if (fault !== null) return misbehaved(turn, from, fault);
  switch (claim.kind) {
    case 'identity':
      return onIdentity(turn, from, claim);
    case 'links':
      return onLinks(turn, from, claim);
    case 'accusation':
      return onAccusation(turn, claim);
    case 'objection':
      return onObjection(turn, claim);
    case 'verdict':
      return onVerdict(turn, claim);
    default:
      return unreachable(claim);
  }
}

function onTimer(turn: Turn, timer: MembershipTimer): void {
  switch (timer.kind) {
    case 'watch':
      return afterWatch(turn, timer.token);
    case 'publishLinks':
      return afterPublishLinks(turn, timer.token);
    case 'orphans':
      return afterOrphans(turn, timer.token);
    default:
      return unreachable(timer);
  }
}

/** The idle watch is too slow once there is something to look at. */
function hurryWatch(turn: Turn): void {
  const { state, at } = turn;
  if (isBusy(state) && state.watch.dueAt > after(at, state.config.watchMs)) scheduleWatch(turn);
}

function inspect(phase: Phase): MembershipSnapshot {
  if (phase.kind === 'new') {
    return Object.freeze({
      members: new Map(),
      departed: new Map(),
      incarnation: incarnation(0),
      doubting: false,
      refused: 0,
    });
  }
  const { roster, suspicions, identity, health } = phase.state;
  const members: MembershipSnapshot['members'] = new Map(
    [...roster.members].map(([id, member]) => [
      id,
      {
        status: suspicions.has(id) ? 'suspect' : 'alive',
        epoch: member.identity.epoch,
        incarnation: member.identity.incarnation,
        neighbors: member.links?.neighbors ?? [],
      },
    ]),
  );
  const departed: MembershipSnapshot['departed'] = new Map(
    [...roster.allDeparted()].map(([id, { epoch, incarnation: ended, reason }]) => [
      id,
      { epoch, incarnation: ended, reason },
    ]),
  );
  return Object.freeze({
    members,
    departed,
    incarnation: identity.incarnation,
    doubting: health.doubting(),
    refused: phase.state.refused,
  });
}
