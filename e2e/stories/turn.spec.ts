/** What a real browser makes of TURN servers that do not help, and what its tabs then tell others of themselves. */
import { expect, test, type Page } from '@playwright/test';
import { serveBlankPages, type BlankPages } from '../kit/library.ts';
import { startServer, type Server } from '../kit/server.ts';
import { startRefusingTurn, type RefusingTurn } from '../kit/turn.ts';

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
