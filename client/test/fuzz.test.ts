/** The client's own decoders under random and damaged input, as `shared/test/attacks/fuzz.test.ts` has the protocol's. */
import { isDeepStrictEqual } from 'node:util';
import { describe, expect, test } from 'vitest';
import { bytesToReceipt, RECEIPT_BYTES } from '#shared/base/receipt.ts';
import { bytesToDirect, directToBytes } from '#shared/wire/direct-codec.ts';
import { createHandshake, encodeProof } from '#client/identity/handshake.ts';
import { keyToPeerId } from '#client/identity/member-id.ts';
import { MeshError } from '#client/errors.ts';
import { bytesToRoomKey, roomKeyToBytes } from '#client/room/room-key.ts';
import { newRoomLink, readRoomLink } from '#client/room/room-link.ts';
import { bundleFrames, framesOf } from '#client/transport/bundles.ts';
import {
  descriptionsToText,
  textToDescriptions,
  textToRedescriptions,
} from '#client/transport/descriptions.ts';
import { sdpToFingerprint } from '#client/transport/fingerprints.ts';
import { fuzz, FUZZ_INPUTS, textOfCounts, type FuzzTarget } from '../../shared/test/attacks/fuzz.ts';
import { bytesOf, greet, keys, SEED, toBytes, toText } from './fuzzing.ts';

const GROWTH_BYTES_MAX = 4_000_000;

function same(a: unknown, b: unknown): void {
  if (!isDeepStrictEqual(a, b)) throw new Error('accepted, and taken for something else');
}

const peer = keyToPeerId(keys.publicKey);

/** What each end is told first; a good hail is that of the peer. */
const hails = (): FuzzTarget => ({
  name: 'hails',
  corpus: [0, 1, 2].map(
    (first) => createHandshake({ peer, publicKey: keys.publicKey, nonce: bytesOf(32, first) }).hail,
  ),
  take: (bytes) => {
    const step = greet().receive(bytes);
    return step.kind === 'refuse' ? step.problem : step.kind === 'prove' ? 'accepted' : 'another step';
  },
});

const proofs = (): FuzzTarget => ({
  name: 'proofs of a channel',
  corpus: [encodeProof(bytesOf(64, 4)), encodeProof(bytesOf(64, 5), bytesOf(32, 6).buffer)],
  take: (bytes) => {
    const handshake = greet();
    handshake.receive(createHandshake({ peer, publicKey: keys.publicKey, nonce: bytesOf(32, 0) }).hail);
    const step = handshake.receive(bytes);
    if (step.kind === 'judge')
      same([...encodeProof(step.proof.signature, step.proof.mac?.slice().buffer)], [...bytes]);
    return step.kind === 'refuse' ? step.problem : step.kind === 'judge' ? 'accepted' : 'another step';
  },
});

const bundles = (): FuzzTarget => ({
  name: 'bundles of frames',
  corpus: [[1], [3, 200], [60, 1, 1, 500]].map(
    (lengths) => bundleFrames(lengths.map((length, at) => bytesOf(length, at))).bytes,
  ),
  take: (bytes) => {
    const frames = framesOf(bytes);
    const framed = frames.reduce((sum, frame) => sum + frame.byteLength, 0);
    if (
      framed > bytes.byteLength ||
      frames.some(({ byteLength }) => byteLength === 0 && bytes.byteLength > 0)
    )
      throw new Error('made up');
    const isWhole = framed + 2 * frames.length === bytes.byteLength;
    if (isWhole && frames.length > 0)
      same([...bundleFrames(frames).bytes], [...bytes.subarray(0, bundleFrames(frames).bytes.length)]);
    return isWhole ? 'accepted' : 'a wrong length';
  },
});

const SDP = `v=0\r\na=fingerprint:sha-256 ${Array.from({ length: 32 }, () => 'A7').join(':')}\r\na=setup:actpass\r\n`;

