import { expect, test, type BrowserContext, type Page } from '@playwright/test';
import { startHostileServer, type HostileServer } from '../kit/hostile-server.ts';
import { serveBlankPages, type BlankPages } from '../kit/library.ts';
import { createEngine, type Engine } from '../kit/man-in-the-middle.ts';
import { joinPlainly } from '../kit/plain-tab.ts';
import { printTime } from '../kit/tabs.ts';

const ROOM = 'vault';
const CHANGE = { said: 'pay 9', heard: 'pay 999' };

let blankPages: BlankPages;
let server: HostileServer | undefined;
test.beforeAll(async () => {
  blankPages = await serveBlankPages();
});
test.afterEach(() => server?.stop());
test.afterAll(() => blankPages.close());

/** The attacker is the server, and a page that ends every connection. */
async function attack(context: BrowserContext): Promise<{ readonly url: string; readonly engine: Engine }> {
  const engine = await createEngine(await blankPages.open(context), CHANGE);
  server = await startHostileServer(engine);
  return { url: server.url, engine };
}

test('two plain simple-peer tabs are read and lied to by their server: the control', async ({ context }) => {
  const { url, engine } = await attack(context);
  const [a, b] = [await blankPages.open(context), await blankPages.open(context)];
  await joinPlainly(a, { url, room: ROOM, id: 'a'.repeat(32) });
  await joinPlainly(b, { url, room: ROOM, id: 'b'.repeat(32) });
  for (const page of [a, b]) await page.waitForFunction(() => window.plain.peer?.connected);
  await a.evaluate((said) => window.plain.peer?.send(said), CHANGE.said);
  await b.waitForFunction(() => window.plain.heard.length > 0);

  expect(await b.evaluate(() => window.plain.heard)).toEqual([CHANGE.heard]);
  const read = (await engine.read()).map((bytes) => Buffer.from(bytes).toString());
  expect(read).toEqual([CHANGE.said]);
});

/** Joins with something to show, and notes what is told. */
async function join(page: Page, signaling: string): Promise<string> {
  return page.evaluate(
    ({ url, room, text }) => {
      const mesh = window.gossamer.joinMesh(room, { signaling: url, presence: { name: text } });
      const heard: unknown[] = [];
      const told: { readonly peer: string; readonly reason: string }[] = [];
      mesh.on('peer:misbehaved', (event) => told.push(event));
      mesh.topic('orders').on(({ data }) => heard.push(data));
      Object.assign(window, { mesh, heard, told });
      return mesh.id;
    },
    { url: signaling, room: ROOM, text: CHANGE.said },
  );
}

declare global {
  interface Window {
    readonly heard: unknown[];
    readonly told: { readonly peer: string; readonly reason: string }[];
  }
}

/** The frames in what was decrypted: each stands behind its length in two bytes. */
function framesOf(bundle: readonly number[]): number[][] {
  const frames: number[][] = [];
  for (let at = 0; at < bundle.length;) {
    const end = at + 2 + bundle[at]! * 256 + bundle[at + 1]!;
    frames.push(bundle.slice(at + 2, end));
    at = end;
  }
  return frames;
}

test('two tabs of ours find such a server out, and it reads nothing of what they say', async ({
  context,
}) => {
  const { url, engine } = await attack(context);
  const [a, b] = [await blankPages.open(context), await blankPages.open(context)];
  const idOfA = await join(a, url);
  const started = performance.now();
  const idOfB = await join(b, url);
  for (const page of [a, b]) await page.waitForFunction(() => window.told.length > 0);
  printTime('found out by both', started);
  expect(await a.evaluate(() => window.told[0])).toEqual({ peer: idOfB, reason: 'not-proven' });
  expect(await b.evaluate(() => window.told[0])).toEqual({ peer: idOfA, reason: 'not-proven' });

  await a.evaluate((said) => window.mesh.topic('orders').send(said), CHANGE.said);
  // They try once more on their own: that is found out as well.
  for (const page of [a, b])
    await page.waitForFunction(() => window.told.length > 1, undefined, { timeout: 60_000 });
  for (const page of [a, b]) {
    const { links, members, heard, told } = await page.evaluate(() => ({
      links: window.mesh.stats().links,
      members: window.mesh.members.size,
      heard: window.heard,
      told: window.told,
    }));
    expect([links.open, links.sentFrames, links.receivedFrames, members]).toEqual([0, 0, 0, 1]);
    expect(heard).toEqual([]);
    // One end may have given the later try up while the other was still greeting.
    const [first, ...later] = told.map(({ reason }) => reason);
    expect(first).toBe('not-proven');
    for (const reason of later)
      expect(['not-proven', 'bad-handshake', 'handshake-timeout']).toContain(reason);
  }

  // What it could read were hails and proofs, whole ones and nothing else.
  const frames = (await engine.read()).flatMap(framesOf);
  expect(new Set(frames.map((frame) => `${frame[0]} ${frame[1]} ${frame.length}`))).toEqual(
    new Set(['255 1 67', '255 2 66']),
  );
  expect(frames.map((frame) => Buffer.from(frame).toString()).join(' ')).not.toContain('pay');
});

test('the same tabs are joined by the same server where it is honest', async ({ context }) => {
  server = await startHostileServer();
  const { url } = server;
  const [a, b] = [await blankPages.open(context), await blankPages.open(context)];
  for (const page of [a, b]) await join(page, url);
  for (const page of [a, b])
    await page.waitForFunction(
      (name) => [...window.mesh.members].filter(({ presence }) => presence.name === name).length === 2,
      CHANGE.said,
    );
  await a.evaluate((said) => window.mesh.topic('orders').send(said), CHANGE.said);
  await b.waitForFunction(() => window.heard.length > 0);
  expect(await b.evaluate(() => window.heard)).toEqual([CHANGE.said]);
  for (const page of [a, b]) expect(await page.evaluate(() => window.told)).toEqual([]);
});
