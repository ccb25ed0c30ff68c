/** Packets that are late, doubled or spoilt are the business of what lies below the mesh: nobody here notices. */
import { expect, test } from '@playwright/test';
import { makeDetour } from '../kit/detour.ts';
import { startServer, type Server } from '../kit/server.ts';
import { openTabs, waitForLinks, waitForMembers, type Tab } from '../kit/tabs.ts';
import { expectNobodyDied, waitForAll, writeUpdates } from '../kit/updates.ts';
import { createWeather } from '../kit/weather.ts';

/** Of each tab, of updates and of messages. */
const COUNT = 60;
const EVERY_MS = 50;

let server: Server;
test.beforeAll(async () => {
  server = await startServer();
});
test.afterAll(() => server.kill());

/** Says the numbers from 0 on, one at a time. */
const count = ({ page }: Tab): Promise<void> =>
  page.evaluate(
    ([last, everyMs]) => {
      let next = 0;
      const timer = setInterval(() => {
        void window.mesh.topic('story').send(next);
        next += 1;
        if (next === last) clearInterval(timer);
      }, everyMs);
    },
    [COUNT, EVERY_MS] as const,
  );

test('three tabs whose packets are late, doubled and spoilt hear all there is once and in order', async ({
  context,
}) => {
  const weather = createWeather({ seed: 7, lateMsMax: 60, late: 0.3, doubled: 0.05, corrupted: 0.05 });
  const detour = await makeDetour(context, weather);
  const tabs = await openTabs(context, { url: server.url, room: 'weather', count: 3 });
  await waitForMembers(tabs);
  await waitForLinks(tabs);
  const before = { ...weather.counts() };

  await Promise.all(tabs.map(count));
  const written = await writeUpdates(tabs, { count: COUNT, everyMs: EVERY_MS, name: 'weather' });
  await waitForAll(tabs, written, 30_000);
  const counted = Array.from({ length: COUNT }, (_, number) => number);
  for (const { page, id: self } of tabs) {
    await page.waitForFunction((all) => window.seen.messages.length >= all, 2 * COUNT);
    for (const { id } of tabs.filter((tab) => tab.id !== self)) {
      const heard = await page.evaluate(
        (sender) => window.seen.messages.filter(({ from }) => from === sender).map(({ data }) => data),
        id,
      );
      expect(heard).toEqual(counted);
    }
    expect(await page.evaluate(() => window.seen.misbehaved)).toEqual([]);
  }
  await waitForMembers(tabs);
  await expectNobodyDied(tabs);

  // It was as bad as that.
  const after = weather.counts();
  expect(detour.relayed()).toBeGreaterThan(COUNT);
  for (const kind of ['overtaken', 'doubled', 'corrupted'] as const)
    expect(after[kind] - before[kind]).toBeGreaterThan(10);
  detour.close();
});
