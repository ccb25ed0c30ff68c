import { expect } from '@playwright/test';
import { joinFailure, serveBlankPages, type BlankPages } from '../kit/library.ts';
import { test } from '../kit/rooms.ts';
import { freePort, isRefused, startServer, type Server } from '../kit/server.ts';
import { openTab, printTime } from '../kit/tabs.ts';

let server: Server;
let blankPages: BlankPages;
test.beforeAll(async () => {
  server = await startServer();
  blankPages = await serveBlankPages();
});
test.afterAll(async () => {
  blankPages.close();
  await server.kill();
});

test('a wrong address or room is told by its code when joining, and the right one joins afterwards', async ({
  context,
  keyOf,
}) => {
  const page = await blankPages.open(context);
  for (const signaling of ['ftp://127.0.0.1/', 'ws://', 'http://[', 'localhost:8080', 'mailto:someone']) {
    const failure = await joinFailure(page, { room: 'wrong', signaling });
    expect(failure).toMatchObject({ code: 'BAD_SIGNALING_URL' });
  }
  for (const room of ['', 'x'.repeat(129)]) {
    const failure = await joinFailure(page, { room, signaling: server.url });
    expect(failure).toMatchObject({ code: 'BAD_ROOM' });
  }

  const options = { signaling: server.url, key: keyOf('right') };
  const statuses = await page.evaluate(async (right) => {
    const mesh = window.gossamer.joinMesh('right', right);
    await mesh.ready;
    const before = mesh.status.value;
    await mesh.leave();
    return [before, mesh.status.value];
  }, options);
  expect(statuses).toEqual(['alone', 'closed']);
});

test('a server that does not answer is told once, and the join goes on until one does', async ({
  context,
  keyOf,
}) => {
  const port = await freePort();
  expect(await isRefused(port)).toBe(true);
  const pages = [await blankPages.open(context), await blankPages.open(context)] as const;
  for (const page of pages) {
    // The browser's own word for a failed dial: more than one of them shows that the join goes on trying.
    let dials = 0;
    page.on('websocket', () => (dials += 1));
    const options = { signaling: `ws://127.0.0.1:${port}`, key: keyOf('patience') };
    await page.evaluate((patient) => {
      const mesh = window.gossamer.joinMesh('patience', patient);
      const errors: { readonly code: string }[] = [];
      mesh.on('error', ({ code }) => errors.push({ code }));
      Object.assign(window, { mesh, seen: { messages: [], left: [], errors } });
    }, options);
    await page.waitForFunction(() => window.seen.errors.length > 0);
    await expect.poll(() => dials).toBeGreaterThan(2);
  }

  const late = await startServer(port);
  try {
    const started = performance.now();
    for (const page of pages) {
      await page.evaluate(() => window.mesh.ready);
      await page.waitForFunction(() => window.mesh.status.value === 'connected');
      // A link is there before its other end's record has been verified.
      await page.waitForFunction(() => window.mesh.members.size === 2);
      expect(await page.evaluate(() => window.seen.errors)).toEqual([{ code: 'SIGNALING_UNREACHABLE' }]);
    }
    printTime('two tabs joined once the server was there', started);
  } finally {
    await late.kill();
  }
});

test('a value that is too large is refused with a code and changes nothing', async ({
  context,
  fragmentOf,
}) => {
  const tab = await openTab(context, { url: server.url, room: fragmentOf('large') });
  const outcome = await tab.page.evaluate(() => {
    try {
      window.mesh.map('notes').set('big', 'x'.repeat(20_000));
      return 'accepted';
    } catch (error) {
      return (error as { code?: string }).code;
    }
  });
  expect(outcome).toBe('VALUE_TOO_LARGE');
  expect(await tab.page.evaluate(() => window.mesh.map('notes').has('big'))).toBe(false);
});

