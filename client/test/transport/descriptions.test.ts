import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  DESCRIPTIONS_LENGTH_MAX,
  descriptionsToText,
  hideAddresses,
  NO_DESCRIPTIONS,
  textToDescriptions,
} from '#client/transport/descriptions.ts';

const offer = { type: 'offer', sdp: 'v=0\r\n' };
const line = 'candidate:1 1 udp 2113937151 192.0.2.1 54400 typ host';
const candidate = { type: 'candidate', candidate: { candidate: line, sdpMid: '0', sdpMLineIndex: 0 } };
const withCandidate = (fields: object): unknown => ({
  ...candidate,
  candidate: { ...candidate.candidate, ...fields },
});
const parse = (value: unknown): unknown => textToDescriptions(JSON.stringify(value));

describe('good descriptions', () => {
  test.each<[string, unknown[]]>([
    ['an offer', [offer]],
    ['an answer', [{ type: 'answer', sdp: 'v=0' }]],
    ['an offer and candidates', [offer, candidate, candidate]],
    ['a candidate with the name of its section alone', [withCandidate({ sdpMLineIndex: null })]],
    ['a candidate with the index of its section alone', [withCandidate({ sdpMid: null })]],
    ['the end of candidates', [withCandidate({ candidate: '' })]],
  ])('%s comes through whole', (_what, descriptions) => {
    expect(textToDescriptions(descriptionsToText(descriptions))).toEqual(descriptions);
  });

  test('what is not asked for is left behind', () => {
    const evil = { ...offer, renegotiate: true, error: 'x', toString: 'y' };
    const sly = { ...candidate, candidate: { ...candidate.candidate, usernameFragment: 'z' }, sdp: 'v=0' };
    expect(parse([evil, sly])).toEqual([offer, candidate]);
  });
});

describe('with its addresses hidden', () => {
  const relay = 'candidate:3 1 udp 41885439 198.51.100.7 61000 typ relay';
  const sdp = (...lines: string[]): string => ['v=0', ...lines, 'a=ice-ufrag:Ab1+', ''].join('\r\n');
  const hide = (...descriptions: unknown[]): unknown =>
    JSON.parse(hideAddresses(descriptionsToText(descriptions)));

  test('a description names relayed candidates alone, and no address but theirs', () => {
    const full = sdp(
      'o=- 4611 2 IN IP4 192.0.2.1',
      'c=IN IP6 2001:db8::1',
      'a=rtcp:9 IN IP4 192.0.2.1',
      `a=${line}`,
      'a=candidate:1 1 tcp 1518280447 4f1c2a9e-77aa-4b0e-9d3c-1f2e3d4c5b6a.local 9 typ host tcptype active',
      'a=candidate:2 1 udp 1677729535 203.0.113.9 54400 typ srflx raddr 192.0.2.1 rport 54400',
      `a=${relay} raddr 203.0.113.9 rport 54400 generation 0`,
      'a=candidate:4 1 udp 1677729535 203.0.113.9 5 typ prflx raddr 192.0.2.1 rport 1',
    );
    expect(hide({ type: 'offer', sdp: full })).toEqual([
      {
        type: 'offer',
        sdp: sdp(
          'o=- 4611 2 IN IP4 0.0.0.0',
          'c=IN IP4 0.0.0.0',
          'a=rtcp:9 IN IP4 0.0.0.0',
          `a=${relay} raddr 0.0.0.0 rport 0 generation 0`,
        ),
      },
    ]);
  });

  test('candidates that are not relayed are gone, and the end of them stays', () => {
    const end = withCandidate({ candidate: '' });
    const hidden = [candidate, withCandidate({ candidate: line.replace('192.0.2.1', 'a-b.local') }), end];
    expect(hide(...hidden, withCandidate({ candidate: `${relay} raddr 192.0.2.1 rport 7` }))).toEqual([
      end,
      withCandidate({ candidate: `${relay} raddr 0.0.0.0 rport 0` }),
    ]);
  });

  test('nothing may be left', () => {
    expect(hideAddresses(descriptionsToText([candidate]))).toBe(NO_DESCRIPTIONS);
  });
});

