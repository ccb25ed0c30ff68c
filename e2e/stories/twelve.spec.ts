/** Stories in a room of twelve, which is none the worse for them. */
import { expect, type Page } from '@playwright/test';
import { ALSO_PRIVATE } from '../kit/rooms.ts';
import {
  chatOf,
  isOneComponent,
  linksOf,
  nameOf,
  neighborsOf,
  printTime,
  rowOf,
  say,
  waitForAgreement,
  waitForMinimum,
  type Tab,
} from '../kit/tabs.ts';
import { test } from '../kit/twelve.ts';

test(
  'twelve tabs opened at once are one mesh in which not everyone holds a link to everyone',
  ALSO_PRIVATE,
  async ({ twelve }) => {
    const { tabs } = twelve;
    await waitForMinimum(tabs);
    expect(await isOneComponent(tabs)).toBe(true);

    const links = await Promise.all(tabs.map(linksOf));
    process.stdout.write(`    links per tab: ${links.join(' ')}\n`);
    for (const count of links) expect(count).toBeLessThanOrEqual(10);
    const unlinked = await Promise.all(tabs.map(async (tab) => 11 - (await neighborsOf(tab)).length));
    expect(Math.max(...unlinked)).toBeGreaterThan(0);

    // Each tab's picture of the room comes to show what all of them hold.
    for (const { page } of tabs) {
      await page.evaluate(() => window.mesh.ready);
      await page.waitForFunction(() => {
        const { nodes, edges } = window.mesh.graph();
        return nodes.length === 12 && edges.length >= 12;
      });
    }
  },
);

test(
  'twelve tabs: the list shows everyone, and chat reaches everyone or exactly one',
  ALSO_PRIVATE,
  async ({ twelve }) => {
    const { tabs } = twelve;
    const names = new Map(await Promise.all(tabs.map(async (tab) => [tab.id, await nameOf(tab)] as const)));
    const reader = tabs[0]!;
    const others = tabs.slice(1);
    await reader.page.bringToFront();

    await test.step('everyone is listed, with the way there and the time it takes', async () => {
      const started = performance.now();
      for (const { page } of tabs) await expect(page.getByTestId('member')).toHaveCount(12);
      await expect(reader.page.getByTestId('member').first()).toHaveText(/alive · this tab.*you/s);
      for (const other of others) {
        const row = rowOf(reader, other);
        await expect(row.locator('.name')).toHaveText(names.get(other.id)!);
        // What the row says is what the mesh says, at the same moment.
        await expect
          .poll(() =>
            row.evaluate((element, id) => {
              const member = window.mesh.members.get(id);
              const facts = element.querySelector('.facts')?.textContent ?? '';
              const way = member?.link === 'direct' ? 'direct' : `via ${member?.hops} hops`;
              const time = /· (?:under 1|[\d.]+) ms$/.test(facts) ? 'with a time' : 'without a time';
              return [facts.startsWith(`alive · ${way} · `), element.dataset['link'] === member?.link, time];
            }, other.id),
          )
          .toEqual([true, true, 'with a time']);
      }
      printTime('the list shows a time for everyone', started);
      const ways = others.map((other) => rowOf(reader, other).getAttribute('data-link'));
      expect(new Set(await Promise.all(ways))).toEqual(new Set(['direct', 'via']));
      await expect(reader.page.getByTestId('graph')).toHaveAttribute('data-nodes', '12');
    });

    await test.step('a line of chat reaches everyone once, in the order of writing', async () => {
      const started = performance.now();
      await say(reader, 'Is there tea?');
      await say(reader, 'And milk?');
      const name = names.get(reader.id)!;
      for (const tab of others) {
        await expect.poll(() => chatOf(tab)).toEqual([`${name} Is there tea?`, `${name} And milk?`]);
      }
      printTime('two lines reached eleven tabs', started);
      expect(await chatOf(reader)).toEqual([`${name} you Is there tea?`, `${name} you And milk?`]);
    });

    await test.step('a message to one, through tabs in between, reaches that one alone', async () => {
      const direct = new Set(await neighborsOf(reader));
      const addressee = others.find(({ id }) => !direct.has(id))!;
      const from = names.get(reader.id)!;
      await rowOf(reader, addressee).getByTestId('write-to').click();
      await expect(reader.page.getByTestId('chat-input')).toBeFocused();
      await expect(reader.page.locator('.chat-to')).toHaveText(`To ${names.get(addressee.id)!} alone`);
      await say(reader, 'For you: cake.');
      await expect
        .poll(() => chatOf(addressee).then((lines) => lines.at(-1)))
        .toBe(`${from} to you For you: cake.`);
      expect((await chatOf(reader)).at(-1)).toBe(`${from} you to ${names.get(addressee.id)!} For you: cake.`);

      // It has arrived where it should: had it gone elsewhere too, it would be there before this.
      await reader.page.getByTestId('chat-everyone').click();
      await say(reader, 'For all: tea.');
      for (const tab of others) {
        await expect.poll(() => chatOf(tab).then((lines) => lines.at(-1))).toBe(`${from} For all: tea.`);
        expect((await chatOf(tab)).filter((line) => line.includes('cake'))).toHaveLength(
          tab === addressee ? 1 : 0,
        );
      }
    });
  },
);

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

test(
  'a cursor moved in one tab moves in all others, through tabs in between',
  ALSO_PRIVATE,
  async ({ twelve }) => {
    const { tabs } = twelve;
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
  },
);

/** Where the arrow of `id` is drawn, as tenths of the stage. */
async function placeOnStage(page: Page, id: string): Promise<number[] | undefined> {
  const stage = await page.getByTestId('stage').boundingBox();
  const arrow = await page.locator(`[data-testid="cursor"][data-peer="${id}"] .cursor-arrow`).boundingBox();
  if (!stage || !arrow) return undefined;
  return [(arrow.x - stage.x) / stage.width, (arrow.y - stage.y) / stage.height].map(
    (share) => Math.round(share * 10) / 10,
  );
}

const readNotes = (): [string, unknown][] =>
  Array.from(window.mesh.map('notes')).toSorted(([a], [b]) => (a < b ? -1 : 1));

const isSynced = (tabs: readonly Tab[]): Promise<unknown> =>
  Promise.all(tabs.map(({ page }) => page.evaluate(() => window.mesh.ready)));

test(
  'twelve tabs write at once, some the same note, and all end equal; a thirteenth has everything',
  ALSO_PRIVATE,
  async ({ twelve }) => {
    const { tabs } = twelve;
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
    const late = await twelve.openAnother();
    await late.page.evaluate(() => window.mesh.ready);
    expect(await late.page.evaluate(readNotes)).toEqual(notes);
    printTime('a thirteenth tab is ready and has every note', joined);
  },
);
