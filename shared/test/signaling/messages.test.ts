/** What is taken as a signaling message, and that nothing else is. */
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { assert } from '#shared/base/assert.ts';
import { bytesToPeerId, isRoomId, type PeerId, type RoomId } from '#shared/base/ids.ts';
import {
  closeCodes,
  isNamesake,
  ERROR_MESSAGE_LENGTH_MAX,
  parseClientMessage,
  parseServerMessage,
  SIGNAL_DATA_LENGTH_MAX,
  SIGNALING_MESSAGE_BYTES_MAX,
  signalingMessageToText,
  type ClientMessage,
  type Namesake,
  type ServerMessage,
} from '#shared/signaling/messages.ts';

const peer = (seed: number): PeerId => bytesToPeerId(new Uint8Array(16).fill(seed));
const [a, b, c, d] = [peer(0xaa), peer(0xbb), peer(0xcc), peer(0xdd)];

function room(name: string): RoomId {
  assert(isRoomId(name), `${name} names no room`);
  return name;
}

function namesake(name: string): Namesake {
  assert(isNamesake(name), `${name} is no namesake`);
  return name;
}

const clientMessages: readonly ClientMessage[] = [
  { kind: 'join', version: 1, room: room('kitchen'), id: a },
  { kind: 'join', version: 1, room: room('ü'.repeat(128)), id: a },
  { kind: 'signal', to: b, data: 'b2ZmZXI=' },
  { kind: 'signal', to: b, data: 'A'.repeat(SIGNAL_DATA_LENGTH_MAX) },
  { kind: 'contacts' },
  { kind: 'namesake', name: namesake('0123456789abcdef'.repeat(2)) },
];

const serverMessages: readonly ServerMessage[] = [
  { kind: 'welcome', contacts: [], starting: true },
  { kind: 'welcome', contacts: [a, b, c], starting: false },
  { kind: 'contacts', contacts: [b] },
  { kind: 'attached', ids: [a, b, c] },
  { kind: 'signal', from: a, data: 'b2ZmZXI=' },
  { kind: 'unreachable', to: b },
  { kind: 'namesakes' },
  { kind: 'error', code: 'too-fast', message: 'slow down' },
];

const join = { kind: 'join', version: 1, room: 'kitchen', id: a };
const signal = { kind: 'signal', to: b, data: 'AAAA' };

describe('a message that fits', () => {
  it.each(clientMessages)('from a tab comes back as it was: $kind', (message) => {
    expect(parseClientMessage(signalingMessageToText(message))).toEqual({ ok: true, value: message });
  });

  it.each(serverMessages)('from the server comes back as it was: $kind', (message) => {
    expect(parseServerMessage(signalingMessageToText(message))).toEqual({ ok: true, value: message });
  });

  it('is small enough for a frame even with the most data', () => {
    const largest = signalingMessageToText({
      kind: 'signal',
      to: b,
      data: 'A'.repeat(SIGNAL_DATA_LENGTH_MAX),
    });
    expect(largest.length).toBeLessThan(SIGNALING_MESSAGE_BYTES_MAX);
  });
});

describe('refused from a tab', () => {
  const refused: readonly (readonly [why: string, sent: unknown, code: string])[] = [
    ['a number', 7, 'bad-message'],
    ['null', null, 'bad-message'],
    ['an array', [], 'bad-message'],
    ['no kind', {}, 'bad-message'],
    ['a kind that is no text', { kind: 1 }, 'bad-message'],
    ['a kind of the server', { kind: 'welcome', contacts: [], starting: true }, 'bad-message'],
    ['a kind that objects inherit', { kind: 'constructor' }, 'bad-message'],
    ['a field too many', { ...join, extra: 1 }, 'bad-message'],
    ['a field too few', { kind: 'join', version: 1, id: a }, 'bad-message'],
    ['contacts with a field', { kind: 'contacts', count: 3 }, 'bad-message'],
    ['a namesake too short', { kind: 'namesake', name: '0a' }, 'bad-message'],
    ['a namesake in clear', { kind: 'namesake', name: 'kitchen' }, 'bad-message'],
    ['a namesake with a room', { kind: 'namesake', name: 'a'.repeat(32), room: 'kitchen' }, 'bad-message'],
    ['an empty room', { ...join, room: '' }, 'bad-message'],
    ['a long room', { ...join, room: 'x'.repeat(129) }, 'bad-message'],
    ['a room that is no text', { ...join, room: ['kitchen'] }, 'bad-message'],
    ['an upper-case id', { ...join, id: 'A'.repeat(32) }, 'bad-message'],
    ['an id with a line break', { ...join, id: `${a}\n` }, 'bad-message'],
    ['a version that is no number', { ...join, version: '1' }, 'bad-message'],
    ['another version', { ...join, version: 2 }, 'bad-version'],
    ['another version with other fields', { kind: 'join', version: 2, token: 'x' }, 'bad-version'],
    ['a chosen sender', { ...signal, from: a }, 'bad-message'],
    ['a bad target', { ...signal, to: 'b' }, 'bad-message'],
    ['no data', { ...signal, data: '' }, 'bad-message'],
    ['data that is no text', { ...signal, data: { sdp: 'x' } }, 'bad-message'],
    ['data that is no base64', { ...signal, data: 'AA A' }, 'bad-message'],
    ['too much data', { ...signal, data: 'A'.repeat(SIGNAL_DATA_LENGTH_MAX + 1) }, 'too-large'],
  ];

  it.each(refused)('%s', (_why, sent, code) => {
    const result = parseClientMessage(JSON.stringify(sent));
    expect(result).toEqual({ ok: false, error: { code, detail: expect.any(String) } });
  });

  it.each(['', '{', '{"kind":', 'undefined', '[['.repeat(20_000)])('text that is no JSON: %#', (text) => {
    expect(parseClientMessage(text)).toMatchObject({ ok: false, error: { code: 'bad-message' } });
  });

  it('a text beyond the limit, before it is read', () => {
    const text = ' '.repeat(SIGNALING_MESSAGE_BYTES_MAX) + JSON.stringify(join);
    expect(parseClientMessage(text)).toMatchObject({ ok: false, error: { code: 'too-large' } });
  });

  it('fields hidden in a prototype, which stays clean', () => {
    const hidden = '{"__proto__":{"kind":"contacts"}}';
    const added = `{"kind":"contacts","__proto__":{"polluted":1}}`;
    const swapped = `{"kind":"join","version":1,"room":"kitchen","__proto__":{"id":"${a}"}}`;
    for (const text of [hidden, added, swapped]) {
      expect(parseClientMessage(text)).toMatchObject({ ok: false, error: { code: 'bad-message' } });
    }
    expect('polluted' in {}).toBe(false);
  });
});

