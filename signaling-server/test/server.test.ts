/** The server as tabs meet it: real sockets on a free port. */
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join as joinPath } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import type { PeerId } from '#shared/base/ids.ts';
import { instant } from '#shared/base/time.ts';
import { defaultServerConfig, type ServerConfig } from '#server/config.ts';
import { startServer, type RunningServer } from '#server/server.ts';
import { a, askContacts, b, c, d, join, signal } from './names.ts';
import { openTab, type Tab } from './tab.ts';

/** What a browser says to open a WebSocket, for connections that speak for themselves. */
const UPGRADE: string =
  'GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n' +
  'Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n';

const running: RunningServer[] = [];
afterEach(async () => {
  await Promise.all(running.splice(0).map((server) => server.close()));
});

async function start(config: Partial<ServerConfig> = {}): Promise<RunningServer> {
  const server = await startServer({
    host: '127.0.0.1',
    port: 0,
    config: { ...defaultServerConfig, ...config },
  });
  running.push(server);
  return server;
}

async function joined(server: RunningServer, room: string, id: PeerId): Promise<Tab> {
  const tab = await openTab(server.port);
  tab.send(join(room, id));
  expect(await tab.next()).toMatchObject({ kind: 'welcome' });
  return tab;
}

const pair = (server: RunningServer): Promise<[Tab, Tab]> =>
  Promise.all([joined(server, 'parlour', c), joined(server, 'parlour', d)]);

/** Both ways through the server, with nothing else in between. */
async function expectCarries([first, second]: readonly [Tab, Tab]): Promise<void> {
  first.send(signal(d, 'cGluZw=='));
  expect(await second.next()).toEqual({ kind: 'signal', from: c, data: 'cGluZw==' });
  second.send(signal(c, 'cG9uZw=='));
  expect(await first.next()).toEqual({ kind: 'signal', from: d, data: 'cG9uZw==' });
}

const nextError = async (tab: Tab): Promise<string> => {
  const message = await tab.next();
  return message.kind === 'error' ? message.code : message.kind;
};

describe('introducing and carrying', () => {
  it('a newcomer is told of who is there, and signals reach them, on any path', async () => {
    const server = await start();
    const first = await joined(server, 'kitchen', a);
    const second = await openTab(server.port, {}, '/any/path?at=all');
    second.send(join('kitchen', b));
    expect(await second.next()).toEqual({ kind: 'welcome', contacts: [a], starting: true });
    second.send(signal(a, 'b2ZmZXI='));
    expect(await first.next()).toEqual({ kind: 'signal', from: b, data: 'b2ZmZXI=' });
    first.send(askContacts);
    expect(await first.next()).toEqual({ kind: 'contacts', contacts: [b] });
  });

  it('everybody attached is told who is, a moment after that has changed', async () => {
    const server = await start({ listIntervalMs: 10 });
    const [first, second] = await pair(server);
    await expect
      .poll(() => [first.list(), second.list()].map((ids) => ids?.toSorted()))
      .toEqual([
        [c, d],
        [c, d],
      ]);
    second.socket.close();
    await expect.poll(first.list).toEqual([c]);
  });

  it('thirty seconds after its start the server is no longer starting', async () => {
    let at = 0;
    const server = await startServer({ host: '127.0.0.1', port: 0, now: () => instant(at) });
    running.push(server);
    at = 30_000;
    const tab = await openTab(server.port);
    tab.send(join('kitchen', a));
    expect(await tab.next()).toEqual({ kind: 'welcome', contacts: [], starting: false });
  });

  it('a signal into another room is unreachable, and nobody there hears it', async () => {
    const server = await start();
    const inside = await pair(server);
    const outside = await joined(server, 'kitchen', a);
    outside.send(signal(c));
    expect(await outside.next()).toEqual({ kind: 'unreachable', to: c });
    await expectCarries(inside);
  });

  it('who closes is forgotten, and its id is free again', async () => {
    const server = await start();
    const [first, second] = await pair(server);
    second.socket.close();
    await second.closed;
    first.send(signal(d));
    expect(await first.next()).toEqual({ kind: 'unreachable', to: d });
    await expectCarries([first, await joined(server, 'parlour', d)]);
  });

  it('an id that is held is refused, and its holder is undisturbed', async () => {
    const server = await start();
    const holders = await pair(server);
    const thief = await openTab(server.port);
    thief.send(join('parlour', c));
    expect(await nextError(thief)).toBe('id-taken');
    expect(await thief.closed).toBe(4002);
    await expectCarries(holders);
  });
});

