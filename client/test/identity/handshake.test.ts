import { describe, expect } from 'vitest';
import { fc, test } from '@fast-check/vitest';
import type { RoomId } from '#shared/base/ids.ts';
import { createLinkDecoder } from '#shared/wire/frame.ts';
import { versionsUpTo } from '#shared/wire/versions.ts';
import {
  createHandshake,
  encodeProof,
  HANDSHAKE_MARK,
  HELD_BYTES_MAX,
  HELD_FRAMES_MAX,
  type Handshake,
  type Place,
} from '#client/identity/handshake.ts';
import { keyToPeerId } from '#client/identity/member-id.ts';

const filled = (byte: number): Uint8Array => new Uint8Array(32).fill(byte);
const keyA = filled(1);
const keyB = filled(2);
const create = (publicKey: Uint8Array, peerKey: Uint8Array, nonce: Uint8Array): Handshake =>
  createHandshake({ peer: keyToPeerId(peerKey), publicKey, nonce });
const a = (): Handshake => create(keyA, keyB, filled(3));
const b = (): Handshake => create(keyB, keyA, filled(4));
const signature = new Uint8Array(64).fill(5);
const mac = filled(6).buffer as ArrayBuffer;
const place: Place = {
  topic: 'room' as RoomId,
  fingerprints: { own: filled(7), other: filled(8) },
};
const mirrored: Place = { ...place, fingerprints: { own: filled(8), other: filled(7) } };

/** That has the other end's hail; that has its proof too. */
const hailed = (): Handshake => {
  const handshake = a();
  handshake.receive(b().hail);
  return handshake;
};
const judging = (): Handshake => {
  const handshake = hailed();
  handshake.receive(encodeProof(signature));
  return handshake;
};

const bad = { kind: 'refuse', problem: 'bad-handshake' };
const changed = (bytes: Uint8Array, at: number, byte: number): Uint8Array => {
  const copy = bytes.slice();
  copy[at] = byte;
  return copy;
};

describe('a handshake', () => {
  test('proves itself upon a hail, judges a proof, and holds what follows until it is asked for', () => {
    const handshake = a();
    expect(handshake.receive(b().hail)).toEqual({ kind: 'prove', theirKey: keyB });
    expect(handshake.receive(encodeProof(signature))).toEqual({
      kind: 'judge',
      proof: { signature, mac: undefined },
    });
    const frames = [Uint8Array.of(1, 2), Uint8Array.of(0, 2), Uint8Array.of()];
    expect(frames.map(handshake.receive)).toEqual(frames.map(() => ({ kind: 'hold' })));
    expect([handshake.release(), handshake.release()]).toEqual([frames, []]);
  });

  test('takes a proof by the room’s key as well', () => {
    expect(hailed().receive(encodeProof(signature, mac))).toEqual({
      kind: 'judge',
      proof: { signature, mac: filled(6) },
    });
  });

  test('has hails of 67 bytes: mark, kind, version, nonce and key', () => {
    expect(a().hail).toEqual(Uint8Array.of(255, 1, 1, ...filled(3), ...keyA));
  });

  test.each<[string, () => Handshake, Uint8Array]>([
    ['nothing', a, Uint8Array.of()],
    ['a frame', a, Uint8Array.of(1, 1, 1)],
    ['the notice of a too old version', a, Uint8Array.of(0, 2)],
    ['a proof first', a, encodeProof(signature)],
    ['a hail cut short', a, b().hail.slice(0, -1)],
    ['a longer hail', a, Uint8Array.of(...b().hail, 0)],
    ['a hail of another version', a, changed(b().hail, 2, 2)],
    ['a hail of another kind', a, changed(b().hail, 1, 3)],
    ['a hail without its mark', a, changed(b().hail, 0, 1)],
    ['a second hail', hailed, b().hail],
    ['a frame before the proof', hailed, Uint8Array.of(1, 1, 1)],
    ['nothing in place of the proof', hailed, Uint8Array.of()],
    ['a proof cut short', hailed, encodeProof(signature).slice(0, -1)],
    ['a longer proof', hailed, encodeProof(signature, new ArrayBuffer(31))],
    ['a still longer proof', hailed, encodeProof(signature, new ArrayBuffer(33))],
    ['a second proof', judging, encodeProof(signature)],
    ['a hail after the proof', judging, b().hail],
  ])('refuses %s', (_what, begin, bytes) => {
    expect(begin().receive(bytes)).toEqual(bad);
  });

  test('refuses another key than that of the peer’s id, its own too', () => {
    const wrong = { kind: 'refuse', problem: 'wrong-identity' };
    expect(a().receive(create(filled(9), keyA, filled(4)).hail)).toEqual(wrong);
    expect(a().receive(a().hail)).toEqual(wrong);
  });

  test('holds so many frames and bytes, and no more', () => {
    const flood = { kind: 'refuse', problem: 'handshake-flood' };
    const many = judging();
    const few = judging();
    const last = Array.from({ length: HELD_FRAMES_MAX + 1 }, () => many.receive(Uint8Array.of(1))).slice(-2);
    expect(last).toEqual([{ kind: 'hold' }, flood]);
    expect(few.receive(new Uint8Array(HELD_BYTES_MAX))).toEqual({ kind: 'hold' });
    expect(few.receive(Uint8Array.of(1))).toEqual(flood);
  });

  test.prop([fc.uint8Array({ maxLength: 120 })])('takes no noise for a hail', (bytes) => {
    expect(a().receive(bytes)).toEqual(bad);
  });
});