describe('refused from the server', () => {
  const refused: readonly (readonly [why: string, sent: unknown])[] = [
    ['a kind of a tab', join],
    ['too many contacts', { kind: 'contacts', contacts: [a, b, c, d] }],
    ['the same contact twice', { kind: 'contacts', contacts: [a, a] }],
    ['contacts that are no list', { kind: 'contacts', contacts: { length: 0 } }],
    ['a list that names one twice', { kind: 'attached', ids: [a, a] }],
    [
      'a list of too many',
      { kind: 'attached', ids: Array.from({ length: 17 }, (_, at) => String(at).padStart(32, '0')) },
    ],
    ['a list with a field', { kind: 'attached', ids: [a], more: 1 }],
    ['a bad contact', { kind: 'welcome', contacts: ['a'], starting: true }],
    ['starting that is no truth', { kind: 'welcome', contacts: [], starting: 1 }],
    ['a signal to somebody', { kind: 'signal', to: a, data: 'AAAA' }],
    ['nobody unreachable', { kind: 'unreachable' }],
    ['namesakes that are named', { kind: 'namesakes', ids: [a] }],
    ['an unknown code', { kind: 'error', code: 'toString', message: '' }],
    [
      'a long sentence',
      { kind: 'error', code: 'too-fast', message: 'x'.repeat(ERROR_MESSAGE_LENGTH_MAX + 1) },
    ],
  ];

  it.each(refused)('%s', (_why, sent) => {
    expect(parseServerMessage(JSON.stringify(sent))).toMatchObject({
      ok: false,
      error: { code: 'bad-message' },
    });
  });
});

describe('whatever comes', () => {
  const names = fc.constantFrom(
    'kind',
    'version',
    'room',
    'id',
    'to',
    'from',
    'data',
    'contacts',
    'name',
    '__proto__',
  );
  const values = fc.oneof(
    fc.constantFrom(
      'join',
      'signal',
      'contacts',
      'namesake',
      'welcome',
      'namesakes',
      'error',
      a,
      b,
      'AAAA',
      1,
      true,
      null,
    ),
    fc.jsonValue({ maxDepth: 2 }),
  );
  const almost = fc.array(fc.tuple(names, values), { maxLength: 5 }).map((fields) => {
    const parts = fields.map(([name, value]) => `${JSON.stringify(name)}:${JSON.stringify(value)}`);
    return `{${parts.join(',')}}`;
  });
  const cut = fc
    .tuple(
      fc.constantFrom(...clientMessages, ...serverMessages.slice(0, 3)),
      fc.nat(80),
      fc.string({ maxLength: 3 }),
    )
    .map(([message, at, put]) => {
      const text = signalingMessageToText(message);
      return text.slice(0, at) + put + text.slice(at + put.length);
    });
  const anything = fc.oneof(fc.string({ unit: 'binary', maxLength: 40 }), fc.json(), almost, cut);

  it('nothing throws, and what is taken comes back the same', () => {
    fc.assert(
      fc.property(anything, (text) => {
        for (const parse of [parseClientMessage, parseServerMessage]) {
          const first = parse(text);
          if (first.ok) expect(parse(signalingMessageToText(first.value))).toEqual(first);
        }
      }),
      { numRuns: 20_000, seed: 20_261_122 },
    );
  });
});

it('each close has a code of its own', () => {
  const codes = Object.values(closeCodes);
  expect(new Set(codes).size).toBe(codes.length);
});
