/** Frames byte by byte: the header, refusals, and what they leave behind. */
import { describe, expect, test } from 'vitest';
import { epoch, incarnation } from '#shared/base/ids.ts';
import { bytesToPublicKey, type Proof } from '#shared/base/proof.ts';
import type { LinkMessage } from '#shared/mesh/messages.ts';
import { createLinkDecoder, createLinkEncoder, MESSAGE_KINDS } from '#shared/wire/frame.ts';
import { FRAME_BYTES_MAX, SEQUENCE_GAPS_MAX } from '#shared/wire/limits.ts';
import { a, b, bytesOf } from './helpers.ts';

const leaving: LinkMessage = { kind: 'disconnect', reason: 'leaving' };
const prune: LinkMessage = { kind: 'prune', tree: a };

const refused = (error: string): object => ({ ok: false, error });
const accepted = (value: LinkMessage): object => ({ ok: true, value });

describe('the header', () => {
  test('a frame is version, sequence, kind, body', () => {
    const encoder = createLinkEncoder();
    expect(encoder.encode(leaving)).toEqual(bytesOf(1, 1, 0x11, 1));
    expect(encoder.encode(leaving)).toEqual(bytesOf(1, 2, 0x11, 1));
  });

  test('another version is refused, whatever follows, and 0 is none', () => {
    expect(createLinkDecoder().decode(bytesOf(2, 1, 0x11, 1))).toEqual(refused('newer-version'));
    expect(createLinkDecoder().decode(bytesOf(0))).toEqual(refused('malformed'));
  });

  test('a frame over the limit is refused before it is looked at', () => {
    expect(createLinkDecoder().decode(new Uint8Array(FRAME_BYTES_MAX + 1))).toEqual(refused('oversized'));
  });

  test.each([
    ['nothing', bytesOf()],
    ['no sequence', bytesOf(1)],
    ['sequence 0', bytesOf(1, 0, 0x11, 1)],
    ['a sequence longer than it need be', bytesOf(1, 0x81, 0, 0x11, 1)],
    ['a sequence over 2^53', bytesOf(1, [255, 255, 255, 255, 255, 255, 255, 127], 0x11, 1)],
    ['a sequence without end', new Uint8Array(300).fill(128).fill(1, 0, 1)],
    ['no kind', bytesOf(1, 1)],
    ['no body', bytesOf(1, 1, 0x11)],
    ['a trailing byte', bytesOf(1, 1, 0x11, 1, 0)],
    ['a reason that does not exist', bytesOf(1, 1, 0x11, 9)],
    ['a flag that is neither 0 nor 1', bytesOf(1, 1, 0x24, 2)],
    ['half an id', bytesOf(1, 1, 0x24, 1, 0x40, 0, '0a0b')],
  ])('%s is malformed', (_what, bytes) => {
    expect(createLinkDecoder().decode(bytes)).toEqual(refused('malformed'));
  });

  test('a kind that is not known is told apart from damage', () => {
    expect(createLinkDecoder().decode(bytesOf(1, 1, 0xee))).toEqual(refused('unknown-kind'));
  });

  test('a payload inside a gossip or a packet may be unknown as well', () => {
    const head = bytesOf(1, 1, 0x20, 0x40, 0, a, 0, 0, 1, 0, 0, 0, 0);
    expect(createLinkDecoder().decode(bytesOf([...head], 0x70))).toEqual(refused('unknown-kind'));
    const packet = bytesOf(1, 1, 0x40, 0x40, 0, a, 0x40, 1, b, 1, 1, 0, 0, 0, 0, 0);
    expect(createLinkDecoder().decode(bytesOf([...packet], 0x50))).toEqual(refused('unknown-kind'));
    expect(createLinkDecoder().decode(bytesOf([...packet], 0x78)).ok).toBe(true);
  });

  test('a roster delta holds no accusation', () => {
    expect(createLinkDecoder().decode(bytesOf(1, 1, 0x05, 0, 1, 0x52))).toEqual(refused('unknown-kind'));
  });

  test('each kind is named once', () => {
    expect(new Set(MESSAGE_KINDS).size).toBe(MESSAGE_KINDS.length);
    expect(MESSAGE_KINDS).toHaveLength(39);
  });
});

