/** The front door under Node: what it refuses, and what it can do where a page is only pretended. */
import { afterEach, describe, expect, test, vi } from 'vitest';
import type * as door from '#client/index.ts';
import type { Mesh } from '#client/types.ts';
import { createFakeSocket, type FakeSocket } from './signaling/fake-socket.ts';

type Door = typeof door;

interface Page {
  readonly joinMesh: Door['joinMesh'];
  readonly sockets: FakeSocket[];
  /** The page is about to go. */
  readonly hide: () => void;
}

const opened: Mesh[] = [];

/** The library as a page loads it, afresh. WebRTC is looked for then and never used: no server names anybody. */
async function loadPage({ href }: { href?: string } = {}): Promise<Page> {
  vi.resetModules();
  const sockets: FakeSocket[] = [];
  const page = new EventTarget();
  vi.stubGlobal('RTCPeerConnection', function RTCPeerConnection() {});
  if (href !== undefined) vi.stubGlobal('location', { href, origin: new URL(href).origin });
  vi.stubGlobal('addEventListener', page.addEventListener.bind(page));
  vi.stubGlobal('WebSocket', function WebSocket(url: string) {
    if (url.startsWith('ws://forbidden')) throw new Error('SecurityError');
    sockets.push(createFakeSocket(url));
    return sockets.at(-1)!.socket;
  });
  const loaded = await import('#client/index.ts');
  const joinMesh: Door['joinMesh'] = (room, options) => {
    const mesh = loaded.joinMesh(room, options);
    opened.push(mesh as unknown as Mesh);
    return mesh;
  };
  return { joinMesh, sockets, hide: () => page.dispatchEvent(new Event('pagehide')) };
}

const codeOf = (run: () => unknown): unknown => {
  try {
    run();
  } catch (error) {
    return error instanceof Error && 'code' in error ? error.code : String(error);
  }
  return undefined;
};

afterEach(() => {
  for (const mesh of opened.splice(0)) mesh.close();
  vi.unstubAllGlobals();
});

const signaling = 'ws://server.test';

describe('a join is refused', () => {
  test.each<[string, unknown]>([
    ['an empty name', ''],
    ['a name too long', 'x'.repeat(129)],
    ['no name', undefined],
    ['a number', 7],
  ])('for a bad room: %s', async (_what, room) => {
    const { joinMesh, sockets } = await loadPage();
    expect(codeOf(() => joinMesh(room as string, { signaling }))).toBe('BAD_ROOM');
    expect(sockets).toEqual([]);
  });

  test('for an address that is none, and where there is no page to take it from', async () => {
    const { joinMesh, sockets } = await loadPage();
    expect(codeOf(() => joinMesh('room', { signaling: 'ftp://server.test' }))).toBe('BAD_SIGNALING_URL');
    expect(codeOf(() => joinMesh('room'))).toBe('BAD_SIGNALING_URL');
    expect(sockets).toEqual([]);
  });

  test('for what may not be shown, and leaves nothing behind', async () => {
    const { joinMesh, sockets } = await loadPage();
    const presence = { at: new Date() as unknown as string };
    expect(codeOf(() => joinMesh('room', { signaling, presence }))).toBe('BAD_VALUE');
    expect(sockets).toEqual([]);
    joinMesh('room', { signaling });
    expect(sockets).toHaveLength(1);
  });
});

describe('a join', () => {
  test('dials the origin of its page, with an id of its own', async () => {
    const { joinMesh, sockets } = await loadPage({ href: 'https://app.test/page' });
    const mesh = joinMesh('room', { presence: { name: 'Ada' } });
    sockets[0]!.open();
    expect(sockets[0]!.url).toBe('wss://app.test/');
    expect(sockets[0]!.sent).toEqual([{ kind: 'join', version: 1, room: 'room', id: mesh.id }]);
    expect(mesh.id).toMatch(/^[0-9a-f]{32}$/);
    expect(mesh.members.get(mesh.id)?.presence).toEqual({ name: 'Ada' });
    sockets[0]!.say({ kind: 'welcome', contacts: [], starting: false });
    await mesh.ready;
    expect(mesh.status.value).toBe('alone');
  });

  test('of the same room at the same server is the same member, of any other is another', async () => {
    const { joinMesh, sockets } = await loadPage();
    const first = joinMesh('room', { signaling });
    expect(joinMesh('room', { signaling: 'http://server.test/' }).id).toBe(first.id);
    expect(sockets).toHaveLength(1);
    expect(joinMesh('other', { signaling }).id).not.toBe(first.id);
    expect(joinMesh('room', { signaling: 'ws://other.test' }).id).not.toBe(first.id);
    expect(sockets).toHaveLength(3);
  });

  test('ends when the page is hidden, and the next join is a new member', async () => {
    const { joinMesh, sockets, hide } = await loadPage();
    const first = joinMesh('room', { signaling });
    hide();
    expect([first.status.value, sockets[0]!.hungUp]).toEqual(['closed', [1000]]);
    const second = joinMesh('room', { signaling });
    expect([second.id === first.id, second.status.value]).toEqual([false, 'connecting']);
  });

  test('ends when its signal aborts', async () => {
    const { joinMesh } = await loadPage();
    const abort = new AbortController();
    const mesh = joinMesh('room', { signaling, signal: abort.signal });
    abort.abort();
    expect(mesh.status.value).toBe('closed');
  });

  test('to an address that the page may not open tells so to who listens right after, and is never ready', async () => {
    const { joinMesh } = await loadPage();
    const mesh = joinMesh('room', { signaling: 'ws://forbidden.test' });
    const told: string[] = [];
    mesh.on('error', ({ code }) => told.push(code));
    await expect(mesh.ready).rejects.toMatchObject({ code: 'BAD_SIGNALING_URL' });
    expect([told, mesh.status.value]).toEqual([['BAD_SIGNALING_URL'], 'offline']);
  });

  test('tells that the server is unreachable, and goes on trying', async () => {
    const { joinMesh, sockets } = await loadPage();
    const mesh = joinMesh('room', { signaling });
    const told: string[] = [];
    mesh.on('error', ({ code }) => told.push(code));
    sockets[0]!.drop();
    await Promise.resolve();
    expect([told, mesh.signaling.value]).toEqual([['SIGNALING_UNREACHABLE'], 'connecting']);
  });
});
