/**
 * A node of overlay and broadcast alone, for rooms too large for a roster. It speaks the inputs and effects of the
 * whole node. Its signals all go through the server, and it hears of others by the server's contacts and by walks.
 */
import { unreachable } from '#shared/base/assert.ts';
import { epoch, type PeerId } from '#shared/base/ids.ts';
import type { Now } from '#shared/base/time.ts';
import { createBroadcast } from '#shared/broadcast/broadcast.ts';
import type {
  BroadcastEffect,
  BroadcastInput,
  BroadcastMessage,
  BroadcastSnapshot,
} from '#shared/broadcast/messages.ts';
import { defaultMeshConfig, type MeshConfig } from '#shared/mesh/config.ts';
import type { Effect, Input, LinkMessage, Payload, RoutedPayload } from '#shared/mesh/messages.ts';
import { payloadBytesMax } from '#shared/mesh/sizes.ts';
import type {
  OverlayEffect,
  OverlayInput,
  OverlaySignal,
  OverlaySnapshot,
} from '#shared/overlay/messages.ts';
import { createOverlay } from '#shared/overlay/overlay.ts';
import type { SimNode } from './tab.ts';
import { createWorld, type NodeDeps, type World, type WorldOptions } from './world.ts';

export interface GossipSnapshot {
  readonly overlay: OverlaySnapshot;
  readonly broadcast: BroadcastSnapshot;
}

export type GossipNode = SimNode<GossipSnapshot>;

type Job =
  | { readonly layer: 'overlay'; readonly input: OverlayInput }
  | { readonly layer: 'broadcast'; readonly input: BroadcastInput<Payload> };

/** A world of such nodes, each of which takes the room for as large as it will be. */
export function createGossipWorld(
  options: Omit<WorldOptions<GossipSnapshot>, 'createNode'> & {
    readonly nodes: number;
    readonly config?: MeshConfig;
  },
): World<GossipSnapshot> {
  const config = options.config ?? defaultMeshConfig;
  return createWorld({ ...options, createNode: (deps) => createGossipNode(deps, options.nodes, config) });
}

