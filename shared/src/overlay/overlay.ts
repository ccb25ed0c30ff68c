/**
 * The overlay layer: takes inputs, answers with effects. Read `messages.ts` first, then this file, then
 * whichever part you need: `gate.ts` lets others in, `upkeep.ts` asks for links, `dialing.ts` follows an
 * attempt to its channel, and `links.ts` holds them all.
 */
import { unreachable } from '../base/assert.ts';
import type { PeerId } from '../base/ids.ts';
import type { Layer } from '../base/layer.ts';
import type { Rng } from '../base/rng.ts';
import type { Instant } from '../base/time.ts';
import { checkOverlayConfig, type OverlayConfig } from './config.ts';
import { createCore, misbehaved, type Core, type Effects, type Sender } from './core.ts';
import {
  afterAttemptDue,
  afterClosed,
  afterDescribed,
  afterNotAttached,
  afterOpened,
  drop,
  endOverdue,
  goAway,
  mend,
  onAccept,
  onDescription,
  onRefer,
  onRefuse,
  revive,
  tendParked,
} from './dialing.ts';
import { onForwardJoin, onRequest } from './gate.ts';
import type {
  OverlayEffect,
  OverlayInput,
  OverlayMessage,
  OverlaySignal,
  OverlaySnapshot,
} from './messages.ts';
import { createTicker, type Ticker } from './ticker.ts';
import { askAfterCut, lookAround, maintain, wantsLinks } from './upkeep.ts';
import { walkFault } from './walk.ts';
import { whyNoLink } from './why.ts';

export type Overlay = Layer<OverlayInput, OverlayEffect, OverlaySnapshot>;

/** Makes the overlay of `self`. It does nothing before its first input. */
export function createOverlay(
  deps: { readonly self: PeerId; readonly rng: Rng },
  config: OverlayConfig,
): Overlay {
  checkOverlayConfig(config);
  const core = createCore(deps, config);
  const ticker = createTicker(deps.rng, config);
  return {
    handle: (input, now) => {
      const effects = answer(core, ticker, input, now.instant);
      return [...effects, ...ticker.keep(() => (wantsLinks(core, now.instant) ? 'quick' : 'idle'))];
    },
    inspect: () => snapshot(core),
  };
}

function tick(core: Core, at: Instant): Effects {
  return [...endOverdue(core, at), ...tendParked(core, at), ...maintain(core, at), ...lookAround(core, at)];
}

function answer(core: Core, ticker: Ticker, input: OverlayInput, at: Instant): Effects {
  switch (input.kind) {
    case 'message':
      return onMessage(core, input.from, input.message, at);
    case 'signal':
      return onSignal(core, { peer: input.from, trail: input.trail }, input.signal, at);
    case 'heard':
      core.links.heard(input.peer, input.heardAt);
      return [];
    case 'timer':
      if (input.timer.kind === 'attemptDue') {
        return afterAttemptDue(core, input.timer.peer, input.timer.attempt, at);
      }
      return ticker.take(input.timer.token) ? tick(core, at) : [];
    case 'contacts':
      core.contacts.setAttached(true);
      core.contacts.named(input.peers, at);
      return maintain(core, at);
    case 'listed':
      core.contacts.listed(input.peers, at);
      return maintain(core, at);
    case 'greeters':
      core.greeters = input.count;
      return [];
    case 'serverAttached':
    case 'serverDetached':
      onAttached(core, input.kind === 'serverAttached');
      return [];
    case 'notAttached':
      return afterNotAttached(core, input.peer, at);
    case 'known':
      core.learn(input.peer, input.degree, at);
      return [];
    case 'forget':
      core.forget(input.peer, at, input.why);
      return [];
    case 'roomSize':
      core.links.setRoomSize(input.size);
      return [];
    case 'described':
      return afterDescribed(core, input, at);
    case 'channelOpened':
      return afterOpened(core, input.peer, input.attempt, at);
    case 'channelClosed':
      return afterClosed(core, input.peer, input.attempt, at);
    case 'silent':
      return mend(core, input.peer, at);
    case 'cutOff':
      return askAfterCut(core, at);
    case 'heardStranger':
      return revive(core, input.peer, at);
    case 'drop':
      return drop(core, input.peer, input.reason, at);
    case 'away':
      return goAway(core, at);
    default:
      return unreachable(input);
  }
}

/** With the server there what failed without it may be tried at once. */
function onAttached({ contacts, rests, mending }: Core, isAttached: boolean): void {
  contacts.setAttached(isAttached);
  if (!isAttached) return;
  rests.forgive();
  mending.retry();
}

function onMessage(core: Core, from: PeerId, message: OverlayMessage, at: Instant): Effects {
  // It crossed the end of a link that we gave up a moment ago: stale, and no fault of the sender. Or the link is parked.
  if (core.links.get(from)?.phase !== 'up') {
    return message.kind === 'disconnect' ? core.links.unpark(from, at) : [];
  }
  switch (message.kind) {
    case 'forwardJoin': {
      const fault = walkFault(message, { self: core.self, from }, core.config);
      return fault === undefined ? onForwardJoin(core, message, at) : misbehaved(from, fault);
    }
    case 'disconnect':
      return [...core.loseNeighbor(from, message.reason, at), ...maintain(core, at)];
    default:
      return unreachable(message);
  }
}

function onSignal(core: Core, from: Sender, signal: OverlaySignal, at: Instant): Effects {
  const fault = senderFault(core, from);
  if (fault !== undefined) return misbehaved(from.peer, fault);
  switch (signal.kind) {
    case 'request':
      return onRequest(core, from, signal, at);
    case 'accept':
      return onAccept(core, from, signal.attempt, at);
    case 'refuse':
      return onRefuse(core, from.peer, signal, at);
    case 'refer':
      return onRefer(core, from.peer, signal, at);
    case 'description':
      return onDescription(core, from, signal, at);
    default:
      return unreachable(signal);
  }
}

function senderFault({ self, config }: Core, { peer, trail }: Sender): string | undefined {
  if (peer === self) return 'signal-from-self';
  if (trail.length > config.signalTrailLengthMax) return 'signal-trail-too-long';
  return trail.includes(self) || trail.includes(peer) ? 'signal-trail-loops' : undefined;
}

function snapshot(core: Core): OverlaySnapshot {
  const { links, passiveView } = core;
  return Object.freeze({
    activeView: Object.freeze(links.activeView()),
    ownChoices: Object.freeze(links.chosen('ours').filter((peer) => links.get(peer)?.phase === 'up')),
    passiveView: Object.freeze(passiveView.peers()),
    pending: Object.freeze(links.pending()),
    parked: Object.freeze(links.parked()),
    targetDegree: links.limits().target,
    constructed: links.constructed(),
    restarts: core.mending.restarts(),
    staleDescriptions: core.counts.staleDescriptions,
    why: (peer: PeerId, at: Instant) => whyNoLink(core, peer, at),
  });
}
