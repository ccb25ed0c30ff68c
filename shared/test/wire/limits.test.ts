/** Lists and texts at their limits and one beyond, at both ends of a link. */
import { ROUND_MAX, SEQUENCE_MAX } from '#shared/broadcast/messages.ts';
import { describe, expect, test } from 'vitest';
import { epoch, incarnation, wordsToAttemptId, type PeerId } from '#shared/base/ids.ts';
import { bytesToPublicKey, PUBLIC_KEY_BYTES, SIGNATURE_BYTES, type Proof } from '#shared/base/proof.ts';
import { VALUE_BYTES_MAX } from '#shared/base/value.ts';
import type { LinkMessage, RoutedPayload } from '#shared/mesh/messages.ts';
import type { RoutingMessage } from '#shared/routing/messages.ts';
import { createLinkDecoder, createLinkEncoder } from '#shared/wire/frame.ts';
import {
  ACCUSATIONS_MAX,
  AGE_MS_MAX,
  CARD_BYTES_MAX,
  CLAIMS_MAX,
  COLLECTION_BYTES_MAX,
  DESCRIPTION_BYTES_MAX,
  FIELD_BYTES_MAX,
  FRAME_BYTES_MAX,
  HEADS_MAX,
  INTERNED_IDS_MAX,
  KEY_BYTES_MAX,
  KEY_HASHES_MAX,
  LEAVES_MAX,
  NEIGHBORS_MAX,
  PACKET_TEXT_LENGTH_MAX,
  RECORDS_MAX,
  ROUTE_MAX,
  SUMMARIES_MAX,
  TOPIC_BYTES_MAX,
  TRAIL_MAX,
  TREES_MAX,
  WANTS_MAX,
} from '#shared/wire/limits.ts';
import { decodePacket, encodePacket } from '#shared/wire/packet.ts';
import { bytesOf, idOf } from './helpers.ts';
import { numberToReceipt } from '#sim/receipts.ts';

/** The greatest number that travels: eight bytes. */
const MOST = Number.MAX_SAFE_INTEGER;
const ALL_ONES = { high: -1, low: -1 };

/** `count` elements; each gets an id that no other has, so that each is written in full. */
function full<T>(count: number, make: (id: PeerId, at: number) => T): T[] {
  return Array.from({ length: count }, (_, at) => make(freshId(), at));
}

let ids = 1_000_000;
function freshId(): PeerId {
  ids += 1;
  return idOf(ids);
}

/** The largest proof there is. */
const proof = (): Proof => {
  ids += 1;
  const key = new Uint8Array(PUBLIC_KEY_BYTES);
  new DataView(key.buffer).setUint32(0, ids);
  return {
    key: bytesToPublicKey(key),
    epoch: epoch(MOST),
    seq: MOST,
    of: RECORDS_MAX,
    signature: new Uint8Array(SIGNATURE_BYTES).fill(255),
  };
};

const accusation = (observer: PeerId) => ({
  kind: 'accusation' as const,
  target: freshId(),
  epoch: epoch(MOST),
  incarnation: incarnation(MOST),
  observer,
  silentMs: MOST,
  reached: false,
  proof: proof(),
});
const verdict = (target: PeerId) => ({
  kind: 'verdict' as const,
  target,
  epoch: epoch(MOST),
  incarnation: incarnation(MOST),
  accusations: full(ACCUSATIONS_MAX, accusation),
});
const head = (origin: PeerId) => ({ origin, epoch: epoch(MOST), lane: 'volatile' as const, seq: MOST });
const vectorHead = (origin: PeerId) => ({ ...head(origin), from: MOST });
const want = (origin: PeerId) => ({
  origin,
  epoch: epoch(MOST),
  lane: 'record' as const,
  first: MOST,
  last: MOST,
});
/** The last byte of a leaf's index, and ones below it. */
const under = (index: number) => ({ high: (index << 24) | 0xff_ffff, low: -1 });
/** Counted down from the greatest, the least takes the most room. */
const summaryUnder = (index: number) => (by: PeerId, at: number) => ({
  keyHash: under(index),
  version: { major: index === 0 && at === 0 ? MOST : 0, minor: MOST, by, content: 2 ** 32 - 1 },
});
const packet = (payload: RoutedPayload): RoutingMessage<RoutedPayload> => ({
  kind: 'packet',
  origin: freshId(),
  to: freshId(),
  id: MOST,
  ttl: MOST,
  delivery: 'acked',
  flooded: true,
  serverMay: true,
  route: full(ROUTE_MAX, (id) => id),
  trail: full(TRAIL_MAX, (id) => id),
  payload,
});
/** The largest value there is: tag and length take three bytes. */
const largest = new Uint8Array(VALUE_BYTES_MAX - 3);

