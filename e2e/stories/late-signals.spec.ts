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
  for (const [n, { page }] of tabs.entries())
    await page.waitForFunction((id) => window.mesh.explain(id).last?.reason === 'timed-out', tabs[1 - n]!.id);
  const [late] = kept.flatMap(candidatesOf) as [Signal];
  const reader = tabs.find(({ id }) => id === late.to)!;
  const look = () =>
    reader.page.evaluate((id) => {
      const { links, refused } = window.mesh.stats();
      const { constructed, open } = links;
      const { reason } = window.mesh.explain(id).last!;
      return { constructed, open, reason, stale: refused['stale-description'] ?? 0 };
    }, late.from);
  const before = await look();
  say(late.to, { kind: 'signal', from: late.from, data: late.data });
  await expect.poll(look).toEqual({ ...before, stale: before.stale + 1 });

  keeps = false;
  await waitForMembers(tabs);
  await waitForLinks(tabs);
});
