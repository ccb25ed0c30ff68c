import { expect, test as plainTest } from '@playwright/test';
import { test } from '../kit/calm.ts';
import { startServer, type Server } from '../kit/server.ts';
import { chatOf, openTab, say, waitForMembers, type Tab } from '../kit/tabs.ts';

let server: Server;
test.beforeAll(async () => {
  server = await startServer();
});
test.afterAll(() => server.kill());

const MARKUP = '<img src=x onerror="window.hacked=true"><script>window.hacked=true</script>';
/** Without spaces, so that it reads the same where white space is folded. */
const SHORT = '<b>B</b>';

// That a policy was broken is a complaint in the console, and so each story ends with none having been.
test('nothing that a member sends becomes markup: name, message, note, key', async ({ context }) => {
  const writer = await openTab(context, { url: server.url, room: 'markup' });
  const reader = await openTab(context, { url: server.url, room: 'markup' });
  await waitForMembers([writer, reader]);
  await writer.page.evaluate(
    ({ markup, short }) => {
      window.mesh.presence.set({ name: short, cursor: { x: 0.5, y: 0.5 } });
      window.mesh.map('notes').set('__proto__', { text: markup, x: 0.1, y: 0.1, polluted: true });
      window.mesh.map('notes').set('constructor', { text: markup, x: 0.3, y: 0.1, polluted: true });
      window.mesh.map('__proto__').set('polluted', true);
    },
    { markup: MARKUP, short: SHORT },
  );
  await say(writer, MARKUP);

  await expect.poll(async () => (await chatOf(reader)).some((line) => line.includes(MARKUP))).toBe(true);
  await expect(reader.page.locator('.note-text')).toHaveCount(2);
  await expect(reader.page.getByTestId('member').filter({ hasText: SHORT })).toHaveCount(1);
  const seen = await reader.page.evaluate(() => ({
    hacked: 'hacked' in window,
    polluted: 'polluted' in {},
    made: document.querySelectorAll('main script, [onerror], img[src="x"]').length,
    bold: [...document.querySelectorAll('b')].filter(({ textContent }) => textContent === 'B').length,
    keys: Array.from(window.mesh.map('notes'), ([key]) => key).toSorted(),
  }));
  expect(seen).toEqual({
    hacked: false,
    polluted: false,
    made: 0,
    bold: 0,
    keys: ['__proto__', 'constructor'],
  });
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

plainTest(
  'the page runs no text as code or markup, where a page without its policy does',
  async ({ browser }) => {
    const guarded = await browser.newContext();
    const tab = await openTab(guarded, { url: server.url, room: 'policy' });
    expect(await attemptsIn(tab)).toEqual(expect.arrayContaining(['script text', 'markup', 'eval', 'done']));
    expect(await tab.page.evaluate(() => 'hacked' in window)).toBe(false);
    await guarded.close();

    // The control: the same page and the same attempts, with the header ignored.
    const open = await browser.newContext({ bypassCSP: true });
    const bare = await openTab(open, { url: server.url, room: 'policy' });
    expect(await attemptsIn(bare)).not.toContain('eval');
    expect(await bare.page.evaluate(() => 'hacked' in window)).toBe(true);
    await open.close();
  },
);
