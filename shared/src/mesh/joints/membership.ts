/** What follows from membership: everyone who keeps something per member hears who came and who is gone. */
import { unreachable } from '../../base/assert.ts';
import type { PeerId } from '../../base/ids.ts';
import { elapsedMs } from '../../base/time.ts';
import type { LeaveReason, MembershipEffect, RosterRecord } from '../../membership/messages.ts';
import type { DropReason } from '../../overlay/messages.ts';
import { withContent } from '../equivocation.ts';
import type { Hub, NeighborNote } from '../hub.ts';

type Effect<K extends MembershipEffect['kind']> = Extract<MembershipEffect, { kind: K }>;

export function afterMembership(effect: MembershipEffect, hub: Hub): void {
  switch (effect.kind) {
    case 'schedule':
      return hub.emit({ ...effect, timer: { layer: 'membership', timer: effect.timer } });
    case 'peerMisbehaved':
    case 'rtt':
      return hub.tell(effect);
    case 'memberSuspected':
    case 'memberRecovered': {
      const kind = effect.kind === 'memberSuspected' ? 'suspected' : 'recovered';
      hub.feed({ layer: 'greeters', input: { kind, id: effect.id } });
      return hub.tell(effect);
    }
    case 'send':
      return sendHeartbeat(effect, hub);
    case 'slept':
      return hub.feed({ layer: 'broadcast', input: effect });
    case 'woke':
      hub.feed({ layer: 'broadcast', input: effect });
      return hub.feed({ layer: 'presence', input: effect });
    case 'publish':
      return publish(effect, hub);
    case 'tell':
      return hub.emit({ kind: 'send', to: effect.to, message: { kind: 'claims', claims: effect.claims } });
    case 'tellExpelled': {
      const message = hub.outcasts.get(effect.id);
      return message && hub.emit({ kind: 'send', to: effect.to, message });
    }
    case 'route':
      return route(effect, hub);
    case 'recordChanged':
      return onRecordChanged(effect, hub);
    case 'recordRemoved':
      noteVersion(hub, effect.key);
      hub.tables.roster.delete(effect.key);
      return hub.feed({ layer: 'reconcile', input: { kind: 'removed', table: 'roster', key: effect.key } });
    case 'memberUp':
      return onMemberUp(effect, hub);
    case 'memberGone':
      return onMemberGone(effect, hub);
    case 'linksChanged':
      return onLinksChanged(effect, hub);
    case 'neighborSuspected':
      return hub.feed({ layer: 'broadcast', input: effect });
    case 'probed':
      hub.probedAt = hub.now.instant;
      return undefined;
    case 'neighborSilent':
      return onNeighborSilent(effect.peer, hub);
    case 'strangerSilent':
      return drop(effect.peer, 'declared-dead', hub);
    default:
      return unreachable(effect);
  }
}

/**
 * What a node without links thinks of the others is worth nothing to them: kept for the next link, it would
 * accuse the living of having been out of reach.
 */
function publish({ claim }: Effect<'publish'>, { neighbors, feed }: Hub): void {
  const isRecord = claim.kind === 'identity' || claim.kind === 'links';
  if (neighbors.size === 0 && !isRecord) return;
  if (claim.kind === 'identity' && claim.left) {
    return feed({ layer: 'broadcast', input: { kind: 'farewell', payload: claim } });
  }
  return feed({ layer: 'broadcast', input: { kind: 'broadcast', lane: 'record', payload: claim } });
}

/** Roots and clocks ride on the pings that flow anyway. */
function sendHeartbeat({ to, message }: Effect<'send'>, hub: Hub): void {
  const { roots } = hub.layers.reconcile.inspect();
  const { wall } = hub.now;
  const { probe } = message;
  if (message.kind === 'ping') {
    const { tickMs } = message;
    return hub.emit({ kind: 'send', to, message: { kind: 'heartbeat', probe, tickMs, wall, roots } });
  }
  const echo = hub.neighbors.get(to)?.heartbeatWall ?? 0;
  return hub.emit({ kind: 'send', to, message: { kind: 'heartbeatAck', probe, echo, wall, roots } });
}

function route({ to, message }: Effect<'route'>, hub: Hub): void {
  hub.feed({
    layer: 'routing',
    input: {
      kind: 'sendTo',
      to,
      route: null,
      delivery: 'once',
      serverMay: false,
      token: 0,
      payload: message,
    },
  });
}

