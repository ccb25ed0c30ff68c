import { expect } from '@playwright/test';
import { ALSO_PRIVATE, test } from '../kit/rooms.ts';
import { startServer, type Server } from '../kit/server.ts';
import {
  crash,
  neighborsOf,
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

/** What `tab` noted of the departure of `id`; waits until it is there. */
async function departure(tab: Tab, id: string): Promise<string | undefined> {
  await tab.page.waitForFunction((gone) => window.seen.left.some((left) => left.id === gone), id);
  return tab.page.evaluate((gone) => window.seen.left.find((left) => left.id === gone)?.reason, id);
}

test(
  'a closed tab says goodbye, a crashed one is found out, and what is said meanwhile arrives once',
  ALSO_PRIVATE,
  async ({ context, fragmentOf }) => {
    const tabs = await openTabs(context, { url: server.url, room: fragmentOf('leaving'), count: 12 });
    await waitForMembers(tabs);
    await waitForMinimum(tabs);
    // Those who go are neighbors of the one who speaks, and somebody hears it through others only.
    const [speaker] = tabs as [Tab, ...Tab[]];
    const direct = new Set(await neighborsOf(speaker));
    expect(direct.size).toBeLessThan(11);
    const [closing, crashing] = tabs.filter(({ id }) => direct.has(id)) as [Tab, Tab, ...Tab[]];
    const staying = tabs.filter((tab) => tab !== closing && tab !== crashing);
    const say = (data: string): Promise<void> =>
      speaker.page.evaluate((text) => window.mesh.topic('story').send(text), data);

    const closedAt = performance.now();
    await Promise.all([closing.page.close(), say('during the close')]);
    for (const tab of staying) expect(await departure(tab, closing.id)).toBe('goodbye');
    printTime('a closed tab is gone from every list', closedAt);

    const crashedAt = performance.now();
    await crash(crashing.page);
    await say('during the crash');
    for (const tab of staying) expect(await departure(tab, crashing.id)).toBe('failed');
    const took = performance.now() - crashedAt;
    printTime('a crashed tab is gone from every list', crashedAt);
    // ICE alone gives up a silent peer after 15 s: nothing but our own watch can have told so soon.
    expect(took).toBeLessThan(12_000);

    await waitForMembers(staying);
    // Said last and heard last: had anything before it come twice, it would stand before it.
    await say('afterwards');
    for (const { page } of staying.filter((tab) => tab !== speaker)) {
      await page.waitForFunction(() => window.seen.messages.some(({ data }) => data === 'afterwards'));
      expect(await page.evaluate(() => window.seen.messages.map(({ data }) => data))).toEqual([
        'during the close',
        'during the crash',
        'afterwards',
      ]);
    }
    expect(await speaker.page.evaluate(() => window.seen.messages)).toEqual([]);
  },
);
