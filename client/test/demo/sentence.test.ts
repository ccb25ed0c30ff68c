import { describe, expect, test } from 'vitest';
import {
  bytesWords,
  durationWords,
  listWords,
  memberWords,
  newsOf,
  pictureWords,
  sentenceOf,
} from '../../demo/sentence.ts';
import type { Facts } from '../../demo/sentence.ts';

const facts = (patch: Partial<Facts>): Facts => ({
  status: 'connected',
  tabs: 12,
  links: 6,
  serverBytes: 4100,
  quietMs: 42_400,
  cut: false,
  ...patch,
});

const LINKS: string = '12 tabs here; this one holds 6 links';
const SERVER: string = 'it has exchanged 4.1 kB with the server and nothing for 42 s';
const LONELY: Partial<Facts> = { tabs: 1, links: 0 };

describe('the sentence', () => {
  test.each<[string, Partial<Facts>, string]>([
    ['connected', {}, `${LINKS}; ${SERVER}.`],
    ['one link', { tabs: 2, links: 1 }, `2 tabs here; this one holds 1 link; ${SERVER}.`],
    ['no link', { links: 0 }, `12 tabs here; this one holds no link; ${SERVER}.`],
    ['others gone', LONELY, `Only this tab is here and it holds no link; ${SERVER}.`],
    ['busy', { quietMs: 400 }, `${LINKS}; it has exchanged 4.1 kB with the server, the last of it just now.`],
    ['alone', { ...LONELY, status: 'alone' }, `This is the only tab here; ${SERVER}.`],
    ['closed', { status: 'closed' }, 'This tab has left the room; reload the page to come back.'],
  ])('connected or not: %s', (_, patch, expected) => {
    expect(sentenceOf(facts(patch))).toBe(expected);
  });

  test('before anything was exchanged it says so', () => {
    const first = facts({ ...LONELY, status: 'connecting', serverBytes: 0, quietMs: undefined });
    expect(sentenceOf(first)).toBe(
      'Looking for other tabs; this one has exchanged nothing with the server yet.',
    );
  });

  const silence: string = 'with nothing exchanged for 42 s';
  test.each<[string, Partial<Facts>, string]>([
    ['gone', {}, `${LINKS}; the server is out of reach, ${silence}; all goes on, but newcomers must wait.`],
    ['cut', { cut: true }, `${LINKS}; you cut it off from the server, ${silence}, and all goes on.`],
    ['cut just now', { cut: true, quietMs: 5 }, `${LINKS}; you cut it off from the server, and all goes on.`],
  ])('links without the server: %s', (_, patch, expected) => {
    expect(sentenceOf(facts({ ...patch, status: 'degraded' }))).toBe(expected);
  });

  test('offline by fate it keeps trying, offline by will it waits', () => {
    const fate = facts({ ...LONELY, status: 'offline' });
    expect(sentenceOf(fate)).toBe('This tab holds no link and cannot reach the server; it keeps trying.');
    expect(sentenceOf({ ...fate, cut: true })).toBe(
      'This tab holds no link, and you cut it off from the server: restore the connection to find others.',
    );
  });
});

describe('words', () => {
  test.each([
    [0, '0 B'],
    [999, '999 B'],
    [1000, '1.0 kB'],
    [4123, '4.1 kB'],
    [999_949, '999.9 kB'],
    [999_950, '1.0 MB'],
    [12_340_000, '12.3 MB'],
  ])('%d bytes are %s', (bytes, words) => {
    expect(bytesWords(bytes)).toBe(words);
  });

  test.each([
    [42_999, '42 s'],
    [60_000, '1 min 0 s'],
    [185_000, '3 min 5 s'],
    [7_800_000, '2 h 10 min'],
  ])('%d ms are %s', (durationMs, words) => {
    expect(durationWords(durationMs)).toBe(words);
  });

  test('lists are short', () => {
    expect(listWords([])).toBe('');
    expect(listWords(['A'])).toBe('A');
    expect(listWords(['A', 'B'])).toBe('A and B');
    expect(listWords(['A', 'B', 'C'])).toBe('A, B and C');
    expect(listWords(['A', 'B', 'C', 'D', 'E'])).toBe('A, B, C and 2 others');
  });

  test('news tell who came and who went, and nothing where nothing happened', () => {
    expect(newsOf({ joined: ['Owl', 'Elk'], left: ['Eel'] })).toBe('Owl and Elk joined; Eel left.');
    expect(newsOf({ joined: [], left: ['Eel'] })).toBe('Eel left.');
    expect(newsOf({ joined: [], left: [] })).toBe('');
  });
});

describe('a member in words', () => {
  test.each([
    ['alive · this tab', { status: 'alive', link: 'self', hops: 0, rtt: 0 }],
    ['alive · direct · 6.3 ms', { status: 'alive', link: 'direct', hops: 1, rtt: 6.31 }],
    ['alive · direct · under 1 ms', { status: 'alive', link: 'direct', hops: 1, rtt: 0.4 }],
    ['alive · direct', { status: 'alive', link: 'direct', hops: 1, rtt: undefined }],
    ['alive · by a TURN server · 40 ms', { status: 'alive', link: 'turn', hops: 1, rtt: 40 }],
    ['suspect · via 2 hops · 15 ms', { status: 'suspect', link: 'via', hops: 2, rtt: 14.6 }],
    ['alive · idle · direct', { status: 'alive', activity: 'idle', link: 'direct', hops: 1, rtt: undefined }],
    ['alive · away · this tab', { status: 'alive', activity: 'away', link: 'self', hops: 0, rtt: 0 }],
    ['suspect · no known way', { status: 'suspect', link: 'none', hops: undefined, rtt: Number.NaN }],
  ] as const)('%s', (words, member) => {
    expect(memberWords({ activity: 'active', ...member })).toBe(words);
  });
});

describe('the drawing in words', () => {
  const names = new Map([
    ['a', 'Owl'],
    ['b', 'Elk'],
  ]);

  test('names each link', () => {
    expect(pictureWords({ names, edges: [{ a: 'a', b: 'b' }] })).toBe('2 tabs and 1 link: Owl to Elk.');
  });

  test('only counts where there is none, or too many', () => {
    expect(pictureWords({ names, edges: [] })).toBe('2 tabs and 0 links.');
    const many = Array.from({ length: 25 }, () => ({ a: 'a', b: 'b' }));
    expect(pictureWords({ names, edges: many })).toBe('2 tabs and 25 links.');
  });
});