describe('abuse ends with the abuser', () => {
  it.each([
    ['text that is no message', '{"kind":"join"', 'bad-message'],
    ['a binary frame', Buffer.from([1, 2, 3]), 'bad-message'],
    ['too much data', JSON.stringify(signal(b, 'A'.repeat(40_000))), 'too-large'],
  ])('%s is answered with a code, at the sixth time with a close', async (_what, sent, code) => {
    const server = await start();
    const others = await pair(server);
    const tab = await openTab(server.port);
    for (let times = 0; times < 6; times++) {
      tab.socket.send(sent);
      expect(await nextError(tab)).toBe(code);
    }
    expect(await tab.closed).toBe(4000);
    await expectCarries(others);
  });

  it('a message beyond the limit is a close', async () => {
    const server = await start();
    const others = await pair(server);
    const tab = await joined(server, 'kitchen', a);
    tab.socket.send('x'.repeat(49_153));
    expect(await tab.closed).toBe(1009);
    await expectCarries(others);
  });

  it('a message in a thousand fragments is a close', async () => {
    const server = await start();
    const others = await pair(server);
    const tab = await joined(server, 'kitchen', a);
    for (let fragments = 0; fragments < 1_000; fragments++) tab.socket.send('x', { fin: false });
    expect(await tab.closed).toBe(1008);
    await expectCarries(others);
  });

  it('a message in hundreds of network pieces is a close', async () => {
    const server = await start();
    const others = await pair(server);
    const socket = connect(server.port, '127.0.0.1').setNoDelay(true);
    socket.on('error', () => {});
    socket.write(UPGRADE);
    await once(socket, 'data');
    const heard: Buffer[] = [];
    socket.on('data', (part: Buffer) => heard.push(part));
    // The header of a masked text of 2,000 bytes, and then a byte at a time.
    socket.write(Buffer.from([0x81, 0xfe, 0x07, 0xd0, 0, 0, 0, 0]));
    for (let pieces = 0; pieces < 1_000 && heard.length === 0; pieces++) {
      socket.write('x');
      await new Promise((resolve) => setImmediate(resolve));
    }
    // A close with the code 1008.
    expect(Buffer.concat(heard).subarray(0, 4)).toEqual(Buffer.from([0x88, 0x02, 0x03, 0xf0]));
    socket.destroy();
    await expectCarries(others);
  });

  it('who broke the protocol is forgotten at once, though it never answers the close', async () => {
    const server = await start({ closeTimeoutMs: 1_500 });
    const tab = await joined(server, 'kitchen', a);
    const other = await joined(server, 'kitchen', b);
    tab.socket.send('x'.repeat(49_153));
    tab.socket.pause();
    await new Promise((resolve) => setTimeout(resolve, 200));
    other.send(signal(a));
    expect(await other.next()).toEqual({ kind: 'unreachable', to: a });
    tab.socket.terminate();
  });

  it('text that is no UTF-8 is a close', async () => {
    const server = await start();
    const others = await pair(server);
    const tab = await joined(server, 'kitchen', a);
    tab.socket.send(Buffer.from([0xff, 0xfe]), { binary: false });
    expect(await tab.closed).toBe(1007);
    await expectCarries(others);
  });
});

