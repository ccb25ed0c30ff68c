import { expect } from '@playwright/test';
import { test } from '../kit/rooms.ts';
import { isRefused, startServer, type Server } from '../kit/server.ts';
import { truthOf } from '../kit/sentence.ts';
import {
  chatOf,
  isOneComponent,
  linksOf,
  neighborsOf,
  openTab,
  openTabs,
  printTime,
  say,
  waitForAgreement,
  waitForMembers,
  waitForMinimum,
  type Tab,
} from '../kit/tabs.ts';

let server: Server;
test.beforeAll(async () => {
  server = await startServer();
});
test.afterAll(() => server.kill());

/** Closes connections of a tab from outside, all but `left` of them, and has it note which losses it notices. */
async function cutLinks({ page }: Tab, left: number): Promise<void> {
  await page.evaluate((kept) => {
    const noticed: string[] = [];
    Object.assign(window, { noticed });
    window.mesh.on('link:close', ({ peer }) => noticed.push(peer));
    const open = window.connections.filter(({ connectionState }) => connectionState === 'connected');
    for (const connection of open.slice(kept)) connection.close();
  }, left);
}

/** Waits until a tab has noticed the loss of so many links and holds so many again, of which some are new. */
async function waitForMending(
  { page }: Tab,
  mended: { readonly lost: number; readonly built: number; readonly links: number },
): Promise<void> {
  await page.waitForFunction(
    ({ lost, built, links }) =>
      (window as unknown as { noticed: string[] }).noticed.length >= lost &&
      window.connections.length > built &&
      window.mesh.stats().links.open >= links,
    mended,
  );
}

const builtBy = ({ page }: Tab): Promise<number> => page.evaluate(() => window.connections.length);

test('the mesh outlives its server, mends itself, and takes newcomers when the server is back @long', async ({
  context,
  fragmentOf,
}) => {
  test.setTimeout(180_000);
  const tabs = await openTabs(context, { url: server.url, room: fragmentOf('outlive'), count: 12 });
  await waitForMembers(tabs);
  await waitForMinimum(tabs);
  const [writer, ...others] = tabs as [Tab, ...Tab[]];
  expect((await neighborsOf(writer)).length).toBeLessThan(11);

  await test.step('the server is killed, and nothing holds its port any more', async () => {
    await server.kill();
    expect(await isRefused(server.port)).toBe(true);
    for (const { page } of tabs) await page.waitForFunction(() => window.mesh.status.value === 'degraded');
    for (const tab of tabs) await expect.poll(() => truthOf(tab, 'abandoned')).toBe('true');
  });

  await test.step('cursors, notes and chat go on, in every page', async () => {
    const started = performance.now();
    await writer.page.evaluate(() => {
      window.mesh.presence.set({ cursor: { x: 0.25, y: 0.75 } });
      window.mesh.map('notes').set('alive', { text: 'without a server', x: 0.3, y: 0.3, color: 'mint' });
    });
    await say(writer, 'can you hear me?');
    for (const tab of others) {
      const { page } = tab;
      await expect(page.locator(`[data-testid="cursor"][data-peer="${writer.id}"]`)).toBeVisible();
      await expect(page.locator('.note-text')).toHaveValue('without a server');
      await expect.poll(() => chatOf(tab)).toEqual([expect.stringContaining('can you hear me?')]);
    }
    printTime('cursor, note and chat reached everyone', started);
  });

  await test.step('a connection closed from outside is mended', async () => {
    // Of the tab with the fewest links, so that it wants the one that it loses.
    const counts = await Promise.all(others.map(linksOf));
    const poorest = others[counts.indexOf(Math.min(...counts))]!;
    const before = await linksOf(poorest);
    const built = await builtBy(poorest);
    const started = performance.now();
    await cutLinks(poorest, before - 1);
    await waitForMending(poorest, { lost: 1, built, links: Math.min(before, 6) });
    printTime('the link was mended', started);
  });

  await test.step('a tab that has lost all links but one forms new ones through it', async () => {
    const lonely = others.at(-1)!;
    const lost = (await linksOf(lonely)) - 1;
    const built = await builtBy(lonely);
    const started = performance.now();
    await cutLinks(lonely, 1);
    await waitForMending(lonely, { lost, built, links: 4 });
    printTime('a tab with one link has four again', started);
    expect(await isRefused(server.port)).toBe(true);
    await waitForMembers(tabs);
    expect(await isOneComponent(tabs)).toBe(true);
  });

  await test.step('the server is back: a new tab joins the same mesh and has all its notes', async () => {
    const restarted = await startServer(server.port);
    server = restarted;
    const started = performance.now();
    const late = await openTab(context, { url: server.url, room: fragmentOf('outlive') });
    await waitForMembers([...tabs, late]);
    printTime('a tab opened after the restart lists everyone', started);
    await waitForAgreement(
      tabs.concat(late),
      () => JSON.stringify(Array.from(window.mesh.map('notes'))),
      (notes) => notes.includes('without a server'),
    );
    for (const { page } of tabs) await page.waitForFunction(() => window.mesh.status.value === 'connected');
  });
});