const entry = () => ({
  collection: 'c'.repeat(COLLECTION_BYTES_MAX),
  key: 'k'.repeat(KEY_BYTES_MAX),
  value: largest,
  stamp: { wall: MOST, counter: 65_535, by: freshId() },
  proof: proof(),
});

const fullLeaves = Array.from({ length: LEAVES_MAX }, (_, index) => ({
  index,
  after: under(index),
  upTo: under(index),
  entries: full(index < SUMMARIES_MAX / 2 ? 2 : 0, summaryUnder(index)),
}));

const largestMessages: readonly (readonly [string, LinkMessage])[] = [
  ['ihave', { kind: 'ihave', heads: full(HEADS_MAX, head) }],
  ['vector', { kind: 'vector', heads: full(HEADS_MAX, vectorHead), begun: true, last: true }],
  ['graft', { kind: 'graft', trees: full(TREES_MAX, (id) => id), wants: full(WANTS_MAX, want) }],
  ['leaves', { kind: 'leaves', table: 'state', exact: true, leaves: fullLeaves, last: true }],
  [
    'wantRecords',
    {
      kind: 'wantRecords',
      table: 'state',
      exact: true,
      keyHashes: Array.from({ length: KEY_HASHES_MAX }, () => ALL_ONES),
      last: true,
    },
  ],
  ['claims', { kind: 'claims', claims: full(CLAIMS_MAX, verdict) }],
  [
    'links',
    {
      kind: 'claims',
      claims: full(CLAIMS_MAX, (id) => ({
        kind: 'links',
        id,
        epoch: epoch(MOST),
        seq: MOST,
        neighbors: full(NEIGHBORS_MAX, (neighbor) => neighbor),
        stability: MOST,
        greeter: true,
        proof: proof(),
      })),
    },
  ],
  [
    'topic',
    {
      kind: 'gossip',
      ...head(freshId()),
      hot: true,
      lane: 'reliable',
      seq: 1,
      round: ROUND_MAX,
      ageMs: AGE_MS_MAX,
      follows: { epoch: epoch(SEQUENCE_MAX), seq: SEQUENCE_MAX, from: SEQUENCE_MAX },
      proof: proof(),
      payload: {
        kind: 'topic',
        topic: 't'.repeat(TOPIC_BYTES_MAX),
        data: largest,
      },
    },
  ],
  ['entry', { kind: 'delta', table: 'state', records: [entry()] }],
  ['proof of two entries', { kind: 'equivocation', table: 'state', records: [entry(), entry()] }],
  [
    'greeting',
    {
      kind: 'hello',
      identity: {
        kind: 'identity',
        id: freshId(),
        epoch: epoch(MOST),
        incarnation: incarnation(MOST),
        left: false,
        wireVersion: 255,
        card: new Uint8Array(CARD_BYTES_MAX),
        proof: proof(),
      },
      presence: [{ ...presenceRecord(freshId()), field: 'f'.repeat(FIELD_BYTES_MAX) }],
    },
  ],
  [
    'direct',
    packet({
      kind: 'direct',
      topic: 't'.repeat(TOPIC_BYTES_MAX),
      data: largest,
      receipt: numberToReceipt(1),
    }),
  ],
];