/** A browser without WebRTC, or with it switched off. */
function removeWebRtc(): void {
  for (const name of [
    'RTCPeerConnection',
    'webkitRTCPeerConnection',
    'RTCSessionDescription',
    'RTCIceCandidate',
  ]) {
    Reflect.deleteProperty(window, name);
  }
}

test('a browser without WebRTC is told so, by the library and by the page', async ({
  context,
  fragmentOf,
}) => {
  const blank = await blankPages.open(context, removeWebRtc);
  const failure = await joinFailure(blank, { room: 'none', signaling: server.url });
  expect(failure).toMatchObject({ code: 'WEBRTC_MISSING' });

  const page = await context.newPage();
  await page.addInitScript(removeWebRtc);
  await page.goto(`${server.url}#${fragmentOf('none')}`);
  const error = page.getByTestId('error');
  await expect(error).toHaveAttribute('data-code', 'WEBRTC_MISSING');
  await expect(error).toContainText('This browser cannot link tabs directly');
  // The sentence on top does not go on saying that something is being started.
  await expect(page.getByTestId('sentence')).not.toHaveText(/starting/i);
});

/** What a page sees that came by plain http from another machine. */
function removeWebCrypto(): void {
  Object.defineProperty(Crypto.prototype, 'subtle', { value: undefined });
}

test('a page without WebCrypto is told so, by the library and by the page', async ({
  context,
  fragmentOf,
}) => {
  const blank = await blankPages.open(context, removeWebCrypto);
  const failure = await joinFailure(blank, { room: 'none', signaling: server.url });
  expect(failure).toMatchObject({ code: 'CRYPTO_MISSING' });

  const page = await context.newPage();
  await page.addInitScript(removeWebCrypto);
  await page.goto(`${server.url}#${fragmentOf('none')}`);
  await expect(page.getByTestId('error')).toHaveAttribute('data-code', 'CRYPTO_MISSING');
  await expect(page.getByTestId('error')).toContainText('by https');
});

test('descriptions that no browser reads are told as such, stop nothing, and good ones link the same tabs @long', async ({
  context,
}) => {
  const pages = [await blankPages.open(context), await blankPages.open(context)] as const;
  let isSpoilt = true;
  for (const page of pages) {
    // Whoever carries them may change them: here the first line of each, in its place.
    await page.routeWebSocket(/.*/, (socket) => {
      const onward = socket.connectToServer();
      socket.onMessage((text) => {
        const message = JSON.parse(text.toString()) as { readonly data?: string };
        const data = Buffer.from(message.data ?? '', 'base64');
        const at = data.indexOf('v=0');
        if (isSpoilt && at >= 0) data.write('x=9', at);
        onward.send(at < 0 ? text : JSON.stringify({ ...message, data: data.toString('base64') }));
      });
    });
  }
  const ids: string[] = [];
  for (const page of pages) {
    const id = await page.evaluate((signaling) => {
      const mesh = window.gossamer.joinMesh('spoilt', { signaling });
      Object.assign(window, { mesh });
      return mesh.id;
    }, server.url);
    ids.push(id);
  }
  // The lower id offers, so it is the other that reads.
  const [offering, reading] = ids[0]! < ids[1]! ? ([0, 1] as const) : ([1, 0] as const);
  const lastAt = (n: 0 | 1): Promise<string | undefined> =>
    pages[n].evaluate((id) => window.mesh.explain(id).last?.reason, ids[1 - n]!);
  await expect.poll(() => lastAt(reading)).toBe('bad-description');
  await expect.poll(() => lastAt(offering)).toBe('timed-out');
  const counted = await pages[reading].evaluate(() => window.mesh.stats().refused['link-bad-description']);
  expect(counted).toBeGreaterThan(0);

  isSpoilt = false;
  for (const [n, page] of pages.entries()) {
    await page.waitForFunction((id) => window.mesh.explain(id).reason === 'linked', ids[1 - n]!);
    // Its record comes over the link, and so a moment after it.
    await page.waitForFunction(() => [...window.mesh.members].length === 2);
  }
});
