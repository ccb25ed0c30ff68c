/** The client's own decoders under random and damaged input, as `shared/test/attacks/fuzz.test.ts` has the protocol's. */
import { isDeepStrictEqual } from 'node:util';
import { describe, expect, test } from 'vitest';
import type { PeerId } from '#shared/base/ids.ts';
import { bytesToReceipt, RECEIPT_BYTES } from '#shared/base/receipt.ts';
import { bytesToDirect, directToBytes } from '#shared/wire/direct-codec.ts';
import { writeCard } from '#client/identity/card.ts';
import { createKeyPair, importVerifier } from '#client/identity/ed25519.ts';
import { createHandshake, encodeProof } from '#client/identity/handshake.ts';
import { keyToPeerId } from '#client/identity/member-id.ts';
import { MeshError } from '#client/errors.ts';
import { bytesToRoomKey, newRoomKey, roomKeyToBytes } from '#client/room/room-key.ts';
import { newRoomLink, readRoomLink } from '#client/room/room-link.ts';
import { deriveRoomSecrets } from '#client/room/secrets.ts';
import { createSealer as createLetterSealer } from '#client/identity/seal.ts';
import { createVouching } from '#client/shell/vouching.ts';
import { createSealer } from '#client/signaling/sealer.ts';
import { bundleFrames, framesOf } from '#client/transport/bundles.ts';
import {
  descriptionsToText,
  textToDescriptions,
  textToRedescriptions,
} from '#client/transport/descriptions.ts';
import { sdpToFingerprint } from '#client/transport/fingerprints.ts';
import {
  fuzz,
  FUZZ_INPUTS,
  fuzzSlowly,
  textOfCounts,
  type FuzzTarget,
} from '../../shared/test/attacks/fuzz.ts';
import { readProvenCard } from './proven-card.ts';

const SEED = 20_261_130;
/** Each of these is a call of WebCrypto. */
const SLOW_INPUTS = Math.ceil(FUZZ_INPUTS / 5);
const GROWTH_BYTES_MAX = 4_000_000;

const toText = (bytes: Uint8Array): string => Buffer.from(bytes).toString('latin1');
const toBytes = (text: string): Uint8Array => new Uint8Array(Buffer.from(text, 'latin1'));
const bytesOf = (length: number, first: number): Uint8Array<ArrayBuffer> =>
  Uint8Array.from({ length }, (_, at) => (first + 37 * at) & 0xff);

function same(a: unknown, b: unknown): void {
  if (!isDeepStrictEqual(a, b)) throw new Error('accepted, and taken for something else');
}

const keys = createKeyPair(bytesOf(32, 1));
const peer = keyToPeerId(keys.publicKey);
const own = createKeyPair(bytesOf(32, 2));
const greet = (): ReturnType<typeof createHandshake> =>
  createHandshake({ peer, publicKey: own.publicKey, nonce: bytesOf(32, 3) });

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

async function fuzzTold(target: Parameters<typeof fuzzSlowly>[0]): ReturnType<typeof fuzzSlowly> {
  const counts = await fuzzSlowly(target, SLOW_INPUTS, SEED);
  process.stdout.write(textOfCounts(counts));
  return counts;
}

describe(`${SLOW_INPUTS} random and damaged inputs for WebCrypto`, () => {
  test('cards of members: none claims a user who has not signed', async () => {
    const user = createKeyPair(bytesOf(32, 7));
    const place = { sessionKey: keys.publicKey, room: 'tea' };
    const corpus = [
      await writeCard(bytesOf(32, 8), place, user),
      await writeCard(bytesOf(32, 9), place, undefined),
    ];
    const users = new Set<string>();
    await fuzzTold({
      name: 'cards',
      corpus,
      take: async (bytes) => {
        const card = await readProvenCard(bytes, place);
        if (card?.userId !== undefined) users.add(card.userId);
        return card ? 'accepted' : 'refused';
      },
    });
    const { userId } = (await readProvenCard(corpus[0]!, place))!;
    expect([...users]).toEqual([userId]);
  });

  test('sealed messages to one member: none opens that was touched', async () => {
    const [from, to] = ['a'.repeat(32), 'b'.repeat(32)] as [PeerId, PeerId];
    const [writer, reader] = await Promise.all([
      createLetterSealer(from, 'tea'),
      createLetterSealer(to, 'tea'),
    ]);
    const address = { id: to, sealKey: reader.sealKey };
    const good = await Promise.all([1, 2, 3].map((size) => writer.seal(address, bytesOf(size * 50, size))));
    const texts = new Set(good.map(toText));
    const counts = await fuzzTold({
      name: 'sealed messages',
      corpus: good,
      take: async (bytes) => {
        const opened = await reader.open({ id: from, sealKey: writer.sealKey }, bytes, () => true);
        if (opened === undefined || opened === 'late') return 'refused';
        if (!texts.has(toText(bytes))) throw new Error('opened, though touched');
        return 'accepted';
      },
    });
    expect(counts.refused['refused']).toBeGreaterThan(SLOW_INPUTS / 2);
    expect(counts.accepted).toBeGreaterThan(0);
  });

  test('signed descriptions: none opens that was touched', async () => {
    const ofPeer = (first: number): ReturnType<typeof createHandshake> =>
      createHandshake({
        peer: keyToPeerId(own.publicKey),
        publicKey: keys.publicKey,
        nonce: bytesOf(32, first),
      });
    const verify = await importVerifier(keys.publicKey);
    const [theirs, ours] = [ofPeer(9), greet()];
    theirs.receive(ours.hail);
    ours.receive(theirs.hail);
    const writer = createVouching({ handshake: theirs, sign: keys.sign, verify });
    const good = await Promise.all(['one', 'two', 'three'].map(writer.sign));
    const counts = await fuzzTold({
      name: 'signed descriptions',
      corpus: good.map(toBytes),
      take: async (bytes) => {
        const opened = await createVouching({ handshake: ours, sign: own.sign, verify }).open(toText(bytes));
        if (!opened.ok) return opened.error;
        // Spaces, and how its characters are written, are not signed.
        if (!['one', 'two', 'three'].includes(opened.value)) throw new Error('opened, though touched');
        return 'accepted';
      },
    });
    expect(counts.refused['forged']).toBeGreaterThan(SLOW_INPUTS / 2);
    expect(counts.accepted).toBeGreaterThan(0);
  });

  test('sealed signals: none opens that was touched', async () => {
    const { signalKey, topic } = await deriveRoomSecrets('tea', {
      kind: 'key',
      bytes: roomKeyToBytes(newRoomKey())!,
    });
    const [from, to] = ['a'.repeat(32), 'b'.repeat(32)] as [PeerId, PeerId];
    const sender = createSealer({ signalKey, topic, self: from });
    const good = await Promise.all([1, 2, 3].map((size) => sender.seal(to, bytesOf(size * 50, size))));
    const texts = new Set(good);
    const counts = await fuzzTold({
      name: 'sealed signals',
      corpus: good.map(toBytes),
      take: async (bytes) => {
        const text = toText(bytes);
        const opened = await createSealer({ signalKey, topic, self: to }).open(from, text);
        if (opened.ok && !texts.has(text)) throw new Error('opened, though touched');
        return opened.ok ? 'accepted' : opened.error;
      },
    });
    expect(counts.refused['not-opened']).toBeGreaterThan(SLOW_INPUTS / 2);
  });
});
