import { describe, expect, test } from 'vitest';
import type { PeerId, RoomId } from '#shared/base/ids.ts';
import {
  BYTES_BURST,
  BYTES_PER_SECOND,
  MESSAGES_BURST,
  MESSAGES_PER_SECOND,
  type Namesake,
  type ServerMessage,
  type SignalingErrorCode,
} from '#shared/signaling/messages.ts';
import {
  createSignalingClient,
  REDIAL_MS_MAX,
  ANSWER_MS,
  REDIAL_MS_MIN,
  STEADY_MS,
  type SignalingClient,
} from '#client/signaling/signaling-client.ts';
import { createTestClock, type TestClock } from '../test-clock.ts';
import { createFakeSocket, type FakeSocket } from './fake-socket.ts';

const self = '0a'.repeat(16) as PeerId;
const a = '0b'.repeat(16) as PeerId;
const b = '0c'.repeat(16) as PeerId;
const url = 'wss://server.test/';
const welcome: ServerMessage = { kind: 'welcome', contacts: [a, b], starting: false };
const refusal = (code: SignalingErrorCode): ServerMessage => ({ kind: 'error', code, message: 'no' });

interface Setup {
  readonly client: SignalingClient;
  readonly clock: TestClock;
  readonly sockets: FakeSocket[];
  /** Everything the client told, in order. */
  readonly told: unknown[];
  /** When it told that a dial or a connection was lost. */
  readonly lost: number[];
  /** Reasons for which something was dropped. */
  readonly refused: string[];
  /** What its errors say to people. */
  readonly sentences: string[];
  readonly last: () => FakeSocket;
  /** Opens the last socket and lets it in. */
  readonly letIn: () => void;
}

function setUp({
  fraction = 1,
  room = 'room',
  forbidden = false,
  namesake,
}: {
  fraction?: number;
  room?: string;
  forbidden?: boolean;
  namesake?: () => Promise<Namesake>;
} = {}): Setup {
  const clock = createTestClock();
  const sockets: FakeSocket[] = [];
  const told: unknown[] = [];
  const lost: number[] = [];
  const refused: string[] = [];
  const sentences: string[] = [];
  const client = createSignalingClient(
    { url, room: room as RoomId, id: self, namesake },
    {
      onStatus: (status) => told.push(status),
      onAttached: (contacts) => told.push({ attached: contacts }),
      onContacts: (contacts) => told.push({ contacts }),
      onListed: (ids) => told.push({ listed: ids }),
      onSignal: (from, data) => told.push({ from, data }),
      onUnreachable: (to) => told.push(['unreachable', to]),
      onWrongKey: (sign) => told.push({ wrongKey: sign }),
      onDetached: () => told.push('detached'),
      onDialLost: () => lost.push(clock.now().instant),
      onRefused: (reason) => refused.push(reason),
      onError: ({ code, message }) => {
        told.push({ error: code });
        sentences.push(message);
      },
    },
    {
      createSocket: (address) => {
        if (forbidden) throw new Error('SecurityError');
        const fake = createFakeSocket(address);
        sockets.push(fake);
        return fake.socket;
      },
      instant: () => clock.now().instant,
      fraction: () => fraction,
      later: (run, ms) => void clock.later(run, ms),
    },
  );
  const last = (): FakeSocket => sockets.at(-1)!;
  const letIn = (): void => {
    last().open();
    last().say(welcome);
  };
  return { client, clock, sockets, told, lost, refused, sentences, last, letIn };
}

const taken = (told: unknown[]): unknown[] => told.splice(0);
const errorsIn = (told: readonly unknown[]): unknown[] =>
  told.flatMap((one) => (typeof one === 'object' && one !== null && 'error' in one ? [one.error] : []));

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

