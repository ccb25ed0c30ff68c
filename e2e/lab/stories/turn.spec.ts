/** TURN as it is lived with: relayed by choice, and by credentials that expire. */
import { expect, test } from '@playwright/test';
import { printTime } from '../../kit/tabs.ts';
import { openLab, type Lab } from '../lab.ts';
import { SERVER_ADDRESS } from '../network.ts';
import type { LabTab } from '../tabs.ts';
import { turnBy } from '../turn.ts';

let lab: Lab;
test.beforeEach(async () => {
  lab = await openLab();
});
test.afterEach(() => lab.close());

const waitForTurn = ({ page }: LabTab, other: string): Promise<unknown> =>
  page.waitForFunction((id) => window.mesh.members.get(id)?.link === 'turn', other);

/** Where a tab was told that the other end can be reached, each address once. */
const addressesToldTo = ({ page }: LabTab): Promise<string[]> =>
  page.evaluate(() => {
    const descriptions = window.connections.map(({ remoteDescription }) => remoteDescription?.sdp ?? '');
    const lines = descriptions.flatMap((sdp) => sdp.match(/^a=candidate:.*$/gmu) ?? []);
    const named = lines.flatMap((line) => {
      const [, , , , address = '', , , , ...more] = line.split(' ');
      const related = more.indexOf('raddr');
      return related < 0 ? [address] : [address, more[related + 1] ?? ''];
    });
    return [...new Set(named)].toSorted();
  });

test('two tabs that could be linked directly, but are to be relayed, learn no address of each other', async () => {
  const sites = [await lab.addSite('full-cone'), await lab.addSite('full-cone')];
  const started = performance.now();
  const join = { room: 'relayed', iceServers: [turnBy('udp')], policy: 'relay' } as const;
  const tabs = (await Promise.all(sites.map((site) => site.join(join)))) as [LabTab, LabTab];
  for (const [n, tab] of tabs.entries()) {
    await waitForTurn(tab, tabs[1 - n]!.id);
    expect(await addressesToldTo(tab)).toEqual(['0.0.0.0', SERVER_ADDRESS]);
  }
  printTime('full cones, relayed by choice', started);
});

test('two tabs that only TURN can link are, as soon as their credentials are renewed', async () => {
  const sites = [await lab.addSite('symmetric'), await lab.addSite('symmetric')];
  const started = performance.now();
  const join = { room: 'renewed', iceServers: [turnBy('udp', -3_600)], renewed: [turnBy('udp')] };
  const tabs = (await Promise.all(sites.map((site) => site.join(join)))) as [LabTab, LabTab];
  const [one, other] = tabs;
  await one.page.waitForFunction((id) => window.mesh.explain(id).last !== undefined, other.id);
  const { last } = await one.page.evaluate((id) => window.mesh.explain(id), other.id);
  expect(last?.reason).toBe('needs-turn');
  expect(last?.iceErrors.map(({ code }) => code)).toContain(401);
  for (const [n, tab] of tabs.entries()) await waitForTurn(tab, tabs[1 - n]!.id);
  printTime('symmetric NATs, credentials renewed', started);
});
