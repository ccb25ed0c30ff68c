/** Real tabs of the real page: opening them, waiting for them, looking at them together. */
import { expect, type BrowserContext, type Locator, type Page } from '@playwright/test';
import { takeNotes, wrapConnections } from './page-side.ts';

export interface Tab {
  readonly page: Page;
  readonly id: string;
}

/** Opens `count` tabs of one room at once; each has its mesh, none has waited for the others. */
export function openTabs(
  context: BrowserContext,
  { url, room, count }: { readonly url: string; readonly room: string; readonly count: number },
): Promise<Tab[]> {
  return Promise.all(Array.from({ length: count }, () => openTab(context, { url, room })));
}

export async function openTab(
  context: BrowserContext,
  { url, room }: { readonly url: string; readonly room: string },
): Promise<Tab> {
  const page = await context.newPage();
  await page.addInitScript(wrapConnections);
  await page.goto(`${url}#${room}`);
  await page.waitForFunction(() => window.mesh !== undefined);
  await page.evaluate(takeNotes);
  return { page, id: await page.evaluate(() => window.mesh.id) };
}

/** Waits until every tab lists exactly these members. */
export async function waitForMembers(
  tabs: readonly Tab[],
  ids: readonly string[] = tabs.map(({ id }) => id),
): Promise<void> {
  const wanted = [...ids].toSorted();
  await Promise.all(
    tabs.map(({ page }) =>
      page.waitForFunction(
        (expected) => {
          const listed = [...window.mesh.members].map((member) => member.id).toSorted();
          return listed.length === expected.length && listed.every((id, at) => id === expected[at]);
        },
        wanted,
        { timeout: 45_000 },
      ),
    ),
  );
}

/** Waits until each of these tabs holds a link to each other: what one of them says last, all of them hear. */
export async function waitForLinks(tabs: readonly Tab[]): Promise<void> {
  await Promise.all(
    tabs.map(({ page, id: self }) =>
      page.waitForFunction(
        (others) => others.every((id) => window.mesh.members.get(id)?.link === 'direct'),
        tabs.map(({ id }) => id).filter((id) => id !== self),
      ),
    ),
  );
}

/** Waits until every tab holds the links without which it would not be safe, or more. */
export async function waitForMinimum(tabs: readonly Tab[], minimum: number = 4): Promise<void> {
  await Promise.all(
    tabs.map(({ page }) =>
      page.waitForFunction((least) => window.mesh.stats().links.open >= least, minimum, { timeout: 45_000 }),
    ),
  );
}

/** Waits until `look` answers the same in every tab and `isDone` holds for it; returns the answer. */
export async function waitForAgreement<T>(
  tabs: readonly Tab[],
  look: () => T,
  isDone: (answer: T) => boolean,
): Promise<T> {
  let agreed: T | undefined;
  await expect
    .poll(
      async () => {
        const answers = await Promise.all(tabs.map(({ page }) => page.evaluate(look)));
        const texts = new Set(answers.map((answer) => JSON.stringify(answer)));
        agreed = answers[0];
        return texts.size === 1 && isDone(answers[0] as T);
      },
      { timeout: 30_000, intervals: [50] },
    )
    .toBe(true);
  return agreed as T;
}

export const linksOf = (tab: Tab): Promise<number> => tab.page.evaluate(() => window.mesh.stats().links.open);

/** How many connections a tab has built so far, be they open or not. */
export const constructedBy = ({ page }: { readonly page: Page }): Promise<number> =>
  page.evaluate(() => window.mesh.stats().links.constructed);

/** The direct neighbors of a tab. */
export const neighborsOf = (tab: Tab): Promise<string[]> =>
  tab.page.evaluate(() =>
    [...window.mesh.members].filter(({ link }) => link === 'direct').map(({ id }) => id),
  );

/** True when links join all tabs, directly or through others. */
export async function isOneComponent(tabs: readonly Tab[]): Promise<boolean> {
  const neighborsById = new Map(
    await Promise.all(tabs.map(async (tab) => [tab.id, await neighborsOf(tab)] as const)),
  );
  const reached = new Set<string>();
  const frontier = tabs.slice(0, 1).map(({ id }) => id);
  for (let id = frontier.pop(); id !== undefined; id = frontier.pop()) {
    if (reached.has(id)) continue;
    reached.add(id);
    frontier.push(...(neighborsById.get(id) ?? []));
  }
  return tabs.every(({ id }) => reached.has(id));
}

/** Lines of the chat of a tab, as its visitor reads them: who, marks such as "to you", and the text. */
export async function chatOf({ page }: Tab): Promise<readonly string[]> {
  return (await page.getByTestId('chat-entry').allInnerTexts()).map((text) => text.replace(/\s+/g, ' '));
}

/** Writes a line into the chat as a visitor does. */
export async function say({ page }: Tab, text: string): Promise<void> {
  await page.getByTestId('chat-input').fill(text);
  await page.getByTestId('chat-input').press('Enter');
}

/** Sends it to all by the topic of the stories, past the page, and waits until the others have heard it. */
export async function tell(
  { page: teller }: { readonly page: Page },
  others: readonly { readonly page: Page }[],
  text: string,
): Promise<void> {
  await teller.evaluate((said) => window.mesh.topic('story').send(said), text);
  for (const { page } of others)
    await page.waitForFunction((said) => window.seen.messages.some(({ data }) => data === said), text);
}

/** The name that a tab shows on top. */
export const nameOf = ({ page }: Tab): Promise<string> => page.locator('#you b').innerText();

/** The row of a member in the list of a tab. */
export const rowOf = ({ page }: Tab, { id }: { readonly id: string }): Locator =>
  page.locator(`[data-testid="member"][data-peer="${id}"]`);

/** A renderer that is gone: no farewell, no close, only silence. */
export async function crash(page: Page): Promise<void> {
  const session = await page.context().newCDPSession(page);
  const crashed = page.waitForEvent('crash');
  // The command has no answer: who should give it is gone.
  void session.send('Page.crash').catch(() => {});
  await crashed;
}

/** Prints how long something took; goals are compared by people, not by tests. */
export function printTime(what: string, sinceMs: number): void {
  process.stdout.write(`    ${what}: ${((performance.now() - sinceMs) / 1_000).toFixed(2)} s\n`);
}
