/** The picture of the page: twelve real tabs at tea time, seen from one of them. */
import { fileURLToPath } from 'node:url';
import { expect, test } from '@playwright/test';
import { startServer } from '../kit/server.ts';
import { neighborsOf, openTabs, say, waitForMembers, type Tab } from '../kit/tabs.ts';

const PICTURE = fileURLToPath(new URL('../../docs/page.png', import.meta.url));
/** As `npm start` has it, so that the address in the picture is the one that a reader will see. */
const PORT = 8080;

const NOTES = [
  { text: 'Kettle on at four', x: 0.1, y: 0.08, color: 'lemon' },
  { text: 'To bring:\n– oat milk\n– a lemon', x: 0.92, y: 0.16, color: 'sky' },
  { text: 'Scones are in the oven, ten more minutes', x: 0.16, y: 0.58, color: 'mint' },
  { text: 'Who has the big teapot?', x: 0.94, y: 0.84, color: 'rose' },
] as const;

const POINTERS = [
  { x: 0.42, y: 0.3 },
  { x: 0.5, y: 0.42 },
  { x: 0.1, y: 0.36 },
  { x: 0.85, y: 0.56 },
  { x: 0.3, y: 0.86 },
] as const;

test.use({ viewport: { width: 1280, height: 800 }, colorScheme: 'light', reducedMotion: 'reduce' });

test('the picture of the page', async ({ context }) => {
  const server = await startServer(PORT);
  try {
    const tabs = await openTabs(context, { url: `http://localhost:${PORT}/`, room: 'tea-time', count: 12 });
    await waitForMembers(tabs);
    // From each of its neighbors to the one that is photographed, one thing at a time.
    const viewer = tabs[0]!;
    const direct = new Set(await neighborsOf(viewer));
    const others = tabs.slice(1).toSorted((a, b) => Number(direct.has(b.id)) - Number(direct.has(a.id)));

    for (const [at, note] of NOTES.entries()) {
      await others[at]!.page.evaluate((value) => window.mesh.map('notes').add(value), note);
    }
    for (const [at, part] of POINTERS.entries()) await pointAt(others.at(-1 - at)!, part);
    await say(others[4]!, 'Is there any cake left?');
    await seen(viewer, 1);
    await say(others[6]!, 'One slice, in the kitchen.');
    await seen(viewer, 2);
    await say(viewer, 'Then it is mine!');
    await viewer.page.getByTestId('chat-input').blur();
    await say(others[1]!, 'Too late, it was a good slice.');
    await seen(viewer, 4);

    const { page } = viewer;
    await page.bringToFront();
    await expect(page.getByTestId('note')).toHaveCount(NOTES.length);
    await expect(page.locator('.cursor-name')).toHaveCount(POINTERS.length);
    // Every way is measured, and the server has been quiet for a while.
    await expect(page.locator('.facts', { hasText: 'ms' })).toHaveCount(11);
    await expect(page.getByTestId('sentence')).toContainText(/nothing for \d\d s/);
    await page.screenshot({ path: PICTURE });
  } finally {
    await server.kill();
  }
});

/** A real pointer over the stage, at this share of it each way. */
async function pointAt({ page }: Tab, part: { readonly x: number; readonly y: number }): Promise<void> {
  await page.bringToFront();
  const stage = await page.getByTestId('stage').boundingBox();
  if (!stage) throw new Error('the page shows no stage');
  await page.mouse.move(stage.x + stage.width * part.x, stage.y + stage.height * part.y);
  await page.waitForFunction(() => window.mesh.presence.mine.value.cursor);
}

async function seen({ page }: Tab, lines: number): Promise<void> {
  await expect(page.getByTestId('chat-entry')).toHaveCount(lines);
}
