/** Lines that are cut for a while, in one direction, or for good because the tab has gone to another network. */
import { expect, test } from '@playwright/test';
import { pause } from '../../kit/pause.ts';
import { constructedBy, waitForMembers } from '../../kit/tabs.ts';
import { openLab, type Lab, type LabSite } from '../lab.ts';
import type { LabTab } from '../tabs.ts';
import { STUN } from '../turn.ts';
import { expectNobodyDied, waitForAll, watchUpdates, writeUpdates, type Written } from '../../kit/updates.ts';

let lab: Lab;
test.beforeEach(async () => {
  lab = await openLab();
});
test.afterEach(() => lab.close());

interface Room {
  readonly sites: readonly LabSite[];
  readonly tabs: readonly LabTab[];
}

/** Four tabs, each behind a NAT of its own, that have settled. */
async function openRoom(): Promise<Room> {
  const sites = await Promise.all(Array.from({ length: 4 }, () => lab.addSite('port-restricted')));
  const tabs = await Promise.all(sites.map((site) => site.join({ room: 'cut', iceServers: [STUN] })));
  await waitForMembers(tabs);
  for (const { page } of tabs)
    await page.waitForFunction(() =>
      [...window.mesh.members].every(({ self, link }) => self || link === 'direct'),
    );
  await watchUpdates(tabs);
  return { sites, tabs };
}

/** Tells how long after healing all hold the same again. */
async function timeToEqual({ tabs }: Room, written: Written, what: string): Promise<void> {
  const healed = performance.now();
  await waitForMembers(tabs);
  await waitForAll(tabs, written, 60_000);
  process.stdout.write(
    `    ${what}: all equal ${((performance.now() - healed) / 1_000).toFixed(2)} s after\n`,
  );
}

/** Shorter than ICE waits, a cut costs no connection. */
const BRIDGED_S: number = 14;

for (const seconds of [5, 12, 14, 30]) {
  test(`one tab without a network for ${seconds} s has everything again`, async () => {
    const room = await openRoom();
    const { sites, tabs } = room;
    const before = await Promise.all(tabs.map(constructedBy));
    sites[0]!.blackOut();
    // What is written meanwhile, on both sides of the cut.
    const [written] = await Promise.all([
      writeUpdates(tabs, { count: seconds, everyMs: 500, name: 'cut' }),
      pause(seconds * 1_000),
    ]);
    expect(sites[0]!.taken()).toBeGreaterThan(0);
    sites[0]!.heal();
    const goalS = seconds < BRIDGED_S ? 3 : 8;
    await timeToEqual(room, written, `no network for ${seconds} s (goal ${goalS} s)`);
    const after = await Promise.all(tabs.map(constructedBy));
    process.stdout.write(
      `    connections made meanwhile: ${after.map((all, n) => all - before[n]!).join(' ')}\n`,
    );
    if (seconds < BRIDGED_S) expect(after).toEqual(before);
  });
}

test('a line that is cut in one direction loses nobody', { tag: '@always' }, async () => {
  const room = await openRoom();
  const { sites, tabs } = room;
  // What the first tab sends to the second goes nowhere; all other lines are whole.
  sites[0]!.cut('out', sites[1]);
  const written = await writeUpdates(tabs, { count: 24, everyMs: 500, name: 'oneway' });
  await waitForAll(tabs, written, 30_000);
  await expectNobodyDied(tabs);
  expect(sites[0]!.taken()).toBeGreaterThan(0);
  sites[0]!.heal();
  await timeToEqual(room, written, 'cut in one direction');
});

test('a tab that goes to another network is back with all it missed, by the same connections, and misses nobody', async () => {
  const room = await openRoom();
  const { sites, tabs } = room;
  const before = await Promise.all(tabs.map(constructedBy));
  sites[0]!.switchNetwork();
  const written = await writeUpdates(tabs, { count: 10, everyMs: 300, name: 'moved' });
  await timeToEqual(room, written, 'another network');
  const [moved, ...others] = tabs as [LabTab, ...LabTab[]];
  await expectNobodyDied([moved]);
  // The server lets it in again after two seconds; three who agree may have given it up by then, and then take it back.
  const told = await Promise.all(others.map(({ page }) => page.evaluate(() => window.seen.left)));
  process.stdout.write(
    `    told that it failed: ${told.filter(({ length }) => length > 0).length} of ${others.length}\n`,
  );
  expect(told.flat().filter(({ id }) => id !== moved.id)).toEqual([]);
  expect(await Promise.all(tabs.map(constructedBy))).toEqual(before);
  const restarted = await Promise.all(
    tabs.map(({ page }) => page.evaluate(() => window.mesh.stats().links.restarted)),
  );
  process.stdout.write(`    links led another way: ${restarted.join(' ')}\n`);
  // Each of its links, by at least one end.
  expect(restarted.reduce((sum, one) => sum + one, 0)).toBeGreaterThanOrEqual(tabs.length - 1);
});
