import { expect } from '@playwright/test';
import { test } from '../kit/rooms.ts';
import { startServer, type Server } from '../kit/server.ts';
import { openTab, openTabs, printTime, waitForAgreement, waitForMembers, type Tab } from '../kit/tabs.ts';

let server: Server;
test.beforeAll(async () => {
  server = await startServer();
});
test.afterAll(() => server.kill());

const readNotes = (): [string, unknown][] =>
  Array.from(window.mesh.map('notes')).toSorted(([a], [b]) => (a < b ? -1 : 1));

const isSynced = (tabs: readonly Tab[]): Promise<unknown> =>
  Promise.all(tabs.map(({ page }) => page.evaluate(() => window.mesh.ready)));

test(
  'twelve tabs write at once, some the same note, and all end equal; a thirteenth has everything',
  { tag: '@private' },
  async ({ context, fragmentOf }) => {
    const tabs = await openTabs(context, { url: server.url, room: fragmentOf('notes'), count: 12 });
    await waitForMembers(tabs);
    await isSynced(tabs);

    const started = performance.now();
    await Promise.all(
      tabs.map(({ page }, at) =>
        page.evaluate((writer) => {
          const notes = window.mesh.map('notes');
          for (let n = 0; n < 5; n++)
            notes.set(`own-${writer}-${n}`, { text: `note ${n} of ${writer}`, x: 0.1, y: 0.1 });
          for (const shared of ['a', 'b', '__proto__'])
            notes.set(shared, { text: `from ${writer}`, x: 0.5, y: 0.5 });
          if (writer % 2 === 0) notes.delete('a');
        }, at),
      ),
    );
    const notes = await waitForAgreement(tabs, readNotes, (held) => held.length >= 62);
    printTime('twelve tabs hold equal notes', started);
    expect(notes.filter(([key]) => key.startsWith('own-'))).toHaveLength(60);
    expect(notes.map(([key]) => key)).toContain('__proto__');

    const joined = performance.now();
    const late = await openTab(context, { url: server.url, room: fragmentOf('notes') });
    await late.page.evaluate(() => window.mesh.ready);
    expect(await late.page.evaluate(readNotes)).toEqual(notes);
    printTime('a thirteenth tab is ready and has every note', joined);
  },
);

test('a value that is too large is refused with a code and changes nothing', async ({
  context,
  fragmentOf,
}) => {
  const tab = await openTab(context, { url: server.url, room: fragmentOf('large') });
  const outcome = await tab.page.evaluate(() => {
    try {
      window.mesh.map('notes').set('big', 'x'.repeat(20_000));
      return 'accepted';
    } catch (error) {
      return (error as { code?: string }).code;
    }
  });
  expect(outcome).toBe('VALUE_TOO_LARGE');
  expect(await tab.page.evaluate(() => window.mesh.map('notes').has('big'))).toBe(false);
});