describe('a server that is silent', () => {
  test('and never welcomes is left after its time, told as unreachable, and dialled again', async () => {
    const { client, clock, sockets, told, last } = setUp();
    client.attach();
    last().open();
    taken(told);
    await clock.advance(ANSWER_MS - 1);
    expect([last().hungUp, told]).toEqual([[], []]);
    await clock.advance(1);
    expect([sockets[0]!.hungUp, taken(told)]).toEqual([
      [undefined],
      ['connecting', { error: 'SIGNALING_UNREACHABLE' }],
    ]);
    await clock.advance(500);
    expect(sockets).toHaveLength(2);
    sockets[0]!.say(welcome);
    sockets[0]!.drop();
    expect(taken(told)).toEqual(['connecting']);
  });

  test('to a dial, its socket never opening, is the same', async () => {
    const { client, clock, sockets } = setUp();
    client.attach();
    await clock.advance(ANSWER_MS + 500);
    expect([sockets.length, sockets[0]!.hungUp]).toEqual([2, [undefined]]);
  });

  test('to a question is left after its time', async () => {
    const { client, clock, sockets, told, last, letIn } = setUp();
    client.attach();
    letIn();
    await clock.advance(60_000);
    client.askContacts();
    await clock.advance(5_000);
    client.askContacts();
    taken(told);
    await clock.advance(4_999);
    expect(last().hungUp).toEqual([]);
    await clock.advance(1);
    expect(sockets[0]!.hungUp).toEqual([undefined]);
    expect(taken(told)).toEqual(['detached', 'connecting']);
  });

  test('is not one that answers, or says anything at all', async () => {
    const { client, clock, last, letIn } = setUp();
    client.attach();
    letIn();
    for (const answer of [{ kind: 'contacts', contacts: [] } as const, refusal('too-fast')]) {
      client.askContacts();
      last().say(answer);
      await clock.advance(60_000);
    }
    expect(last().hungUp).toEqual([]);
    client.askContacts();
    await clock.advance(ANSWER_MS);
    expect(last().hungUp).toEqual([undefined]);
  });
});

