/** A room that is entered by a private link: by three tabs that have it, and by some that have another or a piece. */
import { expect, test, type BrowserContext, type Page } from '@playwright/test';
import { startServer, type Server } from '../kit/server.ts';
import { openTab, printTime, waitForLinks, waitForMembers, type Tab } from '../kit/tabs.ts';

let server: Server;
test.beforeAll(async () => {
  server = await startServer();
});
test.afterAll(() => server.kill());

/** What the button of a tab opens: the fragment of a private link, and the page behind it. */
async function newPrivateRoom(context: BrowserContext, { page }: Tab): Promise<URL> {
  const opened = context.waitForEvent('page');
  await page.getByTestId('private-room').click();
  const popup = await opened;
  await popup.waitForFunction(() => window.mesh !== undefined);
  const link = new URL(popup.url());
  await popup.close();
  return link;
}

const codesOn = (page: Page): Promise<(string | null)[]> =>
  page.getByTestId('error').evaluateAll((lines) => lines.map((line) => line.getAttribute('data-code')));

/** Everything that a page says to the server from now on, as text; what signals hold is decoded. */
function listen(page: Page): string[] {
  const said: string[] = [];
  page.on('websocket', (socket) => {
    socket.on('framesent', ({ payload }) => {
      const text = payload.toString();
      const { data } = JSON.parse(text) as { readonly data?: string };
      said.push(text, Buffer.from(data ?? '', 'base64').toString('latin1'));
    });
  });
  return said;
}

test('three tabs meet by a private link, and who has a wrong key is told so while they go on', async ({
  context,
}) => {
  const lobby = await openTab(context, { url: server.url, room: 'lobby' });
  const link = await newPrivateRoom(context, lobby);
  const other = await newPrivateRoom(context, lobby);
  expect([link.hash === other.hash, link.origin]).toEqual([false, new URL(server.url).origin]);
  const parts = new URLSearchParams(link.hash.slice(1));
  const room = link.hash.slice(1);
  const open = (): Promise<Tab> => openTab(context, { url: server.url, room });

  const first = await open();
  await first.page.waitForFunction(() => window.mesh.status.value === 'alone');
  // Reloaded, so that all it says to the server is heard.
  const said = listen(first.page);
  await first.page.reload();
  await first.page.waitForFunction(() => window.mesh?.status.value === 'alone');
  const renewed: Tab = { page: first.page, id: await first.page.evaluate(() => window.mesh.id) };
  const tabs = [renewed, await open(), await open()];
  await waitForMembers(tabs);
  await waitForLinks(tabs);

  await test.step('the page says that the room is private, and offers its link', async () => {
    const { page } = renewed;
    await expect(page.locator('.room')).toHaveText(`private room ${parts.get('r')}`);
    await expect(page.getByLabel('Private link of this room')).toHaveValue(link.href);
    await expect(page.getByRole('button', { name: 'Copy private link' })).toBeVisible();
  });

  await test.step('the server was told neither room nor key nor any description', () => {
    const heard = said.join('\n');
    expect(heard).toContain('"kind":"signal"');
    expect(heard).toContain('"kind":"namesake"');
    for (const secret of [parts.get('r')!, parts.get('k')!, 'candidate:', 'a=fingerprint', 'ice-ufrag']) {
      expect(heard).not.toContain(secret);
    }
  });

  await test.step('a whole key that is another is told WRONG_KEY', async () => {
    const started = performance.now();
    parts.set('k', new URLSearchParams(other.hash.slice(1)).get('k')!);
    const stranger = await openTab(context, { url: server.url, room: parts.toString() });
    await expect(stranger.page.locator('[data-testid="error"][data-code="WRONG_KEY"]')).toBeVisible();
    printTime('a wrong key was told', started);
    expect(await stranger.page.evaluate(() => [window.mesh.status.value, window.mesh.members.size])).toEqual([
      'alone',
      1,
    ]);
  });

  await test.step('a link that was cut joins nothing, and says so', async () => {
    const page = await context.newPage();
    await page.goto(link.href.slice(0, -5));
    await expect(page.getByTestId('error')).toHaveAttribute('data-code', 'BAD_ROOM_KEY');
    expect(await page.evaluate(() => window.mesh as unknown)).toBe(undefined);
  });

  await test.step('the three notice nothing of it', async () => {
    await renewed.page.evaluate(() => window.mesh.map('notes').set('k', { text: 'ours', x: 0.2, y: 0.2 }));
    for (const { page } of tabs) {
      await page.waitForFunction(() => window.mesh.map('notes').has('k'));
      expect([await page.evaluate(() => window.mesh.members.size), await codesOn(page)]).toEqual([3, []]);
    }
  });
});

test('what a page says in an open room can be read by the server', async ({ context }) => {
  const first = await openTab(context, { url: server.url, room: 'town square' });
  const said = listen(first.page);
  await first.page.reload();
  await first.page.waitForFunction(() => window.mesh?.status.value === 'alone');
  const renewed: Tab = { page: first.page, id: await first.page.evaluate(() => window.mesh.id) };
  await waitForMembers([renewed, await openTab(context, { url: server.url, room: 'town square' })]);
  const heard = said.join('\n');
  for (const plain of ['town square', 'candidate:', 'a=fingerprint', 'ice-ufrag'])
    expect(heard).toContain(plain);
  expect(heard).not.toContain('namesake');
});
