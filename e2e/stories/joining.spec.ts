import { expect } from '@playwright/test';
import { ALSO_PRIVATE, test } from '../kit/rooms.ts';
import { startServer, type Server } from '../kit/server.ts';
import { openTab, printTime, waitForMembers } from '../kit/tabs.ts';

let server: Server;
test.beforeAll(async () => {
  server = await startServer();
});
test.afterAll(() => server.kill());

test('two tabs find each other', ALSO_PRIVATE, async ({ context, roomKind, fragmentOf }) => {
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
