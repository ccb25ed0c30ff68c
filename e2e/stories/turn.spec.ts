/** What a real browser makes of TURN servers that do not help, and what its tabs then tell others of themselves. */
import { expect, test, type BrowserContext, type Page } from '@playwright/test';
import { serveBlankPages, type BlankPages } from '../kit/library.ts';
import { takeNotes } from '../kit/page-side.ts';
import { startServer, type Server } from '../kit/server.ts';
import { tell, waitForLinks, waitForMembers, type Tab } from '../kit/tabs.ts';
import { startRefusingTurn, type RefusingTurn } from '../kit/turn.ts';
import { expectNobodyDied } from '../kit/updates.ts';

let server: Server;
let blankPages: BlankPages;
let turn: RefusingTurn;
test.beforeAll(async () => {
  server = await startServer();
  blankPages = await serveBlankPages();
  turn = await startRefusingTurn();
});
test.afterAll(async () => {
  turn.stop();
  blankPages.close();
  await server.kill();
});

/** Everything that a page says to the server from now on; what signals hold is decoded. */
function listen(page: Page): string[] {
  const said: string[] = [];
  page.on('websocket', (socket) => {
    socket.on('framesent', ({ payload }) => {
      const { data } = JSON.parse(payload.toString()) as { readonly data?: string };
      said.push(Buffer.from(data ?? '', 'base64').toString('latin1'));
    });
  });
  return said;
}

interface Relay {
  readonly room: string;
  readonly policy: RTCIceTransportPolicy;
}

/** Joins with a function that names the TURN server; gives the id. */
const join = (page: Page, { room, policy }: Relay): Promise<string> =>
  page.evaluate(
    (options) => {
      const iceServers = [{ urls: options.url, username: 'ada', credential: 'guessed' }];
      const mesh = window.gossamer.joinMesh(options.room, {
        signaling: options.signaling,
        rtc: { iceTransportPolicy: options.policy, iceServers: () => Promise.resolve({ iceServers }) },
      });
      Object.assign(window, { mesh });
      return mesh.id;
    },
    { room, policy, url: turn.url, signaling: server.url },
  );

const DESCRIPTION = 'a=ice-ufrag';
const candidatesIn = (said: readonly string[]): string[] =>
  said.join('\n').match(/candidate:[^"\\]*/gu) ?? [];

test('two tabs that are to be relayed, by a server that refuses them, tell no address, and know what they lack', async ({
  context,
}) => {
  const pages = [await blankPages.open(context), await blankPages.open(context)] as const;
  const said = pages.map(listen);
  const ids = [
    await join(pages[0], { room: 'relayed', policy: 'relay' }),
    await join(pages[1], { room: 'relayed', policy: 'relay' }),
  ];
  for (const [n, page] of pages.entries()) {
    await page.waitForFunction((id) => window.mesh.explain(id).last !== undefined, ids[1 - n]!);
    const { told, refused } = await page.evaluate(
      (id) => ({ told: window.mesh.explain(id), refused: window.mesh.stats().refused }),
      ids[1 - n]!,
    );
    expect(told.last).toMatchObject({ reason: 'needs-turn' });
    expect(told.last!.iceErrors.map(({ code, url }) => [code, url.split('?')[0]])).toContainEqual([
      401,
      turn.url,
    ]);
    expect(refused['link-needs-turn']).toBeGreaterThan(0);
    const spoken = said[n]!.join('\n');
    expect(spoken).toContain(DESCRIPTION);
    expect(candidatesIn(said[n]!)).toEqual([]);
    expect(spoken.match(/IN IP[46] [\d.:a-f]+/gu)?.filter((each) => each !== 'IN IP4 0.0.0.0')).toEqual([]);
    expect(spoken).not.toContain('.local');
  }
});

test('the same tabs link where they need not be relayed, and then name where they are', async ({
  context,
}) => {
  const pages = [await blankPages.open(context), await blankPages.open(context)] as const;
  const said = pages.map(listen);
  await join(pages[0], { room: 'open', policy: 'all' });
  const id = await join(pages[1], { room: 'open', policy: 'all' });
  // Its record comes over the link, and so a moment after it.
  await pages[0].waitForFunction((other) => window.mesh.members.get(other)?.link === 'direct', id);
  expect(await pages[0].evaluate((other) => window.mesh.explain(other).reason, id)).toBe('linked');
  expect(candidatesIn(said.flat()).some((candidate) => candidate.includes(' typ host'))).toBe(true);
});

/** Two that are linked directly; each notes what it sees. */
async function openPair(context: BrowserContext, room: string): Promise<readonly [Tab, Tab]> {
  const open = async (): Promise<Tab> => {
    const page = await blankPages.open(context);
    const id = await join(page, { room, policy: 'all' });
    await page.evaluate(takeNotes);
    return { page, id };
  };
  const pair = [await open(), await open()] as const;
  await waitForMembers(pair);
  await waitForLinks(pair);
  return pair;
}

test('one that is to be relayed, by a server that refuses it, learns so of each, and the others go on @long', async ({
  context,
}) => {
  const pair = await openPair(context, 'mixed');
  const page = await blankPages.open(context);
  const id = await join(page, { room: 'mixed', policy: 'relay' });
  await tell(pair[0], [pair[1]], 'while it tries');
  for (const other of pair) {
    await page.waitForFunction((one) => window.mesh.explain(one).last !== undefined, other.id);
    const last = await page.evaluate((one) => window.mesh.explain(one).last!, other.id);
    expect(last.reason).toBe('needs-turn');
    expect(last.iceErrors.map(({ code, url }) => [code, url.split('?')[0]])).toContainEqual([401, turn.url]);
    await other.page.waitForFunction((one) => window.mesh.explain(one).last?.reason === 'needs-turn', id);
  }
  await tell(pair[1], [pair[0]], 'and on');
  await waitForMembers(pair);
  await expectNobodyDied(pair);
});

test('one whose question for servers is never answered says so and joins without, and keeps nobody waiting', async ({
  context,
}) => {
  const pair = await openPair(context, 'unanswered');
  const page = await blankPages.open(context);
  const id = await page.evaluate((signaling) => {
    const iceServers = (): Promise<never> => new Promise(() => {});
    const mesh = window.gossamer.joinMesh('unanswered', { signaling, rtc: { iceServers } });
    Object.assign(window, { mesh });
    return mesh.id;
  }, server.url);
  await page.evaluate(takeNotes);
  await tell(pair[0], [pair[1]], 'while it asks');

  await page.evaluate(() => window.mesh.ready);
  expect(await page.evaluate(() => window.seen.errors)).toEqual([{ code: 'ICE_SERVERS_MISSING' }]);
  expect(await page.evaluate(() => window.mesh.stats().refused['ice-timeout'])).toBeGreaterThan(0);
  const joined = { page, id };
  const all = [joined, ...pair];
  await waitForMembers(all);
  await waitForLinks(all);
  await tell(joined, pair, 'without servers');
  await expectNobodyDied(all);
});
