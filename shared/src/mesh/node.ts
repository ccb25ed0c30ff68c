/**
 * One participant: all layers together. This is the single place that knows two layers at once; it
 * translates what one layer says into what another must hear, and nothing else.
 *
 * Work is a queue: a layer's effects are carried out to the end before any layer is given its next input.
 * Start at `jobs.ts` (what an input becomes), go on to `inbox.ts` (what a frame becomes), and read
 * `joints/` as a table of consequences.
 */
import { unreachable } from '../base/assert.ts';
import type { PeerId } from '../base/ids.ts';
import type { Layer } from '../base/layer.ts';
import { now as at, wallMillis, type Now } from '../base/time.ts';
import type { BroadcastSnapshot } from '../broadcast/messages.ts';
import { rosterKey, type IdentityRecord, type MembershipSnapshot } from '../membership/messages.ts';
import type { GreetersSnapshot } from '../greeters/messages.ts';
import type { OverlaySnapshot } from '../overlay/messages.ts';
import type { PresenceSnapshot } from '../presence/messages.ts';
import type { ReconcileSnapshot } from '../reconcile/messages.ts';
import type { RoutingSnapshot } from '../routing/messages.ts';
import type { StateSnapshot } from '../state/messages.ts';
import type { MeshConfig } from './config.ts';
import { createHub, type Hub } from './hub.ts';
import { isHeartbeat, onFrame } from './inbox.ts';
import { isSignal } from './messages.ts';
import { inputToJobs } from './jobs.ts';
import { afterBroadcast } from './joints/broadcast.ts';
import { afterGreeters } from './joints/greeters.ts';
import { afterMembership } from './joints/membership.ts';
import { afterOverlay } from './joints/overlay.ts';
import { afterPresence, ofMembers } from './joints/presence.ts';
import { afterReconcile, meshTime, refreshStability } from './joints/reconcile.ts';
import { afterRouting } from './joints/routing.ts';
import { afterState } from './joints/state.ts';
import { passOnNews } from './news.ts';
import { createSpeech } from './speech.ts';
import { createLayers, type Job, type Layers, type MeshDeps } from './layers.ts';
import type { Command, Effect, Input } from './messages.ts';
import { createQuotas, type QuotaSnapshot, type Quotas } from './quotas.ts';
import { createScores, type Scores, type ScoreSnapshot, type Source } from './scores.ts';

/** One frozen snapshot per layer, each as of the moment at which it is read. */
export interface MeshSnapshot {
  readonly overlay: OverlaySnapshot;
  readonly broadcast: BroadcastSnapshot;
  readonly membership: MembershipSnapshot;
  readonly routing: RoutingSnapshot;
  readonly reconcile: ReconcileSnapshot;
  readonly presence: PresenceSnapshot;
  readonly state: StateSnapshot;
  readonly greeters: GreetersSnapshot;
  readonly quotas: QuotaSnapshot;
  readonly scores: ScoreSnapshot;
}

export interface MeshNode extends Layer<Input, Effect, MeshSnapshot> {
  /** What the roster holds of who a member is; `undefined`: it is not here. Costs no snapshot. */
  readonly identityOf: (id: PeerId) => IdentityRecord | undefined;
}

