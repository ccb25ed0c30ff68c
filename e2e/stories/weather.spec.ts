/**
 * What comes to harm on its way: packets below the encryption, of which nobody here notices, and messages above it, which
 * are told.
 */
import { expect, test, type BrowserContext } from '@playwright/test';
import { makeDetour } from '../kit/detour.ts';
import { startServer, type Server } from '../kit/server.ts';
import { constructedBy, openTabs, tell, waitForLinks, waitForMembers, type Tab } from '../kit/tabs.ts';
import { expectNobodyDied, waitForAll, writeUpdates } from '../kit/updates.ts';
import { createWeather } from '../kit/weather.ts';

/** Of each tab, of updates and of messages. */
const COUNT = 60;
const EVERY_MS = 50;

let server: Server;
test.beforeAll(async () => {
  server = await startServer();
});
test.afterAll(() => server.kill());

/** Says the numbers from 0 on, one at a time. */
const count = ({ page }: Tab): Promise<void> =>
  page.evaluate(
    ([last, everyMs]) => {
      let next = 0;
      const timer = setInterval(() => {
        void window.mesh.topic('story').send(next);
        next += 1;
        if (next === last) clearInterval(timer);
      }, everyMs);
    },
    [COUNT, EVERY_MS] as const,
  );

test('three tabs whose packets are late, doubled and spoilt hear all there is once and in order', async ({
  context,
}) => {
  const weather = createWeather({ seed: 7, lateMsMax: 60, late: 0.3, doubled: 0.05, corrupted: 0.05 });
  const detour = await makeDetour(context, weather);
  const tabs = await openTabs(context, { url: server.url, room: 'weather', count: 3 });
  await waitForMembers(tabs);
  await waitForLinks(tabs);
  const before = { ...weather.counts() };

  await Promise.all(tabs.map(count));
  const written = await writeUpdates(tabs, { count: COUNT, everyMs: EVERY_MS, name: 'weather' });
  await waitForAll(tabs, written, 30_000);
  const counted = Array.from({ length: COUNT }, (_, number) => number);
  for (const { page, id: self } of tabs) {
    await page.waitForFunction((all) => window.seen.messages.length >= all, 2 * COUNT);
    for (const { id } of tabs.filter((tab) => tab.id !== self)) {
      const heard = await page.evaluate(
        (sender) => window.seen.messages.filter(({ from }) => from === sender).map(({ data }) => data),
        id,
      );
      expect(heard).toEqual(counted);
    }
    expect(await page.evaluate(() => window.seen.misbehaved)).toEqual([]);
  }
  await waitForMembers(tabs);
  await expectNobodyDied(tabs);

  // It was as bad as that.
  const after = weather.counts();
  expect(detour.relayed()).toBeGreaterThan(COUNT);
  for (const kind of ['overtaken', 'doubled', 'corrupted'] as const)
    expect(after[kind] - before[kind]).toBeGreaterThan(10);
});

declare global {
  interface Window {
    /** Says of each message to a channel whether it is to be spoilt; never, at first. */
    isToBeSpoilt: (bytes: Uint8Array) => boolean;
  }
}

/** Runs in the page ahead of the library: another byte in the middle of what goes into a channel, where that is to be. */
function spoilMessages(): void {
  window.isToBeSpoilt = () => false;
  const { prototype } = RTCDataChannel;
  const send = Reflect.get(prototype, 'send');
  prototype.send = function (data: unknown): void {
    // A copy, as the same bytes may go to others.
    const bytes = Uint8Array.from(data as Uint8Array);
    if (window.isToBeSpoilt(bytes)) bytes[bytes.length >> 1]! ^= 0x55;
    send.call(this, bytes);
  };
}

async function openSpoiling(context: BrowserContext, room: string): Promise<readonly [Tab, Tab, Tab]> {
  await context.addInitScript(spoilMessages);
  const tabs = (await openTabs(context, { url: server.url, room, count: 3 })) as [Tab, Tab, Tab];
  await waitForMembers(tabs);
  await waitForLinks(tabs);
  return tabs;
}

test('a message that leaves a tab with another byte in it is told where it comes, and fetched elsewhere', async ({
  context,
}) => {
  const tabs = await openSpoiling(context, 'one spoilt');
  const [speaker, ...others] = tabs;
  const before = await Promise.all(tabs.map(constructedBy));
  const text = 'long enough to have its middle byte among these words. '.repeat(20);
  await speaker.page.evaluate((length) => {
    let isFirst = true;
    window.isToBeSpoilt = (bytes) => {
      const isNow = isFirst && bytes.length > length;
      if (isNow) isFirst = false;
      return isNow;
    };
  }, text.length);
  await tell(speaker, others, text);
  await tell(speaker, others, 'and on');
  for (const tab of others) {
    expect(await tab.page.evaluate(() => window.seen.messages.map(({ data }) => data))).toEqual([
      text,
      'and on',
    ]);
  }
  const told = await Promise.all(others.map(({ page }) => page.evaluate(() => window.seen.misbehaved)));
  expect(told.flat()).toEqual([{ peer: speaker.id, reason: 'bad-signature' }]);
  const refused = await Promise.all(
    others.map(({ page }) => page.evaluate(() => window.mesh.stats().refused['bad-signature'] ?? 0)),
  );
  expect(refused.toSorted((a, b) => a - b)).toEqual([0, 1]);
  // Once is no reason to part: nobody had to link anew.
  await waitForLinks(tabs);
  expect(await Promise.all(tabs.map(constructedBy))).toEqual(before);
  await expectNobodyDied(tabs);
});

test('a tab all of whose messages leave it spoilt is dropped with the reason, and the others go on', async ({
  context,
}) => {
  const [spoiler, one, other] = await openSpoiling(context, 'all spoilt');
  const others = [one, other];
  await spoiler.page.evaluate(() => {
    window.isToBeSpoilt = () => true;
  });
  await count(spoiler);
  for (const { page } of others) {
    await page.waitForFunction(
      (id) =>
        window.seen.misbehaved.some(({ peer, reason }) => peer === id && reason === 'dropped-invalid') &&
        window.mesh.explain(id).reason === 'resting',
      spoiler.id,
    );
  }
  await waitForMembers(
    others,
    others.map(({ id }) => id),
  );
  await tell(one, [other], 'still here');
  for (const { page } of others) {
    const { left, misbehaved } = await page.evaluate(() => window.seen);
    expect(left.map(({ id }) => id)).toEqual([spoiler.id]);
    expect(misbehaved.filter(({ peer }) => peer !== spoiler.id)).toEqual([]);
  }
});