/** A good frame with this sequence, from 1 to 16,383. */
function frame(sequence: number): Uint8Array {
  return bytesOf(1, sequence < 128 ? sequence : [(sequence & 127) | 128, sequence >>> 7], 0x11, 1);
}

describe('the sequence', () => {
  test('a frame comes once', () => {
    const decoder = createLinkDecoder();
    expect(decoder.decode(frame(1))).toEqual(accepted(leaving));
    expect(decoder.decode(frame(1))).toEqual(refused('replayed'));
  });

  test('dropped frames do not hold up later ones, and are too late afterwards', () => {
    const decoder = createLinkDecoder();
    expect(decoder.decode(frame(4))).toEqual(accepted(leaving));
    expect(decoder.decode(frame(2))).toEqual(refused('misordered'));
    expect(decoder.decode(frame(4))).toEqual(refused('replayed'));
    expect(decoder.decode(frame(5))).toEqual(accepted(leaving));
    expect(decoder.decode(frame(3))).toEqual(refused('misordered'));
  });

  test('a refused frame has not been seen: its sequence is still free', () => {
    const decoder = createLinkDecoder();
    expect(decoder.decode(bytesOf(1, 1, 0x11))).toEqual(refused('malformed'));
    expect(decoder.decode(bytesOf(1, 1, 0xee))).toEqual(refused('unknown-kind'));
    expect(decoder.decode(frame(1))).toEqual(accepted(leaving));
  });

  test('of the gaps only the newest are remembered', () => {
    const decoder = createLinkDecoder();
    // Each step passes one sequence over: 1, 3, 5 and so on.
    for (let step = 1; step <= SEQUENCE_GAPS_MAX; step++) decoder.decode(frame(2 * step));
    expect(decoder.decode(frame(1))).toEqual(refused('misordered'));
    expect(decoder.decode(frame(2 * SEQUENCE_GAPS_MAX + 2))).toEqual(accepted(leaving));
    expect(decoder.decode(frame(1))).toEqual(refused('replayed'));
    expect(decoder.decode(frame(3))).toEqual(refused('misordered'));
  });
});