export function createMeshNode(deps: MeshDeps, config: MeshConfig): MeshNode {
  const isMember = (peer: PeerId): boolean => hub.members.has(peer);
  const quotas = createQuotas({ self: deps.self, isMember }, config.quotas);
  const scores = createScores(config.scores);
  const layers = createLayers(deps, config, quotas, isMember);
  const queue: Job[] = [];
  let effects: Effect[] = [];
  let left = false;
  const hub = createHub({
    self: deps.self,
    layers,
    quotas,
    scores,
    now: at(0),
    feed: (job) => queue.push(job),
    emit: (effect) => effects.push(effect),
    speech: createSpeech(config.membership.wireVersion),
  });

  /** The queue grows while it is worked off; it ends because no layer answers its own echo. */
  const workOff = (): void => {
    try {
      for (let next = 0; next < queue.length; next++) run(queue[next]!, hub);
    } finally {
      // A broken invariant spoils one input, not all that follow.
      queue.length = 0;
    }
  };

  return {
    handle: (input: Input, now: Now) => {
      effects = [];
      if (left) return effects;
      hub.now = now;
      // Nothing, unless a broken invariant cut the last input short.
      hub.news.close();
      const isLast = isCommand(input, 'leave');
      const goesAway = isCommand(input, 'goAway');
      const stranger = input.kind === 'frame' && !hub.neighbors.has(input.from) ? input.from : undefined;
      // Who has slept notices it before it says anything. Who leaves need not come back for that.
      if (!isLast && !goesAway && (stranger !== undefined || !isForMembership(input))) {
        hub.feed({ layer: 'membership', input: { kind: 'clock' } });
        workOff();
      }
      hub.source = sourceOf(input);
      enter(input, hub);
      workOff();
      if (stranger !== undefined && hub.neighbors.has(stranger)) {
        // It came by a parked channel, which is a link again: now it has a sender.
        enter(input, hub);
        workOff();
      }
      hub.source = undefined;
      passOnNews(hub);
      if (isLast || goesAway) {
        // The farewell has been handed to the links; now they close, and who leaves says nothing any more.
        left = isLast;
        endLinks(layers, isLast).forEach(hub.feed);
        workOff();
      }
      return effects;
    },
    inspect: () => viewOf(layers, quotas, scores),
    identityOf: (id) => identityIn(hub, id),
  };
}

function endLinks({ overlay }: Layers, forGood: boolean): readonly Job[] {
  if (!forGood) return [{ layer: 'overlay', input: { kind: 'away' } }];
  const { activeView, pending, parked } = overlay.inspect();
  return [...activeView, ...pending, ...parked].map((peer) => ({
    layer: 'overlay',
    input: { kind: 'drop', peer, reason: 'leaving' },
  }));
}

function isCommand(input: Input, kind: Command['kind']): boolean {
  return input.kind === 'command' && input.command.kind === kind;
}

function identityIn({ tables }: Hub, id: PeerId): IdentityRecord | undefined {
  const record = tables.roster.get(rosterKey({ kind: 'identity', id }));
  return record?.kind === 'identity' ? record : undefined;
}

/** Whom to blame for what is wrong with an input: whoever sent the frame, and nobody for what the server brought. */
function sourceOf(input: Input): Source | undefined {
  if (input.kind === 'badFrame') return { from: input.from, relays: false };
  if (input.kind !== 'frame') return undefined;
  const { from, message } = input;
  return { from, relays: message.kind === 'gossip' && message.origin !== from };
}

/** What is for membership before any other layer tells it the time by itself. */
function isForMembership(input: Input): boolean {
  if (input.kind === 'probe' || isCommand(input, 'comeBack')) return true;
  if (input.kind === 'frame') return isHeartbeat(input.message);
  return input.kind === 'timer' && input.timer.layer === 'membership';
}

function enter(input: Input, hub: Hub): void {
  if (input.kind === 'frame') return onFrame(input, hub);
  // The server introduces. Whatever else somebody sends by it is no word of ours.
  if (input.kind === 'serverSignal' && input.message.kind === 'packet' && !isSignal(input.message.payload)) {
    return hub.tell({ kind: 'peerMisbehaved', peer: input.from, reason: 'not-for-the-server' });
  }
  if (input.kind === 'badFrame' || input.kind === 'badSignal') return onBadFrame(input, hub);
  noteCongestion(input, hub);
  noteHeard(input, hub);
  // Tombstones are about to be collected: how far the room has got is asked anew, also by one who is alone.
  if (input.kind === 'timer' && input.timer.layer === 'state') refreshStability(hub, 'collection');
  return inputToJobs(withoutOutcasts(input, hub)).forEach(hub.feed);
}

/** As of any frame: it proves life when it comes, whatever is in it. */
function noteHeard(input: Input, { neighbors, now }: Hub): void {
  const neighbor = input.kind === 'heard' ? neighbors.get(input.peer) : undefined;
  if (neighbor) neighbor.heardAt = now.instant;
}

