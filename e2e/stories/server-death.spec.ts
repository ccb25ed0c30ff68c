import { expect, test } from '@playwright/test';
import { isRefused, startServer, type Server } from '../kit/server.ts';
import {
  isOneComponent,
  linksOf,
  openTab,
  openTabs,
  printTime,
  waitForAgreement,
  waitForMembers,
} from '../kit/tabs.ts';

let server: Server;
test.beforeAll(async () => {
  server = await startServer();
});
test.afterAll(() => server.kill());

test('the mesh outlives its server, mends itself, and takes newcomers when the server is back', async ({
  context,
}) => {
  test.setTimeout(180_000);
  const tabs = await openTabs(context, { url: server.url, room: 'outlive', count: 8 });
  await waitForMembers(tabs);
  const [writer, cut, lonely, ...others] = tabs as [
    (typeof tabs)[0],
    (typeof tabs)[0],
    (typeof tabs)[0],
    ...typeof tabs,
  ];

  await test.step('the server is killed, and nothing holds its port any more', async () => {
    await server.kill();
    expect(await isRefused(server.port)).toBe(true);
    for (const { page } of tabs) await page.waitForFunction(() => window.mesh.status.value === 'degraded');
  });

  await test.step('cursors, notes and chat go on', async () => {
    const started = performance.now();
    await writer.page.evaluate(() => {
      window.mesh.presence.set({ cursor: { x: 0.25, y: 0.75 } });
      window.mesh.map('notes').set('alive', { text: 'without a server', x: 0.3, y: 0.3 });
      return window.mesh.topic('story').send('can you hear me?');
    });
    for (const { page } of [cut, lonely, ...others]) {
      await page.waitForFunction(
        (id) =>
          window.mesh.members.get(id)?.presence.cursor?.x === 0.25 &&
          window.mesh.map('notes').has('alive') &&
          window.seen.messages.length === 1,
        writer.id,
      );
    }
    printTime('cursor, note and message reached everyone', started);
  });

  await test.step('a connection closed from outside is mended', async () => {
    const before = await linksOf(cut);
    const built = await cut.page.evaluate(() => window.connections.length);
    const connected = await cut.page.evaluate(() => {
      const open = window.connections.filter((connection) => connection.connectionState === 'connected');
      open[0]?.close();
      return open.length;
    });
    expect(connected).toBe(before);
    const started = performance.now();
    // The loss is noticed, and a new connection has taken the place of the old.
    await cut.page.waitForFunction(
      ({ links, constructed }) =>
        window.connections.length > constructed && window.mesh.stats().links.open >= links,
      { links: before, constructed: built },
    );
    printTime('the link was mended', started);
  });

  await test.step('a tab that has lost all links but one forms new ones through it', async () => {
    await lonely.page.evaluate(() => {
      const open = window.connections.filter((connection) => connection.connectionState === 'connected');
      for (const connection of open.slice(1)) connection.close();
    });
    const started = performance.now();
    await lonely.page.waitForFunction(() => window.mesh.stats().links.open <= 1);
    await lonely.page.waitForFunction(() => window.mesh.stats().links.open >= 4);
    printTime('a tab with one link has four again', started);
    expect(await isRefused(server.port)).toBe(true);
    await waitForMembers(tabs);
    expect(await isOneComponent(tabs)).toBe(true);
  });

  await test.step('the server is back: a new tab joins the same mesh and has all its notes', async () => {
    const restarted = await startServer(server.port);
    server = restarted;
    const started = performance.now();
    const late = await openTab(context, { url: server.url, room: 'outlive' });
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