function onRecordChanged({ key, version, record }: Effect<'recordChanged'>, hub: Hub): void {
  noteVersion(hub, key, record);
  hub.tables.roster.set(key, record);
  if (record.id !== hub.self) hub.news.note('roster', key);
  if (record.kind === 'links' && record.id !== hub.self) hub.stability.heard(record.id, record.stability);
  hub.feed({
    layer: 'reconcile',
    input: { kind: 'changed', table: 'roster', key, version: withContent(version, record) },
  });
}

/** Before the table takes `record` in, or drops what it holds. */
function noteVersion({ speech, tables, emit }: Hub, key: string, record?: RosterRecord): void {
  const version = speech.recordChanged(tables.roster.get(key), record);
  if (version !== undefined) emit({ kind: 'speak', version });
}

function onLinksChanged({ id, neighbors, greeter }: Effect<'linksChanged'>, hub: Hub): void {
  hub.feed({ layer: 'routing', input: { kind: 'links', id, neighbors } });
  if (id !== hub.self) {
    hub.feed({ layer: 'overlay', input: { kind: 'known', peer: id, degree: neighbors.length } });
    hub.feed({ layer: 'greeters', input: { kind: 'member', id, greeter } });
  }
  hub.tell({ kind: 'graphChanged' });
}

function onMemberUp({ id, epoch, returned }: Effect<'memberUp'>, hub: Hub): void {
  hub.members.set(id, epoch);
  hub.outcasts.delete(id);
  hub.tell({ kind: 'memberJoined', id, returned });
  hub.feed({ layer: 'overlay', input: { kind: 'known', peer: id, degree: 0 } });
  hub.feed({ layer: 'greeters', input: { kind: 'member', id, greeter: false } });
  hub.feed({ layer: 'overlay', input: { kind: 'roomSize', size: hub.members.size + 1 } });
}

const DROP_BY_REASON: Readonly<Record<LeaveReason, DropReason | null>> = {
  goodbye: 'leaving',
  failed: 'declared-dead',
  expelled: 'misbehaved',
  // It may well live, and a link to it is as good as any.
  forgotten: null,
};

const FORGET_BY_REASON: Readonly<Partial<Record<LeaveReason, 'left' | 'crowded'>>> = {
  goodbye: 'left',
  forgotten: 'crowded',
};

/** No neighbor heard for so long: its link should have been mended by then. A restart takes a second. */
const CUT_OFF_MS = 2_500;

/** Its link is mended; where that has not helped with any, the server may know others. */
function onNeighborSilent(peer: PeerId, { neighbors, now, feed, emit }: Hub): void {
  emit({ kind: 'askReached', peer });
  feed({ layer: 'overlay', input: { kind: 'silent', peer } });
  const isHeard = ({ heardAt }: NeighborNote): boolean => elapsedMs(heardAt, now.instant) <= CUT_OFF_MS;
  if (![...neighbors.values()].some(isHeard)) feed({ layer: 'overlay', input: { kind: 'cutOff' } });
}

/** Ends the link to a peer, or the attempt at one. */
function drop(peer: PeerId, reason: DropReason, hub: Hub): void {
  hub.feed({ layer: 'overlay', input: { kind: 'drop', peer, reason } });
}

function onMemberGone({ id, reason }: Effect<'memberGone'>, hub: Hub): void {
  hub.members.delete(id);
  hub.stability.forget(id);
  hub.tell({ kind: 'memberLeft', id, reason });
  hub.feed({ layer: 'overlay', input: { kind: 'roomSize', size: hub.members.size + 1 } });
  hub.feed({ layer: 'overlay', input: { kind: 'forget', peer: id, why: FORGET_BY_REASON[reason] } });
  const dropped = DROP_BY_REASON[reason];
  if (dropped !== null) drop(id, dropped, hub);
  hub.feed({ layer: 'routing', input: { kind: 'forget', id } });
  hub.feed({ layer: 'broadcast', input: { kind: 'forget', origin: id } });
  hub.feed({ layer: 'presence', input: { kind: 'forget', owner: id } });
  hub.feed({ layer: 'greeters', input: { kind: 'forget', id } });
  hub.tell({ kind: 'graphChanged' });
}
