/** What a broadcast carries: a kind, then its body. */
import { unreachable } from '../base/assert.ts';
import type { Payload } from '../mesh/messages.ts';
import { payloadKinds } from './kinds.ts';
import { TOPIC_BYTES_MAX } from './limits.ts';
import { readClaimBody, writeClaimBody } from './membership-codec.ts';
import { readPresenceUpdate, writePresenceUpdate } from './presence-codec.ts';
import { readChoice, readText, type Reader } from './reader.ts';
import { readStateUpdate, writeStateUpdate } from './state-codec.ts';
import { readValue, writeValue } from './value-codec.ts';
import { writeChoice, writeText, type Writer } from './writer.ts';

export function writePayload(writer: Writer, payload: Payload): void {
  writeChoice(writer, payloadKinds, payload.kind);
  switch (payload.kind) {
    case 'identity':
    case 'links':
    case 'accusation':
    case 'objection':
    case 'verdict':
      return writeClaimBody(writer, payload);
    case 'presence':
      return writePresenceUpdate(writer, payload);
    case 'state':
      return writeStateUpdate(writer, payload);
    case 'topic':
      writeText(writer, payload.topic, TOPIC_BYTES_MAX);
      return writeValue(writer, payload.data);
    default:
      return unreachable(payload);
  }
}

export function readPayload(reader: Reader): Payload {
  const kind = readChoice(reader, payloadKinds, 'unknown-kind');
  switch (kind) {
    case 'identity':
    case 'links':
    case 'accusation':
    case 'objection':
    case 'verdict':
      return readClaimBody(reader, kind);
    case 'presence':
      return readPresenceUpdate(reader);
    case 'state':
      return readStateUpdate(reader);
    case 'topic':
      return { kind, topic: readText(reader, TOPIC_BYTES_MAX), data: readValue(reader) };
    default:
      return unreachable(kind);
  }
}
