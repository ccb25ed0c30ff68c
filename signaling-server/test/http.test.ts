/** Health, the page, and nothing outside its folder. */
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { createServer, request, type IncomingHttpHeaders } from 'node:http';
import { connect, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join as joinPath } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createHttpHandler, pathOf } from '#server/http.ts';
import { readPage } from '#server/page.ts';
import { startServer, type RunningServer } from '#server/server.ts';
import { a, join } from './names.ts';
import { openTab } from './tab.ts';

interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

let base: string;
let server: RunningServer;

beforeAll(async () => {
  base = await mkdtemp(joinPath(tmpdir(), 'gossamer-page-'));
  const page = joinPath(base, 'page');
  await mkdir(joinPath(page, 'assets'), { recursive: true });
  await writeFile(joinPath(base, 'secret.txt'), 'secret');
  await writeFile(joinPath(page, 'index.html'), '<!doctype html><title>Gossamer</title>');
  await writeFile(joinPath(page, '.hidden'), 'secret');
  await writeFile(joinPath(page, 'empty.txt'), '');
  await writeFile(joinPath(page, 'assets', 'index-B1c_D2-e.js'), 'export {};');
  await writeFile(joinPath(page, 'assets', 'plain.css'), 'body {}');
  await symlink(joinPath(base, 'secret.txt'), joinPath(page, 'link.txt'));
  server = await startServer({ host: '127.0.0.1', port: 0, pageDir: page });
});

afterAll(async () => {
  await server.close();
  await rm(base, { recursive: true });
});

/** Sends the path as it is; `fetch` would tidy it first. */
function ask(path: string, method: string = 'GET', headers: Record<string, string> = {}): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const sent = request({ host: '127.0.0.1', port: server.port, path, method, headers }, (response) => {
      const parts: Buffer[] = [];
      response.on('data', (part: Buffer) => parts.push(part));
      response.on('end', () => {
        const body = Buffer.concat(parts).toString('utf8');
        resolve({ status: response.statusCode ?? 0, headers: response.headers, body });
      });
    });
    sent.on('error', reject);
    sent.end();
  });
}

describe('health', () => {
  it('tells rooms and members', async () => {
    const before = await ask('/healthz');
    expect(before).toMatchObject({ status: 200, headers: { 'cache-control': 'no-store' } });
    expect(JSON.parse(before.body)).toEqual({
      status: 'ok',
      rooms: 0,
      members: 0,
      uptimeS: expect.any(Number),
    });

    const tab = await openTab(server.port);
    tab.send(join('kitchen', a));
    await tab.next();
    expect(JSON.parse((await ask('/healthz?x=1')).body)).toMatchObject({ rooms: 1, members: 1 });
    tab.socket.close();
    await tab.closed;
  });

  it('answers HEAD without a body', async () => {
    expect(await ask('/healthz', 'HEAD')).toMatchObject({ status: 200, body: '' });
  });
});

describe('the page', () => {
  it.each(['/', '/index.html', '/?room=kitchen'])('is at %s, asked for anew each time', async (path) => {
    expect(await ask(path)).toMatchObject({
      status: 200,
      body: '<!doctype html><title>Gossamer</title>',
      headers: {
        'content-type': 'text/html; charset=utf-8',
        'cache-control': 'no-cache',
        'x-content-type-options': 'nosniff',
        'content-security-policy':
          "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self' ws: wss:; " +
          "base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'",
      },
    });
  });

  it('is not sent again to who has it', async () => {
    const { etag } = (await ask('/')).headers;
    expect(await ask('/', 'GET', { 'If-None-Match': etag ?? '' })).toMatchObject({ status: 304, body: '' });
  });

  it('has assets: hashed ones for good, others asked for anew', async () => {
    expect(await ask('/assets/index-B1c_D2-e.js')).toMatchObject({
      status: 200,
      body: 'export {};',
      headers: {
        'content-type': 'text/javascript; charset=utf-8',
        'cache-control': 'public, max-age=31536000, immutable',
      },
    });
    expect(await ask('/assets/plain.css')).toMatchObject({
      headers: { 'content-type': 'text/css; charset=utf-8', 'cache-control': 'no-cache' },
    });
  });

  it('answers HEAD with the length and no body', async () => {
    const { status, headers, body } = await ask('/assets/plain.css', 'HEAD');
    expect({ status, length: headers['content-length'], body }).toEqual({
      status: 200,
      length: '7',
      body: '',
    });
  });

  it('may hold an empty file', async () => {
    expect(await ask('/empty.txt')).toMatchObject({ status: 200, body: '' });
  });
});