describe('what is signed', () => {
  const statements = (
    one: Handshake,
    other: Handshake,
    where: Place,
  ): ReturnType<Handshake['statements']> => {
    one.receive(other.hail);
    return one.statements(where);
  };

  test('by one end is what the other end verifies', () => {
    const atA = statements(a(), b(), place);
    const atB = statements(b(), a(), mirrored);
    expect([atA.own, atA.theirs]).toEqual([atB.theirs, atB.own]);
    expect(atA.own).not.toEqual(atA.theirs);
  });

  test('is exactly the domain, the room, both certificates and both hails', () => {
    const text = new TextEncoder().encode('gossamer/1 channel\0');
    expect(statements(a(), b(), place).own).toEqual(
      Uint8Array.of(
        ...text,
        0,
        4,
        ...new TextEncoder().encode('room'),
        ...filled(7),
        ...filled(8),
        ...a().hail,
        ...b().hail,
      ),
    );
  });

  test.each<[string, Handshake, Handshake, Place]>([
    ['room', a(), b(), { ...place, topic: 'roon' as RoomId }],
    ['certificate here', a(), b(), { ...place, fingerprints: { own: filled(9), other: filled(8) } }],
    ['certificate there', a(), b(), { ...place, fingerprints: { own: filled(7), other: filled(9) } }],
    ['order of certificates', a(), b(), mirrored],
    ['own nonce', create(keyA, keyB, filled(9)), b(), place],
    ['other nonce', a(), create(keyB, keyA, filled(9)), place],
    ['own key', create(filled(9), keyB, filled(3)), b(), place],
  ])('changes with the %s', (_what, one, other, where) => {
    const plain = statements(a(), b(), place);
    const { own, theirs } = statements(one, other, where);
    expect([own, theirs]).not.toContainEqual(plain.own);
    expect([own, theirs]).not.toContainEqual(plain.theirs);
  });
});

test('nothing of it is a frame of the link, in any version, and no frame is any of it', () => {
  const messages = [a().hail, encodeProof(signature), encodeProof(signature, mac)];
  for (let newest = 1; newest < HANDSHAKE_MARK; newest++)
    for (const bytes of messages)
      expect(createLinkDecoder(versionsUpTo(newest)).decode(bytes)).toEqual({
        ok: false,
        error: 'newer-version',
      });
});
