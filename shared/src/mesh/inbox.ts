/** What arrives over a channel: each message is handed to the layer whose word it is. */
import { unreachable } from '../base/assert.ts';
import type { PeerId } from '../base/ids.ts';
import { noteEquivocations, onEquivocation } from './expulsion.ts';
import type { Hub } from './hub.ts';
import { compareRoots } from './joints/reconcile.ts';
import type { Delta, Heartbeat, HeartbeatAck, Hello, LinkMessage } from './messages.ts';
import type { Arrived } from './quotas.ts';

/** A round trip longer than this says nothing about clocks. */
const CLOCK_SAMPLE_RTT_MS_MAX = 5_000;

export function onFrame(arrived: Arrived, hub: Hub): void {
  const { from, message } = arrived;
  const neighbor = hub.neighbors.get(from);
  if (!neighbor) return onStrangersFrame(from, message, hub);
  neighbor.heardAt = hub.now.instant;
  // A goodbye costs nothing, and without it the link would seem to live.
  const overspent = message.kind === 'disconnect' ? undefined : hub.quotas.take(arrived, hub.now.instant);
  // Any frame proves life; of a heartbeat membership hears anyhow.
  if (overspent || !isHeartbeat(message))
    hub.feed({ layer: 'membership', input: { kind: 'heard', peer: from } });
  if (overspent) hub.tell({ kind: 'peerMisbehaved', ...overspent });
  else onMessage(from, message, hub);
}

/** What becomes a message of membership, which is all that most frames of a room at rest are. */
export function isHeartbeat({ kind }: LinkMessage): boolean {
  return kind === 'heartbeat' || kind === 'heartbeatAck';
}

/**
 * Its link was given up a moment ago, or parked: then any frame revives it, and comes in again as a neighbor's; only
 * its last word must not revive what it ends.
 */
function onStrangersFrame(peer: PeerId, message: LinkMessage, hub: Hub): void {
  if (message.kind === 'disconnect') {
    return hub.feed({ layer: 'overlay', input: { kind: 'message', from: peer, message } });
  }
  return hub.feed({ layer: 'overlay', input: { kind: 'heardStranger', peer } });
}

function onMessage(from: PeerId, message: LinkMessage, hub: Hub): void {
  noteEquivocations(message, hub);
  switch (message.kind) {
    case 'hello':
      return onHello(from, message, hub);
    case 'heartbeat':
      return onHeartbeat(from, message, hub);
    case 'heartbeatAck':
      return onHeartbeatAck(from, message, hub);
    case 'claims':
      return message.claims.forEach((claim) =>
        hub.feed({ layer: 'membership', input: { kind: 'claim', from, claim } }),
      );
    case 'delta':
      return onDelta(from, message, hub);
    case 'equivocation':
      return onEquivocation(from, message, hub);
    case 'forwardJoin':
      if (hub.outcasts.has(message.newcomer)) return;
      return hub.feed({ layer: 'overlay', input: { kind: 'message', from, message } });
    case 'disconnect':
      return hub.feed({ layer: 'overlay', input: { kind: 'message', from, message } });
    case 'gossip':
    case 'ihave':
    case 'vector':
    case 'graft':
    case 'prune':
      return hub.feed({ layer: 'broadcast', input: { kind: 'message', from, message } });
    case 'top':
    case 'middle':
    case 'leaves':
    case 'wantRecords':
    case 'roundDone':
      return hub.feed({ layer: 'reconcile', input: { kind: 'message', from, message } });
    case 'packet':
    case 'packetAck':
      return hub.feed({ layer: 'routing', input: { kind: 'message', from, message } });
    default:
      return unreachable(message);
  }
}

/** A greeting speaks for its sender alone. */
function onHello(from: PeerId, { identity, presence }: Hello, hub: Hub): void {
  if (identity.id !== from || presence.some((record) => record.owner !== from)) {
    return hub.tell({ kind: 'peerMisbehaved', peer: from, reason: 'forged-hello' });
  }
  hub.feed({ layer: 'membership', input: { kind: 'claim', from, claim: identity } });
  hub.feed({ layer: 'presence', input: { kind: 'records', from, records: presence } });
}

function onHeartbeat(from: PeerId, { probe, tickMs, wall, roots }: Heartbeat, hub: Hub): void {
  const neighbor = hub.neighbors.get(from);
  if (neighbor) neighbor.heartbeatWall = wall;
  hub.feed({
    layer: 'membership',
    input: { kind: 'message', from, message: { kind: 'ping', probe, tickMs } },
  });
  compareRoots(from, roots, hub);
}

function onHeartbeatAck(from: PeerId, { probe, echo, wall, roots }: HeartbeatAck, hub: Hub): void {
  hub.feed({ layer: 'membership', input: { kind: 'message', from, message: { kind: 'ack', probe } } });
  // Cristian's method: the neighbor read its clock halfway through the round trip.
  const ours = hub.now.wall;
  const roundTripMs = ours - echo;
  if (roundTripMs >= 0 && roundTripMs <= CLOCK_SAMPLE_RTT_MS_MAX) {
    const offsetMs = wall + roundTripMs / 2 - ours;
    hub.feed({ layer: 'state', input: { kind: 'clockSample', peer: from, offsetMs } });
  }
  compareRoots(from, roots, hub);
}

function onDelta(from: PeerId, delta: Delta, hub: Hub): void {
  hub.news.open(from);
  switch (delta.table) {
    case 'roster':
      return delta.records.forEach((claim) =>
        hub.feed({ layer: 'membership', input: { kind: 'claim', from, claim } }),
      );
    case 'state':
      return hub.feed({ layer: 'state', input: { kind: 'apply', from, entries: delta.records } });
    case 'presence':
      return hub.feed({ layer: 'presence', input: { kind: 'records', from, records: delta.records } });
    default:
      return unreachable(delta);
  }
}
