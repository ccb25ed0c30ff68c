/** Lines that lose packets: nothing is lost for good, and nobody is taken for dead. */
import { expect, test } from '@playwright/test';
import { quantile } from '../../kit/quantile.ts';
import { waitForMembers } from '../../kit/tabs.ts';
import { openLab, type Lab } from '../lab.ts';
import { STUN } from '../turn.ts';
import { delaysOf, expectNobodyDied, waitForAll, watchUpdates, writeUpdates } from '../../kit/updates.ts';

/** How long each level lasts; an hour's run by hand takes ten. */
const MINUTES: number = Number(process.env['GOSSAMER_LAB_MINUTES'] ?? 0.4);
const EVERY_MS: number = 200;
/** At this level SCTP carries about a kilobyte a second, for it waits twice as long after each loss (RFC 9260, 6.3.3). */
const CRAWLING_PERCENT: number = 30;
const CRAWLING_EVERY_MS: number = 1_000;
/** Up to this level updates are to be there within half a second. */
const GENTLE_PERCENT: number = 10;
/** How long what was written last may take. */
const CATCHING_UP_MS: number = 30_000;

let lab: Lab;
test.beforeEach(async () => {
  lab = await openLab();
});
test.afterEach(() => lab.close());

for (const percent of [1, 5, 10, 20, 30]) {
  test(
    `${percent} % of all packets lost: every update comes, nobody is taken for dead`,
    { tag: percent === 10 ? ['@always'] : [] },
    async () => {
      test.setTimeout(120_000 + MINUTES * 60_000);
      const sites = await Promise.all(Array.from({ length: 3 }, () => lab.addSite('port-restricted')));
      const tabs = await Promise.all(sites.map((site) => site.join({ room: 'loss', iceServers: [STUN] })));
      await waitForMembers(tabs);
      await watchUpdates(tabs);
      // Each packet passes two routers: at each so many that as many are lost as is said.
      for (const site of sites) site.lose(1 - Math.sqrt(1 - percent / 100));
      const everyMs = percent < CRAWLING_PERCENT ? EVERY_MS : CRAWLING_EVERY_MS;
      const count = Math.ceil((MINUTES * 60_000) / everyMs);
      const written = await writeUpdates(tabs, { count, everyMs, name: 'loss' });
      await waitForAll(tabs, written, CATCHING_UP_MS);
      const delays = await delaysOf(tabs, written);
      expect(delays.length).toBe(2 * Object.keys(written).length);
      await expectNobodyDied(tabs);
      // It was as bad as that.
      for (const site of sites) expect(site.taken()).toBeGreaterThan(0);
      process.stdout.write(
        `    ${percent} % lost: half within ${quantile(delays, 0.5)} ms, 99 % within ${quantile(delays, 0.99)} ms ` +
          `(goal ${percent > GENTLE_PERCENT ? 2_500 : 500} ms), the last ${delays.at(-1)} ms\n`,
      );
    },
  );
}
