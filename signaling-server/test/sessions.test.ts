/** What the server does about a connection: one frame or tick, the whole list of effects. */
import { describe, expect, it } from 'vitest';
import { createRng } from '#shared/base/rng.ts';
import { after, instant } from '#shared/base/time.ts';
import { signalingMessageToText, type ClientMessage } from '#shared/signaling/messages.ts';
import { checkServerConfig, defaultServerConfig, type ServerConfig } from '#server/config.ts';
import { connectionId } from '#server/rooms.ts';
import { createSessions, type Frame, type SessionEffect, type Sessions } from '#server/sessions.ts';
import { a, askContacts, b, c, join, signal } from './names.ts';

const [one, two, three] = [connectionId(1), connectionId(2), connectionId(3)];
const start = instant(60_000);

function makeSessions(config: Partial<ServerConfig> = {}): Sessions {
  const whole = { ...defaultServerConfig, ...config };
  checkServerConfig(whole);
  return createSessions(whole, createRng([1]), instant(0));
}

function text(content: string): Frame {
  return { kind: 'text', text: content, bytes: Buffer.byteLength(content) };
}
const frame = (message: ClientMessage): Frame => text(signalingMessageToText(message));

const told = (to: typeof one, code: string): SessionEffect =>
  expect.objectContaining({ kind: 'send', to, message: expect.objectContaining({ kind: 'error', code }) });

/** Two members of one room. */
function makePair(config: Partial<ServerConfig> = {}): Sessions {
  const sessions = makeSessions(config);
  sessions.open(one, start);
  sessions.open(two, start);
  sessions.receive(one, frame(join('kitchen', a)), start);
  sessions.receive(two, frame(join('kitchen', b)), start);
  return sessions;
}

describe('one who joins under an id that is held', () => {
  const ping = { kind: 'ping', to: one };
  /** Another connection tries; each is closed when it is refused. */
  const tryJoin = (sessions: Sessions, connection: typeof one, atMs: number): readonly SessionEffect[] => {
    sessions.open(connection, after(start, atMs));
    return sessions.receive(connection, frame(join('kitchen', a)), after(start, atMs));
  };
  const refused = (connection: typeof one): SessionEffect[] => [
    told(connection, 'id-taken'),
    { kind: 'close', connection, code: 4002 },
  ];
  const [four, five] = [connectionId(4), connectionId(5)];

  it('is refused, and the holder is asked whether it lives, at most each two seconds', () => {
    const sessions = makePair();
    expect(tryJoin(sessions, three, 0)).toEqual([ping, ...refused(three)]);
    expect(tryJoin(sessions, four, 1_999)).toEqual(refused(four));
    expect(sessions.receive(one, { kind: 'control' }, after(start, 1_999))).toEqual([]);
    expect(tryJoin(sessions, five, 2_000)).toEqual([ping, ...refused(five)]);
    expect(sessions.count().members).toBe(2);
  });

  it('takes its place when nothing has come from it, and signals come to the new one', () => {
    const sessions = makePair();
    tryJoin(sessions, three, 0);
    expect(tryJoin(sessions, four, 2_000)).toEqual([
      { kind: 'drop', connection: one },
      { kind: 'send', to: four, message: { kind: 'welcome', contacts: [b], starting: false } },
    ]);
    const at = after(start, 2_000);
    expect(sessions.receive(one, frame(askContacts), at)).toEqual([]);
    expect(sessions.receive(two, frame(signal(a, 'AAAA')), at)).toEqual([
      { kind: 'send', to: four, message: { kind: 'signal', from: b, data: 'AAAA' } },
    ]);
    expect(sessions.count().members).toBe(2);
  });

  it('is told that it has joined, where it is the holder itself', () => {
    const sessions = makePair();
    expect(sessions.receive(one, frame(join('kitchen', a)), start)).toEqual([told(one, 'already-joined')]);
    expect(sessions.receive(two, frame(join('kitchen', a)), start)).toEqual([told(two, 'already-joined')]);
  });
});

