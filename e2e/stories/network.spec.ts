/** What a browser says of its network is not always so: links that go on are kept, and only the server is dialled anew. */
import { expect, test } from '@playwright/test';
import { startServer, type Server } from '../kit/server.ts';
import { openTab, openTabs, waitForLinks, waitForMembers, type Tab } from '../kit/tabs.ts';
import { expectNobodyDied } from '../kit/updates.ts';

let server: Server;
test.beforeAll(async () => {
  server = await startServer();
});
test.afterAll(() => server.kill());

/** Writes and says it in one tab, and waits until the others hold and heard it. */
async function tell(writer: Tab, others: readonly Tab[], text: string): Promise<void> {
  await writer.page.evaluate((word) => {
    window.mesh.map('words').set(word, 1);
    void window.mesh.topic('story').send(word);
  }, text);
  for (const { page } of others)
    await page.waitForFunction(
      (word) =>
        window.mesh.map('words').has(word) &&
        window.seen.messages.filter(({ data }) => data === word).length === 1,
      text,
    );
}

const constructedBy = ({ page }: Tab): Promise<number> =>
  page.evaluate(() => window.mesh.stats().links.constructed);

test('a tab that is told to be offline goes on by its links, and dials the server anew when it is online', async ({
  browser,
  context,
}) => {
  const moving = await browser.newContext();
  const place = { url: server.url, room: 'network' };
  const [mover, ...others] = [
    await openTab(moving, place),
    ...(await openTabs(context, { ...place, count: 2 })),
  ];
  const tabs = [mover, ...others];
  await waitForMembers(tabs);
  await waitForLinks(tabs);
  const before = await Promise.all(tabs.map(constructedBy));
  let dials = 0;
  mover.page.on('websocket', () => (dials += 1));

  await moving.setOffline(true);
  await mover.page.waitForFunction(() => !navigator.onLine);
  await tell(others[0]!, [mover], 'meanwhile');
  await tell(mover, others, 'from offline');
  expect(await mover.page.evaluate(() => [window.mesh.status.value, window.mesh.signaling.value])).toEqual([
    'connected',
    'open',
  ]);
  expect(dials).toBe(0);

  await moving.setOffline(false);
  // More than once where the old socket holds its id for a moment longer.
  await expect.poll(() => dials).toBeGreaterThan(0);
  await mover.page.waitForFunction(
    () => window.mesh.status.value === 'connected' && window.mesh.signaling.value === 'open',
  );
  await tell(others[1]!, [mover], 'afterwards');
  await tell(mover, others, 'from online');
  expect(await Promise.all(tabs.map(constructedBy))).toEqual(before);
  await waitForMembers(tabs);
  await expectNobodyDied(tabs);
  for (const { page } of tabs) expect(await page.evaluate(() => window.seen.errors)).toEqual([]);
  await moving.close();
});
