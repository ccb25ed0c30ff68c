/** Updates that tabs write into a shared map, how long each took to every other, and what was lost. */
import { expect, type Page } from '@playwright/test';
import { describeMissing } from './missing.ts';
import type { Tab } from './tabs.ts';

/** When each key was written, in milliseconds since 1970. */
export type Written = Readonly<Record<string, number>>;
/** When each key of others came to a page, in milliseconds since 1970. */
type Seen = Readonly<Record<string, number>>;

const MAP: string = 'updates';

/** Notes in every tab when each update comes. */
export async function watchUpdates(tabs: readonly Tab[]): Promise<void> {
  await Promise.all(
    tabs.map(({ page }) =>
      page.evaluate((name) => {
        const seen: Record<string, number> = {};
        Object.assign(window, { updatesSeen: seen });
        window.mesh.map(name).on('change', (changes) => {
          for (const { key, local } of changes) if (!local) seen[key] ??= Date.now();
        });
      }, MAP),
    ),
  );
}

/** Has every tab write so many updates, one each `everyMs`; gives when each was written. */
export async function writeUpdates(
  tabs: readonly Tab[],
  { count, everyMs, name }: { readonly count: number; readonly everyMs: number; readonly name: string },
): Promise<Written> {
  const written = await Promise.all(
    tabs.map(({ page, id }) =>
      page.evaluate(
        ({ map, prefix, times, gapMs }) =>
          new Promise<Record<string, number>>((resolve) => {
            const writtenAt: Record<string, number> = {};
            const write = (n: number): void => {
              if (n === times) return resolve(writtenAt);
              const key = `${prefix}-${n}`;
              writtenAt[key] = Date.now();
              window.mesh.map(map).set(key, n);
              setTimeout(write, gapMs, n + 1);
            };
            write(0);
          }),
        { map: MAP, prefix: `${name}-${id}`, times: count, gapMs: everyMs },
      ),
    ),
  );
  return Object.assign({}, ...written) as Written;
}

/** Waits until every tab holds exactly what all have written; says what is missing where, if that is in vain. */
export async function waitForAll(tabs: readonly Tab[], written: Written, timeout: number): Promise<void> {
  const keys = Object.keys(written);
  try {
    await Promise.all(
      tabs.map(({ page }) =>
        page.waitForFunction(
          ({ map, wanted }) => window.mesh.map(map).size === wanted,
          { map: MAP, wanted: keys.length },
          { timeout },
        ),
      ),
    );
  } catch (error) {
    throw new Error(await describeMissing(tabs, { map: MAP, keys }), { cause: error });
  }
  const texts = await Promise.all(tabs.map(({ page }) => page.evaluate(contentOf, MAP)));
  expect(new Set(texts).size).toBe(1);
}

function contentOf(map: string): string {
  return JSON.stringify(Array.from(window.mesh.map(map)).toSorted(([a], [b]) => (a < b ? -1 : 1)));
}

/** How long each update took to each other tab, in milliseconds, in rising order. */
export async function delaysOf(tabs: readonly Tab[], written: Written): Promise<readonly number[]> {
  const seen = await Promise.all(
    tabs.map(({ page }) => page.evaluate(() => (window as unknown as { updatesSeen: Seen }).updatesSeen)),
  );
  return seen
    .flatMap((one) => Object.entries(one).map(([key, at]) => at - (written[key] ?? Number.NaN)))
    .filter((delay) => !Number.isNaN(delay))
    .toSorted((a, b) => a - b);
}

/** Nobody was taken for dead, in any tab. */
export async function expectNobodyDied(tabs: readonly { readonly page: Page }[]): Promise<void> {
  for (const { page } of tabs) expect(await page.evaluate(() => window.seen.left)).toEqual([]);
}