describe('an announcement', () => {
  it('sends the list to those of the rooms that have changed', () => {
    const sessions = makePair();
    const message = { kind: 'attached', ids: [a, b] };
    expect(sessions.announce()).toEqual([
      { kind: 'send', to: one, message },
      { kind: 'send', to: two, message },
    ]);
    expect(sessions.announce()).toEqual([]);
    sessions.forget(two);
    expect(sessions.announce()).toEqual([{ kind: 'send', to: one, message: { kind: 'attached', ids: [a] } }]);
  });
});

describe('a frame', () => {
  it('that is a message is answered by the rooms', () => {
    expect(makePair().receive(one, frame(signal(b, 'AAAA')), start)).toEqual([
      { kind: 'send', to: two, message: { kind: 'signal', from: a, data: 'AAAA' } },
    ]);
  });

  it.each([
    ['that is no message', text('{'), 'bad-message'],
    ['that is binary', { kind: 'binary', bytes: 3 } as const, 'bad-message'],
    ['with too much data', frame(signal(b, 'A'.repeat(32_833))), 'too-large'],
    ['that joins again', frame(join('kitchen', a)), 'already-joined'],
  ])('%s is answered with a code, and the connection lives', (_what, sent, code) => {
    const sessions = makePair();
    expect(sessions.receive(one, sent, start)).toEqual([told(one, code)]);
    expect(sessions.receive(one, frame(signal(b)), start)).toHaveLength(1);
    expect(sessions.count()).toEqual({ rooms: 1, members: 2 });
  });

  it('before a join is answered with a code', () => {
    const sessions = makeSessions();
    sessions.open(one, start);
    expect(sessions.receive(one, frame(askContacts), start)).toEqual([told(one, 'not-joined')]);
  });

  it('of an unknown connection has no effect', () => {
    expect(makeSessions().receive(one, frame(join('kitchen', a)), start)).toEqual([]);
  });
});

describe('a close', () => {
  it('follows another version', () => {
    const sessions = makeSessions();
    sessions.open(one, start);
    expect(sessions.receive(one, text('{"kind":"join","version":2}'), start)).toEqual([
      told(one, 'bad-version'),
      { kind: 'close', connection: one, code: 4001 },
    ]);
  });

  it('follows a taken id, and its holder is undisturbed', () => {
    const sessions = makePair();
    sessions.open(three, start);
    expect(sessions.receive(three, frame(join('kitchen', a)), start)).toEqual([
      { kind: 'ping', to: one },
      told(three, 'id-taken'),
      { kind: 'close', connection: three, code: 4002 },
    ]);
    expect(sessions.receive(two, frame(signal(a)), start)).toMatchObject([{ to: one }]);
  });

  it('follows a full room and a full server', () => {
    const sessions = makePair({ roomMembersMax: 2, roomsMax: 1 });
    sessions.open(three, start);
    expect(sessions.receive(three, frame(join('kitchen', c)), start)).toEqual([
      told(three, 'room-full'),
      { kind: 'close', connection: three, code: 4003 },
    ]);
    const four = connectionId(4);
    sessions.open(four, start);
    expect(sessions.receive(four, frame(join('garden', c)), start)).toEqual([
      told(four, 'server-full'),
      { kind: 'close', connection: four, code: 1013 },
    ]);
  });

  it('meets the connection that is one too many', () => {
    const sessions = makePair({ connectionsMax: 2 });
    expect(sessions.open(three, start)).toEqual([
      told(three, 'server-full'),
      { kind: 'close', connection: three, code: 1013 },
    ]);
    sessions.forget(one);
    expect(sessions.open(three, start)).toEqual([]);
  });
});

