/** What becomes of two tabs behind each pair of NATs, with the servers that they have. */
import { expect, test } from '@playwright/test';
import { pause } from '../../kit/pause.ts';
import { printTime } from '../../kit/tabs.ts';
import { openLab, type Lab } from '../lab.ts';
import type { NatKind } from '../network.ts';
import { STUN, turnBy } from '../turn.ts';

let lab: Lab;
test.beforeEach(async () => {
  lab = await openLab();
});
test.afterEach(() => lab.close());

const SERVERS = {
  'no server': [],
  STUN: [STUN],
  'TURN over UDP': [turnBy('udp')],
  'TURN over TCP': [turnBy('tcp')],
} as const;

interface Pair {
  readonly kinds: readonly [NatKind, NatKind];
  readonly servers: keyof typeof SERVERS;
  /** How they end up linked; `none`: they cannot be. */
  readonly link: 'direct' | 'turn' | 'none';
  /** Why not; `needs-turn` unless said otherwise. */
  readonly reasons?: readonly string[];
  /** One of each outcome is looked at whenever all is. */
  readonly always?: true;
}

const PAIRS: readonly Pair[] = [
  { kinds: ['full-cone', 'full-cone'], servers: 'no server', link: 'none' },
  { kinds: ['full-cone', 'full-cone'], servers: 'STUN', link: 'direct' },
  { kinds: ['port-restricted', 'port-restricted'], servers: 'STUN', link: 'direct', always: true },
  { kinds: ['symmetric', 'full-cone'], servers: 'STUN', link: 'direct' },
  { kinds: ['symmetric', 'port-restricted'], servers: 'STUN', link: 'none' },
  { kinds: ['symmetric', 'symmetric'], servers: 'STUN', link: 'none', always: true },
  { kinds: ['symmetric', 'port-restricted'], servers: 'TURN over UDP', link: 'turn' },
  { kinds: ['symmetric', 'symmetric'], servers: 'TURN over UDP', link: 'turn', always: true },
  // The one has a relay, which the other cannot reach.
  {
    kinds: ['blocked', 'symmetric'],
    servers: 'TURN over UDP',
    link: 'none',
    reasons: ['needs-turn', 'ice-failed'],
  },
  { kinds: ['blocked', 'blocked'], servers: 'TURN over TCP', link: 'turn', always: true },
  { kinds: ['blocked', 'port-restricted'], servers: 'TURN over TCP', link: 'turn' },
  { kinds: ['blocked', 'full-cone'], servers: 'TURN over TCP', link: 'turn' },
];

/** As long as a pair that cannot be linked is looked at after each end has said why. */
const APART_MS: number = 10_000;

for (const { kinds, servers, link, reasons = ['needs-turn'], always } of PAIRS) {
  const outcome = link === 'none' ? 'cannot be linked, and say so' : `are linked (${link})`;
  test(
    `${kinds.join(' and ')}, with ${servers}: ${outcome}`,
    { tag: always ? ['@always'] : [] },
    async () => {
      const iceServers = SERVERS[servers];
      const sites = await Promise.all(kinds.map((kind) => lab.addSite(kind)));
      const started = performance.now();
      const tabs = await Promise.all(sites.map((site) => site.join({ room: 'nat', iceServers })));
      for (const [n, { page }] of tabs.entries()) {
        const other = tabs[1 - n]!.id;
        if (link === 'none') {
          await page.waitForFunction((id) => window.mesh.explain(id).last !== undefined, other);
          const { last } = await page.evaluate((id) => window.mesh.explain(id), other);
          expect(reasons).toContain(last?.reason);
          continue;
        }
        await page.waitForFunction(({ id, wanted }) => window.mesh.members.get(id)?.link === wanted, {
          id: other,
          wanted: link,
        });
      }
      printTime(`${kinds.join(' and ')}, ${servers}: ${link}`, started);
      if (link !== 'none') return;
      await pause(APART_MS);
      for (const { page } of tabs) expect(await page.evaluate(() => window.mesh.stats().links.open)).toBe(0);
    },
  );
}