describe('redialling', () => {
  /** Milliseconds from each loss to the dial that followed, the connection failing at once each time. */
  async function pauses(fraction: number, count: number): Promise<number[]> {
    const { client, clock, sockets, last } = setUp({ fraction });
    const found: number[] = [];
    client.attach();
    for (let n = 0; n < count; n++) {
      const dialled = sockets.length;
      const lostAt = clock.now().instant;
      last().drop();
      while (sockets.length === dialled) await clock.advance(1);
      found.push(clock.now().instant - lostAt);
    }
    return found;
  }

  test('waits twice as long each time, up to the longest', async () => {
    expect(await pauses(1, 7)).toEqual([500, 1_000, 2_000, 4_000, 8_000, 10_000, 10_000]);
    expect([REDIAL_MS_MIN, REDIAL_MS_MAX]).toEqual([500, 10_000]);
  });

  test('waits a random half to whole of that', async () => {
    expect(await pauses(0, 7)).toEqual([250, 500, 1_000, 2_000, 4_000, 5_000, 5_000]);
    expect(await pauses(0.5, 2)).toEqual([375, 750]);
  });

  test('begins with the shortest pause again once it has worked for a while', async () => {
    const { client, clock, sockets, last, letIn } = setUp();
    client.attach();
    for (const pause of [500, 1_000, 2_000]) {
      last().drop();
      await clock.advance(pause);
    }
    letIn();
    await clock.advance(STEADY_MS);
    last().drop();
    await clock.advance(499);
    expect(sockets).toHaveLength(4);
    await clock.advance(1);
    expect(sockets).toHaveLength(5);
  });

  test('goes on with longer pauses where each connection is lost soon after its welcome, and tells once', async () => {
    const { client, clock, sockets, told, last, letIn } = setUp();
    client.attach();
    const found: number[] = [];
    for (let n = 0; n < 4; n++) {
      letIn();
      await clock.advance(STEADY_MS - 1);
      const dialled = sockets.length;
      const lostAt = clock.now().instant;
      last().drop();
      while (sockets.length === dialled) await clock.advance(1);
      found.push(clock.now().instant - lostAt);
    }
    expect(found).toEqual([500, 1_000, 2_000, 4_000]);
    expect(errorsIn(told)).toEqual(['SIGNALING_UNREACHABLE']);
  });

  test('tells of each dial that came to nothing, and of a connection that was lost', async () => {
    const { client, clock, lost, last, letIn } = setUp();
    client.attach();
    const startedAt = clock.now().instant;
    expect(lost).toEqual([]);
    last().drop();
    await clock.advance(500);
    last().drop();
    await clock.advance(1_000);
    letIn();
    last().drop();
    expect(lost).toEqual([0, 500, 1_500].map((ms) => startedAt + ms));
    client.detach();
    expect(lost).toHaveLength(3);
  });

  test('makes no trouble of a connection that is lost and back with the next dial, as after a sleep', async () => {
    const { client, clock, told, last, letIn } = setUp();
    client.attach();
    for (let n = 0; n < 3; n++) {
      letIn();
      await clock.advance(STEADY_MS);
      last().drop();
      await clock.advance(500);
    }
    expect(errorsIn(told)).toEqual([]);
    last().drop();
    expect(errorsIn(told)).toEqual(['SIGNALING_UNREACHABLE']);
  });

  test('says what is true: a connection that was lost again had its server', async () => {
    const { client, clock, sentences, last, letIn } = setUp();
    client.attach();
    last().drop();
    await clock.advance(500);
    letIn();
    await clock.advance(STEADY_MS);
    last().drop();
    await clock.advance(500);
    letIn();
    last().drop();
    expect(sentences).toEqual([
      `No signaling server answers at ${url}; trying again.`,
      `The connection to the signaling server at ${url} was lost again; trying again.`,
    ]);
  });

  test.each<'attach' | 'hurry'>(['attach', 'hurry'])(
    '%s ends a pause: it dials at once, once',
    async (how) => {
      const { client, clock, sockets, last, letIn } = setUp();
      client.attach();
      client[how]();
      expect(sockets).toHaveLength(1);
      last().drop();
      client[how]();
      client[how]();
      expect(sockets).toHaveLength(2);
      letIn();
      await clock.advance(60_000);
      client[how]();
      expect(sockets).toHaveLength(2);
    },
  );

  test('a connection of another network is given up for a new one at once, and its end is no news', async () => {
    const { client, clock, sockets, last, letIn, told } = setUp();
    client.renew();
    expect(sockets).toHaveLength(0);
    client.attach();
    letIn();
    const [old] = sockets;
    client.renew();
    expect(sockets).toHaveLength(2);
    expect(client.signal(b, 'AAAA')).toBe(false);
    old!.drop();
    await clock.advance(5_000);
    letIn();
    expect(client.signal(b, 'AAAA')).toBe(true);
    expect(sockets).toHaveLength(2);
    last().drop();
    client.renew();
    expect(sockets).toHaveLength(3);
    await clock.advance(1_000);
    expect(sockets).toHaveLength(3);
    expect(told.filter((word) => word === 'detached')).toHaveLength(2);
    client.detach();
    client.renew();
    expect(sockets).toHaveLength(3);
  });

  test('is not begun by hurrying', () => {
    const { client, sockets } = setUp();
    client.hurry();
    client.attach();
    client.detach();
    client.hurry();
    expect(sockets).toHaveLength(1);
  });

  test('an open socket that is never welcomed has not worked', async () => {
    const { client, clock, sockets, last } = setUp();
    client.attach();
    last().drop();
    await clock.advance(500);
    last().open();
    last().drop();
    await clock.advance(999);
    expect(sockets).toHaveLength(2);
    await clock.advance(1);
    expect(sockets).toHaveLength(3);
  });

  test('tells once that the server is unreachable, and again only after it has worked for a while', async () => {
    const { client, clock, told, last, letIn } = setUp();
    client.attach();
    for (let n = 0; n < 3; n++) {
      last().drop();
      await clock.advance(10_000);
    }
    expect(taken(told).filter((one) => one !== 'connecting')).toEqual([{ error: 'SIGNALING_UNREACHABLE' }]);
    letIn();
    await clock.advance(STEADY_MS);
    taken(told);
    last().drop();
    expect(taken(told)).toEqual(['detached', 'connecting']);
    await clock.advance(10_000);
    last().drop();
    expect(errorsIn(told)).toEqual(['SIGNALING_UNREACHABLE']);
    taken(told);
    await clock.advance(10_000);
    last().drop();
    await clock.advance(10_000);
    expect(errorsIn(told)).toEqual([]);
  });
});