describe('the largest messages', () => {
  test.each(largestMessages)('a full %s fits one frame, with every id in full', (_kind, message) => {
    const encoder = createLinkEncoder();
    const decoder = createLinkDecoder();
    // No short names are left: ids take 18 bytes each from here on.
    for (let at = 0; at < INTERNED_IDS_MAX; at++) {
      decoder.decode(encoder.encode({ kind: 'prune', tree: idOf(at) }));
    }
    const bytes = encoder.encode(message);
    expect(bytes.length).toBeLessThanOrEqual(FRAME_BYTES_MAX);
    expect(decoder.decode(bytes)).toStrictEqual({ ok: true, value: message });
  });

  test.each([
    packet({
      kind: 'direct',
      topic: 't'.repeat(TOPIC_BYTES_MAX),
      data: largest,
      receipt: numberToReceipt(1),
    }),
    packet({
      kind: 'description',
      attempt: wordsToAttemptId(1, 2),
      wireVersion: 255,
      data: 'd'.repeat(DESCRIPTION_BYTES_MAX),
    }),
  ])('a full packet fits what the server carries', (message) => {
    const text = encodePacket(message);
    expect(text.length).toBeLessThanOrEqual(PACKET_TEXT_LENGTH_MAX);
    expect(decodePacket(text)).toStrictEqual({ ok: true, value: message });
  });
});

describe('one beyond', () => {
  test.each([
    ['heads', [0x21, ...varint(HEADS_MAX + 1)]],
    ['trees', [0x23, ...varint(TREES_MAX + 1)]],
    ['wants', [0x23, 0, ...varint(WANTS_MAX + 1)]],
    ['claims', [0x04, CLAIMS_MAX + 1]],
    ['a card', [0x04, 1, 0x50, 0x80, 0, ...new Uint8Array(16), 1, 0, 0, 1, ...varint(CARD_BYTES_MAX + 1)]],
    ['nodes', [0x31, 0, 0, 17]],
    ['leaves', [0x32, 0, 0, 1, 0, ...varint(LEAVES_MAX + 1)]],
    ['key hashes', [0x33, 0, 0, 1, ...varint(KEY_HASHES_MAX + 1)]],
    ['records', [0x05, 1, ...varint(513)]],
    ['fields of a greeting', [0x01, 0x80, 0, ...new Uint8Array(16), 1, 1, 0, 1, 0, 0, 65]],
    ['a node above the sixteenth', [0x31, 0, 0, 1, 16, ...new Uint8Array(64)]],
    ['a version below nothing', [0x32, 0, 0, 1, 5, 1, 0, 0, 1, 0, 0, 0, 6, 0]],
    ['a field name', [0x05, 2, 1, 0x80, 0, ...new Uint8Array(16), 1, ...varint(FIELD_BYTES_MAX + 1)]],
    ['hops', [0x20, 0x80, 0, ...new Uint8Array(16), 1, 0, 1, 0, ROUND_MAX + 1]],
    ['a counter', [0x05, 1, 1, 1, 99, 1, 107, 5, 0x80, 0x80, 4, 0x80, 0, ...new Uint8Array(16), 0]],
  ])('%s over the limit are refused before room is made', (_what, body) => {
    expect(createLinkDecoder().decode(bytesOf(1, 1, body))).toEqual({ ok: false, error: 'value-limit' });
  });

  test('summaries count over all leaves of a frame together', () => {
    const summaryBytes = [0, 0, 0, 0, 1];
    const leaf = (index: number, entries: number): readonly number[] => [
      index,
      0,
      ...varint(entries),
      ...Array.from({ length: entries }, () => summaryBytes).flat(),
    ];
    const frame = (second: number): Uint8Array =>
      bytesOf(1, 1, 0x32, 0, 0, 1, 0, 2, leaf(0, 256), leaf(1, second));
    expect(createLinkDecoder().decode(frame(256)).ok).toBe(true);
    expect(createLinkDecoder().decode(frame(257))).toEqual({ ok: false, error: 'value-limit' });
  });

  test('leaves count from the newest version in them, from no other', () => {
    const frame = (down: number): Uint8Array =>
      bytesOf(1, 1, [0x32, 0, 0, 1, 7, 1, 9, 0, 1, 1, 2, 3, down, 4]);
    const entries = [{ keyHash: { high: 0x0901_0203, low: 0 }, version: { major: 7, minor: 4, by: null } }];
    expect(createLinkDecoder().decode(frame(0))).toMatchObject({
      ok: true,
      value: { leaves: [{ entries }] },
    });
    expect(createLinkDecoder().decode(frame(1))).toEqual({ ok: false, error: 'malformed' });
  });

  test('a count above the bytes left is refused before room is made', () => {
    expect(createLinkDecoder().decode(bytesOf(1, 1, 0x21, varint(500)))).toEqual({
      ok: false,
      error: 'malformed',
    });
  });
});

