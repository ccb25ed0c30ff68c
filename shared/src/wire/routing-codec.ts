/** Packets, their acknowledgements, and what a packet carries. */
import { unreachable } from '../base/assert.ts';
import type { RoutedPayload } from '../mesh/messages.ts';
import type { Packet, RoutingMessage } from '../routing/messages.ts';
import { createChoice, type Choice } from './choice.ts';
import { routedKinds } from './kinds.ts';
import { readDirect, writeDirect } from './direct-codec.ts';
import { ROUTE_MAX, SEALED_BYTES_MAX, TRAIL_MAX } from './limits.ts';
import { readMembershipRouted, writeMembershipRouted } from './membership-codec.ts';
import { readOverlaySignal, writeOverlaySignal } from './overlay-codec.ts';
import {
  readBytes,
  readChoice,
  readCount,
  readFlag,
  readId,
  readIds,
  readReceipt,
  readUint,
  type Reader,
} from './reader.ts';
import {
  writeBytes,
  writeChoice,
  writeFlag,
  writeId,
  writeIds,
  writeReceipt,
  writeUint,
  type Writer,
} from './writer.ts';

const deliveries: Choice<Packet<RoutedPayload>['delivery']> = createChoice({ once: 0, acked: 1 });

export function writeRouting(writer: Writer, message: RoutingMessage<RoutedPayload>): void {
  writeId(writer, message.origin);
  writeId(writer, message.to);
  writeUint(writer, message.id);
  writeUint(writer, message.ttl);
  writeFlag(writer, message.serverMay);
  writeIds(writer, message.route, ROUTE_MAX);
  switch (message.kind) {
    case 'packet':
      writeChoice(writer, deliveries, message.delivery);
      writeFlag(writer, message.flooded);
      writeIds(writer, message.trail, TRAIL_MAX);
      return writeRouted(writer, message.payload);
    case 'packetAck':
      writeFlag(writer, message.receipt !== null);
      if (message.receipt !== null) writeReceipt(writer, message.receipt);
      return;
    default:
      return unreachable(message);
  }
}

export function readRouting(
  reader: Reader,
  kind: RoutingMessage<RoutedPayload>['kind'],
): RoutingMessage<RoutedPayload> {
  const header = {
    origin: readId(reader),
    to: readId(reader),
    id: readUint(reader),
    ttl: readUint(reader),
    serverMay: readFlag(reader),
    route: readIds(reader, ROUTE_MAX),
  };
  switch (kind) {
    case 'packet':
      return {
        kind,
        ...header,
        delivery: readChoice(reader, deliveries),
        flooded: readFlag(reader),
        trail: readIds(reader, TRAIL_MAX),
        payload: readRouted(reader),
      };
    case 'packetAck':
      return { kind, ...header, receipt: readFlag(reader) ? readReceipt(reader) : null };
    default:
      return unreachable(kind);
  }
}

function writeRouted(writer: Writer, payload: RoutedPayload): void {
  writeChoice(writer, routedKinds, payload.kind);
  switch (payload.kind) {
    case 'request':
    case 'accept':
    case 'refuse':
    case 'refer':
    case 'description':
      return writeOverlaySignal(writer, payload);
    case 'routedPing':
    case 'routedAck':
    case 'accused':
      return writeMembershipRouted(writer, payload);
    case 'direct':
      return writeDirect(writer, payload);
    case 'sealed':
      writeUint(writer, payload.bytes.length, SEALED_BYTES_MAX);
      return writeBytes(writer, payload.bytes, payload.bytes.length);
    case 'echo':
      return;
    default:
      return unreachable(payload);
  }
}

function readRouted(reader: Reader): RoutedPayload {
  const kind = readChoice(reader, routedKinds, 'unknown-kind');
  switch (kind) {
    case 'request':
    case 'accept':
    case 'refuse':
    case 'refer':
    case 'description':
      return readOverlaySignal(reader, kind);
    case 'routedPing':
    case 'routedAck':
    case 'accused':
      return readMembershipRouted(reader, kind);
    case 'direct':
      return readDirect(reader);
    case 'sealed':
      return { kind, bytes: readBytes(reader, readCount(reader, SEALED_BYTES_MAX)) };
    case 'echo':
      return { kind };
    default:
      return unreachable(kind);
  }
}
