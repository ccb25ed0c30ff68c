/** The front door under Node: what it refuses, and what it can do where a page is only pretended. */
import { afterEach, describe, expect, test, vi } from 'vitest';
import type * as door from '#client/index.ts';
import type { Mesh } from '#client/types.ts';
import { createFakeSocket, type FakeSocket } from './signaling/fake-socket.ts';

type Door = typeof door;

interface Page {
  readonly joinMesh: Door['joinMesh'];
  /** All of it; what is joined here must be left here. */
  readonly door: Door;
  readonly sockets: FakeSocket[];
  /** Connections that are open, by what they were told. */
  readonly rtcs: RTCConfiguration[];
  /** The page is about to go. */
  readonly hide: () => void;
  /** Something else happens to the page. */
  readonly fire: (event: string) => void;
}

const opened: Mesh[] = [];

/** The library as a page loads it, afresh. WebRTC is looked for then and never used: no server names anybody. */
async function loadPage({ href }: { href?: string } = {}): Promise<Page> {
  vi.resetModules();
  const sockets: FakeSocket[] = [];
  const page = new EventTarget();
  const rtcs: RTCConfiguration[] = [];
  vi.stubGlobal('RTCPeerConnection', function RTCPeerConnection(rtc: RTCConfiguration) {
    if (rtc.iceServers?.some(({ urls }) => urls === 'nonsense')) throw new SyntaxError('nonsense is no URL');
    rtcs.push(rtc);
    return { close: () => rtcs.pop() };
  });
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
  const fire = (event: string): void => void page.dispatchEvent(new Event(event));
  return { joinMesh, door: loaded, sockets, rtcs, fire, hide: () => fire('pagehide') };
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

/** Keys are derived beside the page's own thread: lets that go on until this is so. */
async function until(isSo: () => boolean): Promise<void> {
  while (!isSo()) await new Promise((resolve) => void setImmediate(resolve));
}

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

  test('for an rtc that the browser refuses, and leaves nothing behind; one that it takes is closed again', async () => {
    const { joinMesh, sockets, rtcs } = await loadPage();
    const iceServers = [{ urls: 'nonsense' }];
    const join = (): unknown => joinMesh('room', { signaling, rtc: { iceServers } });
    expect(codeOf(join)).toBe('BAD_RTC');
    expect(join).toThrow('nonsense is no URL');
    expect(sockets).toEqual([]);
    joinMesh('room', { signaling, rtc: { iceServers: [{ urls: 'stun:stun.test' }] } });
    await until(() => sockets.length > 0);
    expect([sockets.length, rtcs]).toEqual([1, []]);
  });

  test.each([0, -1, Number.NaN])('a time until one is idle that is none: %d', async (idleMs) => {
    const { joinMesh } = await loadPage();
    expect(codeOf(() => joinMesh('room', { signaling: 'ws://one', timing: { idleMs } }))).toBe('BAD_VALUE');
  });

  test('a page that is hidden shows so from the start, and is no less a member', async () => {
    const document = Object.assign(new EventTarget(), { visibilityState: 'hidden' });
    vi.stubGlobal('document', document);
    const { joinMesh } = await loadPage();
    const mesh = joinMesh('room', { signaling: 'ws://one' });
    expect(mesh.members.get(mesh.id)).toMatchObject({ activity: 'away', status: 'alive', presence: {} });
    document.visibilityState = 'visible';
    document.dispatchEvent(new Event('visibilitychange'));
    expect(mesh.members.get(mesh.id)!.activity).toBe('active');
  });

  test('for what may not be shown, and leaves nothing behind', async () => {
    const { joinMesh, sockets } = await loadPage();
    const presence = { at: new Date() as unknown as string };
    expect(codeOf(() => joinMesh('room', { signaling, presence }))).toBe('BAD_VALUE');
    expect(sockets).toEqual([]);
    joinMesh('room', { signaling });
    await until(() => sockets.length > 0);
    expect(sockets).toHaveLength(1);
  });
});

