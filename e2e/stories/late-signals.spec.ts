/** What a server kept for so long that the link it was meant for is gone: it is counted, and builds and breaks nothing. */
import { expect, test, type BrowserContext } from '@playwright/test';
import { openEnvelope, startHostileServer, type HostileServer, type Signal } from '../kit/hostile-server.ts';
import { serveBlankPages, type BlankPages } from '../kit/library.ts';
import { waitForLinks, waitForMembers, type Tab } from '../kit/tabs.ts';

let blankPages: BlankPages;
let server: HostileServer | undefined;
test.beforeAll(async () => {
  blankPages = await serveBlankPages();
});
test.afterEach(() => server?.stop());
test.afterAll(() => blankPages.close());

async function enter(context: BrowserContext, url: string): Promise<Tab> {
  const page = await blankPages.open(context);
  const id = await page.evaluate((signaling) => {
    const mesh = window.gossamer.joinMesh('late', { signaling });
    Object.assign(window, { mesh });
    return mesh.id;
  }, url);
  return { page, id };
}

/** Of what one end described, the candidates alone; nothing of what describes nothing. */
function candidatesOf({ from, to, data }: Signal): readonly Signal[] {
  const opened = openEnvelope(data);
  const candidates = opened?.descriptions.filter(({ type }) => type === 'candidate') ?? [];
  return opened && candidates.length > 0 ? [{ from, to, data: opened.seal(candidates) }] : [];
}

test('candidates for a link that was given up are counted and build nothing, and the same tabs link afterwards @long', async ({
  context,
}) => {
  const kept: Signal[] = [];
  let keeps = true;
  const { url, say } = (server = await startHostileServer({
    keepsBack: (signal) => {
      const isKept = keeps && candidatesOf(signal).length > 0;
      if (isKept) kept.push(signal);
      return isKept;
    },
  }));
  const tabs = [await enter(context, url), await enter(context, url)] as const;
  const explained = ({ page }: Tab, n: number) =>
    page.evaluate((id) => window.mesh.explain(id), tabs[1 - n]!.id);
  // They have just failed twice: neither tries the other again for ten seconds.
  await expect
    .poll(
      async () => {
        const both = await Promise.all(tabs.map(explained));
        return both.every(({ reason, last }) => reason === 'resting' && last!.agoMs < 2_000);
      },
      { intervals: [200] },
    )
    .toBe(true);
  const [late] = kept.flatMap(candidatesOf) as [Signal];
  const reader = tabs.find(({ id }) => id === late.to)!;
  const look = () =>
    reader.page.evaluate((id) => {
      const { links, refused } = window.mesh.stats();
      const { constructed, open } = links;
      // While it rests nothing has begun of itself.
      const { reason, last } = window.mesh.explain(id);
      return { constructed, open, reason, last: last?.reason, stale: refused['stale-description'] ?? 0 };
    }, late.from);
  const before = await look();
  expect(before).toMatchObject({ open: 0, reason: 'resting', last: 'timed-out' });
  say(late.to, { kind: 'signal', from: late.from, data: late.data });
  const after = { ...before, stale: before.stale + 1 };
  await expect.poll(look).toEqual(after);
  // Nor was it about to begin anything: what the server says next is heard, and all is as it was.
  const received = () => reader.page.evaluate(() => window.mesh.stats().signaling.receivedBytes);
  const receivedBefore = await received();
  say(late.to, { kind: 'contacts', contacts: [late.from] });
  await expect.poll(received).toBeGreaterThan(receivedBefore);
  expect(await look()).toEqual(after);

  keeps = false;
  await waitForMembers(tabs);
  await waitForLinks(tabs);
});
