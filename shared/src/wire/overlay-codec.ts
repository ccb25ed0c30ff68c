/** The overlay's messages between neighbors, and its signals to peers farther away. */
import { unreachable } from '../base/assert.ts';
import type {
  DisconnectReason,
  OverlayMessage,
  OverlaySignal,
  Priority,
  RefuseReason,
} from '../overlay/messages.ts';
import { createChoice, type Choice } from './choice.ts';
import { DESCRIPTION_BYTES_MAX, REFERRED_MAX, TRAIL_MAX, WIRE_VERSION_MAX } from './limits.ts';
import {
  readAttempt,
  readChoice,
  readFlag,
  readId,
  readIds,
  readText,
  readUint,
  type Reader,
} from './reader.ts';
import {
  writeAttempt,
  writeChoice,
  writeFlag,
  writeId,
  writeIds,
  writeText,
  writeUint,
  type Writer,
} from './writer.ts';

const priorities: Choice<Priority> = createChoice({ low: 0, high: 1 });
const disconnectReasons: Choice<DisconnectReason> = createChoice({
  evicted: 0,
  leaving: 1,
  misbehaved: 2,
});
const refuseReasons: Choice<RefuseReason> = createChoice({ full: 0, busy: 1, resting: 2 });

export function writeOverlayMessage(writer: Writer, message: OverlayMessage): void {
  switch (message.kind) {
    case 'forwardJoin':
      writeId(writer, message.newcomer);
      writeAttempt(writer, message.attempt);
      writeChoice(writer, priorities, message.priority);
      writeUint(writer, message.ttl);
      return writeIds(writer, message.trail, TRAIL_MAX);
    case 'disconnect':
      return writeChoice(writer, disconnectReasons, message.reason);
    default:
      return unreachable(message);
  }
}

export function readOverlayMessage(reader: Reader, kind: OverlayMessage['kind']): OverlayMessage {
  switch (kind) {
    case 'forwardJoin':
      return {
        kind,
        newcomer: readId(reader),
        attempt: readAttempt(reader),
        priority: readChoice(reader, priorities),
        ttl: readUint(reader),
        trail: readIds(reader, TRAIL_MAX),
      };
    case 'disconnect':
      return { kind, reason: readChoice(reader, disconnectReasons) };
    default:
      return unreachable(kind);
  }
}

export function writeOverlaySignal(writer: Writer, signal: OverlaySignal): void {
  writeAttempt(writer, signal.attempt);
  switch (signal.kind) {
    case 'request':
      writeChoice(writer, priorities, signal.priority);
      return writeFlag(writer, signal.forward);
    case 'accept':
      return;
    case 'refuse':
      return writeChoice(writer, refuseReasons, signal.reason);
    case 'refer':
      return writeIds(writer, signal.peers, REFERRED_MAX);
    case 'description':
      writeUint(writer, signal.wireVersion, WIRE_VERSION_MAX);
      return writeText(writer, signal.data, DESCRIPTION_BYTES_MAX);
    default:
      return unreachable(signal);
  }
}

export function readOverlaySignal(reader: Reader, kind: OverlaySignal['kind']): OverlaySignal {
  const attempt = readAttempt(reader);
  switch (kind) {
    case 'request':
      return { kind, attempt, priority: readChoice(reader, priorities), forward: readFlag(reader) };
    case 'accept':
      return { kind, attempt };
    case 'refuse':
      return { kind, attempt, reason: readChoice(reader, refuseReasons) };
    case 'refer':
      return { kind, attempt, peers: readIds(reader, REFERRED_MAX) };
    case 'description':
      return {
        kind,
        attempt,
        wireVersion: readUint(reader, WIRE_VERSION_MAX),
        data: readText(reader, DESCRIPTION_BYTES_MAX),
      };
    default:
      return unreachable(kind);
  }
}