describe('our own mistakes', () => {
  test.each<readonly [string, LinkMessage, string]>([
    ['heads', { kind: 'ihave', heads: full(HEADS_MAX + 1, head) }, '513 is not a count up to 512'],
    [
      'a topic',
      {
        kind: 'gossip',
        ...head(freshId()),
        hot: false,
        round: 0,
        ageMs: 0,
        follows: null,
        proof: null,
        payload: { kind: 'topic', topic: 'é'.repeat(TOPIC_BYTES_MAX), data: null },
      },
      'over 384 bytes',
    ],
    [
      'half a surrogate pair',
      packet({ kind: 'direct', topic: '\ud800', data: null, receipt: numberToReceipt(1) }),
      'a text of 1 is malformed',
    ],
    [
      'hashes',
      { kind: 'top', table: 'state', exact: true, hashes: [ALL_ONES] },
      '1 hashes are not the children',
    ],
    [
      'summaries',
      { kind: 'leaves', table: 'state', exact: true, last: true, leaves: [overfullLeaf()] },
      '513 summaries',
    ],
    [
      'whole hashes',
      { kind: 'wantRecords', table: 'state', exact: false, last: true, keyHashes: [ALL_ONES] },
      'more than a shortened hash holds',
    ],
    [
      'keys',
      { kind: 'leaves', table: 'state', exact: true, last: true, leaves: [{ ...fullLeaves[2]!, index: 1 }] },
      'not under leaf 1',
    ],
    [
      'a frame',
      { kind: 'delta', table: 'presence', records: full(3, (owner) => presenceRecord(owner)) },
      'is over 40960',
    ],
  ])('%s of our own over the limit are our mistake', (_what, message, said) => {
    expect(() => createLinkEncoder().encode(message)).toThrow(said);
  });

  test('a packet as text has a limit of its own', () => {
    expect(decodePacket('A'.repeat(PACKET_TEXT_LENGTH_MAX + 4))).toEqual({ ok: false, error: 'oversized' });
    expect(decodePacket('AQ')).toEqual({ ok: false, error: 'malformed' });
    expect(decodePacket('AkE=')).toEqual({ ok: false, error: 'newer-version' });
    expect(decodePacket('AQE=')).toEqual({ ok: false, error: 'unknown-kind' });
  });
});

function overfullLeaf() {
  return { index: 0, after: null, upTo: null, entries: full(SUMMARIES_MAX + 1, summaryUnder(0)) };
}

function presenceRecord(owner: PeerId) {
  return { owner, epoch: epoch(1), field: 'f', seq: 1, value: largest, proof: proof() };
}

/** A varint of two bytes, by hand; from 128 to 16,383. */
function varint(value: number): readonly number[] {
  return [(value & 127) | 128, value >>> 7];
}