describe('a join with a key', () => {
  test('dials when its keys are derived, and names neither room nor key to the server', async () => {
    const { joinMesh, door, sockets } = await loadPage();
    const key = door.newRoomKey();
    const mesh = joinMesh('kitchen', { signaling, key });
    expect([mesh.room, mesh.status.value, sockets]).toEqual(['kitchen', 'connecting', []]);
    await until(() => sockets.length > 0);
    sockets[0]!.open();
    const topic = expect.stringMatching(/^[0-9a-f]{32}$/);
    expect(sockets[0]!.sent).toEqual([{ kind: 'join', version: 1, room: topic, id: mesh.id }]);
    sockets[0]!.say({ kind: 'welcome', contacts: [], starting: false });
    await mesh.ready;
    expect(mesh.status.value).toBe('alone');
    const namesakes = (): unknown[] => sockets[0]!.sent.filter((one) => Object.hasOwn(one as object, 'name'));
    await until(() => namesakes().length > 0);
    expect(namesakes()).toEqual([{ kind: 'namesake', name: topic }]);
    expect(JSON.stringify(sockets[0]!.sent)).not.toMatch(new RegExp(`kitchen|${key}`));
  });

  test('tells that others have another key, while nobody is here', async () => {
    const { joinMesh, door, sockets } = await loadPage();
    const mesh = joinMesh('kitchen', { signaling, key: door.newRoomKey() });
    const told: string[] = [];
    mesh.on('error', ({ code }) => told.push(code));
    await until(() => sockets.length > 0);
    sockets[0]!.open();
    sockets[0]!.say({ kind: 'welcome', contacts: [], starting: false });
    sockets[0]!.say({ kind: 'namesakes' });
    sockets[0]!.say({ kind: 'namesakes' });
    expect([told, mesh.status.value]).toEqual([['WRONG_KEY'], 'alone']);
  });

  test('of the same room, server and key is the same member; with another key, or none, it is another', async () => {
    const { joinMesh, door } = await loadPage();
    const [key, other] = [door.newRoomKey(), door.newRoomKey()];
    const first = joinMesh('kitchen', { signaling, key });
    expect(joinMesh('kitchen', { signaling, key }).id).toBe(first.id);
    const others = [{ key: other }, { password: 'swordfish' }, { password: 'sword fish' }, {}];
    const ids = others.map((secret) => joinMesh('kitchen', { signaling, ...secret }).id);
    expect(new Set([first.id, ...ids]).size).toBe(5);
    expect(joinMesh('kitchen', { signaling, password: 'swordfish' }).id).toBe(ids[1]);
  });

  test('left or let go of while its keys are derived never dials', async () => {
    const { joinMesh, door, sockets } = await loadPage();
    const left = joinMesh('kitchen', { signaling, key: door.newRoomKey() });
    await left.leave();
    const letGo = joinMesh('garden', { signaling, key: door.newRoomKey() });
    letGo.detach();
    joinMesh('cellar', { signaling, key: door.newRoomKey() });
    await until(() => sockets.length > 0);
    expect([left.status.value, letGo.signaling.value]).toEqual(['closed', 'closed']);
    letGo.attach();
    await until(() => sockets.length > 1);
    expect(sockets).toHaveLength(2);
  });

  test('whose browser cannot derive them is never ready, and says why', async () => {
    const { joinMesh, door, sockets } = await loadPage();
    const refused = vi.spyOn(crypto.subtle, 'deriveKey').mockRejectedValue(new Error('NotSupportedError'));
    const mesh = joinMesh('kitchen', { signaling, key: door.newRoomKey() });
    const told: string[] = [];
    mesh.on('error', ({ code }) => told.push(code));
    const why = { code: 'CRYPTO_MISSING', message: expect.stringContaining('NotSupportedError') };
    await expect(mesh.ready).rejects.toMatchObject(why);
    refused.mockRestore();
    await Promise.resolve();
    expect([told, mesh.status.value, sockets]).toEqual([['CRYPTO_MISSING'], 'offline', []]);
  });

  test('is refused where the key is not whole, or a password is given too', async () => {
    const { joinMesh, door, sockets } = await loadPage();
    const key = door.newRoomKey();
    for (const secret of [{ key: key.slice(1) }, { key, password: 'x' }, { password: '' }, { key: '' }]) {
      expect(codeOf(() => joinMesh('kitchen', { signaling, ...secret }))).toBe('BAD_ROOM_KEY');
    }
    expect(sockets).toEqual([]);
  });

  test('by a private link enters the room that the link names', async () => {
    const { joinMesh, door } = await loadPage({ href: 'https://app.test/board#lobby' });
    const { room, key } = door.readRoomLink(door.newRoomLink({ room: 'kitchen' }))!;
    expect(joinMesh(room, { key }).room).toBe('kitchen');
    expect(door.readRoomLink()).toBe(undefined);
  });
});

test('without WebCrypto, as on a page that came by plain http, a join is refused and says what to do', async () => {
  const { joinMesh, sockets } = await loadPage();
  vi.stubGlobal('crypto', {});
  const join = (): unknown => joinMesh('room', { signaling });
  expect(codeOf(join)).toBe('CRYPTO_MISSING');
  expect(join).toThrow(/https: and localhost/);
  expect(sockets).toEqual([]);
});

