/** Two versions on one link, and what is said to one that is too old. The bodies of both are the same here. */
import { describe, expect, test } from 'vitest';
import type { LinkMessage, RoutedPayload } from '#shared/mesh/messages.ts';
import type { RoutingMessage } from '#shared/routing/messages.ts';
import { createLinkDecoder, createLinkEncoder } from '#shared/wire/frame.ts';
import { decodePacket, encodePacket, encodeTooOldPacket } from '#shared/wire/packet.ts';
import { encodeTooOld, linkVersion, versionsUpTo, WIRE_VERSIONS } from '#shared/wire/versions.ts';
import { a, b, bytesOf } from './helpers.ts';

const prune: LinkMessage = { kind: 'prune', tree: a };
const packet: RoutingMessage<RoutedPayload> = {
  kind: 'packetAck',
  origin: a,
  to: b,
  id: 7,
  ttl: 3,
  serverMay: true,
  route: [],
  receipt: null,
};
const refused = (error: string): object => ({ ok: false, error });

test('software reads its newest version and the one before, and there is none before the first', () => {
  expect([1, 2, 3].map(versionsUpTo)).toEqual([
    { oldest: 1, newest: 1 },
    { oldest: 1, newest: 2 },
    { oldest: 2, newest: 3 },
  ]);
  expect(WIRE_VERSIONS).toEqual({ oldest: 1, newest: 1 });
});

describe('a link', () => {
  test.each([
    ['the room speaks what both ends have', { own: 2, theirs: 2, room: 2 }, 2],
    ['an older member is in the room', { own: 2, theirs: 2, room: 1 }, 1],
    ['the other end is older, and the room does not know yet', { own: 2, theirs: 1, room: 2 }, 1],
    ['the other end is newer', { own: 2, theirs: 3, room: 2 }, 2],
    ['the other end no longer reads what the room speaks', { own: 2, theirs: 3, room: 1 }, 2],
    ['we no longer write what the room speaks', { own: 3, theirs: 2, room: 1 }, 2],
    ['the other end is too old for us', { own: 3, theirs: 1, room: 1 }, 2],
    ['we are too old for the other end', { own: 1, theirs: 3, room: 1 }, 1],
    ['the other end names no version at all', { own: 2, theirs: 0, room: 2 }, 1],
  ])('speaks, when %s, what is best read', (_when, { own, theirs, room }, version) => {
    expect(linkVersion(versionsUpTo(own), theirs, room)).toBe(version);
  });

  test('changes its version between two frames, and sequences and short names go on', () => {
    const encoder = createLinkEncoder();
    const decoder = createLinkDecoder(versionsUpTo(2));
    const frames = [1, 2, 1].map((version) => encoder.encode(prune, version));
    expect(frames.map((bytes) => [bytes[0], bytes[1]])).toEqual([
      [1, 1],
      [2, 2],
      [1, 3],
    ]);
    expect(frames.map((bytes) => decoder.decode(bytes))).toEqual(
      frames.map(() => ({ ok: true, value: prune })),
    );
  });

  test('refuses what is older than both, or newer, and reads what comes next', () => {
    const encoder = createLinkEncoder();
    const decoder = createLinkDecoder(versionsUpTo(3));
    const answers = [3, 1, 4, 2].map((version) => decoder.decode(encoder.encode(prune, version)).ok);
    expect(answers).toEqual([true, false, false, true]);
    expect(decoder.decode(bytesOf(1))).toEqual(refused('stale-version'));
    expect(decoder.decode(bytesOf(4))).toEqual(refused('newer-version'));
  });
});

describe('the notice', () => {
  const notice = encodeTooOld(versionsUpTo(3));

  test('is two bytes for ever: no version, and the oldest that is read', () => {
    expect(notice).toEqual(bytesOf(0, 2));
    expect(atob(encodeTooOldPacket(versionsUpTo(3)))).toBe('\u0000\u0002');
  });

  test('is understood by one that is too old, on a link and by the server', () => {
    expect(createLinkDecoder(versionsUpTo(1)).decode(notice)).toEqual(refused('too-old'));
    expect(decodePacket(encodeTooOldPacket(versionsUpTo(3)), versionsUpTo(1))).toEqual(refused('too-old'));
  });

  test.each([
    ['to one that can be read', bytesOf(0, 2)],
    ['without a version', bytesOf(0)],
    ['with more behind it', bytesOf(0, 9, 1)],
  ])('%s is malformed', (_what, bytes) => {
    expect(createLinkDecoder(versionsUpTo(2)).decode(bytes)).toEqual(refused('malformed'));
  });
});

describe('a packet as text', () => {
  test.each([
    [1, 1],
    [1, 2],
    [2, 3],
    [3, 4],
  ])('of versions %i and %i is read both ways', (one, other) => {
    for (const [from, to] of [
      [one, other],
      [other, one],
    ] as const) {
      const text = encodePacket(packet, versionsUpTo(from));
      expect(decodePacket(text, versionsUpTo(to))).toEqual({ ok: true, value: packet });
    }
  });

  test('two versions apart is refused by either', () => {
    expect(decodePacket(encodePacket(packet, versionsUpTo(2)), versionsUpTo(4))).toEqual(
      refused('stale-version'),
    );
    expect(decodePacket(encodePacket(packet, versionsUpTo(4)), versionsUpTo(2))).toEqual(
      refused('newer-version'),
    );
  });
});