describe('a refusal', () => {
  test.each<SignalingErrorCode>(['room-full', 'server-full', 'bad-version', 'not-joined'])(
    'with %s is told once, however often it is tried again',
    async (code) => {
      const { client, clock, sockets, told, last } = setUp();
      client.attach();
      for (let n = 0; n < 4; n++) {
        last().open();
        last().say(refusal(code));
        last().drop();
        await clock.advance(10_000);
      }
      expect(sockets).toHaveLength(5);
      expect(errorsIn(told)).toEqual(['SIGNALING_REFUSED']);
    },
  );

  test('for a join that came too late is told the second time, for a page may have been frozen before it joined', async () => {
    const { client, clock, told, last } = setUp();
    client.attach();
    const comeTooLate = (): void => {
      last().open();
      last().say(refusal('not-joined'));
      last().drop();
    };
    comeTooLate();
    await clock.advance(10_000);
    expect(errorsIn(told)).toEqual([]);
    comeTooLate();
    expect(errorsIn(told)).toEqual(['SIGNALING_REFUSED']);
  });

  test('and a silence that come by turns are told once each', async () => {
    const { client, clock, told, last } = setUp();
    client.attach();
    for (let n = 0; n < 3; n++) {
      last().open();
      last().say(refusal('server-full'));
      last().drop();
      await clock.advance(10_000);
      last().drop();
      await clock.advance(10_000);
    }
    expect(errorsIn(told)).toEqual(['SIGNALING_REFUSED', 'SIGNALING_UNREACHABLE']);
  });

  test('because of our own last socket is no trouble: it is tried again in silence', async () => {
    const { client, clock, told, last, letIn } = setUp();
    client.attach();
    last().open();
    last().say(refusal('id-taken'));
    last().drop();
    await clock.advance(500);
    letIn();
    expect(taken(told)).toEqual(['connecting', 'connecting', 'connecting', 'open', { attached: [a, b] }]);
  });
});

describe('detaching', () => {
  test('hangs up, tells, and stays away', async () => {
    const { client, clock, sockets, told, last, letIn } = setUp();
    client.attach();
    letIn();
    taken(told);
    client.detach();
    expect([last().hungUp, taken(told)]).toEqual([[1000], ['detached', 'closed']]);
    expect(client.signal(a, 'AAAA')).toBe(false);
    last().drop();
    await clock.advance(60_000);
    expect([sockets.length, taken(told)]).toEqual([1, []]);
  });

  test('while connecting drops the dial: what its socket does later is nothing', async () => {
    const { client, clock, sockets, told, last } = setUp();
    client.attach();
    client.detach();
    expect([last().hungUp, taken(told)]).toEqual([[1000], ['connecting', 'closed']]);
    last().open();
    last().say(welcome);
    last().drop();
    await clock.advance(60_000);
    expect([sockets.length, last().sent, taken(told)]).toEqual([1, [], []]);
  });

  test('during a pause ends the redialling', async () => {
    const { client, clock, sockets, last } = setUp();
    client.attach();
    last().drop();
    client.detach();
    await clock.advance(60_000);
    expect(sockets).toHaveLength(1);
  });

  test('and attaching again dials at once; the old socket closes late and changes nothing', async () => {
    const { client, clock, sockets, told, letIn } = setUp();
    client.attach();
    letIn();
    client.detach();
    client.attach();
    expect(sockets).toHaveLength(2);
    letIn();
    taken(told);
    sockets[0]!.say({ kind: 'signal', from: a, data: 'AAAA' });
    sockets[0]!.drop();
    await clock.advance(60_000);
    expect([sockets.length, taken(told)]).toEqual([2, []]);
    expect(client.signal(a, 'AAAA')).toBe(true);
  });

  test('and attaching again voids the redial that was due: there is never a second row of dials', async () => {
    const { client, clock, sockets, last } = setUp();
    client.attach();
    last().drop();
    await clock.advance(500);
    last().drop();
    // A redial is due in a second.
    client.detach();
    client.attach();
    const startedAt = clock.now().instant;
    const dialledAt: number[] = [];
    for (let n = 0; n < 4; n++) {
      last().drop();
      const dialled = sockets.length;
      while (sockets.length === dialled) await clock.advance(1);
      dialledAt.push(clock.now().instant - startedAt);
    }
    expect(dialledAt).toEqual([500, 1_500, 3_500, 7_500]);
  });

  test('before ever attaching, and twice, is harmless', () => {
    const { client, sockets, told } = setUp();
    client.detach();
    client.detach();
    expect([sockets.length, taken(told)]).toEqual([0, ['closed', 'closed']]);
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
