import { expect } from '@playwright/test';
import { test } from '../kit/rooms.ts';
import { startServer, type Server } from '../kit/server.ts';
import {
  isOneComponent,
  linksOf,
  neighborsOf,
  openTab,
  openTabs,
  printTime,
  waitForMembers,
  waitForMinimum,
} from '../kit/tabs.ts';

let server: Server;
test.beforeAll(async () => {
  server = await startServer();
});
test.afterAll(() => server.kill());

test('two tabs find each other', { tag: '@private' }, async ({ context, roomKind, fragmentOf }) => {
  const first = await openTab(context, { url: server.url, room: fragmentOf('two') });
  await first.page.waitForFunction(() => window.mesh.status.value === 'alone');
  await first.page.evaluate(() => window.mesh.ready);
  const started = performance.now();
  const second = await openTab(context, { url: server.url, room: fragmentOf('two') });
  await waitForMembers([first, second]);
  printTime('two tabs list each other', started);
  for (const { page } of [first, second]) {
    await page.waitForFunction(() => window.mesh.status.value === 'connected');
    expect(await page.evaluate(() => [...window.mesh.members].map(({ link }) => link).toSorted())).toEqual([
      'direct',
      'self',
    ]);
  }
  // The page and the story mean the same kind of room.
  const head = first.page.locator('.room');
  await expect(head).toHaveText(roomKind === 'private' ? 'private room two' : 'room two');
});

test('twelve tabs opened at once are one mesh in which not everyone holds a link to everyone', async ({
  context,
  fragmentOf,
}) => {
  const started = performance.now();
  const tabs = await openTabs(context, { url: server.url, room: fragmentOf('twelve'), count: 12 });
  printTime('twelve pages loaded', started);
  await waitForMembers(tabs);
  printTime('twelve tabs list all twelve', started);
  await waitForMinimum(tabs);
  printTime('each holds four links or more', started);
  expect(await isOneComponent(tabs)).toBe(true);

  const links = await Promise.all(tabs.map(linksOf));
  process.stdout.write(`    links per tab: ${links.join(' ')}\n`);
  for (const count of links) expect(count).toBeLessThanOrEqual(10);
  const unlinked = await Promise.all(tabs.map(async (tab) => 11 - (await neighborsOf(tab)).length));
  expect(Math.max(...unlinked)).toBeGreaterThan(0);

  // Each tab's picture of the room comes to show what all of them hold.
  for (const { page } of tabs) {
    await page.evaluate(() => window.mesh.ready);
    await page.waitForFunction(() => {
      const { nodes, edges } = window.mesh.graph();
      return nodes.length === 12 && edges.length >= 12;
    });
  }
});
