/** A link whose way is gone is led another way, in place: the connection stays, and nothing is lost. */
import { expect, test } from '@playwright/test';
import { makeDetour } from '../kit/detour.ts';
import { startServer, type Server } from '../kit/server.ts';
import { openTabs, printTime, waitForLinks, waitForMembers, type Tab } from '../kit/tabs.ts';

let server: Server;
test.beforeAll(async () => {
  server = await startServer();
});
test.afterAll(() => server.kill());

/** Says a number every 20 ms, from 0 on. */
const count = ({ page }: Tab): Promise<void> =>
  page.evaluate(() => {
    let next = 0;
    setInterval(() => void window.mesh.topic('story').send(next++), 20);
  });
const heardBy = ({ page }: Tab): Promise<number[]> =>
  page.evaluate(() => window.seen.messages.map(({ data }) => data as number));
const connectionsOf = ({ page }: Tab): Promise<{ made: number; states: string[]; restarted: number }> =>
  page.evaluate(() => ({
    made: window.connections.length,
    states: window.connections.map(({ connectionState }) => connectionState),
    restarted: window.mesh.stats().links.restarted,
  }));

for (const tabCount of [2, 3]) {
  test(`${tabCount} tabs lose every way between them, and find others: no connection is built, nobody is missed, nothing is lost`, async ({
    context,
  }) => {
    const detour = await makeDetour(context);
    const tabs = await openTabs(context, { url: server.url, room: `restart ${tabCount}`, count: tabCount });
    await waitForMembers(tabs);
    await waitForLinks(tabs);
    const [speaker, ...listeners] = tabs as [Tab, ...Tab[]];
    await count(speaker);
    await listeners[0]!.page.waitForFunction(() => window.seen.messages.length > 20);
    expect(detour.relayed()).toBeGreaterThan(0);
    const before = await Promise.all(tabs.map(connectionsOf));
    const lastBefore = (await heardBy(listeners[0]!)).at(-1)!;

    const lostAt = performance.now();
    detour.end();
    for (const { page } of listeners) {
      // Far beyond what was on its way when all ways were lost.
      await page.waitForFunction(
        (last) => window.seen.messages.some(({ data }) => (data as number) > last),
        lastBefore + 250,
      );
    }
    printTime('what is said arrives again', lostAt);

    const after = await Promise.all(tabs.map(connectionsOf));
    expect(after.map(({ made }) => made)).toEqual(before.map(({ made }) => made));
    expect(after.flatMap(({ states }) => states).every((state) => state === 'connected')).toBe(true);
    expect(after.reduce((sum, { restarted }) => sum + restarted, 0)).toBeGreaterThan(0);
    for (const tab of listeners) {
      const heard = await heardBy(tab);
      expect(heard).toEqual(Array.from({ length: heard.length }, (_, at) => heard[0]! + at));
    }
    for (const { page } of tabs) expect(await page.evaluate(() => window.seen.left)).toEqual([]);
  });
}
