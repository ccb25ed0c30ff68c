import { afterEach, expect, test, vi } from 'vitest';
import { MeshError } from '#client/errors.ts';
import { signalingUrl } from '#client/signaling/url.ts';

/** A page at this address. */
const pageAt = (href: string): void => {
  const { origin } = new URL(href);
  vi.stubGlobal('location', { href, origin });
};

const codeOf = (named: string | undefined): string | undefined => {
  try {
    signalingUrl(named);
  } catch (error) {
    return error instanceof MeshError ? error.code : String(error);
  }
  return undefined;
};

afterEach(() => {
  vi.unstubAllGlobals();
});

test.each([
  ['ws://server.test', 'ws://server.test/'],
  ['wss://server.test:8443/rooms?a=b', 'wss://server.test:8443/rooms?a=b'],
  ['http://server.test/', 'ws://server.test/'],
  ['https://server.test/path', 'wss://server.test/path'],
  ['https://server.test:443/', 'wss://server.test/'],
  ['HTTPS://Server.Test', 'wss://server.test/'],
  ['wss://server.test/#part', 'wss://server.test/'],
  ['  ws://server.test  ', 'ws://server.test/'],
])('%s becomes %s', (named, url) => {
  expect(signalingUrl(named)).toBe(url);
});

test.each([
  ['no address', 'server'],
  ['an empty text', ''],
  ['a path, where there is no page', '/signal'],
  ['no host', 'ws://'],
  ['a bad port', 'ws://server.test:99999'],
  ['a file', 'file:///tmp/server'],
  ['ftp', 'ftp://server.test'],
  ['script', 'javascript:alert(1)'],
  ['data', 'data:text/plain,x'],
  ['what only begins like http', 'httpx://server.test'],
  ['what only begins like ws', 'wsx://server.test'],
])('%s is no address of a signaling server', (_what, named) => {
  expect(codeOf(named)).toBe('BAD_SIGNALING_URL');
});

test('without a name it is the origin of the page', () => {
  pageAt('https://app.test:8080/some/page?x#y');
  expect(signalingUrl(undefined)).toBe('wss://app.test:8080/');
  pageAt('http://localhost:3000/');
  expect(signalingUrl(undefined)).toBe('ws://localhost:3000/');
});

test('a path is taken from the page', () => {
  pageAt('https://app.test/some/page');
  expect(signalingUrl('/signal')).toBe('wss://app.test/signal');
  expect(signalingUrl('//other.test/signal')).toBe('wss://other.test/signal');
});

test('a page without an origin, and no page at all, must name the server', () => {
  expect(codeOf(undefined)).toBe('BAD_SIGNALING_URL');
  pageAt('file:///tmp/page.html');
  expect(codeOf(undefined)).toBe('BAD_SIGNALING_URL');
  expect(signalingUrl('ws://server.test')).toBe('ws://server.test/');
});