describe('too much ends with its cause', () => {
  it('a flood is dropped with a code, then closed', async () => {
    const server = await start();
    const others = await pair(server);
    const tab = await joined(server, 'kitchen', a);
    for (let times = 0; times < 500; times++) tab.send(askContacts);
    expect(await tab.closed).toBe(4000);
    const codes = [];
    for (let message = await tab.next(); ; message = await tab.next()) {
      codes.push(message.kind === 'error' ? message.code : message.kind);
      if (codes.filter((code) => code === 'too-fast').length === 6) break;
    }
    expect(codes.filter((code) => code === 'contacts').length).toBeGreaterThanOrEqual(59);
    await expectCarries(others);
  });

  it('who reads too slowly is closed, and becomes unreachable', async () => {
    const server = await start({ bufferedBytesMax: 49_152, messagesBurst: 100_000, bytesBurst: 1e9 });
    const others = await pair(server);
    const [sender, slow] = [await joined(server, 'kitchen', a), await joined(server, 'kitchen', b)];
    slow.socket.pause();
    for (let sent = 0; sent < 2_000 && sender.arrivedCount() === 0; sent++) {
      sender.send(signal(b, 'A'.repeat(32_832)));
      if (sent % 16 === 0) await new Promise((resolve) => setImmediate(resolve));
    }
    expect(await sender.next()).toEqual({ kind: 'unreachable', to: b });
    slow.socket.resume();
    expect([1006, 1013]).toContain(await slow.closed);
    await expectCarries(others);
  });

  it('one connection too many is told that the server is full', async () => {
    const server = await start({ connectionsMax: 2 });
    const others = await pair(server);
    const tab = await openTab(server.port);
    expect(await nextError(tab)).toBe('server-full');
    expect(await tab.closed).toBe(1013);
    await expectCarries(others);
  });
});

describe('plain HTTP is held to its limits', () => {
  /** What the server says on a connection that speaks for itself, until the server ends it. */
  const heardUntilEnd = (socket: Socket): Promise<string> =>
    new Promise((resolve) => {
      const parts: Buffer[] = [];
      socket.on('data', (part: Buffer) => parts.push(part));
      socket.on('error', () => {});
      socket.on('close', () => resolve(Buffer.concat(parts).toString('utf8')));
    });
  const request = 'GET /healthz HTTP/1.1\r\nHost: a\r\n';

  it.each([
    ['says nothing', '', ''],
    ['does not end its headers', request, 'HTTP/1.1 408'],
    ['does not end its request', `${request}Content-Length: 5\r\n\r\nabc`, 'HTTP/1.1 '],
  ])('who %s is cut', async (_what, said, answer) => {
    const server = await start({ headersTimeoutMs: 100, requestTimeoutMs: 200, requestCheckMs: 20 });
    const socket = connect(server.port, '127.0.0.1');
    socket.write(said);
    const startedMs = performance.now();
    expect(await heardUntilEnd(socket)).toContain(answer);
    expect(performance.now() - startedMs).toBeLessThan(2_000);
  });

  it('who asks and reads nothing is cut, and a WebSocket is not', async () => {
    const dir = await mkdtemp(joinPath(tmpdir(), 'gossamer-page-'));
    await writeFile(joinPath(dir, 'big.txt'), Buffer.alloc(20_000_000));
    const config = { ...defaultServerConfig, headersTimeoutMs: 100, requestTimeoutMs: 200 };
    const server = await startServer({ host: '127.0.0.1', port: 0, pageDir: dir, config });
    running.push(server);
    const tab = await joined(server, 'kitchen', a);
    const deaf = connect(server.port, '127.0.0.1');
    deaf.on('error', () => {});
    deaf.pause().write('GET /big.txt HTTP/1.1\r\nHost: a\r\n\r\n');
    await new Promise((resolve) => setTimeout(resolve, 1_000));
    let bytes = 0;
    deaf.on('data', (part: Buffer) => (bytes += part.byteLength)).resume();
    await once(deaf, 'close');
    expect(bytes).toBeLessThan(20_000_000);
    tab.send(askContacts);
    expect(await tab.next()).toEqual({ kind: 'contacts', contacts: [] });
    await rm(dir, { recursive: true });
  });

  it('headers beyond the limit are refused', async () => {
    const server = await start();
    const socket = connect(server.port, '127.0.0.1');
    socket.write(`${request}X-Long: ${'x'.repeat(9_000)}\r\n\r\n`);
    expect(await heardUntilEnd(socket)).toContain('HTTP/1.1 431');
  });

  it('a connection beyond all there may be is cut, and those there are go on', async () => {
    const server = await start({ connectionsMax: 2, spareConnections: 1 });
    const others = await pair(server);
    const mute = connect(server.port, '127.0.0.1');
    await once(mute, 'connect');
    expect(await heardUntilEnd(connect(server.port, '127.0.0.1'))).toBe('');
    await expectCarries(others);
    mute.destroy();
  });
});

