import { expect } from '@playwright/test';
import { test } from '../kit/calm.ts';
import { test as roomTest } from '../kit/rooms.ts';
import { startServer, type Server } from '../kit/server.ts';
import { openTab, waitForMembers, type Tab } from '../kit/tabs.ts';

let server: Server;
test.beforeAll(async () => {
  server = await startServer();
});
test.afterAll(() => server.kill());

// That a policy was broken is a complaint in the console, and so this story ends with none having been.
test('keys and names that mean something to JavaScript are keys and names', async ({
  context,
  fragmentOf,
}) => {
  const writer = await openTab(context, { url: server.url, room: fragmentOf('keys') });
  const reader = await openTab(context, { url: server.url, room: fragmentOf('keys') });
  await waitForMembers([writer, reader]);
  await writer.page.evaluate(() => {
    const note = { text: 'a note', x: 0.1, y: 0.1, polluted: true };
    for (const key of ['__proto__', 'constructor', 'prototype']) window.mesh.map('notes').set(key, note);
    window.mesh.map('__proto__').set('polluted', true);
  });

  await expect(reader.page.locator('.note-text')).toHaveCount(3);
  await reader.page.waitForFunction(() => window.mesh.map('__proto__').has('polluted'));
  const seen = await reader.page.evaluate(() => ({
    polluted: 'polluted' in {},
    keys: Array.from(window.mesh.map('notes'), ([key]) => key).toSorted(),
  }));
  expect(seen).toEqual({ polluted: false, keys: ['__proto__', 'constructor', 'prototype'] });
});

/** Tries in the page itself, after the call that reached it has ended: within it, tools may do what pages may not. */
async function attemptsIn({ page }: Tab): Promise<readonly string[]> {
  await page.evaluate(() => {
    const refused: string[] = [];
    Object.assign(window, { refused });
    document.addEventListener('securitypolicyviolation', (event) => refused.push(event.effectiveDirective));
    setTimeout(() => {
      const inline = document.createElement('script');
      try {
        inline.textContent = 'window.hacked = true';
        document.body.append(inline);
      } catch {
        refused.push('script text');
      }
      try {
        document.body.insertAdjacentHTML('beforeend', '<img src="x" onerror="window.hacked = true">');
      } catch {
        refused.push('markup');
      }
      try {
        // oxlint-disable-next-line no-new-func, typescript/no-implied-eval -- Whether it is refused is the question.
        new Function('window.hacked = true')();
      } catch {
        refused.push('eval');
      }
      refused.push('done');
    }, 0);
  });
  await page.waitForFunction(() => (window as unknown as { refused: string[] }).refused.includes('done'));
  return page.evaluate(() => (window as unknown as { refused: string[] }).refused);
}

roomTest(
  'the page runs no text as code or markup, where a page without its policy does',
  async ({ browser, fragmentOf }) => {
    const guarded = await browser.newContext();
    const tab = await openTab(guarded, { url: server.url, room: fragmentOf('policy') });
    expect(await attemptsIn(tab)).toEqual(expect.arrayContaining(['script text', 'markup', 'eval', 'done']));
    expect(await tab.page.evaluate(() => 'hacked' in window)).toBe(false);
    await guarded.close();

    // The control: the same page and the same attempts, with the header ignored.
    const open = await browser.newContext({ bypassCSP: true });
    const bare = await openTab(open, { url: server.url, room: fragmentOf('policy') });
    expect(await attemptsIn(bare)).not.toContain('eval');
    expect(await bare.page.evaluate(() => 'hacked' in window)).toBe(true);
    await open.close();
  },
);
