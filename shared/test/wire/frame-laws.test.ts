/** Laws of frames and packets, over arbitrary messages and arbitrary bytes. */
import * as fc from 'fast-check';
import { createEncoder, toUint8Array } from 'lib0/encoding';
import { describe, expect, test } from 'vitest';
import { createLinkDecoder, createLinkEncoder, MESSAGE_KINDS } from '#shared/wire/frame.ts';
import { FRAME_BYTES_MAX, PACKET_TEXT_LENGTH_MAX } from '#shared/wire/limits.ts';
import { plainReaders, plainWriters } from '#shared/wire/names-codec.ts';
import { decodePacket, encodePacket } from '#shared/wire/packet.ts';
import { readPayload, writePayload } from '#shared/wire/payload-codec.ts';
import { readWhole } from '#shared/wire/reader.ts';
import type { Writer } from '#shared/wire/writer.ts';
import { anyLinkMessage, anyPayload, anyRouting } from './arbitraries.ts';
import { expectSame } from './helpers.ts';

const SEED = 20_260_101;

/** Every kind named in a message, its payload's and its claims' included. */
function kindsIn(part: unknown, found: Set<string>): void {
  if (typeof part !== 'object' || part === null) return;
  for (const [key, value] of Object.entries(part)) {
    if (key === 'kind' && typeof value === 'string') found.add(value);
    kindsIn(value, found);
  }
}

describe('frames', () => {
  test('every message comes out of a new link as it went in, within the limit', () => {
    const seen = new Set<string>();
    fc.assert(
      fc.property(anyLinkMessage, (message) => {
        const bytes = createLinkEncoder().encode(message);
        expect(bytes.length).toBeLessThanOrEqual(FRAME_BYTES_MAX);
        expectSame(createLinkDecoder().decode(bytes), { ok: true, value: message });
        kindsIn(message, seen);
      }),
      { seed: SEED, numRuns: 3_000 },
    );
    expect([...MESSAGE_KINDS].filter((kind) => !seen.has(kind))).toEqual([]);
  });

  test('messages come out of one link in order, as they went in', () => {
    fc.assert(
      fc.property(fc.array(anyLinkMessage, { maxLength: 20 }), (messages) => {
        const encoder = createLinkEncoder();
        const decoder = createLinkDecoder();
        const decoded = messages.map((message) => decoder.decode(encoder.encode(message)));
        expectSame(
          decoded,
          messages.map((value) => ({ ok: true, value })),
        );
      }),
      { seed: SEED, numRuns: 200 },
    );
  });
});

describe('bytes from anywhere', () => {
  test('any bytes decode to an answer', () => {
    const decoder = createLinkDecoder();
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        expect(typeof decoder.decode(bytes).ok).toBe('boolean');
      }),
      { seed: SEED, numRuns: 20_000 },
    );
  });

  test('any bytes after a good header decode to an answer', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...Array.from({ length: 0x42 }, (_, code) => code)),
        fc.uint8Array({ maxLength: 120 }),
        (code, body) => {
          const frame = Uint8Array.of(1, 1, code, ...body);
          expect(typeof createLinkDecoder().decode(frame).ok).toBe('boolean');
        },
      ),
      { seed: SEED, numRuns: 20_000 },
    );
  });

  test('a refused frame changes nothing: the frames around a damaged one decode as if it had not been', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(anyLinkMessage, mutation()), { minLength: 1, maxLength: 8 }), (steps) => {
        const encoder = createLinkEncoder();
        const decoder = createLinkDecoder();
        for (const [message, mutate] of steps) {
          const bytes = encoder.encode(message);
          const spoiled = Uint8Array.of(...mutate(bytes), 0, 0, 0, 0);
          // A mutation that decodes has told the decoder something; that story ends here.
          if (decoder.decode(spoiled).ok) return;
          expectSame(decoder.decode(bytes), { ok: true, value: message });
        }
      }),
      { seed: SEED, numRuns: 1_500 },
    );
  });

  test('dropped and repeated frames never make a frame decode to another message', () => {
    const step = fc.record({
      message: anyLinkMessage,
      // Most are lost, or the three frames that define an id would never all be.
      lost: fc.integer({ min: 0, max: 3 }).map((draw) => draw > 0),
      repeats: fc.nat(2),
    });
    let unknown = 0;
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
        const encoder = createLinkEncoder();
        const decoder = createLinkDecoder();
        for (const { message, lost, repeats } of steps) {
          const bytes = encoder.encode(message);
          if (lost) continue;
          const first = decoder.decode(bytes);
          if (first.ok) expectSame(first.value, message);
          else expect(first.error).toBe('unknown-index');
          if (!first.ok) unknown += 1;
          for (let at = 0; at < repeats; at++) {
            expect(decoder.decode(bytes)).toEqual({
              ok: false,
              error: first.ok ? 'replayed' : 'unknown-index',
            });
          }
        }
      }),
      { seed: SEED, numRuns: 700 },
    );
    expect(unknown).toBeGreaterThan(10);
  });
});