describe('member ids', () => {
  test('an id is defined by three frames and named by two bytes after that', () => {
    const encoder = createLinkEncoder();
    for (const seq of [1, 2, 3]) expect(encoder.encode(prune)).toEqual(bytesOf(1, seq, 0x24, 1, 0x40, 0, a));
    expect(encoder.encode(prune)).toEqual(bytesOf(1, 4, 0x24, 1, 0, 0));
    expect(encoder.encode({ kind: 'prune', tree: b })).toEqual(bytesOf(1, 5, 0x24, 1, 0x40, 1, b));
  });

  test('an id whose first two frames were refused is known by the third', () => {
    const encoder = createLinkEncoder();
    const decoder = createLinkDecoder();
    const frames = [1, 2, 3, 4].map(() => encoder.encode(prune));
    for (const bytes of frames.slice(0, 2))
      expect(decoder.decode(bytes.slice(0, -1))).toEqual(refused('malformed'));
    for (const bytes of frames.slice(2)) expect(decoder.decode(bytes)).toEqual(accepted(prune));
  });

  test('a name that was never defined is refused', () => {
    expect(createLinkDecoder().decode(bytesOf(1, 1, 0x24, 1, 0, 0))).toEqual(refused('unknown-index'));
  });

  test('a definition holds from its own frame on', () => {
    const decoder = createLinkDecoder();
    const heads = bytesOf(1, 1, 0x21, 2, 0x40, 7, a, 0, 0, 1, 0, 7, 0, 0, 2);
    expect(decoder.decode(heads).ok).toBe(true);
    expect(decoder.decode(bytesOf(1, 2, 0x24, 1, 0, 7))).toEqual(accepted(prune));
  });

  test('a definition in a refused frame never was', () => {
    const decoder = createLinkDecoder();
    expect(decoder.decode(bytesOf(1, 1, 0x24, 1, 0x40, 0, a, 0xff))).toEqual(refused('malformed'));
    expect(decoder.decode(bytesOf(1, 2, 0x24, 1, 0, 0))).toEqual(refused('unknown-index'));
    expect(decoder.decode(bytesOf(1, 2, 0x24, 1, 0x40, 0, b))).toEqual(accepted({ kind: 'prune', tree: b }));
  });

  test('a name means one id: defining it again is harmless, redefining it is not', () => {
    const decoder = createLinkDecoder();
    expect(decoder.decode(bytesOf(1, 1, 0x24, 1, 0x40, 0, a))).toEqual(accepted(prune));
    expect(decoder.decode(bytesOf(1, 2, 0x24, 1, 0x40, 0, a))).toEqual(accepted(prune));
    expect(decoder.decode(bytesOf(1, 3, 0x24, 1, 0x40, 0, b))).toEqual(refused('malformed'));
    expect(decoder.decode(bytesOf(1, 3, 0x24, 1, 0, 0))).toEqual(accepted(prune));
  });

  test('names go up to 4,096; ids beyond them are written in full each time', () => {
    expect(createLinkDecoder().decode(bytesOf(1, 1, 0x24, 1, 0x4f, 0xff, a))).toEqual(accepted(prune));
    expect(createLinkDecoder().decode(bytesOf(1, 1, 0x24, 1, 0x50, 0, a))).toEqual(refused('malformed'));
    expect(createLinkDecoder().decode(bytesOf(1, 1, 0x24, 1, 0x80, 0, a))).toEqual(accepted(prune));
    expect(createLinkDecoder().decode(bytesOf(1, 1, 0x24, 1, 0x80, 1, a))).toEqual(refused('malformed'));
    expect(createLinkDecoder().decode(bytesOf(1, 1, 0x24, 1, 0xc0, 0, a))).toEqual(refused('malformed'));
  });

  test('a key is defined in the first three frames that hold it, apart from ids, and named after that', () => {
    const encoder = createLinkEncoder();
    const decoder = createLinkDecoder();
    const key = bytesToPublicKey(new Uint8Array(32).fill(9));
    const proof: Proof = { key, epoch: epoch(1), seq: 2, of: 1, signature: new Uint8Array(64).fill(5) };
    const links: LinkMessage = {
      kind: 'claims',
      claims: [
        { kind: 'links', id: a, epoch: epoch(1), seq: 1, neighbors: [], stability: 0, greeter: false, proof },
      ],
    };
    const frames = Array.from({ length: 4 }, () => encoder.encode(links));
    for (const bytes of frames) expect(decoder.decode(bytes)).toEqual(accepted(links));
    expect(frames.map(({ length }) => length)).toEqual([130, 130, 130, 82]);
    const head = [1, 4, 0x04, 1, 0x51, 0, 0, 1, 1, 0, 0, 0];
    expect(frames[3]).toEqual(
      bytesOf(
        head,
        1,
        0,
        0,
        1,
        2,
        1,
        Array.from({ length: 64 }, () => 5),
      ),
    );
    expect(createLinkDecoder().decode(bytesOf([1, 1, ...frames[0]!.subarray(2)]))).toEqual(accepted(links));
    expect(createLinkDecoder().decode(bytesOf(head.with(1, 1), 1, 0, 0))).toEqual(refused('unknown-index'));
  });

  test('a message that asserts defines nothing and takes no sequence', () => {
    const encoder = createLinkEncoder();
    const bad: LinkMessage = {
      kind: 'hello',
      identity: {
        kind: 'identity',
        id: a,
        epoch: epoch(1),
        incarnation: incarnation(-1),
        left: false,
        wireVersion: 1,
        card: new Uint8Array(0),
        proof: null,
      },
      presence: [],
    };
    expect(() => encoder.encode(bad)).toThrow('-1 is not a count');
    expect(encoder.encode(prune)).toEqual(bytesOf(1, 1, 0x24, 1, 0x40, 0, a));
  });
});

test('times are whole milliseconds on the wire', () => {
  const encoder = createLinkEncoder();
  const zero = { high: 0, low: 0 };
  const roots = { roster: zero, state: zero, presence: zero };
  const bytes = encoder.encode({ kind: 'heartbeat', probe: 1, tickMs: 16.6, wall: 1000.4, roots });
  const decoded = createLinkDecoder().decode(bytes);
  expect(decoded).toEqual(accepted({ kind: 'heartbeat', probe: 1, tickMs: 17, wall: 1000, roots }));
});
