/** The client's decoders that ask WebCrypto, as `fuzz.test.ts` has the others. */
import { describe, expect, test } from 'vitest';
import type { PeerId } from '#shared/base/ids.ts';
import { writeCard } from '#client/identity/card.ts';
import { createKeyPair, importVerifier } from '#client/identity/ed25519.ts';
import { createHandshake } from '#client/identity/handshake.ts';
import { keyToPeerId } from '#client/identity/member-id.ts';
import { createSealer as createLetterSealer } from '#client/identity/seal.ts';
import { newRoomKey, roomKeyToBytes } from '#client/room/room-key.ts';
import { deriveRoomSecrets } from '#client/room/secrets.ts';
import { createVouching } from '#client/shell/vouching.ts';
import { createSealer } from '#client/signaling/sealer.ts';
import { FUZZ_INPUTS, fuzzSlowly, textOfCounts } from '../../shared/test/attacks/fuzz.ts';
import { bytesOf, greet, keys, own, SEED, toBytes, toText } from './fuzzing.ts';
import { readProvenCard } from './proven-card.ts';

/** The slowest takes half a millisecond each on a machine at rest. */
const PATIENCE_MS = 30_000 + 5 * FUZZ_INPUTS;

async function fuzzTold(target: Parameters<typeof fuzzSlowly>[0]): ReturnType<typeof fuzzSlowly> {
  const counts = await fuzzSlowly(target, FUZZ_INPUTS, SEED);
  process.stdout.write(textOfCounts(counts));
  return counts;
}

describe(`${FUZZ_INPUTS} random and damaged inputs for WebCrypto`, () => {
  test(
    'cards of members: none claims a user who has not signed',
    async () => {
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
    },
    PATIENCE_MS,
  );

  test(
    'sealed messages to one member: none opens that was touched',
    async () => {
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
      expect(counts.refused['refused']).toBeGreaterThan(FUZZ_INPUTS / 2);
      expect(counts.accepted).toBeGreaterThan(0);
    },
    PATIENCE_MS,
  );

  test(
    'signed descriptions: none opens that was touched',
    async () => {
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
          const opened = await createVouching({ handshake: ours, sign: own.sign, verify }).open(
            toText(bytes),
          );
          if (!opened.ok) return opened.error;
          // Spaces, and how its characters are written, are not signed.
          if (!['one', 'two', 'three'].includes(opened.value)) throw new Error('opened, though touched');
          return 'accepted';
        },
      });
      expect(counts.refused['forged']).toBeGreaterThan(FUZZ_INPUTS / 2);
      expect(counts.accepted).toBeGreaterThan(0);
    },
    PATIENCE_MS,
  );

  test(
    'sealed signals: none opens that was touched',
    async () => {
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
      expect(counts.refused['not-opened']).toBeGreaterThan(FUZZ_INPUTS / 2);
      expect(counts.accepted).toBeGreaterThan(0);
    },
    PATIENCE_MS,
  );
});