describe('payloads', () => {
  test('what decodes was written in its one form, damaged or not', () => {
    let decodedAfterDamage = 0;
    fc.assert(
      fc.property(anyPayload, mutation(), (payload, mutate) => {
        const writer: Writer = { out: createEncoder(), names: plainWriters };
        writePayload(writer, payload);
        const bytes = mutate(toUint8Array(writer.out));
        const decoded = readWhole(bytes, plainReaders, readPayload);
        if (!decoded.ok) return;
        decodedAfterDamage += 1;
        const again: Writer = { out: createEncoder(), names: plainWriters };
        writePayload(again, decoded.value);
        expect(toUint8Array(again.out)).toEqual(bytes);
      }),
      { seed: SEED, numRuns: 2_500 },
    );
    expect(decodedAfterDamage).toBeGreaterThan(250);
  });
});

describe('packets', () => {
  test('every packet comes out of its text as it went in', () => {
    fc.assert(
      fc.property(anyRouting, (message) => {
        const text = encodePacket(message);
        expect(text.length).toBeLessThanOrEqual(PACKET_TEXT_LENGTH_MAX);
        expectSame(decodePacket(text), { ok: true, value: message });
      }),
      { seed: SEED, numRuns: 2_000 },
    );
  });

  test('any text decodes to an answer, and what decodes has this one text', () => {
    const base64 = fc.base64String({ maxLength: 200 }).map((text) => `AU${text.slice(2)}`);
    fc.assert(
      fc.property(fc.oneof(fc.string({ maxLength: 100 }), base64, mutatedText()), (text) => {
        const decoded = decodePacket(text);
        if (decoded.ok) expect(encodePacket(decoded.value)).toBe(text);
      }),
      { seed: SEED, numRuns: 20_000 },
    );
  });
});

type Mutate = (bytes: Uint8Array) => Uint8Array;

/** One change of a byte, a cut, or an insertion. */
function mutation(): fc.Arbitrary<Mutate> {
  return fc
    .record({ how: fc.constantFrom('flip', 'set', 'cut', 'insert'), at: fc.nat(), byte: fc.nat(255) })
    .map(({ how, at, byte }) => (bytes) => {
      const place = at % bytes.length;
      const before = bytes.slice(0, place);
      const rest = bytes.slice(place + 1);
      if (how === 'cut') return before;
      if (how === 'insert') return Uint8Array.of(...before, byte, bytes[place]!, ...rest);
      return Uint8Array.of(...before, how === 'set' ? byte : bytes[place]! ^ (1 << (byte % 8)), ...rest);
    });
}

function mutatedText(): fc.Arbitrary<string> {
  return fc.tuple(anyRouting, fc.nat(), fc.string({ maxLength: 1 })).map(([message, at, letter]) => {
    const text = encodePacket(message);
    const place = at % text.length;
    return text.slice(0, place) + letter + text.slice(place + 1);
  });
}