/** The server names whoever is attached to it, for it knows nobody. */
function withoutOutcasts<I extends Input>(input: I, { outcasts }: Hub): I {
  if (input.kind === 'serverListed')
    return { ...input, ids: input.ids.filter((peer) => !outcasts.has(peer)) };
  if (input.kind !== 'serverAttached' && input.kind !== 'serverContacts') return input;
  return { ...input, contacts: input.contacts.filter((peer) => !outcasts.has(peer)) };
}

/**
 * Who sends what is too old to be read is told so, once: else it would wait for answers for ever. Nobody writes
 * what is newer than the oldest that it reads to one who might not read it: what is too new says that we are old.
 */
function onBadFrame(input: Extract<Input, { kind: 'badFrame' | 'badSignal' }>, hub: Hub): void {
  const { from, reason } = input;
  // What is refused has cost us too: of one who has used up its quota no more is told than that.
  const overspent =
    input.kind === 'badFrame' ? hub.quotas.takeBad(from, input.bytes, hub.now.instant) : undefined;
  if (overspent) return hub.tell({ kind: 'peerMisbehaved', ...overspent });
  if (reason !== 'too-old') hub.tell({ kind: 'peerMisbehaved', peer: from, reason });
  if (reason === 'too-old' || reason === 'newer-version') hub.tell({ kind: 'versionTooOld', peer: from });
  if (reason === 'stale-version' && hub.speech.mayTell(from)) hub.emit({ kind: 'tellTooOld', to: from });
}

/** A channel is full until it says that it has drained, or is another one. */
function noteCongestion(input: Input, { congestedPeers }: Hub): void {
  if (input.kind === 'congestion' && input.congested) congestedPeers.add(input.peer);
  else if (input.kind === 'congestion' || input.kind === 'channelOpened' || input.kind === 'channelClosed')
    congestedPeers.delete(input.peer);
}

/** Gives a job to its layer and carries out what the layer answers. */
function run(job: Job, hub: Hub): void {
  const { layers, now } = hub;
  switch (job.layer) {
    case 'overlay':
      return layers.overlay.handle(job.input, now).forEach((effect) => afterOverlay(effect, hub));
    case 'broadcast':
      return layers.broadcast.handle(job.input, now).forEach((effect) => afterBroadcast(effect, hub));
    case 'membership':
      return layers.membership.handle(job.input, now).forEach((effect) => afterMembership(effect, hub));
    case 'routing':
      return layers.routing.handle(job.input, now).forEach((effect) => afterRouting(effect, hub));
    case 'reconcile':
      return layers.reconcile.handle(job.input, now).forEach((effect) => afterReconcile(effect, hub));
    case 'presence':
      return layers.presence
        .handle(ofMembers(job.input, hub), now)
        .forEach((effect) => afterPresence(effect, hub));
    case 'state':
      return layers.state.handle(job.input, now).forEach((effect) => afterState(effect, hub));
    case 'greeters': {
      // All must agree on the hour.
      const shared = { ...now, wall: wallMillis(meshTime(hub)) };
      return layers.greeters.handle(job.input, shared).forEach((effect) => afterGreeters(effect, hub));
    }
    default:
      return unreachable(job);
  }
}

/** Each part is taken when it is read: most readers want one of them, and want it often. */
function viewOf(layers: Layers, quotas: Quotas, scores: Scores): MeshSnapshot {
  return Object.freeze({
    get overlay() {
      return layers.overlay.inspect();
    },
    get broadcast() {
      return layers.broadcast.inspect();
    },
    get membership() {
      return layers.membership.inspect();
    },
    get routing() {
      return layers.routing.inspect();
    },
    get reconcile() {
      return layers.reconcile.inspect();
    },
    get presence() {
      return layers.presence.inspect();
    },
    get state() {
      return layers.state.inspect();
    },
    get greeters() {
      return layers.greeters.inspect();
    },
    get quotas() {
      return quotas.inspect();
    },
    get scores() {
      return scores.inspect();
    },
  });
}