describe('a join', () => {
  test('dials the origin of its page, with an id of its own', async () => {
    const { joinMesh, sockets } = await loadPage({ href: 'https://app.test/page' });
    const mesh = joinMesh('room', { presence: { name: 'Ada' } });
    await until(() => sockets.length > 0);
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
    await until(() => sockets.length > 0);
    expect(sockets).toHaveLength(1);
    expect(joinMesh('other', { signaling }).id).not.toBe(first.id);
    expect(joinMesh('room', { signaling: 'ws://other.test' }).id).not.toBe(first.id);
    await until(() => sockets.length > 2);
    expect(sockets).toHaveLength(3);
  });

  test('ends when the page is hidden, and the next join is a new member', async () => {
    const { joinMesh, sockets, hide } = await loadPage();
    const first = joinMesh('room', { signaling });
    await until(() => sockets.length > 0);
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

  test('holds a lock while it is lonely, if the page has locks', async () => {
    const { joinMesh, hide } = await loadPage();
    const held: string[] = [];
    const request = async (name: string, run: () => Promise<void>): Promise<void> => {
      held.push(name);
      await run();
      held.pop();
    };
    vi.stubGlobal('navigator', { locks: { request } });
    const mesh = joinMesh('room', { signaling });
    expect(held).toEqual([`gossamer ${mesh.id}`]);
    hide();
    await Promise.resolve();
    await Promise.resolve();
    expect(held).toEqual([]);
  });

  test('hands its rtc to every connection', async () => {
    const { joinMesh } = await loadPage();
    const transport = await import('#client/transport/simple-peer-transport.ts');
    const created = vi.spyOn(transport, 'createSimplePeerTransport');
    const rtc = { iceServers: [{ urls: 'stun:stun.test' }] };
    joinMesh('room', { signaling, rtc });
    joinMesh('other', { signaling });
    expect(created.mock.calls.map(([config]) => config())).toEqual([rtc, {}]);
    created.mockRestore();
  });

  test('asks for its servers before it dials, and uses what came; troubles are told by code and counted', async () => {
    const { joinMesh, sockets, rtcs } = await loadPage();
    const transport = await import('#client/transport/simple-peer-transport.ts');
    const created = vi.spyOn(transport, 'createSimplePeerTransport');
    let answer: (servers: RTCIceServer[]) => void = () => {};
    const iceServers = (): Promise<RTCIceServer[]> => new Promise((resolve) => (answer = resolve));
    joinMesh('room', { signaling, rtc: { iceTransportPolicy: 'relay', iceServers } });
    const failing = (): never => {
      throw new Error('no credentials today');
    };
    const other = joinMesh('other', { signaling, rtc: { iceServers: failing } });
    const told: string[] = [];
    other.on('error', ({ code, message }) => told.push(code, message));
    await until(() => sockets.length > 0);
    expect(told).toEqual(['ICE_SERVERS_MISSING', expect.stringContaining('no credentials today')]);
    expect(other.stats().refused).toEqual({ 'ice-failed': 1 });
    const configs = (): unknown[] => created.mock.calls.map(([config]) => config());
    expect(configs()).toEqual([{ iceTransportPolicy: 'relay' }, {}]);
    answer([{ urls: 'turn:turn.test', username: 'u', credential: 'c' }]);
    await until(() => sockets.length > 1);
    expect(configs()[0]).toEqual({
      iceTransportPolicy: 'relay',
      iceServers: [{ urls: 'turn:turn.test', username: 'u', credential: 'c' }],
    });
    expect(rtcs).toEqual([]);
    created.mockRestore();
  });

  test('whose signal has aborted before asks for no servers', async () => {
    const { joinMesh } = await loadPage();
    const iceServers = vi.fn(() => []);
    joinMesh('room', { signaling, signal: AbortSignal.abort(), rtc: { iceServers } });
    await until(() => true);
    expect(iceServers).not.toHaveBeenCalled();
  });

  test('whose signal has aborted before never dials', async () => {
    const { joinMesh, sockets } = await loadPage();
    const mesh = joinMesh('room', { signaling, signal: AbortSignal.abort() });
    expect([mesh.status.value, sockets]).toEqual(['closed', []]);
    expect(joinMesh('room', { signaling }).status.value).toBe('connecting');
    await until(() => sockets.length > 0);
    expect(sockets).toHaveLength(1);
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
    await until(() => sockets.length > 0);
    sockets[0]!.drop();
    await Promise.resolve();
    expect([told, mesh.signaling.value]).toEqual([['SIGNALING_UNREACHABLE'], 'connecting']);
    expect(mesh.status.value).toBe('offline');
  });

  test('dials at once when the browser is online again, until it is left', async () => {
    const { joinMesh, sockets, fire } = await loadPage();
    const mesh = joinMesh('room', { signaling });
    await until(() => sockets.length > 0);
    sockets[0]!.drop();
    fire('online');
    expect(sockets).toHaveLength(2);
    sockets[1]!.drop();
    mesh.close();
    fire('online');
    expect(sockets).toHaveLength(2);
  });

  test('counts what the server says that is no message', async () => {
    const { joinMesh, sockets } = await loadPage();
    const mesh = joinMesh('room', { signaling });
    await until(() => sockets.length > 0);
    sockets[0]!.open();
    sockets[0]!.sayRaw('{');
    expect(mesh.stats().refused).toEqual({ 'server-bad-message': 1 });
  });
});
