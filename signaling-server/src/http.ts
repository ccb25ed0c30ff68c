/** What the port answers to plain HTTP: its health, and the built page. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { extname } from 'node:path';
import type { Page, PageFile } from './page.ts';

interface Health {
  readonly rooms: number;
  readonly members: number;
  readonly uptimeS: number;
}

export interface HttpOptions {
  readonly page: Page;
  readonly health: () => Health;
}

export type HttpHandler = (request: IncomingMessage, response: ServerResponse) => void;

/**
 * Sent with everything: the page runs its own files only, no text becomes code or markup, it talks to sockets, and
 * nobody frames it. No directive stops WebRTC, in any browser known.
 */
const SECURITY_HEADERS: Readonly<Record<string, string>> = {
  'Content-Security-Policy':
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self' ws: wss:; " +
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'",
  'X-Content-Type-Options': 'nosniff',
  'Referrer-Policy': 'no-referrer',
};

const CONTENT_TYPES: ReadonlyMap<string, string> = new Map([
  ['.html', 'text/html; charset=utf-8'],
  ['.js', 'text/javascript; charset=utf-8'],
  ['.css', 'text/css; charset=utf-8'],
  ['.json', 'application/json; charset=utf-8'],
  ['.map', 'application/json; charset=utf-8'],
  ['.webmanifest', 'application/manifest+json; charset=utf-8'],
  ['.txt', 'text/plain; charset=utf-8'],
  ['.svg', 'image/svg+xml'],
  ['.png', 'image/png'],
  ['.jpg', 'image/jpeg'],
  ['.webp', 'image/webp'],
  ['.ico', 'image/x-icon'],
  ['.woff2', 'font/woff2'],
  ['.wasm', 'application/wasm'],
]);

/** A name that the build made of the content: it never changes its meaning. */
const HASHED_ASSET: RegExp = /^\/assets\/.+-[A-Za-z0-9_-]{8}\.[a-z0-9.]+$/;

/** One step of a path: nothing hidden, nothing upward, no separator of any system. */
const PLAIN_SEGMENT: RegExp = /^[A-Za-z0-9_-][A-Za-z0-9._-]*$/;

/**
 * All is answered at once, from memory: nothing of an answer outlives its connection, and of requests sent
 * without waiting for answers (pipelined) Node stops reading more when the answers are not taken.
 */
export function createHttpHandler({ page, health }: HttpOptions): HttpHandler {
  return (request, response) => {
    for (const [name, value] of Object.entries(SECURITY_HEADERS)) response.setHeader(name, value);
    if (request.method !== 'GET' && request.method !== 'HEAD') {
      response.setHeader('Allow', 'GET, HEAD');
      sendText(response, 405, 'Only GET and HEAD are answered here.');
      return;
    }
    const path = pathOf(request.url ?? '/');
    if (path === '/healthz') {
      sendHealth(response, health());
      return;
    }
    const file = path === undefined ? undefined : page.get(path);
    if (path === undefined || !file) {
      sendText(response, 404, path === '/index.html' ? 'The page is not built.' : 'There is nothing here.');
      return;
    }
    sendFile(request, response, { ...file, path });
  };
}

/** The decoded path, `/` being `/index.html`; undefined when it is no plain path. */
export function pathOf(url: string): string | undefined {
  const raw = url.split(/[?#]/, 1)[0] ?? '';
  if (raw === '/') return '/index.html';
  try {
    const path = decodeURIComponent(raw);
    const [before, ...segments] = path.split('/');
    const plain = before === '' && segments.length > 0 && segments.every((part) => PLAIN_SEGMENT.test(part));
    return plain ? path : undefined;
  } catch {
    return undefined;
  }
}

function sendFile(
  request: IncomingMessage,
  response: ServerResponse,
  { path, etag, body }: PageFile & { readonly path: string },
): void {
  const hashed = HASHED_ASSET.test(path);
  response.setHeader('Cache-Control', hashed ? 'public, max-age=31536000, immutable' : 'no-cache');
  response.setHeader('ETag', etag);
  if (request.headers['if-none-match'] === etag) {
    response.writeHead(304).end();
    return;
  }
  response.setHeader('Content-Type', CONTENT_TYPES.get(extname(path)) ?? 'application/octet-stream');
  sendBody(response, 200, body);
}

function sendHealth(response: ServerResponse, { rooms, members, uptimeS }: Health): void {
  response.setHeader('Cache-Control', 'no-store');
  response.setHeader('Content-Type', 'application/json; charset=utf-8');
  sendBody(response, 200, JSON.stringify({ status: 'ok', rooms, members, uptimeS }));
}

function sendText(response: ServerResponse, status: number, sentence: string): void {
  response.setHeader('Content-Type', 'text/plain; charset=utf-8');
  sendBody(response, status, `${sentence}\n`);
}

/** Node itself leaves the body out when the request was HEAD. */
function sendBody(response: ServerResponse, status: number, body: string | Buffer): void {
  response.setHeader('Content-Length', Buffer.byteLength(body));
  response.writeHead(status).end(body);
}
