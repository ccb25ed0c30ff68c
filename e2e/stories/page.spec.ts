import { expect, type Locator, type Page } from '@playwright/test';
import { test } from '../kit/calm.ts';
import { takeNotes } from '../kit/page-side.ts';
import { ADDRESS_WORDS } from '../kit/rooms.ts';
import { truthOf } from '../kit/sentence.ts';
import { attachedAt, startServer, type Server } from '../kit/server.ts';
import {
  chatOf,
  nameOf,
  openTab,
  openTabs,
  printTime,
  rowOf,
  say,
  waitForLinks,
  waitForMembers,
  type Tab,
} from '../kit/tabs.ts';

let server: Server;
test.beforeAll(async () => {
  server = await startServer();
});
test.afterAll(() => server.kill());

const attached = (): Promise<number> => attachedAt(server);

const textOf = ({ page }: Tab, note: number): Locator => page.locator('.note-text').nth(note);

/** Where a note stands, as shares of the room it has. */
const placeOf = (page: Page): Promise<readonly number[]> =>
  page
    .getByTestId('note')
    .evaluate((note) => ['--x', '--y'].map((side) => Number(note.style.getPropertyValue(side))));

test('the first visitor is told to be alone and how to change that, and the button does', async ({
  context,
  fragmentOf,
}) => {
  const first = await openTab(context, { url: server.url, room: fragmentOf('first') });
  const welcome = first.page.getByTestId('welcome');
  await expect(welcome).toContainText('You are the only one here');
  await expect(welcome).toContainText('Open this room a second time');
  await expect.poll(() => truthOf(first, 'alone')).toBe('true');
  await expect(first.page.getByTestId('member')).toHaveText([/alive · this tab/]);

  const started = performance.now();
  const [opened] = await Promise.all([
    context.waitForEvent('page'),
    welcome.getByRole('button', { name: 'Open another tab' }).click(),
  ]);
  await opened.waitForFunction(() => window.mesh !== undefined);
  const second: Tab = { page: opened, id: await opened.evaluate(() => window.mesh.id) };
  expect(opened.url()).toBe(first.page.url());
  await waitForMembers([first, second]);
  printTime('the button opened a second tab, and both list two', started);
  await expect(welcome).toBeHidden();
  await expect(first.page.getByTestId('news')).toHaveText(`${await nameOf(second)} joined.`);
  for (const tab of [first, second]) await expect.poll(() => truthOf(tab, 'connected')).toBe('true');

  // Who closes the other and cuts the server is left with nothing, and is told so.
  await opened.close();
  await expect.poll(() => truthOf(first, 'alone')).toBe('true');
  await first.page.getByTestId('cut').click();
  await expect(first.page.getByTestId('sentence')).toHaveText(
    'This tab holds no link, and you cut it off from the server: restore the connection to find others.',
  );
  await expect(welcome).toContainText('Nobody is in reach');
});

test('the sentence on top is true, with the server, without it, and with it again', async ({
  context,
  fragmentOf,
}) => {
  const tabs = await openTabs(context, { url: server.url, room: fragmentOf('sentence'), count: 4 });
  await waitForMembers(tabs);
  const [cut, ...others] = tabs as [Tab, ...Tab[]];
  for (const tab of tabs) await expect.poll(() => truthOf(tab, 'connected')).toBe('true');
  await expect.poll(attached).toBe(4);

  await test.step('the button cuts this tab off, and all goes on', async () => {
    const button = cut.page.getByTestId('cut');
    await expect(button).toHaveText('Cut the server');
    await button.click();
    await expect(button).toHaveText('Restore the server');
    await expect.poll(attached).toBe(3);
    await expect.poll(() => truthOf(cut, 'cut')).toBe('true');
    expect(await cut.page.evaluate(() => [window.mesh.status.value, window.mesh.signaling.value])).toEqual([
      'degraded',
      'closed',
    ]);
    const bytes = await cut.page.evaluate(() => window.mesh.stats().signaling);
    await say(cut, 'still here');
    for (const tab of others) await expect.poll(() => chatOf(tab)).toHaveLength(1);
    const later = await cut.page.evaluate(() => window.mesh.stats().signaling);
    expect({ ...later, quietMs: 0 }).toEqual({ ...bytes, quietMs: 0 });
    for (const tab of others) await expect.poll(() => truthOf(tab, 'connected')).toBe('true');
  });

  await test.step('the same button restores it', async () => {
    await cut.page.getByTestId('cut').click();
    await expect(cut.page.getByTestId('cut')).toHaveText('Cut the server');
    await expect.poll(attached).toBe(4);
    await expect.poll(() => truthOf(cut, 'connected')).toBe('true');
    await expect(cut.page.getByTestId('error')).toHaveCount(0);
  });
});

