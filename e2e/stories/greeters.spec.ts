import { expect } from '@playwright/test';
import { test } from '../kit/rooms.ts';
import { truthOf } from '../kit/sentence.ts';
import { attachedAt, isRefused, startServer, type Server } from '../kit/server.ts';
import {
  crash,
  isOneComponent,
  openTab,
  openTabs,
  printTime,
  waitForMembers,
  waitForMinimum,
  type Tab,
} from '../kit/tabs.ts';

let server: Server;
test.beforeAll(async () => {
  server = await startServer();
});
test.afterAll(() => server.kill());

/** By hand with forty: `GREETERS_TABS=40`. */
const TABS = Number(process.env['GREETERS_TABS'] ?? 12);

async function greetersOf(tabs: readonly Tab[]): Promise<readonly Tab[]> {
  const open = await Promise.all(
    tabs.map(({ page }) => page.evaluate(() => window.mesh.signaling.value === 'open')),
  );
  return tabs.filter((_, at) => open[at]);
}

/** Waits until the server and the tabs agree that about four are attached; returns these. */
async function waitForFew(tabs: readonly Tab[]): Promise<readonly Tab[]> {
  let greeters: readonly Tab[] = [];
  await expect
    .poll(
      async () => {
        greeters = await greetersOf(tabs);
        const sockets = await attachedAt(server);
        return sockets === greeters.length && (sockets === 4 || sockets === 5);
      },
      { timeout: 150_000 },
    )
    .toBe(true);
  return greeters;
}

test('a settled room holds about four sockets, and outlives those who hold them @long', async ({
  context,
  fragmentOf,
}) => {
  test.setTimeout(480_000);
  const join = (): Promise<Tab> => openTab(context, { url: server.url, room: fragmentOf('greeters') });
  let tabs: readonly Tab[] = await openTabs(context, {
    url: server.url,
    room: fragmentOf('greeters'),
    count: TABS,
  });
  await waitForMembers(tabs);
  await waitForMinimum(tabs);

  await test.step('most tabs let go of the server, and say what is so', async () => {
    const started = performance.now();
    await waitForFew(tabs);
    printTime('all but about four have let go of the server', started);
    for (const tab of tabs) {
      await tab.page.waitForFunction(() => window.mesh.status.value === 'connected');
      await expect.poll(() => truthOf(tab, 'connected')).toBe('true');
    }
  });

  await test.step('a newcomer gets in', async () => {
    const started = performance.now();
    tabs = [...tabs, await join()];
    await waitForMembers(tabs);
    printTime('a newcomer and all others list each other', started);
  });

  await test.step('whoever is attached crashes: others take their place, and the next newcomer gets in', async () => {
    const greeters = await greetersOf(tabs);
    const released = tabs.filter((tab) => !greeters.includes(tab));
    expect(released.length).toBeGreaterThanOrEqual(4);
    const started = performance.now();
    await Promise.all(greeters.map(({ page }) => crash(page)));
    await expect
      .poll(async () => (await greetersOf(released)).length, { timeout: 60_000 })
      .toBeGreaterThanOrEqual(4);
    printTime('four others are attached', started);
    expect(await attachedAt(server)).toBeGreaterThanOrEqual(4);
    const joined = performance.now();
    tabs = [...released, await join()];
    await waitForMembers(tabs);
    printTime('the next newcomer and all others list each other', joined);
    for (const { page } of tabs) await page.waitForFunction(() => window.mesh.status.value === 'connected');
  });

  await test.step('the server is restarted, empty, while somebody comes: there is no second mesh', async () => {
    const { port } = server;
    await server.kill();
    expect(await isRefused(port)).toBe(true);
    server = await startServer(port);
    const started = performance.now();
    tabs = [...tabs, await join()];
    await waitForMembers(tabs);
    printTime('a tab opened at the restart and all others list each other', started);
    expect(await isOneComponent(tabs)).toBe(true);
    await waitForFew(tabs);
    for (const { page } of tabs) await page.waitForFunction(() => window.mesh.status.value === 'connected');
    await waitForMembers(tabs);
  });
});
