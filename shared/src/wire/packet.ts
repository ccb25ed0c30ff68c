/**
 * A packet that stands alone, as text: it goes through the server, where no link keeps state for it. So it
 * has no sequence, and ids and keys are in full.
 *
 * It goes to those of whom nothing is known, so it is written in the version before our newest, and read one
 * version further back than frames: then each of two neighboring versions reads the other's.
 */
import { createEncoder } from 'lib0/encoding';
import { err, type Result } from '../base/result.ts';
import type { RoutedPayload } from '../mesh/messages.ts';
import type { RoutingMessage } from '../routing/messages.ts';
import { base64ToBytes, bytesToBase64 } from './base64.ts';
import { routingKinds } from './kinds.ts';
import { PACKET_BYTES_MAX, PACKET_TEXT_LENGTH_MAX } from './limits.ts';
import { plainReaders, plainWriters } from './names-codec.ts';
import { readChoice, readVersion, readWhole, type FrameProblem } from './reader.ts';
import { readRouting, writeRouting } from './routing-codec.ts';
import { encodeTooOld, WIRE_VERSIONS, type WireVersions } from './versions.ts';
import { finish, writeByte, writeChoice, type Writer } from './writer.ts';

/** Base64. Asserts that the message is within limits. */
export function encodePacket(
  message: RoutingMessage<RoutedPayload>,
  { oldest }: WireVersions = WIRE_VERSIONS,
): string {
  const writer: Writer = { out: createEncoder(), names: plainWriters };
  writeByte(writer, oldest);
  writeChoice(writer, routingKinds, message.kind);
  writeRouting(writer, message);
  return bytesToBase64(finish(writer, PACKET_BYTES_MAX));
}

/** Never throws; refuses all but the canonical form. */
export function decodePacket(
  text: string,
  { oldest, newest }: WireVersions = WIRE_VERSIONS,
): Result<RoutingMessage<RoutedPayload>, FrameProblem> {
  if (text.length > PACKET_TEXT_LENGTH_MAX) return err('oversized');
  const bytes = base64ToBytes(text);
  if (!bytes.ok) return err('malformed');
  return readWhole(bytes.value, plainReaders, (reader) => {
    readVersion(reader, { oldest: oldest - 1, newest });
    return readRouting(reader, readChoice(reader, routingKinds, 'unknown-kind'));
  });
}

/** The notice that a packet was too old, for the server to carry. */
export function encodeTooOldPacket(versions: WireVersions = WIRE_VERSIONS): string {
  return bytesToBase64(encodeTooOld(versions));
}
