/** An application's message to one member: in a packet, or by itself, to be sealed. */
import { createEncoder } from 'lib0/encoding';
import type { DirectMessage } from '../mesh/messages.ts';
import { FRAME_BYTES_MAX, TOPIC_BYTES_MAX } from './limits.ts';
import { plainReaders, plainWriters } from './names-codec.ts';
import { readReceipt, readText, readWhole, type Reader } from './reader.ts';
import { readValue, writeValue } from './value-codec.ts';
import { finish, writeReceipt, writeText, type Writer } from './writer.ts';

export function writeDirect(writer: Writer, { topic, data, receipt }: DirectMessage): void {
  writeReceipt(writer, receipt);
  writeText(writer, topic, TOPIC_BYTES_MAX);
  writeValue(writer, data);
}

export function readDirect(reader: Reader): DirectMessage {
  const receipt = readReceipt(reader);
  return { kind: 'direct', topic: readText(reader, TOPIC_BYTES_MAX), data: readValue(reader), receipt };
}

/** What is sealed. */
export function directToBytes(message: DirectMessage): Uint8Array {
  const writer: Writer = { out: createEncoder(), names: plainWriters };
  writeDirect(writer, message);
  return finish(writer, FRAME_BYTES_MAX);
}

/** `undefined`: they are no message. Never throws. */
export function bytesToDirect(bytes: Uint8Array): DirectMessage | undefined {
  const read = readWhole(bytes, plainReaders, readDirect);
  return read.ok ? read.value : undefined;
}
