/**
 * Twelve tabs of one room, opened once for all stories that leave them as they were: opening them is half of what such
 * a story takes. No story depends on another: each can be run alone, the tabs that a story failed with are never used
 * again, and none meets what it did itself.
 */
import {
  expect,
  type Browser,
  type PlaywrightTestArgs,
  type PlaywrightTestOptions,
  type PlaywrightWorkerArgs,
  type PlaywrightWorkerOptions,
  type TestType,
} from '@playwright/test';
import { noteComplaints } from './calm.ts';
import { createFragments, test as roomTest, type RoomOptions, type Rooms } from './rooms.ts';
import { startServer } from './server.ts';
import { openTab, openTabs, printTime, waitForMembers, type Tab } from './tabs.ts';

interface Fixtures {
  /** All of them list all twelve. No page may complain while the story runs. */
  readonly twelve: Twelve;
}

export interface Twelve {
  readonly tabs: readonly Tab[];
  /** One more tab of the room, until the story ends. */
  readonly openAnother: () => Promise<Tab>;
}

interface Gathering extends Twelve {
  readonly complaints: readonly string[];
  /** Closes the tabs that came later. */
  readonly tidy: () => Promise<void>;
  readonly close: () => Promise<void>;
}

interface WorkerFixtures {
  readonly gatherFor: (story: string) => Promise<Gathering>;
}

export const test: TestType<
  PlaywrightTestArgs & PlaywrightTestOptions & Rooms & Fixtures,
  PlaywrightWorkerArgs & PlaywrightWorkerOptions & RoomOptions & WorkerFixtures
> = roomTest.extend<Fixtures, WorkerFixtures>({
  gatherFor: [
    async ({ browser, roomKind }, use) => {
      const server = await startServer();
      const guests = new Set<string>();
      let gathering: Gathering | undefined;
      await use(async (story) => {
        if (guests.has(story)) {
          await gathering?.close();
          gathering = undefined;
          guests.clear();
        }
        guests.add(story);
        gathering ??= await gather(browser, server.url, (await createFragments(roomKind))('twelve'));
        return gathering;
      });
      await gathering?.close();
      await server.kill();
    },
    { scope: 'worker' },
  ],
  twelve: async ({ gatherFor }, use, { title }) => {
    const gathering = await gatherFor(title);
    await waitForMembers(gathering.tabs);
    await use(gathering);
    expect(gathering.complaints).toEqual([]);
    await gathering.tidy();
  },
});

async function gather(browser: Browser, url: string, room: string): Promise<Gathering> {
  const context = await browser.newContext();
  const complaints = noteComplaints(context);
  const started = performance.now();
  const tabs = await openTabs(context, { url, room, count: 12 });
  printTime('twelve pages loaded', started);
  await waitForMembers(tabs);
  printTime('twelve tabs list all twelve', started);
  let late: Tab[] = [];
  return {
    tabs,
    complaints,
    openAnother: async () => {
      const another = await openTab(context, { url, room });
      late.push(another);
      return another;
    },
    tidy: async () => {
      await Promise.all(late.map(({ page }) => page.close()));
      late = [];
    },
    close: () => context.close(),
  };
}
