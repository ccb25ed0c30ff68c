/** Joining and leaving over and over, twice at once, and half way: nothing is left behind in the page, nor in the room. */
import { expect, test, type Page } from '@playwright/test';
import { serveBlankPages, type BlankPages } from '../kit/library.ts';
import { takeNotes } from '../kit/page-side.ts';
import { startServer, type Server } from '../kit/server.ts';

/** Cycles of joining and leaving; `GOSSAMER_CYCLES=1000` is the long form. */
const CYCLES = Number(process.env['GOSSAMER_CYCLES'] ?? 50);

let server: Server;
let blankPages: BlankPages;
test.beforeAll(async () => {
  server = await startServer();
  blankPages = await serveBlankPages();
});
test.afterAll(async () => {
  blankPages.close();
  await server.kill();
});

interface Held {
  /** Open or not yet closed. */
  readonly connections: number;
  readonly sockets: number;
  /** On the page and its document, by whoever is no application. */
  readonly listeners: number;
  /** That were set and have neither run nor been given up. */
  readonly timers: number;
  readonly locks: number;
}

declare global {
  interface Window {
    readonly held: () => Promise<Held>;
  }
}

/** Runs in the page ahead of the library: counts what is made, and what of it still is. */
function countAll(): void {
  const timers = new Set<unknown>();
  const set = window.setTimeout.bind(window);
  const clear = window.clearTimeout.bind(window);
  Object.assign(window, {
    setTimeout: (run: () => void, ms?: number) => {
      const timer = set(() => {
        timers.delete(timer);
        run();
      }, ms);
      timers.add(timer);
      return timer;
    },
    clearTimeout: (timer: number) => {
      timers.delete(timer);
      clear(timer);
    },
  });
  const connections = new Set<RTCPeerConnection>();
  window.RTCPeerConnection = class extends RTCPeerConnection {
    constructor(configuration?: RTCConfiguration) {
      super(configuration);
      connections.add(this);
    }

    override close(): void {
      connections.delete(this);
      super.close();
    }
  };
  const sockets = new Set<WebSocket>();
  window.WebSocket = class extends WebSocket {
    constructor(url: string | URL) {
      super(url);
      sockets.add(this);
      this.addEventListener('close', () => sockets.delete(this));
    }
  };
  let listeners = 0;
  for (const target of [window, document]) {
    const add = target.addEventListener.bind(target);
    Object.assign(target, {
      addEventListener: (type: string, run: () => void, options?: AddEventListenerOptions) => {
        if (options?.signal && !options.signal.aborted) {
          listeners += 1;
          options.signal.addEventListener('abort', () => void (listeners -= 1), { once: true });
        }
        add(type, run, options);
      },
    });
  }
  // Those of other tabs of the same origin count as held, too.
  const names = new Set<string>();
  const { locks } = navigator;
  const request = locks.request.bind(locks);
  Object.assign(locks, {
    request: (name: string, run: () => Promise<unknown>) => {
      names.add(name);
      return request(name, run);
    },
  });
  Object.assign(window, {
    held: async () => ({
      connections: connections.size,
      sockets: sockets.size,
      listeners,
      timers: timers.size,
      locks: (await locks.query()).held?.filter(({ name = '' }) => names.has(name)).length,
    }),
  });
}

const NOTHING: Held = { connections: 0, sockets: 0, listeners: 0, timers: 0, locks: 0 };

/** The page holds nothing of a mesh any more; timers of a connection's end have had their time. */
const expectNothingIn = (page: Page): Promise<void> =>
  expect.poll(() => page.evaluate(() => window.held()), { timeout: 30_000 }).toEqual(NOTHING);

/** A member that stays, whom those who come and go meet. */
async function stay(page: Page, room: string): Promise<void> {
  await page.evaluate(
    async ({ signaling, name }) => {
      const mesh = window.gossamer.joinMesh(name, { signaling });
      Object.assign(window, { mesh });
      mesh.map('notes').set('kept', 1);
      await mesh.ready;
    },
    { signaling: server.url, name: room },
  );
}

test(`${CYCLES} joins and leaves leave no connection, socket, listener, timer, lock or record behind @long`, async ({
  context,
}) => {
  test.setTimeout(60_000 + CYCLES * 1_500);
  const host = await blankPages.open(context, countAll);
  await stay(host, 'cycles');
  const before = await host.evaluate(() => window.held());
  const guest = await blankPages.open(context, countAll);
  expect(await guest.evaluate(() => window.held())).toEqual(NOTHING);
  await guest.evaluate(
    async ({ signaling, cycles }) => {
      for (let cycle = 0; cycle < cycles; cycle++) {
        const mesh = window.gossamer.joinMesh('cycles', { signaling, presence: { cycle } });
        await mesh.ready;
        if (mesh.map('notes').get('kept') !== 1) throw new Error(`cycle ${cycle} did not find what is kept`);
        await mesh.leave();
      }
    },
    { signaling: server.url, cycles: CYCLES },
  );
  await expectNothingIn(guest);
  await host.waitForFunction(() => window.mesh.members.size === 1 && window.mesh.stats().links.open === 0);
  // With one that stays it is the same; its timers are those of its mesh, a few more or less.
  await expect
    .poll(async () => ({ ...(await host.evaluate(() => window.held())), timers: 0 }))
    .toEqual({ ...before, timers: 0 });
  expect((await host.evaluate(() => window.held())).timers).toBeLessThan(before.timers + 5);
  expect(await host.evaluate(() => window.mesh.graph().nodes.length)).toBe(1);
  expect(await host.evaluate(() => window.mesh.map('notes').size)).toBe(1);
});

