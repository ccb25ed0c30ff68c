/** Every decoder of the protocol, under random and damaged input: no throw, no growth, nothing accepted that it is not. */
import { isDeepStrictEqual } from 'node:util';
import * as fc from 'fast-check';
import { createEncoder, toUint8Array, writeUint8, writeVarUint } from 'lib0/encoding';
import { describe, expect, test } from 'vitest';
import {
  parseClientMessage,
  parseServerMessage,
  signalingMessageToText,
  type ClientMessage,
  type ServerMessage,
} from '#shared/signaling/messages.ts';
import type { Result } from '#shared/base/result.ts';
import { createLinkDecoder, createLinkEncoder } from '#shared/wire/frame.ts';
import { WIRE_VERSION } from '#shared/wire/limits.ts';
import { plainReaders, plainWriters } from '#shared/wire/names-codec.ts';
import { decodePacket, encodePacket } from '#shared/wire/packet.ts';
import { readPayload, writePayload } from '#shared/wire/payload-codec.ts';
import { readWhole } from '#shared/wire/reader.ts';
import { statementsOf } from '#shared/wire/statement.ts';
import { anyLinkMessage, anyPayload, anyRouting } from '../wire/arbitraries.ts';
import { fuzz, FUZZ_INPUTS, textOfCounts, type FuzzTarget } from './fuzz.ts';

const SEED = 20_261_129;
const SAMPLE = { seed: SEED, numRuns: 500 };
/** What a megabyte of damaged input may leave behind: rounding of the collector, compiled code. */
const GROWTH_BYTES_MAX = 4_000_000;

const toText = (bytes: Uint8Array): string => Buffer.from(bytes).toString('utf8');
const toBytes = (text: string): Uint8Array => new Uint8Array(Buffer.from(text, 'utf8'));
const wordOf = (result: Result<unknown, string>): string => (result.ok ? 'accepted' : result.error);

function payloadToBytes(payload: Parameters<typeof writePayload>[1]): Uint8Array {
  const writer = { out: createEncoder(), names: plainWriters };
  writePayload(writer, payload);
  return toUint8Array(writer.out);
}

function same(a: unknown, b: unknown): void {
  if (!isDeepStrictEqual(a, b)) throw new Error('accepted, and taken for something else');
}

/** What is accepted says the same again in the same bytes: so no two inputs mean one thing. */
function sameAgain(bytes: Uint8Array, again: Uint8Array): void {
  if (!Buffer.from(again).equals(bytes)) throw new Error('accepted, and written otherwise');
}

function frames(): FuzzTarget {
  const corpus = fc.sample(anyLinkMessage, SAMPLE).map((message) => createLinkEncoder().encode(message));
  return {
    name: 'frames of new links',
    corpus,
    take: (bytes) => {
      const decoded = createLinkDecoder().decode(bytes);
      // What must be verified is picked from whatever was decoded.
      if (decoded.ok) statementsOf('tea', decoded.value);
      if (decoded.ok && bytes[1] === 1) {
        // On a new link all ids are defined, in the order of their first use, so there is one form only.
        same(createLinkDecoder().decode(createLinkEncoder().encode(decoded.value)), decoded);
      }
      return wordOf(decoded);
    },
  };
}

/** All on one link, each with the sequence that is next there: what one leaves behind, the others meet. */
function oneLink(): FuzzTarget {
  const corpus = fc.sample(anyLinkMessage, SAMPLE).map((message) => createLinkEncoder().encode(message));
  const decoder = createLinkDecoder();
  let sequence = 1;
  return {
    name: 'frames of one link',
    corpus,
    take: (bytes) => {
      const header = createEncoder();
      writeUint8(header, WIRE_VERSION);
      writeVarUint(header, sequence);
      const decoded = decoder.decode(Uint8Array.of(...toUint8Array(header), ...bytes.subarray(2)));
      if (decoded.ok) sequence += 1;
      return wordOf(decoded);
    },
  };
}

const payloads = (): FuzzTarget => ({
  name: 'payloads',
  corpus: fc.sample(anyPayload, SAMPLE).map(payloadToBytes),
  take: (bytes) => {
    const decoded = readWhole(bytes, plainReaders, readPayload);
    if (decoded.ok) sameAgain(bytes, payloadToBytes(decoded.value));
    return wordOf(decoded);
  },
});

const packets = (): FuzzTarget => ({
  name: 'packets in text',
  corpus: fc.sample(anyRouting, SAMPLE).map((message) => toBytes(encodePacket(message))),
  take: (bytes) => {
    const decoded = decodePacket(toText(bytes));
    if (decoded.ok) same(encodePacket(decoded.value), toText(bytes));
    return wordOf(decoded);
  },
});

const id = (nth: number): string => nth.toString(16).padStart(32, '0');

function signaling(
  name: string,
  texts: readonly string[],
  parse: (text: string) => Result<ClientMessage | ServerMessage, { readonly code: string }>,
): FuzzTarget {
  return {
    name,
    corpus: texts.map(toBytes),
    take: (bytes) => {
      const parsed = parse(toText(bytes));
      if (!parsed.ok) return parsed.error.code;
      same(parse(signalingMessageToText(parsed.value)), parsed);
      return 'accepted';
    },
  };
}

const clientTexts = [
  { kind: 'join', version: 1, room: 'tea', id: id(1) },
  { kind: 'signal', to: id(2), data: 'AAAA' },
  { kind: 'contacts' },
  { kind: 'namesake', name: id(5) },
].map((message) => JSON.stringify(message));

const serverTexts = [
  { kind: 'welcome', contacts: [id(1), id(2)], starting: false },
  { kind: 'contacts', contacts: [id(3)] },
  { kind: 'signal', from: id(2), data: 'AAAA' },
  { kind: 'unreachable', to: id(4) },
  { kind: 'namesakes' },
  { kind: 'error', code: 'bad-message', message: 'No.' },
].map((message) => JSON.stringify(message));

const targets: readonly (() => FuzzTarget)[] = [
  frames,
  oneLink,
  payloads,
  packets,
  () => signaling('what a tab says to the server', clientTexts, parseClientMessage),
  () => signaling('what the server says to a tab', serverTexts, parseServerMessage),
];

describe(`${FUZZ_INPUTS} random and damaged inputs`, () => {
  test.each(targets.map((target) => [target().name, target] as const))(
    '%s',
    (_name, target) => {
      const made = target();
      for (const good of made.corpus.slice(0, 1)) expect(made.take(good)).toBe('accepted');
      const counts = fuzz(made, FUZZ_INPUTS, SEED);
      process.stdout.write(textOfCounts(counts));
      const sum = Object.values(counts.refused).reduce((total, count) => total + count, counts.accepted);
      expect(sum).toBe(FUZZ_INPUTS);
      // Were nearly nothing accepted, only the first check would have been tried.
      expect(counts.accepted).toBeGreaterThan(FUZZ_INPUTS / 10_000);
      expect(counts.grownBytes).toBeLessThan(GROWTH_BYTES_MAX);
      expect(Object.keys(Object.prototype)).toEqual([]);
    },
    3_600_000,
  );
});
