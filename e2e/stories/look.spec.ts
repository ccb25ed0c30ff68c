import { expect, type BrowserContext, type Page } from '@playwright/test';
import { test } from '../kit/calm.ts';
import { readContrast } from '../kit/contrast.ts';
import { ADDRESS_WORDS } from '../kit/rooms.ts';
import { startServer, type Server } from '../kit/server.ts';
import { chatOf, openTab, openTabs, say, waitForMembers, type Tab } from '../kit/tabs.ts';

let server: Server;
test.beforeAll(async () => {
  server = await startServer();
});
test.afterAll(() => server.kill());

const LONG = 'Lopadotemachoselachogaleokranioleipsanodrimhypotrimmatosilphiokarabomelitokatakechymenokichl';

/** Four tabs with something of everything: cursors, notes, chat, long words, a message to one. */
async function openFullRoom(context: BrowserContext, room: string): Promise<[Tab, ...Tab[]]> {
  const tabs = (await openTabs(context, { url: server.url, room, count: 4 })) as [Tab, Tab, Tab, Tab];
  await waitForMembers(tabs);
  const [viewer, speaker, mover] = tabs;
  await mover.page.evaluate(() => window.mesh.presence.set({ cursor: { x: 0.9, y: 0.5 } }));
  await speaker.page.evaluate((name) => window.mesh.presence.set({ name, cursor: { x: 0.2, y: 0.3 } }), LONG);
  await speaker.page.evaluate((text) => {
    for (const [at, color] of ['lemon', 'mint', 'sky', 'rose', 'lilac'].entries()) {
      window.mesh.map('notes').add({ text, x: at / 4, y: at / 4, color });
    }
  }, LONG);
  await say(speaker, LONG);
  await speaker.page.evaluate(({ to, text }) => window.mesh.topic('chat').send({ text, to }, { to }), {
    to: viewer.id,
    text: 'only for you',
  });
  await expect.poll(() => chatOf(viewer)).toHaveLength(2);
  await expect(viewer.page.locator('.cursor-name')).toHaveCount(2);
  await expect(viewer.page.getByTestId('note')).toHaveCount(5);
  return tabs;
}

for (const width of [375, 320]) {
  test(`at ${width} px nothing sticks out, and the list comes before the drawing`, async ({
    context,
    fragmentOf,
  }) => {
    const [{ page }, , mover] = await openFullRoom(context, fragmentOf(`narrow-${width}`));
    await page.setViewportSize({ width, height: 720 });
    await expect.poll(() => page.evaluate(() => innerWidth)).toBe(width);
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(width);
    // Nothing is cut off either: all that is no part of the stage or the drawing lies within the page.
    const outside = await page.evaluate(() =>
      [...document.querySelectorAll('body *:not(.cursors *, .graph *, .unseen)')]
        .filter((element) => element.checkVisibility())
        .map((element) => ({
          name: `${element.tagName} ${element.className}`,
          box: element.getBoundingClientRect(),
        }))
        .filter(({ box }) => box.left < 0 || box.right > innerWidth)
        .map(({ name }) => name),
    );
    expect(outside).toEqual([]);
    const scrolled = await page.evaluate(() =>
      [...document.querySelectorAll('body *')]
        .filter((element) => ['auto', 'scroll'].includes(getComputedStyle(element).overflowX))
        .filter((element) => element.scrollWidth > element.clientWidth)
        .map((element) => `${element.tagName} ${element.className}`),
    );
    expect(scrolled).toEqual([]);

    const [list, graph] = [page.getByTestId('members'), page.getByTestId('graph')];
    expect((await list.boundingBox())!.y).toBeLessThan((await graph.boundingBox())!.y);
    expect(
      await list.evaluate(
        (element, other) =>
          other !== null && (element.compareDocumentPosition(other) & Node.DOCUMENT_POSITION_FOLLOWING) !== 0,
        await graph.elementHandle(),
      ),
    ).toBe(true);

    // A stage of another size shows a cursor at the same share of it.
    const stage = (await page.getByTestId('stage').boundingBox())!;
    await expect
      .poll(async () => {
        const arrow = await page
          .locator(`[data-testid="cursor"][data-peer="${mover!.id}"] .cursor-arrow`)
          .boundingBox();
        return arrow && [(arrow.x - stage.x) / stage.width, (arrow.y - stage.y) / stage.height].map(toTenth);
      })
      .toEqual([0.9, 0.5]);
  });
}

const toTenth = (share: number): number => Math.round(share * 10) / 10;

const TEXTS = [
  '#sentence',
  '#sentence b',
  '.room',
  '.room strong',
  '.you b',
  '.cut-words',
  '.address input',
  'button.primary',
  '#add-note',
  '[data-testid="cut"]',
  '[data-testid="private-room"]',
  '.panel-head h2',
  '.tally',
  '.name',
  '.facts',
  '.mark',
  '.mark.direct',
  '[data-testid="write-to"]',
  '.node-name',
  '.note-text',
  '.note-delete',
  '.cursor-name',
  '.line-head b',
  '.line-text',
  '.chat-to',
  '[data-testid="chat-input"]',
];

for (const colorScheme of ['light', 'dark'] as const) {
  test(`every text can be read in ${colorScheme} colors`, async ({ context, fragmentOf }) => {
    const [{ page }] = await openFullRoom(context, fragmentOf(colorScheme));
    await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
    const page0 = await page.evaluate(() => getComputedStyle(document.body).backgroundColor);
    expect(page0).toBe(colorScheme === 'dark' ? 'rgb(17, 21, 27)' : 'rgb(243, 241, 234)');
    await expectReadable(page, TEXTS);
    await page.getByTestId('cut').click();
    await page.getByTestId('write-to').first().click();
    await expect(page.getByTestId('cut')).toHaveText('Restore the server');
    await expectReadable(page, [
      '[data-testid="cut"]',
      '.cut-words',
      '.chat-to',
      '[data-testid="chat-everyone"]',
    ]);
  });
}