test('a tab that is alone holds a lock, so that its browser keeps it awake, and lets it go with the first link', async ({
  context,
}) => {
  const lonely = await blankPages.open(context, countAll);
  await stay(lonely, 'lonely');
  const locks = () => lonely.evaluate(async () => (await window.held()).locks);
  await expect.poll(locks).toBe(1);
  const other = await blankPages.open(context);
  await stay(other, 'lonely');
  await expect.poll(locks).toBe(0);
  await other.evaluate(() => window.mesh.leave());
  await expect.poll(locks).toBe(1);
});

test('leaving while joining, at whatever moment, leaves nothing behind @long', async ({ context }) => {
  const host = await blankPages.open(context);
  await stay(host, 'hasty');
  const guest = await blankPages.open(context, countAll);
  await guest.evaluate(async (signaling) => {
    for (let ms = 0; ms < 600; ms += 25) {
      const mesh = window.gossamer.joinMesh('hasty', { signaling });
      await new Promise((resolve) => setTimeout(resolve, ms));
      if (ms % 50 === 0) mesh.close();
      else await mesh.leave();
      await mesh.ready.catch(() => undefined);
    }
  }, server.url);
  await expectNothingIn(guest);
  await host.waitForFunction(() => window.mesh.members.size === 1 && window.mesh.stats().links.open === 0);
});

test('joining twice, as StrictMode and hot reload do, is one member, and the last to leave leaves nothing', async ({
  context,
}) => {
  const host = await blankPages.open(context);
  await stay(host, 'twice');
  const guest = await blankPages.open(context, countAll);
  const ids = await guest.evaluate(async (signaling) => {
    const join = () => window.gossamer.joinMesh('twice', { signaling });
    // StrictMode: mounted, unmounted and mounted again, before anything could happen.
    const first = join();
    first.close();
    const second = join();
    await second.ready;
    // Hot reload: the new module joins before the old one has left.
    const third = join();
    await second.leave();
    await third.ready;
    Object.assign(window, { mesh: third });
    return [second.id, third.id];
  }, server.url);
  expect(ids[0]).toBe(ids[1]);
  await host.waitForFunction(() => window.mesh.members.size === 2);
  expect(await host.evaluate((id) => window.mesh.members.get(id) !== undefined, ids[1]!)).toBe(true);
  await guest.evaluate(() => window.mesh.leave());
  await expectNothingIn(guest);
  await host.waitForFunction(() => window.mesh.members.size === 1);
});

const reasonsOf = (page: Page): Promise<string[]> =>
  page.evaluate(() => window.seen.left.map(({ reason }) => reason));

test('a second copy of the library in one page is a second member, and the page that goes says goodbye for both', async ({
  context,
}) => {
  const host = await blankPages.open(context);
  await stay(host, 'copies');
  await host.evaluate(takeNotes);
  const guest = await blankPages.open(context);
  await stay(guest, 'copies');
  // Hot reload of the library itself: nobody leaves what the old copy joined.
  const second = await guest.evaluate(async (signaling) => {
    const path = './gossamer.js?reloaded';
    const copy = (await import(path)) as typeof window.gossamer;
    if (copy.joinMesh === window.gossamer.joinMesh) throw new Error('it is the same copy');
    const mesh = copy.joinMesh('copies', { signaling });
    const heardBy: Record<string, unknown> = {};
    for (const each of [window.mesh, mesh])
      each.topic('story').on(({ data }) => void (heardBy[each.id] = data));
    Object.assign(window, { heardBy });
    await mesh.ready;
    return mesh.id;
  }, server.url);
  const first = await guest.evaluate(() => window.mesh.id);
  expect(second).not.toBe(first);
  await host.waitForFunction(
    (ids) => ids.every((id) => window.mesh.members.get(id)?.link === 'direct'),
    [first, second],
  );
  await host.evaluate(() => window.mesh.topic('story').send('to both'));
  const heardBy = (): Promise<unknown> => guest.evaluate(() => Reflect.get(window, 'heardBy'));
  await expect.poll(heardBy).toEqual({ [first]: 'to both', [second]: 'to both' });
  expect(await reasonsOf(host)).toEqual([]);

  await guest.goto('about:blank');
  await host.waitForFunction(() => window.mesh.members.size === 1);
  expect(await reasonsOf(host)).toEqual(['goodbye', 'goodbye']);
});

test('closing in pagehide says goodbye, be it twice, and asks the visitor nothing', async ({ context }) => {
  const host = await blankPages.open(context);
  await stay(host, 'hide');
  await host.evaluate(takeNotes);
  const guest = await blankPages.open(context, () => {
    const add = window.addEventListener.bind(window);
    Object.assign(window, {
      asked: 0,
      addEventListener: (type: string, ...rest: [() => void]) => {
        if (type === 'beforeunload') Object.assign(window, { asked: 1 });
        add(type, ...rest);
      },
    });
  });
  await stay(guest, 'hide');
  await host.waitForFunction(() => window.mesh.members.size === 2);
  await guest.evaluate(() => addEventListener('pagehide', () => window.mesh.close()));
  expect(await guest.evaluate(() => Reflect.get(window, 'asked'))).toBe(0);
  await guest.goto('about:blank');
  await host.waitForFunction(() => window.mesh.members.size === 1);
  expect(await reasonsOf(host)).toEqual(['goodbye']);
});