// oxlint-disable-next-line max-lines-per-function -- A factory: what it closes over is one node.
export function createGossipNode({ self, rng }: NodeDeps, roomSize: number, config: MeshConfig): GossipNode {
  const overlay = createOverlay({ self, rng: rng.fork('overlay') }, config.overlay);
  const broadcast = createBroadcast<Payload>(
    {
      self,
      epoch: epoch(1),
      rng: rng.fork('broadcast'),
      sizeOf: payloadBytesMax,
      maySay: () => true,
      overspender: () => undefined,
      isUrgent: () => false,
      isAnchor: () => true,
      isMember: () => true,
    },
    config.broadcast,
  );
  const queue: Job[] = [];
  let effects: Effect[] = [];
  let packets = 0;
  /** Links as the overlay has told. */
  const neighbors = new Set<PeerId>();

  const toOverlay = (input: OverlayInput): void => void queue.push({ layer: 'overlay', input });
  const toBroadcast = (input: BroadcastInput<Payload>): void =>
    void queue.push({ layer: 'broadcast', input });
  const known = (peers: readonly PeerId[]): void => {
    for (const peer of peers) if (peer !== self) toOverlay({ kind: 'known', peer, degree: 0 });
  };

  const enter = (input: Input): void => {
    switch (input.kind) {
      case 'start':
        effects.push({ kind: 'attach' });
        return toOverlay({ kind: 'roomSize', size: roomSize });
      case 'command':
        return onCommand(input.command);
      case 'frame':
        return onFrame(input.from, input.message);
      case 'serverSignal':
        return onSignal(input.from, input.message);
      case 'serverAttached':
        toOverlay({ kind: 'serverAttached' });
        known(input.contacts);
        return toOverlay({ kind: 'contacts', peers: input.contacts });
      case 'serverContacts':
        known(input.contacts);
        return toOverlay({ kind: 'contacts', peers: input.contacts });
      case 'serverDetached':
        return toOverlay(input);
      case 'serverListed':
        known(input.ids);
        return;
      case 'serverNeeded':
        return;
      case 'serverUnreachable':
        toOverlay({ kind: 'forget', peer: input.to });
        return toOverlay({ kind: 'notAttached', peer: input.to });
      case 'timer':
        return onTimer(input.timer);
      case 'channelOpened':
      case 'channelClosed':
      case 'described':
        return toOverlay(input);
      case 'probe':
      case 'heard':
      case 'signed':
      case 'reached':
        // Nobody watches anybody here.
        return undefined;
      case 'congestion':
        return toBroadcast(input);
      case 'badFrame':
      case 'badSignal':
        return tell({ kind: 'peerMisbehaved', peer: input.from, reason: input.reason });
      default:
        return unreachable(input);
    }
  };

  const onCommand = (command: Extract<Input, { kind: 'command' }>['command']): void => {
    if (command.kind === 'publish') {
      const { topic, data } = command;
      return toBroadcast({ kind: 'broadcast', lane: 'reliable', payload: { kind: 'topic', topic, data } });
    }
    if (command.kind !== 'leave') return;
    for (const peer of neighbors) toOverlay({ kind: 'drop', peer, reason: 'leaving' });
  };

  /** Messages of the other layers find nobody here. */
  const onFrame = (from: PeerId, message: LinkMessage): void => {
    if (isOfBroadcast(message)) return toBroadcast({ kind: 'message', from, message });
    if (message.kind === 'forwardJoin') known([message.newcomer, ...message.trail]);
    if (message.kind === 'forwardJoin' || message.kind === 'disconnect')
      toOverlay({ kind: 'message', from, message });
  };

  const onSignal = (from: PeerId, message: Extract<Input, { kind: 'serverSignal' }>['message']): void => {
    if (message.kind !== 'packet' || !isOfOverlay(message.payload)) return;
    toOverlay({ kind: 'signal', from, trail: [], signal: message.payload });
  };

  const onTimer = (due: Extract<Input, { kind: 'timer' }>['timer']): void => {
    if (due.layer === 'broadcast') return toBroadcast({ kind: 'timer', timer: due.timer });
    if (due.layer !== 'overlay') return;
    // No roster names reserves: who lacks links asks the server at each tick.
    const { activeView, targetDegree } = overlay.inspect();
    if (due.timer.kind === 'maintain' && activeView.length < targetDegree)
      effects.push({ kind: 'askContacts' });
    toOverlay({ kind: 'timer', timer: due.timer });
  };

  const tell = (event: Extract<Effect, { kind: 'tell' }>['event']): void =>
    void effects.push({ kind: 'tell', event });

  const afterOverlay = (effect: OverlayEffect): void => {
    switch (effect.kind) {
      case 'send':
      case 'construct':
      case 'describe':
      case 'restart':
      case 'destroy':
        return void effects.push(effect);
      case 'schedule':
        return void effects.push({ ...effect, timer: { layer: 'overlay', timer: effect.timer } });
      case 'signal':
      case 'signalAround':
        return sendSignal(effect.to, effect.signal);
      case 'neighborUp':
        neighbors.add(effect.peer);
        tell({ kind: 'linkOpened', peer: effect.peer });
        return toBroadcast({ kind: 'neighborUp', peer: effect.peer });
      case 'neighborDown':
        neighbors.delete(effect.peer);
        tell({ kind: 'linkClosed', peer: effect.peer, reason: effect.reason });
        return toBroadcast({ kind: 'neighborDown', peer: effect.peer });
      case 'needContacts':
        return void effects.push({ kind: 'askContacts' });
      case 'peerMisbehaved':
      case 'attemptFailed':
        return tell(effect);
      case 'knock':
        // Nobody is declared dead here, so no channel is parked.
        return undefined;
      default:
        return unreachable(effect);
    }
  };

  const sendSignal = (to: PeerId, payload: OverlaySignal): void => {
    packets += 1;
    const way = { origin: self, to, id: packets, ttl: 1, delivery: 'once', flooded: false } as const;
    const message = { kind: 'packet', ...way, serverMay: true, route: [], trail: [], payload } as const;
    effects.push({ kind: 'serverSend', to, message });
  };

  const afterBroadcast = (effect: BroadcastEffect<Payload>): void => {
    switch (effect.kind) {
      case 'send':
        return void effects.push(effect);
      case 'schedule':
        return void effects.push({ ...effect, timer: { layer: 'broadcast', timer: effect.timer } });
      case 'peerMisbehaved':
        return tell(effect);
      case 'withheld':
        // Nobody keeps a score here.
        return undefined;
      case 'gap':
        return tell({ kind: 'gap', from: effect.origin, missed: effect.last - effect.first + 1 });
      case 'deliver': {
        const { payload, origin, hops } = effect;
        if (payload.kind !== 'topic') return;
        return tell({ kind: 'message', topic: payload.topic, data: payload.data, from: origin, hops });
      }
      default:
        return unreachable(effect);
    }
  };

  const run = (job: Job, now: Now): void => {
    if (job.layer === 'overlay') overlay.handle(job.input, now).forEach(afterOverlay);
    else broadcast.handle(job.input, now).forEach(afterBroadcast);
  };

  return {
    handle: (input, now) => {
      effects = [];
      enter(input);
      for (let next = 0; next < queue.length; next++) run(queue[next]!, now);
      queue.length = 0;
      return effects;
    },
    inspect: () => ({ overlay: overlay.inspect(), broadcast: broadcast.inspect() }),
  };
}

function isOfBroadcast(message: LinkMessage): message is BroadcastMessage<Payload> {
  return ['gossip', 'ihave', 'vector', 'graft', 'prune'].includes(message.kind);
}

function isOfOverlay(payload: RoutedPayload): payload is OverlaySignal {
  return ['request', 'accept', 'refuse', 'refer', 'description'].includes(payload.kind);
}