describe('a close for errors', () => {
  it('follows the sixth error, and nothing that comes after has an effect', () => {
    const sessions = makePair();
    for (let errors = 0; errors < 5; errors++) {
      expect(sessions.receive(one, text('{'), start)).toEqual([told(one, 'bad-message')]);
    }
    expect(sessions.receive(one, text('{'), start)).toEqual([
      told(one, 'bad-message'),
      { kind: 'close', connection: one, code: 4000 },
    ]);
    expect(sessions.receive(one, frame(signal(b)), start)).toEqual([]);
    expect(sessions.receive(two, frame(signal(a)), start)).toMatchObject([
      { message: { kind: 'unreachable' } },
    ]);
  });

  it('never follows errors that are minutes apart', () => {
    const sessions = makePair();
    for (let minute = 0; minute < 20; minute++) {
      const at = instant(start + minute * 60_000);
      expect(sessions.receive(one, text('{'), at)).toEqual([told(one, 'bad-message')]);
    }
  });
});

describe('the rate', () => {
  it('drops what exceeds it, says so, and serves again a moment later', () => {
    const sessions = makePair({ messagesBurst: 2 });
    sessions.receive(one, frame(signal(b)), start);
    expect(sessions.receive(one, frame(signal(b)), start)).toEqual([told(one, 'too-fast')]);
    expect(sessions.receive(one, frame(signal(b)), instant(start + 50))).toMatchObject([{ to: two }]);
  });

  it('counts bytes', () => {
    const sessions = makePair({ bytesBurst: 49_152 });
    const large = frame(signal(b, 'A'.repeat(32_000)));
    expect(sessions.receive(one, large, start)).toMatchObject([{ to: two }]);
    expect(sessions.receive(one, large, start)).toEqual([told(one, 'too-fast')]);
  });

  it('counts pings and pongs, so that a flood of them ends in a close', () => {
    const sessions = makePair({ messagesBurst: 10 });
    const effects = Array.from({ length: 20 }, () =>
      sessions.receive(one, { kind: 'control' }, start),
    ).flat();
    expect(effects).toEqual([
      ...Array.from({ length: 6 }, () => told(one, 'too-fast')),
      { kind: 'close', connection: one, code: 4000 },
    ]);
  });
});

describe('a tick', () => {
  it('pings, and drops after two misses', () => {
    const sessions = makePair();
    expect(sessions.tick(start)).toEqual([
      { kind: 'ping', to: one },
      { kind: 'ping', to: two },
    ]);
    sessions.receive(two, { kind: 'control' }, start);
    sessions.tick(start);
    sessions.receive(two, { kind: 'control' }, start);
    expect(sessions.tick(start)).toEqual([
      { kind: 'drop', connection: one },
      { kind: 'ping', to: two },
    ]);
    expect(sessions.count()).toEqual({ rooms: 1, members: 1 });
  });

  it('any message is a sign of life', () => {
    const sessions = makePair();
    for (let ticks = 0; ticks < 5; ticks++) {
      sessions.receive(one, frame(askContacts), start);
      sessions.receive(two, text('{}'), start);
      expect(sessions.tick(start)).toHaveLength(2);
    }
    expect(sessions.count()).toEqual({ rooms: 1, members: 2 });
  });

  it('closes who has not joined in time', () => {
    const sessions = makeSessions();
    sessions.open(one, start);
    expect(sessions.tick(instant(start + 9_999))).toEqual([{ kind: 'ping', to: one }]);
    expect(sessions.tick(instant(start + 10_000))).toEqual([
      told(one, 'not-joined'),
      { kind: 'close', connection: one, code: 4004 },
    ]);
    expect(sessions.tick(instant(start + 10_000))).toEqual([]);
  });
});

it('a shutdown tells and closes everyone', () => {
  const sessions = makePair();
  expect(sessions.shutdown()).toEqual([
    told(one, 'going-away'),
    { kind: 'close', connection: one, code: 1012 },
    told(two, 'going-away'),
    { kind: 'close', connection: two, code: 1012 },
  ]);
  expect(sessions.count()).toEqual({ rooms: 0, members: 0 });
});

it('a config out of its bounds is our own mistake', () => {
  expect(() => checkServerConfig({ ...defaultServerConfig, contactsMax: 4 })).toThrow('contactsMax 4');
  expect(() => checkServerConfig({ ...defaultServerConfig, bytesBurst: 1_000 })).toThrow('bytesBurst 1000');
  expect(() => checkServerConfig(defaultServerConfig)).not.toThrow();
});
