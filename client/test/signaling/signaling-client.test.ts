/** The client of the signaling server: attaching, what goes both ways, and its budget. */
import { describe, expect, test } from 'vitest';
import {
  BYTES_BURST,
  BYTES_PER_SECOND,
  MESSAGES_BURST,
  MESSAGES_PER_SECOND,
  type Namesake,
} from '#shared/signaling/messages.ts';
import { REDIAL_MS_MIN, type SignalingClient } from '#client/signaling/signaling-client.ts';
import { a, b, refusal, self, setUp, taken, url, welcome } from './client-setup.ts';

describe('attaching', () => {
  test('dials, joins when the socket is open, and is attached when the server welcomes', () => {
    const { client, sockets, told, last } = setUp();
    client.attach();
    expect([sockets.map((socket) => socket.url), last().sent, taken(told)]).toEqual([
      [url],
      [],
      ['connecting'],
    ]);
    last().open();
    expect([last().sent, taken(told)]).toEqual([[{ kind: 'join', version: 1, room: 'room', id: self }], []]);
    last().say(welcome);
    expect(taken(told)).toEqual(['open', { attached: [a, b] }]);
  });

  test('twice is one socket', () => {
    const { client, sockets, letIn } = setUp();
    client.attach();
    client.attach();
    letIn();
    client.attach();
    expect(sockets).toHaveLength(1);
  });

  test('to an address that the page may not open is told once, and nothing is dialled again', async () => {
    const { client, clock, told } = setUp({ forbidden: true });
    client.attach();
    expect(taken(told)).toEqual(['connecting', { error: 'BAD_SIGNALING_URL' }, 'closed']);
    expect(clock.pending()).toBe(0);
    client.attach();
    expect(taken(told)).toEqual(['connecting', 'closed']);
    await clock.advance(60_000);
    expect(taken(told)).toEqual([]);
  });
});

describe('a namesake', () => {
  const name = 'ab'.repeat(16) as Namesake;

  test('is given once attached, at each attachment, and its answer is told', async () => {
    const { client, clock, told, last, letIn } = setUp({ namesake: async () => name });
    client.attach();
    letIn();
    await clock.advance(0);
    expect(last().sent.slice(1)).toEqual([{ kind: 'namesake', name }]);
    taken(told);
    last().say({ kind: 'namesakes' });
    expect(taken(told)).toEqual([{ wrongKey: 'namesakes' }]);
    last().drop();
    await clock.advance(REDIAL_MS_MIN);
    letIn();
    await clock.advance(0);
    expect(last().sent.slice(1)).toEqual([{ kind: 'namesake', name }]);
  });

  test('that is known only when its socket is gone is not given to the next one as well', async () => {
    const known: (() => void)[] = [];
    const namesake = (): Promise<Namesake> => new Promise((resolve) => known.push(() => resolve(name)));
    const { client, clock, sockets, letIn } = setUp({ namesake });
    client.attach();
    letIn();
    client.detach();
    client.attach();
    letIn();
    for (const resolve of known) resolve();
    await clock.advance(0);
    expect(sockets.map(({ sent }) => sent.slice(1))).toEqual([[], [{ kind: 'namesake', name }]]);
  });

  test('is not given where there is none', async () => {
    const { client, clock, last, letIn } = setUp();
    client.attach();
    letIn();
    await clock.advance(0);
    expect(last().sent).toHaveLength(1);
  });
});