/** 4.5 to 1, which WCAG 2.2 AA asks of text of usual size. */
async function expectReadable(page: Page, selectors: readonly string[]): Promise<void> {
  const readings = await readContrast(page, selectors);
  expect(readings.filter(({ contrast }) => !(contrast >= 4.5))).toEqual([]);
}

test('all can be done by keyboard, and where one is can be seen', async ({
  context,
  roomKind,
  fragmentOf,
}) => {
  const [first, second] = (await openTabs(context, {
    url: server.url,
    room: fragmentOf('keys'),
    count: 2,
  })) as [Tab, Tab];
  await waitForMembers([first, second]);
  const { page } = first;
  await page.bringToFront();
  // The list on the page follows the mesh a moment later.
  await expect(page.getByTestId('write-to')).toHaveCount(1);
  await expect(page.getByTestId('welcome')).toBeHidden();

  await test.step('Tab passes every control once, in the order of reading, each with a ring', async () => {
    const { label, copy } = ADDRESS_WORDS[roomKind];
    const passed: (string | null)[] = [];
    for (let focus = await nextFocus(page); focus.name !== null; focus = await nextFocus(page)) {
      expect(focus).toEqual({ name: focus.name, ring: true, inView: true });
      passed.push(focus.name);
    }
    expect(passed).toEqual([
      'open-tab',
      'cut',
      'private-room',
      label,
      copy,
      'write-to',
      'add-note',
      'chat-log',
      'chat-input',
      'Send',
    ]);
  });

  await test.step('a note is added, moved, written in and deleted, a line said, the server cut', async () => {
    await tabTo(page, 'add-note');
    await page.keyboard.press('Enter');
    await page.keyboard.type('no mouse');
    await expect(second.page.locator('.note-text')).toHaveValue('no mouse');
    await page.keyboard.press('Shift+Tab');
    await page.keyboard.press('Shift+Tab');
    const before = await second.page.getByTestId('note').boundingBox();
    await page.keyboard.press('Shift+ArrowRight');
    await expect
      .poll(async () => (await second.page.getByTestId('note').boundingBox())!.x)
      .toBeGreaterThan(before!.x + 10);
    await tabTo(page, 'Delete the note');
    await page.keyboard.press('Enter');
    await expect(second.page.getByTestId('note')).toHaveCount(0);
    await tabTo(page, 'chat-input');
    await page.keyboard.type('no mouse here');
    await page.keyboard.press('Enter');
    await expect.poll(() => chatOf(second).then(([line]) => line)).toContain('no mouse here');
    await tabTo(page, 'cut');
    await page.keyboard.press('Space');
    await expect(page.getByTestId('cut')).toHaveText('Restore the server');
  });
});

test('who asked for little motion gets a drawing that stands still', async ({ context, fragmentOf }) => {
  const watcher = await openTab(context, { url: server.url, room: fragmentOf('still') });
  await watcher.page.emulateMedia({ reducedMotion: 'reduce' });
  await watcher.page.reload();
  await watcher.page.waitForFunction(() => window.mesh !== undefined);
  const others = await openTabs(context, { url: server.url, room: fragmentOf('still'), count: 3 });
  await watcher.page.bringToFront();
  const drawn = watcher.page.getByTestId('graph');
  await expect(drawn).toHaveAttribute('data-edges', '6');
  expect(await countDrawings(watcher.page, 60)).toBe(1);
  expect(await watcher.page.evaluate(() => document.getAnimations().length)).toBe(0);

  // Who did not ask sees the nodes find their places.
  const [moved] = others as [Tab, ...Tab[]];
  await moved.page.bringToFront();
  const pictures = countDrawings(moved.page, 600);
  await watcher.page.close();
  expect(await pictures).toBeGreaterThan(1);
});

/** How many different pictures the drawing shows in the next frames; looks no further than the second. */
function countDrawings(page: Page, frames: number): Promise<number> {
  return page.evaluate(async (most) => {
    const seen = new Set<string>();
    for (let frame = 0; frame < most && seen.size < 2; frame++) {
      const nodes = document.querySelectorAll('.nodes .node');
      seen.add(Array.from(nodes, (node) => node.getAttribute('transform')).join());
      await new Promise(requestAnimationFrame);
    }
    return seen.size;
  }, frames);
}

/** Presses Tab and says where that led: a test id, or the name a control has for people; null is outside the page. */
async function nextFocus(page: Page): Promise<{ name: string | null; ring: boolean; inView: boolean }> {
  await page.keyboard.press('Tab');
  return page.evaluate(() => {
    const focused = document.activeElement;
    if (!focused || focused === document.body) return { name: null, ring: false, inView: false };
    const { outlineStyle, outlineWidth } = getComputedStyle(focused);
    const box = focused.getBoundingClientRect();
    return {
      name: focused.getAttribute('data-testid') ?? focused.getAttribute('aria-label') ?? focused.textContent,
      ring:
        focused.matches(':focus-visible') && outlineStyle !== 'none' && Number.parseFloat(outlineWidth) >= 2,
      inView: box.top >= 0 && box.bottom <= innerHeight && box.left >= 0 && box.right <= innerWidth,
    };
  });
}

/** Presses Tab until the control is reached, at most once around. */
async function tabTo(page: Page, wanted: string): Promise<void> {
  for (let presses = 0; presses < 40; presses++) {
    if ((await nextFocus(page)).name === wanted) return;
  }
  throw new Error(`Tab does not reach ${wanted}`);
}
