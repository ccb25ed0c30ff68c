import { expect, test, type Page } from '@playwright/test';
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

const countPositions = ({ page }: Tab): Promise<number> =>
  page.evaluate(() => (window as unknown as { watched: Watched }).watched.positions.size);

/** A real pointer over the real stage, back and forth without a rest, until it is told to stop. */
async function keepMoving(page: Page, isDone: () => boolean): Promise<void> {
  const stage = await page.getByTestId('stage').boundingBox();
  if (!stage) throw new Error('the page shows no stage');
  const to = async (part: number): Promise<void> => {
    await page.mouse.move(stage.x + stage.width * part, stage.y + stage.height * part, { steps: 40 });
  };
  while (!isDone()) {
    await to(0.2);
    await to(0.8);
  }
}

test('a cursor moved in one tab moves in all others, through tabs in between', async ({ context }) => {
  const tabs = await openTabs(context, { url: server.url, room: 'cursor', count: 12 });
  await waitForMembers(tabs);
  await waitForMinimum(tabs);
  const [mover, ...others] = tabs as [Tab, ...Tab[]];
  const direct = new Set(await neighborsOf(mover));
  const distant = others.filter(({ id }) => !direct.has(id));
  expect(distant.length).toBeGreaterThan(0);

  await test.step('it moves while it moves, not only when it rests', async () => {
    for (const tab of others) await watchCursor(tab, mover.id);
    // What a mover at rest shows is told another way than what it shows on the move: count its rests.
    await mover.page.evaluate(() => {
      const rests = { count: 0, movedAt: 0 };
      Object.assign(window, { rests });
      window.mesh.presence.mine.subscribe(() => {
        const now = performance.now();
        if (now - rests.movedAt > 100) rests.count += 1;
        rests.movedAt = now;
      });
    });
    await mover.page.bringToFront();
    let done = false;
    const moving = keepMoving(mover.page, () => done);
    await expect
      .poll(
        async () => {
          const rests = await mover.page.evaluate(
            () => (window as unknown as { rests: { count: number } }).rests.count,
          );
          const least = Math.min(...(await Promise.all(others.map(countPositions))));
          // Each rest shows two positions at most: the one at which it ends, and the next.
          return least - 2 * rests;
        },
        { timeout: 30_000, intervals: [250] },
      )
      .toBeGreaterThan(4);
    done = true;
    await moving;
  });

  await test.step('and where it rests, it rests in every tab', async () => {
    const started = performance.now();
    // The page paces its moves: the last one is out when the stage's last point is.
    await mover.page.waitForFunction(() => (window.mesh.presence.mine.value.cursor?.x ?? 0) > 0.75);
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