describe('refused whole', () => {
  test.each<[string, string]>([
    ['nothing', ''],
    ['no JSON', 'hello'],
    ['half a JSON', '[{"type":"offer"'],
    ['two JSONs', '[][]'],
  ])('%s', (_what, text) => {
    expect(textToDescriptions(text)).toBeUndefined();
  });

  test.each<[string, unknown]>([
    ['null', null],
    ['a number', 1],
    ['a text', 'offer'],
    ['one description without a list', offer],
    ['no description', []],
    ['a list in a list', [[offer]]],
    ['null in a list', [null]],
    ['a text in a list', ['offer']],
    ['no type', [{ sdp: 'v=0' }]],
    ['an unknown type', [{ type: 'pranswer', sdp: 'v=0' }]],
    ['a rollback', [{ type: 'rollback', sdp: '' }]],
    ['a wish to renegotiate', [{ type: 'renegotiate', renegotiate: true }]],
    ['a wish for a transceiver', [{ type: 'transceiverRequest', transceiverRequest: { kind: 'audio' } }]],
    ['a type that is no text', [{ type: ['offer'], sdp: 'v=0' }]],
    ['an offer without text', [{ type: 'offer' }]],
    ['an offer with a number', [{ type: 'offer', sdp: 7 }]],
    ['an offer with an object', [{ type: 'offer', sdp: { toString: 'v=0' } }]],
    ['a candidate alone', [{ type: 'candidate' }]],
    ['a candidate of null', [{ type: 'candidate', candidate: null }]],
    ['a candidate as text', [{ type: 'candidate', candidate: line }]],
    ['a candidate as a list', [{ type: 'candidate', candidate: [line] }]],
    ['a candidate without its line', [{ type: 'candidate', candidate: { sdpMid: '0', sdpMLineIndex: 0 } }]],
    ['a line that is a number', [withCandidate({ candidate: 5 })]],
    ['a section that is a number', [withCandidate({ sdpMid: 0 })]],
    ['a missing section', [withCandidate({ sdpMid: undefined })]],
    ['an index that is a text', [withCandidate({ sdpMLineIndex: '0' })]],
    ['an index below zero', [withCandidate({ sdpMLineIndex: -1 })]],
    ['an index that is no whole number', [withCandidate({ sdpMLineIndex: 0.5 })]],
    ['an index beyond reason', [withCandidate({ sdpMLineIndex: 1_000 })]],
    ['no section at all', [withCandidate({ sdpMid: null, sdpMLineIndex: null })]],
    ['one bad among good ones', [offer, candidate, { type: 'offer' }]],
  ])('%s', (_what, value) => {
    expect(parse(value)).toBeUndefined();
  });

  test('what stands behind a prototype', () => {
    expect(textToDescriptions('[{"__proto__":{"type":"offer","sdp":"v=0"}}]')).toBeUndefined();
    expect(textToDescriptions('{"__proto__":[{"type":"offer","sdp":"v=0"}],"length":1}')).toBeUndefined();
    expect(({} as { type?: unknown }).type).toBeUndefined();
  });
});

describe('limits', () => {
  test('64 descriptions pass, 65 do not', () => {
    const many = (count: number): unknown => parse(Array.from({ length: count }, () => offer));
    expect(many(64)).toHaveLength(64);
    expect(many(65)).toBeUndefined();
  });

  test('a line of 1,024 passes, a longer one does not', () => {
    expect(parse([withCandidate({ candidate: 'x'.repeat(1_024) })])).toHaveLength(1);
    expect(parse([withCandidate({ candidate: 'x'.repeat(1_025) })])).toBeUndefined();
  });

  test('the longest text passes, one character more does not', () => {
    const around = JSON.stringify([{ type: 'offer', sdp: '' }]).length;
    const longest = JSON.stringify([{ type: 'offer', sdp: 'x'.repeat(DESCRIPTIONS_LENGTH_MAX - around) }]);
    expect(longest).toHaveLength(DESCRIPTIONS_LENGTH_MAX);
    expect(textToDescriptions(longest)).toHaveLength(1);
    expect(textToDescriptions(`${longest} `)).toBeUndefined();
  });

  test('a deep nest is refused without harm', () => {
    const depth = DESCRIPTIONS_LENGTH_MAX / 2;
    expect(textToDescriptions('['.repeat(depth) + ']'.repeat(depth))).toBeUndefined();
  });
});

test('whatever comes, nothing is thrown, and what passes holds known fields alone', () => {
  const fields = fc.oneof(
    fc.constantFrom('offer', 'answer', 'candidate', 'v=0', line, '0', null, 0, 1, -1, 0.5),
    fc.jsonValue({ maxDepth: 2 }),
  );
  const inner = fc.record(
    { candidate: fields, sdpMid: fields, sdpMLineIndex: fields, more: fields },
    { requiredKeys: [] },
  );
  const item = fc.record(
    { type: fields, sdp: fields, candidate: fc.oneof(fields, inner), more: fields },
    { requiredKeys: [] },
  );
  fc.assert(
    fc.property(fc.oneof(fc.array(item, { maxLength: 4 }), fc.jsonValue()), (value) => {
      for (const one of textToDescriptions(JSON.stringify(value)) ?? []) {
        expect(Object.keys(one)).toEqual(one.type === 'candidate' ? ['type', 'candidate'] : ['type', 'sdp']);
        if (one.type !== 'candidate') expect(typeof one.sdp).toBe('string');
        else expect(Object.keys(one.candidate)).toEqual(['candidate', 'sdpMid', 'sdpMLineIndex']);
      }
    }),
    { seed: 1, numRuns: 2_000 },
  );
});
