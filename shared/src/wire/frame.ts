/**
 * Bytes on a channel.
 *
 * A frame is a version, a sequence that counts the frames of this link in this direction, a kind, and the
 * kind's body. Both ends of a direction keep state: the sequence, and the short names of member ids and keys.
 * A frame that is refused changes nothing, so that the next good one decodes.
 */
import { createEncoder } from 'lib0/encoding';
import { unreachable } from '../base/assert.ts';
import type { PeerId } from '../base/ids.ts';
import { err, ok, type Result } from '../base/result.ts';
import type { LinkMessage } from '../mesh/messages.ts';
import { readBroadcast, writeBroadcast } from './broadcast-codec.ts';
import { linkKinds, payloadKinds, routedKinds } from './kinds.ts';
import { FRAME_BYTES_MAX, INTERNED_IDS_MAX, INTERNED_KEYS_MAX, WIRE_VERSION } from './limits.ts';
import { readNodeMessage, writeNodeMessage } from './mesh-codec.ts';
import { createLinkNameReaders, createLinkNames } from './names-codec.ts';
import { readOverlayMessage, writeOverlayMessage } from './overlay-codec.ts';
import {
  readChoice,
  readUint,
  readVersion,
  readWhole,
  refuse,
  type FrameProblem,
  type Reader,
} from './reader.ts';
import { readReconcile, writeReconcile } from './reconcile-codec.ts';
import { readRouting, writeRouting } from './routing-codec.ts';
import { createSequenceWindow } from './sequences.ts';
import { WIRE_VERSIONS, type WireVersions } from './versions.ts';
import { finish, writeByte, writeChoice, writeUint, type Writer } from './writer.ts';

/** Every kind of message, of broadcast payload and of packet payload. */
export const MESSAGE_KINDS: readonly string[] = [
  ...new Set<string>([...linkKinds.names, ...payloadKinds.names, ...routedKinds.names]),
];

const INTERNED = { ids: INTERNED_IDS_MAX, keys: INTERNED_KEYS_MAX };

/** The writing end of one direction of one link. Every frame it makes must be sent, in order. */
export interface LinkEncoder {
  /** `version`: what it is written in; another may follow with the next frame. */
  readonly encode: (message: LinkMessage, version?: number) => Uint8Array;
}

/** The reading end of one direction of one link. */
export interface LinkDecoder {
  readonly decode: (bytes: Uint8Array) => Result<LinkMessage, FrameProblem>;
}

export function createLinkEncoder(): LinkEncoder {
  const names = createLinkNames(INTERNED);
  let sequence = 0;
  let out = createEncoder();
  return {
    encode: (message, version = WIRE_VERSION) => {
      // An assertion may have cut the last frame short; its definitions were not sent.
      names.rollback();
      // Nearly all frames fit the buffer that an encoder begins with; one that has grown is not kept for long.
      if (out.bufs.length === 0) out.cpos = 0;
      else out = createEncoder();
      const writer: Writer = { out, names };
      writeByte(writer, version);
      writeUint(writer, sequence + 1);
      writeLinkMessage(writer, message);
      const bytes = finish(writer, FRAME_BYTES_MAX);
      names.commit();
      sequence += 1;
      return bytes;
    },
  };
}

/** Frames of any of `versions` may follow one another. `sameText` may give an equal text that is held anyway for an id: a process of many nodes keeps one. */
export function createLinkDecoder(
  versions: WireVersions = WIRE_VERSIONS,
  sameText?: (id: PeerId) => PeerId,
): LinkDecoder {
  const names = createLinkNameReaders(INTERNED, sameText);
  const sequences = createSequenceWindow();

  function readFrame(reader: Reader): { readonly sequence: number; readonly message: LinkMessage } {
    readVersion(reader, versions);
    const sequence = readUint(reader);
    if (sequence === 0) refuse(reader, 'malformed');
    const verdict = sequences.judge(sequence);
    if (verdict !== 'next') refuse(reader, verdict);
    return { sequence, message: readLinkMessage(reader) };
  }

  return {
    decode: (bytes) => {
      if (bytes.length > FRAME_BYTES_MAX) return err('oversized');
      const frame = readWhole(bytes, names, readFrame);
      if (!frame.ok) {
        names.rollback();
        return frame;
      }
      names.commit();
      sequences.accept(frame.value.sequence);
      return ok(frame.value.message);
    },
  };
}

function writeLinkMessage(writer: Writer, message: LinkMessage): void {
  writeChoice(writer, linkKinds, message.kind);
  switch (message.kind) {
    case 'hello':
    case 'heartbeat':
    case 'heartbeatAck':
    case 'claims':
    case 'delta':
    case 'equivocation':
      return writeNodeMessage(writer, message);
    case 'forwardJoin':
    case 'disconnect':
      return writeOverlayMessage(writer, message);
    case 'gossip':
    case 'ihave':
    case 'vector':
    case 'graft':
    case 'prune':
      return writeBroadcast(writer, message);
    case 'top':
    case 'middle':
    case 'leaves':
    case 'wantRecords':
    case 'roundDone':
      return writeReconcile(writer, message);
    case 'packet':
    case 'packetAck':
      return writeRouting(writer, message);
    default:
      return unreachable(message);
  }
}

function readLinkMessage(reader: Reader): LinkMessage {
  const kind = readChoice(reader, linkKinds, 'unknown-kind');
  switch (kind) {
    case 'hello':
    case 'heartbeat':
    case 'heartbeatAck':
    case 'claims':
    case 'delta':
    case 'equivocation':
      return readNodeMessage(reader, kind);
    case 'forwardJoin':
    case 'disconnect':
      return readOverlayMessage(reader, kind);
    case 'gossip':
    case 'ihave':
    case 'vector':
    case 'graft':
    case 'prune':
      return readBroadcast(reader, kind);
    case 'top':
    case 'middle':
    case 'leaves':
    case 'wantRecords':
    case 'roundDone':
      return readReconcile(reader, kind);
    case 'packet':
    case 'packetAck':
      return readRouting(reader, kind);
    default:
      return unreachable(kind);
  }
}
