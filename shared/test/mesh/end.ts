/** One end of a channel of the world: it writes what the other end reads, whatever version each of them has. */
import type { PeerId } from '#shared/base/ids.ts';
import type { Input, LinkMessage } from '#shared/mesh/messages.ts';
import { createLinkDecoder, createLinkEncoder } from '#shared/wire/frame.ts';
import { decodePacket } from '#shared/wire/packet.ts';
import { linkVersion, type WireVersions } from '#shared/wire/versions.ts';

export interface End {
  readonly encode: (message: LinkMessage, room: number) => Uint8Array;
  /** The input that these bytes make. */
  readonly decode: (from: PeerId, bytes: Uint8Array) => Input;
  /** The newest version of the other end, as its descriptions say. */
  theirs: number;
}

export function createEnd(versions: WireVersions): End {
  const encoder = createLinkEncoder();
  const decoder = createLinkDecoder(versions);
  const end: End = {
    theirs: versions.newest,
    encode: (message, room) => encoder.encode(message, linkVersion(versions, end.theirs, room)),
    decode: (from, bytes) => {
      const decoded = decoder.decode(bytes);
      return decoded.ok
        ? { kind: 'frame', from, message: decoded.value, bytes: bytes.byteLength }
        : { kind: 'badFrame', from, reason: decoded.error };
    },
  };
  return end;
}

/** The input that a packet makes which the server brought. */
export function packetToInput(from: PeerId, text: string, versions: WireVersions): Input {
  const decoded = decodePacket(text, versions);
  return decoded.ok
    ? { kind: 'serverSignal', from, message: decoded.value }
    : { kind: 'badFrame', from, reason: decoded.error };
}