const descriptions = (): FuzzTarget => ({
  name: 'descriptions',
  corpus: [
    [{ type: 'offer', sdp: SDP }],
    [
      { type: 'answer', sdp: SDP },
      {
        type: 'candidate',
        candidate: { candidate: 'candidate:1 1 udp 1 192.0.2.1 9 typ host', sdpMid: '0', sdpMLineIndex: 0 },
      },
    ],
  ].map((list) => toBytes(descriptionsToText(list))),
  take: (bytes) => {
    const taken = textToDescriptions(toText(bytes));
    if (!taken) return 'refused';
    same(textToDescriptions(descriptionsToText(taken)), taken);
    return 'accepted';
  },
});

const redescriptions = (): FuzzTarget => ({
  name: 'descriptions for open channels',
  corpus: [
    [{ type: 'offer', sdp: SDP }],
    [{ type: 'answer', sdp: SDP, offer: 'a=ice-pwd:p a=ice-ufrag:u' }],
    [{ type: 'renegotiate' }],
  ].map((list) => toBytes(descriptionsToText(list))),
  take: (bytes) => {
    const taken = textToRedescriptions(toText(bytes));
    if (!taken) return 'refused';
    same(textToRedescriptions(descriptionsToText(taken)), taken);
    return 'accepted';
  },
});

const fingerprints = (): FuzzTarget => ({
  name: 'fingerprints in descriptions',
  corpus: [toBytes(SDP), toBytes(SDP.toLowerCase())],
  take: (bytes) => {
    const found = sdpToFingerprint(toText(bytes));
    if (found && found.byteLength !== 32) throw new Error('no fingerprint');
    return found ? 'accepted' : 'refused';
  },
});

const roomKeys = (): FuzzTarget => ({
  name: 'keys of rooms',
  corpus: [0, 1, 2].map((first) => toBytes(bytesToRoomKey(bytesOf(16, first)))),
  take: (bytes) => {
    const read = roomKeyToBytes(toText(bytes));
    if (read) same(bytesToRoomKey(read), toText(bytes));
    return read ? 'accepted' : 'refused';
  },
});

const roomLinks = (): FuzzTarget => ({
  name: 'private links',
  corpus: ['tea', 'a room & more', '7'].map((room) =>
    toBytes(newRoomLink({ room, href: 'https://app.example/page' })),
  ),
  take: (bytes) => {
    try {
      return readRoomLink(toText(bytes)) ? 'accepted' : 'no link';
    } catch (error) {
      if (error instanceof MeshError) return error.code;
      throw error;
    }
  },
});

const receipt = bytesToReceipt(bytesOf(RECEIPT_BYTES, 6));
const letters = (): FuzzTarget => ({
  name: 'what was sealed',
  corpus: ['chat', 'a/b'].map((topic) =>
    directToBytes({ kind: 'direct', topic, data: { a: [1, 'x', null] }, receipt }),
  ),
  take: (bytes) => {
    const read = bytesToDirect(bytes);
    if (read) same([...directToBytes(read)], [...bytes]);
    return read ? 'accepted' : 'refused';
  },
});

describe(`${FUZZ_INPUTS} random and damaged inputs`, () => {
  test.each(
    [hails, proofs, bundles, descriptions, redescriptions, fingerprints, roomKeys, roomLinks, letters].map(
      (make) => [make().name, make] as const,
    ),
  )(
    '%s',
    (_name, make) => {
      const target = make();
      for (const good of target.corpus) expect(target.take(good)).toBe('accepted');
      const counts = fuzz(target, FUZZ_INPUTS, SEED);
      process.stdout.write(textOfCounts(counts));
      expect(counts.inputs).toBe(FUZZ_INPUTS);
      expect(counts.accepted).toBeGreaterThan(0);
      expect(counts.grownBytes).toBeLessThan(GROWTH_BYTES_MAX);
      expect(Object.keys(Object.prototype)).toEqual([]);
    },
    3_600_000,
  );
});
