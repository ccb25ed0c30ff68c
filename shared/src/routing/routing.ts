/**
 * The routing layer: the way to a member to whom no channel is held. See `messages.ts` for what travels,
 * `graph.ts` for what is known of the room, `way.ts` for the choice of the next hop.
 *
 * A packet meets no member twice (its trail says whom it met) and ends after `ttl` hops, whatever the graphs
 * of the members it meets believe; its target delivers it once. An `acked` one ends, for the member that
 * sent it, in exactly one of `delivered` and `undeliverable`.
 */
import { unreachable } from '../base/assert.ts';
import type { PeerId } from '../base/ids.ts';
import type { Layer } from '../base/layer.ts';
import { checkRoutingConfig, type RoutingConfig } from './config.ts';
import type { RoutingEffect, RoutingInput, RoutingMessage, RoutingSnapshot } from './messages.ts';
import { afterRetry, onSendAround, onSendTo } from './origin.ts';
import { onMessage } from './relay.ts';
import { createState, drop, sayMisbehaved, type RoutingDeps, type RoutingState, type Turn } from './state.ts';

export type Routing<P> = Layer<RoutingInput<P>, RoutingEffect<P>, RoutingSnapshot>;

/** Makes the layer with an empty graph, not attached to the server. */
export function createRouting<P>(deps: RoutingDeps<P>, config: RoutingConfig): Routing<P> {
  checkRoutingConfig(config);
  const state = createState<P>(deps, config);
  return {
    handle: (input, now) => {
      const turn: Turn<P> = { state, at: now.instant, effects: [] };
      onInput(turn, input);
      return turn.effects;
    },
    inspect: () => takeSnapshot(state),
  };
}

function onInput<P>(turn: Turn<P>, input: RoutingInput<P>): void {
  const { state } = turn;
  switch (input.kind) {
    case 'message':
      return onChannelMessage(turn, input.from, input.message);
    case 'serverMessage':
      return onServerMessage(turn, input.from, input.message);
    case 'sendTo':
      return onSendTo(turn, input);
    case 'sendAround':
      return onSendAround(turn, input);
    case 'neighborUp':
      return state.graph.addNeighbor(input.peer);
    case 'neighborDown':
      return state.graph.removeNeighbor(input.peer);
    case 'links':
      return onLinks(turn, input.id, input.neighbors);
    case 'heardVia':
      return state.graph.hint(input.origin, input.neighbor);
    case 'forget':
      return state.graph.forget(input.id);
    case 'serverAttached':
      state.attached = true;
      return;
    case 'serverNamed':
      for (const peer of input.peers) state.heardByServerAt.set(peer, turn.at);
      return;
    case 'serverDetached':
      state.attached = false;
      return;
    case 'timer':
      return afterRetry(turn, input.timer);
    default:
      return unreachable(input);
  }
}

function onLinks<P>(turn: Turn<P>, id: PeerId, neighbors: readonly PeerId[]): void {
  // A record that comes after words through the server tells that its owner has found its way in.
  turn.state.heardByServerAt.delete(id);
  if (!turn.state.graph.setLinks(id, neighbors)) drop(turn);
}

function onChannelMessage<P>(turn: Turn<P>, from: PeerId, message: RoutingMessage<P>): void {
  if (!turn.state.graph.isNeighbor(from)) return sayMisbehaved(turn, from, 'not-a-neighbor');
  onMessage(turn, { from, by: 'channel' }, message);
}

function onServerMessage<P>(turn: Turn<P>, from: PeerId, message: RoutingMessage<P>): void {
  const { state, at } = turn;
  if (!state.serverRates.take(from, at, state.config.serverMessagesMax))
    return sayMisbehaved(turn, from, 'server-flood');
  state.heardByServerAt.set(from, at);
  onMessage(turn, { from, by: 'server' }, message);
}

/** The same picture as long as nothing changed. */
function takeSnapshot<P>(state: RoutingState<P>): RoutingSnapshot {
  const { hopsByMember, nextHopByMember } = state.graph.paths();
  const waitingForAck = state.waitingById.size;
  const { dropped, snapshot } = state;
  const same =
    snapshot !== null &&
    snapshot.hopsByMember === hopsByMember &&
    snapshot.nextHopByMember === nextHopByMember &&
    snapshot.waitingForAck === waitingForAck &&
    snapshot.dropped === dropped;
  if (same) return snapshot;
  return (state.snapshot = Object.freeze({ hopsByMember, nextHopByMember, waitingForAck, dropped }));
}
