import { expect, test } from '@playwright/test';
import { startServer, type Server } from '../kit/server.ts';
import { neighborsOf, openTabs, printTime, waitForMembers } from '../kit/tabs.ts';

let server: Server;
test.beforeAll(async () => {
  server = await startServer();
});
test.afterAll(() => server.kill());

test('a cursor moved in one tab moves in all others, through tabs in between', async ({ context }) => {
  const tabs = await openTabs(context, { url: server.url, room: 'cursor', count: 12 });
  await waitForMembers(tabs);
  const mover = tabs[0]!;
  const direct = new Set(await neighborsOf(mover));
  const distant = tabs.filter((tab) => tab !== mover && !direct.has(tab.id));
  expect(distant.length).toBeGreaterThan(0);

  // A real pointer over the real stage.
  await mover.page.bringToFront();
  const stage = await mover.page.getByTestId('stage').boundingBox();
  if (!stage) throw new Error('the page shows no stage');
  for (const part of [0.2, 0.4, 0.6, 0.8]) {
    await mover.page.mouse.move(stage.x + stage.width * part, stage.y + stage.height * part);
  }
  const started = performance.now();
  // The page paces its moves: the last one is out when the stage's last point is.
  await mover.page.waitForFunction(() => (window.mesh.presence.mine.value.cursor?.x ?? 0) > 0.75);
  const cursor = await mover.page.evaluate(() => window.mesh.presence.mine.value.cursor);

  for (const { page } of tabs.filter((tab) => tab !== mover)) {
    await page.waitForFunction(
      ({ id, at }) => JSON.stringify(window.mesh.members.get(id)?.presence.cursor) === at,
      { id: mover.id, at: JSON.stringify(cursor) },
    );
    await expect(page.locator(`[data-testid="cursor"][data-peer="${mover.id}"] .cursor-name`)).toBeVisible();
  }
  printTime('the resting cursor is seen in all eleven others', started);
});