test('a note is added, written, moved by keys and by hand, and deleted, and the other tab follows', async ({
  context,
  fragmentOf,
}) => {
  const [writer, other] = (await openTabs(context, {
    url: server.url,
    room: fragmentOf('notes'),
    count: 2,
  })) as [Tab, Tab];
  await waitForMembers([writer, other]);

  await test.step('added by the button, written in at once', async () => {
    await writer.page.bringToFront();
    await writer.page.getByTestId('add-note').click();
    await expect(textOf(writer, 0)).toBeFocused();
    await writer.page.keyboard.type('Kettle on at four');
    await expect(textOf(other, 0)).toHaveValue('Kettle on at four');
  });

  await test.step('written in the other tab', async () => {
    await other.page.bringToFront();
    await textOf(other, 0).focus();
    await other.page.keyboard.press('End');
    await other.page.keyboard.type(', sharp');
    await expect(textOf(writer, 0)).toHaveValue('Kettle on at four, sharp');
  });

  await test.step('moved by the arrow keys, a step each and a leap with Shift', async () => {
    await writer.page.bringToFront();
    const before = await placeOf(writer.page);
    await writer.page.locator('.note-handle').focus();
    for (const key of ['ArrowRight', 'ArrowRight', 'ArrowDown', 'ArrowLeft', 'Shift+ArrowDown']) {
      await writer.page.keyboard.press(key);
    }
    const wanted = [before[0]! + 0.02, before[1]! + 0.12].map((share) => Math.round(share * 10_000) / 10_000);
    await expect.poll(() => placeOf(other.page)).toEqual(wanted);
    expect(await placeOf(writer.page)).toEqual(wanted);
  });

  await test.step('moved by hand, by as much as the hand moved', async () => {
    await other.page.bringToFront();
    const note = other.page.getByTestId('note');
    const before = (await note.boundingBox())!;
    const [x, y] = [before.x + before.width / 2, before.y + 12];
    await other.page.mouse.move(x, y);
    await other.page.mouse.down();
    await other.page.mouse.move(x + 60, y + 40, { steps: 4 });
    await other.page.mouse.move(x + 90, y + 70, { steps: 4 });
    await other.page.mouse.up();
    const after = (await note.boundingBox())!;
    expect([after.x - before.x, after.y - before.y].map(Math.round)).toEqual([90, 70]);
    await expect.poll(async () => placeOf(writer.page)).toEqual(await placeOf(other.page));
  });

  await test.step('deleted in both', async () => {
    await other.page.getByRole('button', { name: 'Delete the note' }).click();
    for (const { page } of [writer, other]) await expect(page.getByTestId('note')).toHaveCount(0);
    await expect(other.page.getByTestId('add-note')).toBeFocused();
  });
});

test('who writes is not disturbed by what others write meanwhile, beside it or in the same note', async ({
  context,
  fragmentOf,
}) => {
  const [writer, other] = (await openTabs(context, {
    url: server.url,
    room: fragmentOf('writing'),
    count: 2,
  })) as [Tab, Tab];
  await waitForMembers([writer, other]);
  for (const text of ['mine: ', 'yours: ']) {
    await writer.page.getByTestId('add-note').click();
    await writer.page.keyboard.type(text);
  }
  await expect(textOf(other, 1)).toHaveValue('yours: ');
  const mine = textOf(writer, 0);

  await mine.focus();
  await writer.page.keyboard.press('End');
  for (const [at, letter] of Array.from('undisturbed').entries()) {
    await writer.page.keyboard.type(letter);
    await textOf(other, 1).fill(`yours: ${at}`);
    // The other note has changed here, between two letters.
    await expect(textOf(writer, 1)).toHaveValue(`yours: ${at}`);
    await expect(mine).toBeFocused();
  }
  await expect(mine).toHaveValue('mine: undisturbed');
  await expect(textOf(other, 0)).toHaveValue('mine: undisturbed');

  // A change in front of the caret moves it along: the next letter lands where the writer left off.
  for (let back = 0; back < 'disturbed'.length; back++) await writer.page.keyboard.press('ArrowLeft');
  await textOf(other, 0).fill('all mine: undisturbed');
  await expect(mine).toHaveValue('all mine: undisturbed');
  await writer.page.keyboard.type('-');
  await expect(textOf(other, 0)).toHaveValue('all mine: un-disturbed');
});

