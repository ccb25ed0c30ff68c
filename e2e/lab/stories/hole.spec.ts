/** A pair that no server helps and that cannot be linked is one room all the same, through a third tab. */
import { expect, test } from '@playwright/test';
import { quantile } from '../../kit/quantile.ts';
import { printTime, waitForMembers } from '../../kit/tabs.ts';
import { openLab, type Lab } from '../lab.ts';
import { STUN } from '../turn.ts';
import { delaysOf, expectNobodyDied, waitForAll, watchUpdates, writeUpdates } from '../../kit/updates.ts';

let lab: Lab;
test.beforeEach(async () => {
  lab = await openLab();
});
test.afterEach(() => lab.close());

test(
  'two tabs behind symmetric NATs, without TURN, are one room through a third',
  { tag: '@always' },
  async () => {
    const sites = await Promise.all([
      lab.addSite('symmetric'),
      lab.addSite('symmetric'),
      lab.addSite('full-cone'),
    ]);
    const started = performance.now();
    const tabs = await Promise.all(sites.map((site) => site.join({ room: 'hole', iceServers: [STUN] })));
    await waitForMembers(tabs);
    printTime('three tabs list all three', started);
    const [a, b, c] = tabs as [(typeof tabs)[0], (typeof tabs)[0], (typeof tabs)[0]];
    for (const [tab, other] of [
      [a, b],
      [b, a],
    ] as const) {
      await tab.page.waitForFunction((id) => window.mesh.members.get(id)?.link === 'direct', c.id);
      await tab.page.waitForFunction((id) => window.mesh.explain(id).last !== undefined, other.id);
      const told = await tab.page.evaluate(
        (id) => ({ member: window.mesh.members.get(id), why: window.mesh.explain(id) }),
        other.id,
      );
      expect(told.member).toMatchObject({ link: 'via', hops: 2 });
      expect(told.why.last?.reason).toBe('needs-turn');
    }
    await watchUpdates(tabs);
    const written = await writeUpdates(tabs, { count: 40, everyMs: 50, name: 'hole' });
    await waitForAll(tabs, written, 20_000);
    const delays = await delaysOf(tabs, written);
    expect(delays.length).toBe(2 * Object.keys(written).length);
    process.stdout.write(
      `    updates: half within ${quantile(delays, 0.5)} ms, 99 % within ${quantile(delays, 0.99)} ms (goal 500 ms)\n`,
    );
    await expectNobodyDied(tabs);
  },
);