describe('attached', () => {
  test('signals and the question for contacts go out, and come in', () => {
    const { client, told, last, letIn } = setUp();
    client.attach();
    letIn();
    taken(told);
    expect(client.signal(a, 'AAAA')).toBe(true);
    client.askContacts();
    expect(last().sent.slice(1)).toEqual([{ kind: 'signal', to: a, data: 'AAAA' }, { kind: 'contacts' }]);
    last().say({ kind: 'contacts', contacts: [b] });
    last().say({ kind: 'attached', ids: [a, b] });
    last().say({ kind: 'signal', from: b, data: 'BBBB' });
    last().say({ kind: 'unreachable', to: a });
    expect(taken(told)).toEqual([
      { contacts: [b] },
      { listed: [a, b] },
      { from: b, data: 'BBBB' },
      ['unreachable', a],
    ]);
  });

  test('nothing is sent before the welcome, nor when the socket is closing', () => {
    const { client, last, letIn } = setUp();
    expect(client.signal(a, 'AAAA')).toBe(false);
    client.attach();
    last().open();
    expect(client.signal(a, 'AAAA')).toBe(false);
    client.askContacts();
    expect(last().sent).toHaveLength(1);
    letIn();
    last().socket.close();
    expect(client.signal(a, 'AAAA')).toBe(false);
  });

  test.each<[string, unknown, string?]>([
    ['no text', new ArrayBuffer(8)],
    ['no JSON', '{'],
    ['nothing', ''],
    ['null', 'null'],
    ['a list', '[]'],
    ['an unknown kind', '{"kind":"hello"}'],
    ['a kind that every object has', '{"kind":"constructor"}'],
    ['a prototype', '{"__proto__":{"kind":"contacts","contacts":[]}}'],
    ['a contact that is no id', '{"kind":"contacts","contacts":["x"]}'],
    [
      'too many contacts',
      JSON.stringify({ kind: 'contacts', contacts: Array.from({ length: 99 }, () => a) }),
    ],
    ['a field too many', JSON.stringify({ kind: 'contacts', contacts: [], more: 1 })],
    ['a signal without a sender', '{"kind":"signal","data":"AAAA"}'],
    ['an unknown error', '{"kind":"error","code":"odd","message":"x"}'],
    ['a huge text', 'x'.repeat(100_000), 'too-large'],
  ])('%s from the server is dropped and counted, and the connection lives on', (_what, data, reason) => {
    const { client, told, refused, last, letIn } = setUp();
    client.attach();
    letIn();
    taken(told);
    last().sayRaw(data);
    expect([taken(told), refused]).toEqual([[], [reason ?? 'bad-message']]);
    expect(client.signal(a, 'AAAA')).toBe(true);
  });

  test('an error is about one message and told to nobody', () => {
    const { client, told, last, letIn } = setUp();
    client.attach();
    letIn();
    taken(told);
    last().say(refusal('too-fast'));
    expect(taken(told)).toEqual([]);
    expect(client.signal(a, 'AAAA')).toBe(true);
  });
});

describe('a budget', () => {
  /** How many of `count` signals went out. */
  const sentOf = (client: SignalingClient, count: number, data: string = 'AAAA'): number =>
    Array.from({ length: count }, () => client.signal(a, data)).filter(Boolean).length;

  test('of messages keeps a little below what the server takes, at once and as a rate', async () => {
    const { client, clock, last, letIn } = setUp();
    client.attach();
    letIn();
    // The join was one of them.
    expect(sentOf(client, 1_000)).toBe(MESSAGES_BURST * (5 / 6) - 1);
    await clock.advance(1_000);
    expect(sentOf(client, 1_000)).toBe(MESSAGES_PER_SECOND * (5 / 6));
    client.askContacts();
    expect(last().sent.at(-1)).toMatchObject({ kind: 'signal' });
  });

  test('of bytes does the same', async () => {
    const { client, clock, letIn } = setUp();
    client.attach();
    letIn();
    const large = 'A'.repeat(32_768);
    const first = sentOf(client, 100, large);
    expect(first * 32_768).toBeGreaterThan(BYTES_BURST * 0.7);
    expect(first * 32_768).toBeLessThan(BYTES_BURST);
    await clock.advance(1_000);
    expect(sentOf(client, 100, large) * 32_768).toBeLessThan(BYTES_PER_SECOND);
  });

  test('is for one connection: the next has all of it', () => {
    const { client, letIn } = setUp();
    client.attach();
    letIn();
    sentOf(client, 1_000);
    expect(client.signal(a, 'AAAA')).toBe(false);
    client.detach();
    client.attach();
    letIn();
    expect(client.signal(a, 'AAAA')).toBe(true);
  });
});

describe('traffic', () => {
  test('is nothing before the first dial', () => {
    expect(setUp().client.traffic()).toEqual({ sentBytes: 0, receivedBytes: 0, quietMs: undefined });
  });

  test('counts the bytes of both ways and the time since the last of them', async () => {
    const { client, clock, last } = setUp({ room: 'Zürich' });
    client.attach();
    last().open();
    const join = JSON.stringify({ kind: 'join', version: 1, room: 'Zürich', id: self });
    const { byteLength } = new TextEncoder().encode(join);
    expect(byteLength).toBe(join.length + 1);
    expect(client.traffic()).toEqual({ sentBytes: byteLength, receivedBytes: 0, quietMs: 0 });
    await clock.advance(700);
    last().sayRaw('what?');
    await clock.advance(300);
    expect(client.traffic()).toEqual({ sentBytes: byteLength, receivedBytes: 5, quietMs: 300 });
  });

  test('goes on counting over a redial', async () => {
    const { client, clock, last, letIn } = setUp();
    client.attach();
    letIn();
    const { sentBytes, receivedBytes } = client.traffic();
    last().drop();
    await clock.advance(500);
    letIn();
    expect(client.traffic()).toMatchObject({ sentBytes: sentBytes * 2, receivedBytes: receivedBytes * 2 });
  });
});