describe('the files of the page', () => {
  it('are those that were there at the start: what is written afterwards changes no answer', async () => {
    const before = await ask('/assets/plain.css');
    await writeFile(joinPath(base, 'page', 'assets', 'plain.css'), 'changed');
    expect(await ask('/assets/plain.css')).toMatchObject({ body: before.body });
  });

  it('are none where there is no such folder', async () => {
    expect(await readPage(joinPath(base, 'nowhere'))).toEqual(new Map());
  });

  it('are refused where they are far more than a page', async () => {
    const heap = joinPath(base, 'heap');
    await mkdir(heap);
    await Promise.all(Array.from({ length: 1_001 }, (_, n) => writeFile(joinPath(heap, `${n}.txt`), '')));
    await expect(readPage(heap)).rejects.toThrow('holds too much to be a page');
  });
});

it('of requests sent without taking an answer only the first are read', async () => {
  const body = Buffer.alloc(300_000);
  const page = new Map([['/big.js', { body, etag: '"1"' }]]);
  const handler = createHttpHandler({ page, health: () => ({ rooms: 0, members: 0, uptimeS: 0 }) });
  let taken = 0;
  const http = createServer((asked, response) => {
    taken += 1;
    handler(asked, response);
  });
  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve));
  const greedy = connect((http.address() as AddressInfo).port, '127.0.0.1').pause();
  greedy.on('error', () => {});
  greedy.write('GET /big.js HTTP/1.1\r\nHost: a\r\n\r\n'.repeat(20_000));
  await new Promise((resolve) => setTimeout(resolve, 500));
  // As many as fit in the one piece of network data that was being read.
  expect(taken).toBeGreaterThan(0);
  expect(taken).toBeLessThan(4_000);
  greedy.destroy();
  await new Promise((resolve) => http.close(resolve));
});

describe('nothing else', () => {
  it.each([
    '/missing.js',
    '/assets',
    '/assets/',
    '/.hidden',
    '/link.txt',
    '/../secret.txt',
    '/%2e%2e/secret.txt',
    '/..%2fsecret.txt',
    '/assets/..%5c..%5csecret.txt',
    '/assets/../../secret.txt',
    '//secret.txt',
    '/index.html%00.js',
    '/%zz',
    'http://elsewhere/index.html',
  ])('%s is not found', async (path) => {
    const answer = await ask(path);
    expect(answer.status).toBe(404);
    expect(answer.body).not.toContain('secret');
    expect(answer.headers['x-content-type-options']).toBe('nosniff');
  });

  it.each(['POST', 'PUT', 'DELETE', 'OPTIONS', 'PATCH'])('%s is not allowed', async (method) => {
    expect(await ask('/', method)).toMatchObject({ status: 405, headers: { allow: 'GET, HEAD' } });
  });

  it('an upgrade to anything but a WebSocket is refused', async () => {
    expect(await ask('/', 'GET', { Connection: 'Upgrade', Upgrade: 'h2c' })).toMatchObject({ status: 400 });
  });
});

it.each([
  ['/', '/index.html'],
  ['/a/b.js?x#y', '/a/b.js'],
  ['/a%20b', undefined],
  ['', undefined],
  ['*', undefined],
])('the path of %j is %j', (url, path) => {
  expect(pathOf(url)).toBe(path);
});
