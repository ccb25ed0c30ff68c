import { expect, type BrowserContext, type Page } from '@playwright/test';
import { serveBlankPages, type BlankPages } from '../kit/library.ts';
import { test } from '../kit/rooms.ts';
import { startServer, type Server } from '../kit/server.ts';

const ROOM = 'reading circle';

let blankPages: BlankPages;
let server: Server;
test.beforeAll(async () => {
  [blankPages, server] = await Promise.all([serveBlankPages(), startServer()]);
});
test.afterAll(async () => {
  blankPages.close();
  await server.kill();
});

/** Joins as this browser's user; who it is to itself. */
async function join(
  page: Page,
  key: string | undefined,
): Promise<{ readonly id: string; readonly userId: string }> {
  return page.evaluate(
    async ({ room, ...options }) => {
      const mesh = window.gossamer.joinMesh(room, { ...options, identity: 'stored' });
      Object.assign(window, { mesh });
      await mesh.ready;
      return { id: mesh.id, userId: mesh.members.get(mesh.id)!.userId! };
    },
    { room: ROOM, signaling: server.url, key },
  );
}

async function openAndJoin(
  context: BrowserContext,
  key: string | undefined,
): Promise<{ page: Page; id: string; userId: string }> {
  const page = await blankPages.open(context);
  return { page, ...(await join(page, key)) };
}

/** Waits until this page lists a member of this id, and tells its user. */
async function userOf(page: Page, id: string): Promise<string | undefined> {
  await page.waitForFunction((other) => window.mesh.members.get(other) !== undefined, id);
  return page.evaluate((other) => window.mesh.members.get(other)?.userId, id);
}

test('two tabs of one browser are two members of one user, a reload is a return of it, another browser is another', async ({
  browser,
  keyOf,
}) => {
  const key = keyOf(ROOM);
  const [here, elsewhere] = [await browser.newContext(), await browser.newContext()];
  const a = await openAndJoin(here, key);
  const b = await openAndJoin(here, key);
  const c = await openAndJoin(elsewhere, key);
  expect(a.userId).toMatch(/^[0-9a-f]{32}$/);
  expect(b.userId).toBe(a.userId);
  expect(b.id).not.toBe(a.id);
  expect(c.userId).not.toBe(a.userId);
  // The others see it as well, and not by its word alone: the user's key has signed each tab's.
  expect(await userOf(c.page, a.id)).toBe(a.userId);
  expect(await userOf(c.page, b.id)).toBe(a.userId);
  expect(await userOf(a.page, c.id)).toBe(c.userId);

  await b.page.reload();
  await b.page.waitForFunction(() => window.gossamer !== undefined);
  const returned = await join(b.page, key);
  expect(returned.id).not.toBe(b.id);
  expect(returned.userId).toBe(a.userId);
  expect(await userOf(c.page, returned.id)).toBe(a.userId);

  // What is kept can sign, and cannot be read, not even by the page.
  const kept = await a.page.evaluate(async () => {
    const opened = indexedDB.open('gossamer');
    await new Promise((resolve) => opened.addEventListener('success', resolve));
    const found = opened.result.transaction('identity').objectStore('identity').getAll();
    await new Promise((resolve) => found.addEventListener('success', resolve));
    opened.result.close();
    const keys = (found.result as Record<string, unknown>[]).flatMap((entry) =>
      Object.values(entry).filter((value) => value instanceof CryptoKey),
    );
    const exports = await Promise.allSettled(keys.map((one) => crypto.subtle.exportKey('pkcs8', one)));
    return { extractable: keys.map((one) => one.extractable), exports: exports.map(({ status }) => status) };
  });
  expect(kept).toEqual({ extractable: [false], exports: ['rejected'] });
  await Promise.all([here.close(), elsewhere.close()]);
});