describe('signs of life', () => {
  it('a tab that answers no ping is cut and forgotten; one that does stays', async () => {
    const server = await start({ pingIntervalMs: 100 });
    const silent = await openTab(server.port, { autoPong: false });
    silent.send(join('kitchen', a));
    const lively = await joined(server, 'kitchen', b);
    expect(await silent.closed).toBe(1006);
    lively.send(signal(a));
    expect(await lively.next()).toEqual({ kind: 'unreachable', to: a });
  });

  it('who never joins is told and closed', async () => {
    const server = await start({ pingIntervalMs: 50, joinTimeoutMs: 100 });
    const tab = await openTab(server.port);
    expect(await nextError(tab)).toBe('not-joined');
    expect(await tab.closed).toBe(4004);
  });
});

describe('start and stop', () => {
  it('a taken port is a typed error with one sentence', async () => {
    const { port } = await start();
    await expect(startServer({ host: '127.0.0.1', port })).rejects.toMatchObject({
      code: 'port-taken',
      message: `Port ${port} is taken: stop what uses it, or choose another with PORT.`,
    });
  });

  it('tells everyone, cuts who does not answer, and frees the port within two seconds', async () => {
    const server = await startServer({ host: '127.0.0.1', port: 0 });
    const [tab, deaf] = [await joined(server, 'kitchen', a), await joined(server, 'kitchen', b)];
    deaf.socket.pause();
    const mute = connect(server.port, '127.0.0.1');
    await once(mute, 'connect');
    await (await fetch(`http://127.0.0.1:${server.port}/healthz`)).text();

    const startedMs = performance.now();
    const closing = server.close();
    expect(await nextError(tab)).toBe('going-away');
    expect(await tab.closed).toBe(1012);
    await closing;
    expect(performance.now() - startedMs).toBeLessThan(2_000);
    mute.destroy();
    deaf.socket.terminate();

    const again = await startServer({ host: '127.0.0.1', port: server.port });
    running.push(again);
    expect(again.port).toBe(server.port);
    await server.close();
  });

  it('takes no WebSocket any more while it stops', async () => {
    const server = await start({ closeTimeoutMs: 1_500 });
    const deaf = await joined(server, 'kitchen', a);
    deaf.socket.pause();
    const late = connect(server.port, '127.0.0.1');
    await once(late, 'connect');
    const closing = server.close();
    late.write(UPGRADE);
    const [answer] = (await once(late, 'data')) as [Buffer];
    expect(answer.toString('utf8')).toContain('HTTP/1.1 503');
    await closing;
    deaf.socket.terminate();
  });

  it('a shutdown with nobody there is immediate', async () => {
    const server = await startServer({ host: '127.0.0.1', port: 0 });
    await server.close();
    await expect(openTab(server.port)).rejects.toMatchObject({ code: 'ECONNREFUSED' });
  });
});
