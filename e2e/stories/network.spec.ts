/** What a browser says of its network is not always so: links that go on are kept, and only the server is dialled anew. */
import { expect, test, type BrowserContext } from '@playwright/test';
import { startServer, type Server } from '../kit/server.ts';
import {
  constructedBy,
  openTab,
  openTabs,
  tell,
  waitForLinks,
  waitForMembers,
  type Tab,
} from '../kit/tabs.ts';
import { expectNobodyDied } from '../kit/updates.ts';

let server: Server;
test.beforeAll(async () => {
  server = await startServer();
});
test.afterAll(() => server.kill());

let moving: BrowserContext | undefined;
test.afterEach(async () => {
  await moving?.close();
  moving = undefined;
});

/** Writes and says it in one tab, and waits until the others hold it and heard it once. */
async function share(writer: Tab, others: readonly Tab[], text: string): Promise<void> {
  await writer.page.evaluate((word) => window.mesh.map('words').set(word, 1), text);
  await tell(writer, others, text);
  for (const { page } of others) {
    await page.waitForFunction((word) => window.mesh.map('words').has(word), text);
    const heard = await page.evaluate(() => window.seen.messages.map(({ data }) => data));
    expect(heard.filter((data) => data === text)).toHaveLength(1);
  }
}

test('a tab that is told to be offline goes on by its links, and dials the server anew when it is online', async ({
  browser,
  context,
}) => {
  const elsewhere = (moving = await browser.newContext());
  const place = { url: server.url, room: 'network' };
  const [mover, ...others] = [
    await openTab(elsewhere, place),
    ...(await openTabs(context, { ...place, count: 2 })),
  ];
  const tabs = [mover, ...others];
  await waitForMembers(tabs);
  await waitForLinks(tabs);
  const before = await Promise.all(tabs.map(constructedBy));
  let dials = 0;
  mover.page.on('websocket', () => (dials += 1));

  await elsewhere.setOffline(true);
  await mover.page.waitForFunction(() => !navigator.onLine);
  await share(others[0]!, [mover], 'meanwhile');
  await share(mover, others, 'from offline');
  expect(await mover.page.evaluate(() => [window.mesh.status.value, window.mesh.signaling.value])).toEqual([
    'connected',
    'open',
  ]);
  expect(dials).toBe(0);

  await elsewhere.setOffline(false);
  // More than once where the old socket holds its id for a moment longer.
  await expect.poll(() => dials).toBeGreaterThan(0);
  await mover.page.waitForFunction(
    () => window.mesh.status.value === 'connected' && window.mesh.signaling.value === 'open',
  );
  await share(others[1]!, [mover], 'afterwards');
  await share(mover, others, 'from online');
  expect(await Promise.all(tabs.map(constructedBy))).toEqual(before);
  await waitForMembers(tabs);
  await expectNobodyDied(tabs);
  for (const { page } of tabs) expect(await page.evaluate(() => window.seen.errors)).toEqual([]);
});
