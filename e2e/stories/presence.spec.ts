import { expect, type Page } from '@playwright/test';
import { test } from '../kit/rooms.ts';
import { startServer, type Server } from '../kit/server.ts';
import { neighborsOf, openTabs, printTime, waitForMembers, waitForMinimum, type Tab } from '../kit/tabs.ts';

let server: Server;
test.beforeAll(async () => {
  server = await startServer();
});
test.afterAll(() => server.kill());

interface Watched {
  /** Positions of the mover, each once, as this tab saw them. */
  positions: Set<string>;
}

/** Notes down every position of `id` that this tab sees from here on. */
async function watchCursor({ page }: Tab, id: string): Promise<void> {
  await page.evaluate((moving) => {
    const watched: Watched = { positions: new Set() };
    Object.assign(window, { watched });
    window.mesh.on('member:update', ({ member }) => {
      if (member.id === moving) watched.positions.add(JSON.stringify(member.presence.cursor));
    });
  }, id);
}

/** How many positions at this height a tab saw. */
const countSeen = ({ page }: Tab, y: number): Promise<number> =>
  page.evaluate((height) => {
    const { positions } = (window as unknown as { watched: Watched }).watched;
    return Array.from(positions).filter((text) => JSON.parse(text)?.y === height).length;
  }, y);

/** A pointer crosses the stage at one height, in thirty moves; resolves with the longest pause between two of them. */
function sweep(page: Page, y: number): Promise<number> {
  return page.evaluate(async (height) => {
    const stage = document.querySelector('[data-testid="stage"]')!;
    const { left, top, width, height: tall } = stage.getBoundingClientRect();
    let movedAt = performance.now();
    let longest = 0;
    for (let n = 1; n <= 30; n++) {
      await new Promise((resolve) => setTimeout(resolve, 25));
      longest = Math.max(longest, performance.now() - movedAt);
      movedAt = performance.now();
      const place = { clientX: left + (width * n) / 40, clientY: top + tall * height, bubbles: true };
      stage.dispatchEvent(new PointerEvent('pointermove', place));
    }
    return longest;
  }, y);
}

/** A value that has not changed for so long is told again as one at rest. */
const REST_MS = 150;

test('a cursor moved in one tab moves in all others, through tabs in between', async ({
  context,
  fragmentOf,
}) => {
  const tabs = await openTabs(context, { url: server.url, room: fragmentOf('cursor'), count: 12 });
  await waitForMembers(tabs);
  await waitForMinimum(tabs);
  const [mover, ...others] = tabs as [Tab, ...Tab[]];
  const direct = new Set(await neighborsOf(mover));
  const distant = others.filter(({ id }) => !direct.has(id));
  expect(distant.length).toBeGreaterThan(0);
  await mover.page.bringToFront();

  await test.step('it moves while it moves, not only when it rests', async () => {
    for (const tab of others) await watchCursor(tab, mover.id);
    let sweeps = 0;
    // A sweep without a rest has two positions that are told as one at rest is: its first and its last. Whoever sees a
    // third has seen it move. On a busy machine a sweep may falter, and then the next one counts.
    await expect
      .poll(
        async () => {
          sweeps += 1;
          const y = sweeps / 100;
          const longest = await sweep(mover.page, y);
          await mover.page.waitForFunction(() => (window.mesh.presence.mine.value.cursor?.x ?? 0) > 0.74);
          if (longest > REST_MS / 2) return 0;
          return Math.min(...(await Promise.all(others.map((tab) => countSeen(tab, y)))));
        },
        { timeout: 90_000, intervals: [1_000] },
      )
      .toBeGreaterThanOrEqual(3);
  });

  await test.step('and where a real pointer rests, it rests in every tab', async () => {
    const stage = await mover.page.getByTestId('stage').boundingBox();
    if (!stage) throw new Error('the page shows no stage');
    await mover.page.mouse.move(stage.x + stage.width * 0.8, stage.y + stage.height * 0.8, { steps: 4 });
    const started = performance.now();
    // The page paces its moves: the last one is out when the stage's last point is.
    await mover.page.waitForFunction(() => (window.mesh.presence.mine.value.cursor?.y ?? 0) > 0.79);
    const cursor = await mover.page.evaluate(() => window.mesh.presence.mine.value.cursor);
    for (const { page } of others) {
      await page.waitForFunction(
        ({ id, at }) => JSON.stringify(window.mesh.members.get(id)?.presence.cursor) === at,
        { id: mover.id, at: JSON.stringify(cursor) },
      );
      const drawn = page.locator(`[data-testid="cursor"][data-peer="${mover.id}"]`);
      await expect(drawn.locator('.cursor-name')).toBeVisible();
      await expect.poll(() => placeOnStage(page, mover.id)).toEqual([0.8, 0.8]);
    }
    printTime('the resting cursor is drawn in all eleven others', started);
  });
});

/** Where the arrow of `id` is drawn, as tenths of the stage. */
async function placeOnStage(page: Page, id: string): Promise<number[] | undefined> {
  const stage = await page.getByTestId('stage').boundingBox();
  const arrow = await page.locator(`[data-testid="cursor"][data-peer="${id}"] .cursor-arrow`).boundingBox();
  if (!stage || !arrow) return undefined;
  return [(arrow.x - stage.x) / stage.width, (arrow.y - stage.y) / stage.height].map(
    (share) => Math.round(share * 10) / 10,
  );
}