test('markup in a room, a name, a note or a line of chat stays text', async ({ context, fragmentOf }) => {
  const markup = '<img src=x onerror=alert(1)>';
  const script = `<script>alert(1)</script>${markup}`;
  const room = fragmentOf(`tea ${markup}`);
  const [author, reader] = (await openTabs(context, { url: server.url, room, count: 2 })) as [Tab, Tab];
  await waitForMembers([author, reader]);
  const dialogs: string[] = [];
  for (const { page } of [author, reader]) {
    page.on('dialog', (dialog) => {
      dialogs.push(dialog.message());
      void dialog.dismiss();
    });
  }
  const countElements = (): number => document.querySelectorAll('img, script, iframe, object, a, b b').length;
  const before = await reader.page.evaluate(countElements);

  await author.page.evaluate((name) => {
    window.mesh.presence.set({ name, cursor: { x: 0.5, y: 0.5 } });
  }, markup);
  await author.page.getByTestId('add-note').click();
  await author.page.keyboard.type(script);
  await expect(rowOf(reader, author).locator('.name')).toHaveText(markup);
  await say(author, script);

  await expect(textOf(reader, 0)).toHaveValue(script);
  await expect(reader.page.locator('.line-text')).toHaveText(script);
  await expect(reader.page.locator('.line-head b')).toHaveText(markup);
  await expect(reader.page.locator('.cursor-name')).toHaveText(markup);
  await expect(reader.page.getByTestId('room')).toHaveText(`tea ${markup}`);
  await expect(reader.page.getByTestId('graph')).toHaveAttribute(
    'aria-label',
    new RegExp(markup.slice(0, 9)),
  );
  await rowOf(reader, author).getByTestId('write-to').click();
  await expect(reader.page.locator('.chat-to')).toHaveText(`To ${markup} alone`);
  expect(await reader.page.evaluate(countElements)).toBe(before);
  expect(dialogs).toEqual([]);
});

test('the same address is the same room, another fragment is another, and a reload is a new member', async ({
  context,
  roomKind,
  fragmentOf,
}) => {
  const [stayer, mover] = (await openTabs(context, {
    url: server.url,
    room: fragmentOf('here'),
    count: 2,
  })) as [Tab, Tab];
  await waitForMembers([stayer, mover]);
  // The address on the page is the one to hand on.
  const address = new URL(await stayer.page.getByLabel(ADDRESS_WORDS[roomKind].label).inputValue());
  const third = await openTab(context, {
    url: address.origin + address.pathname,
    room: address.hash.slice(1),
  });
  await waitForMembers([stayer, mover, third]);
  // Who holds no link has nobody to say goodbye to.
  await waitForLinks([stayer, mover, third]);
  const elsewhere = await openTab(context, { url: server.url, room: fragmentOf('elsewhere') });
  await elsewhere.page.waitForFunction(() => window.mesh.status.value === 'alone');

  await test.step('who changes the fragment changes the room', async () => {
    const moved = await reborn(mover, () =>
      mover.page.evaluate((hash) => void (location.hash = hash), fragmentOf('elsewhere')),
    );
    await waitForMembers([elsewhere, moved]);
    await waitForMembers([stayer, third]);
    await expect(moved.page.getByTestId('room')).toHaveText('elsewhere');
  });

  await test.step('who reloads says goodbye and comes back as someone new', async () => {
    const started = performance.now();
    const reloaded = await reborn(third, () => third.page.reload());
    await waitForMembers([stayer, reloaded]);
    printTime('a reloaded tab is back as a new member', started);
    expect(reloaded.id).not.toBe(third.id);
  });

  expect(
    await stayer.page.evaluate(() => window.seen.left.map(({ id, reason }) => ({ id, reason }))),
  ).toEqual([
    { id: mover.id, reason: 'goodbye' },
    { id: third.id, reason: 'goodbye' },
  ]);
});

/** The tab after it has done what makes its page load anew. */
async function reborn({ page, id }: Tab, reload: () => Promise<unknown>): Promise<Tab> {
  await Promise.all([page.waitForEvent('load'), reload()]);
  await page.waitForFunction((old) => window.mesh !== undefined && window.mesh.id !== old, id);
  await page.evaluate(takeNotes);
  return { page, id: await page.evaluate(() => window.mesh.id) };
}
