/**
 * A packet that stands alone, as text: it goes through the server, where no link keeps state for it. So it
 * has no sequence, and ids are in full.
 */
import { createEncoder } from 'lib0/encoding';
import { err, type Result } from '../base/result.ts';
import type { RoutedPayload } from '../mesh/messages.ts';
import type { RoutingMessage } from '../routing/messages.ts';
import { base64ToBytes, bytesToBase64 } from './base64.ts';
import { readPlainId, writePlainId } from './ids-codec.ts';
import { routingKinds } from './kinds.ts';
import { PACKET_BYTES_MAX, PACKET_TEXT_LENGTH_MAX } from './limits.ts';
import { readChoice, readVersion, readWhole, type FrameProblem } from './reader.ts';
import { readRouting, writeRouting } from './routing-codec.ts';
import { finish, writeChoice, writeVersion, type Writer } from './writer.ts';

/** Base64. Asserts that the message is within limits. */
export function encodePacket(message: RoutingMessage<RoutedPayload>): string {
  const writer: Writer = { out: createEncoder(), writeId: writePlainId };
  writeVersion(writer);
  writeChoice(writer, routingKinds, message.kind);
  writeRouting(writer, message);
  return bytesToBase64(finish(writer, PACKET_BYTES_MAX));
}

/** Never throws; refuses all but the canonical form. */
export function decodePacket(text: string): Result<RoutingMessage<RoutedPayload>, FrameProblem> {
  if (text.length > PACKET_TEXT_LENGTH_MAX) return err('oversized');
  const bytes = base64ToBytes(text);
  if (!bytes.ok) return err('malformed');
  return readWhole(bytes.value, readPlainId, (reader) => {
    readVersion(reader);
    return readRouting(reader, readChoice(reader, routingKinds, 'unknown-kind'));
  });
}
