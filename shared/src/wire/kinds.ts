/** The byte of every kind: one space of numbers, ten of them a layer. A new kind without one does not compile. */
import type { Claim, RosterRecord } from '../membership/messages.ts';
import type { LinkMessage, Payload, RoutedPayload } from '../mesh/messages.ts';
import type { RoutingMessage } from '../routing/messages.ts';
import { createChoice, type Choice } from './choice.ts';

const ROSTER: Readonly<Record<RosterRecord['kind'], number>> = { identity: 0x50, links: 0x51 };

const CLAIMS: Readonly<Record<Claim['kind'], number>> = {
  ...ROSTER,
  accusation: 0x52,
  objection: 0x53,
  verdict: 0x54,
};

const ROUTING: Readonly<Record<RoutingMessage<RoutedPayload>['kind'], number>> = {
  packet: 0x40,
  packetAck: 0x41,
};

export const rosterKinds: Choice<RosterRecord['kind']> = createChoice(ROSTER);

export const claimKinds: Choice<Claim['kind']> = createChoice(CLAIMS);

/** What a `gossip` carries. */
export const payloadKinds: Choice<Payload['kind']> = createChoice({
  ...CLAIMS,
  presence: 0x60,
  state: 0x61,
  topic: 0x62,
});

/** What a `packet` carries. */
export const routedKinds: Choice<RoutedPayload['kind']> = createChoice({
  request: 0x70,
  accept: 0x71,
  refuse: 0x72,
  description: 0x73,
  routedPing: 0x74,
  routedAck: 0x75,
  accused: 0x76,
  direct: 0x77,
  echo: 0x78,
  refer: 0x79,
  sealed: 0x7a,
});

/** What stands alone as text. */
export const routingKinds: Choice<RoutingMessage<RoutedPayload>['kind']> = createChoice(ROUTING);

/** What a frame is. */
export const linkKinds: Choice<LinkMessage['kind']> = createChoice({
  ...ROUTING,
  hello: 0x01,
  heartbeat: 0x02,
  heartbeatAck: 0x03,
  claims: 0x04,
  delta: 0x05,
  equivocation: 0x06,
  forwardJoin: 0x10,
  disconnect: 0x11,
  gossip: 0x20,
  ihave: 0x21,
  vector: 0x22,
  graft: 0x23,
  prune: 0x24,
  top: 0x30,
  middle: 0x31,
  leaves: 0x32,
  wantRecords: 0x33,
  roundDone: 0x34,
});
