import { expect, test, type BrowserContext, type Page } from '@playwright/test';
import { readdress, startHostileServer, type HostileServer, type Signal } from '../kit/hostile-server.ts';
import { serveBlankPages, type BlankPages } from '../kit/library.ts';
import { createEngine, type Engine } from '../kit/man-in-the-middle.ts';
import { joinPlainly } from '../kit/plain-tab.ts';
import { createFragments } from '../kit/rooms.ts';
import { printTime, waitForLinks, waitForMembers, type Tab } from '../kit/tabs.ts';

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
  server = await startHostileServer({ engine });
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

interface Place {
  readonly url: string;
  readonly room?: string;
  readonly key?: string | undefined;
}

/** Joins with something to show, and notes what is told. */
async function join(page: Page, { url, room = ROOM, key }: Place): Promise<string> {
  return page.evaluate(
    ({ signaling, name, secret, text }) => {
      const mesh = window.gossamer.joinMesh(name, { signaling, presence: { name: text }, ...secret });
      const heard: unknown[] = [];
      const told: { readonly peer: string; readonly reason: string }[] = [];
      const errors: string[] = [];
      mesh.on('peer:misbehaved', (event) => told.push(event));
      mesh.on('error', ({ code }) => errors.push(code));
      mesh.topic('orders').on(({ data }) => heard.push(data));
      Object.assign(window, { mesh, heard, told, errors });
      return mesh.id;
    },
    { signaling: url, name: room, secret: key === undefined ? {} : { key }, text: CHANGE.said },
  );
}

declare global {
  interface Window {
    readonly heard: unknown[];
    readonly told: { readonly peer: string; readonly reason: string }[];
    /** Codes. */
    readonly errors: string[];
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
  const idOfA = await join(a, { url });
  const started = performance.now();
  const idOfB = await join(b, { url });
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
  for (const page of [a, b]) await join(page, { url });
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

/** As an application makes it: a part of a private link. */
async function newKey(): Promise<string> {
  const fragmentOf = await createFragments('private');
  return new URLSearchParams(fragmentOf(ROOM)).get('k')!;
}

async function enter(context: BrowserContext, place: Place): Promise<Tab> {
  const page = await blankPages.open(context);
  return { page, id: await join(page, place) };
}

type Pair = readonly [Tab, Tab];

async function enterLinked(context: BrowserContext, place: Place): Promise<Pair> {
  const pair = await Promise.all([enter(context, place), enter(context, place)]);
  await waitForMembers(pair);
  await waitForLinks(pair);
  return pair;
}

const say = ({ page }: Tab, text: string): Promise<void> =>
  page.evaluate((said) => window.mesh.topic('orders').send(said), text);

const waitToHear = ({ page }: Tab, text: string): Promise<unknown> =>
  page.waitForFunction((said) => window.heard.includes(said), text);

/** Waits until a tab has refused so many for this reason: what the server gave it has arrived, and was looked at. */
const waitForRefused = ({ page }: Tab, reason: string, count: number): Promise<unknown> =>
  page.waitForFunction(([why, least]) => (window.mesh.stats().refused[why] ?? 0) >= least, [
    reason,
    count,
  ] as const);

interface State {
  readonly members: string[];
  readonly open: number;
  readonly constructed: number;
  readonly heard: unknown[];
  readonly errors: string[];
}

const stateOf = ({ page }: Tab): Promise<State> =>
  page.evaluate(() => {
    const { open, constructed } = window.mesh.stats().links;
    const members = [...window.mesh.members].map(({ id }) => id).toSorted();
    return { members, open, constructed, heard: window.heard, errors: window.errors };
  });

/** How many links each has built, those that came to nothing included. */
const builtBy = (tabs: readonly Tab[]): Promise<number[]> =>
  Promise.all(tabs.map(async (tab) => (await stateOf(tab)).constructed));

const idsOf = (tabs: readonly Tab[]): string[] => tabs.map(({ id }) => id).toSorted();

/**
 * To the server a room is what it was told, so that is what the stranger calls it. It is named to the two, they are
 * named to it, and all that they said to each other is said again to it, and to them as if it were the stranger's.
 */
async function bringIn(context: BrowserContext, secret: { readonly key?: string }) {
  const { url, attached, signals, say: tell } = (server = await startHostileServer());
  const two = await enterLinked(context, { url, ...secret });
  const said = [...signals];
  const built = await builtBy(two);
  const { room } = attached()[0]!;
  const stranger = await enter(context, { url, room });
  await expect.poll(() => attached().map(({ id }) => id)).toContain(stranger.id);
  tell(stranger.id, { kind: 'contacts', contacts: idsOf(two) });
  for (const { id } of two) tell(id, { kind: 'contacts', contacts: [stranger.id] });
  for (const { from, to, data } of said) {
    tell(to, { kind: 'signal', from: stranger.id, data });
    tell(stranger.id, { kind: 'signal', from, data });
  }
  return { room, signals, said, built, two, stranger };
}

test('a stranger whom the server brings in is a member where there is no key: the control', async ({
  context,
}) => {
  const { room, two, stranger } = await bringIn(context, {});
  expect(room).toBe(ROOM);
  const all = [...two, stranger];
  await waitForMembers(all);
  await waitForLinks(all);
  await say(two[0], 'among us');
  await waitToHear(stranger, 'among us');
  await say(stranger, 'one of you');
  for (const tab of two) await waitToHear(tab, 'one of you');
});

test('a stranger whom the server brings in is nobody to those who have a key', async ({ context }) => {
  const { room, signals, said, built, two, stranger } = await bringIn(context, { key: await newKey() });
  expect(room).not.toContain(ROOM);
  const fromStranger = (): Signal[] => signals.filter(({ from }) => from === stranger.id);
  await expect.poll(() => fromStranger().length).toBeGreaterThan(0);
  for (const tab of two) {
    const given = [...said, ...fromStranger()].filter(({ to }) => to === tab.id);
    await waitForRefused(tab, 'server-not-opened', given.length);
  }
  await stranger.page.waitForFunction((count) => {
    const counts = Object.values(window.mesh.stats().refused);
    return counts.reduce((sum, one) => sum + one, 0) >= count;
  }, said.length);

  await say(stranger, 'one of you');
  await say(two[0], 'among us');
  await waitToHear(two[1], 'among us');
  const apart = { constructed: 0, open: 0, heard: [], members: [stranger.id] };
  expect(await stateOf(stranger)).toMatchObject(apart);
  for (const [at, tab] of two.entries()) {
    const heard = at === 0 ? [] : ['among us'];
    const together = { open: 1, heard, errors: ['WRONG_KEY'], members: idsOf(two) };
    expect(await stateOf(tab)).toEqual({ ...together, constructed: built[at] });
  }
});

/** Two have met and are gone. Whoever comes next is told all that they said, as said to it where that can be written. */
async function replayOldJoin(context: BrowserContext, secret: { readonly key?: string }) {
  const { url, attached, signals, say: tell } = (server = await startHostileServer());
  const gone = await enterLinked(context, { url, ...secret });
  const said = [...signals];
  for (const { page } of gone) await page.close();
  await expect.poll(attached).toEqual([]);
  const late = await enter(context, { url, ...secret });
  await late.page.waitForFunction(() => window.mesh.status.value === 'alone');
  for (const old of said) {
    const { from, to, data } = readdress(old, late.id);
    tell(to, { kind: 'signal', from, data });
  }
  return { url, said, late };
}

test('signals of an old join have a newcomer build a link to nobody where there is no key: the control', async ({
  context,
}) => {
  const { late } = await replayOldJoin(context, {});
  await late.page.waitForFunction(() => window.mesh.stats().links.constructed > 0);
});

test('signals of an old join open for nobody who comes later with the key', async ({ context }) => {
  const key = await newKey();
  const { url, said, late } = await replayOldJoin(context, { key });
  await waitForRefused(late, 'server-not-opened', said.length);
  expect(await stateOf(late)).toEqual({
    constructed: 0,
    open: 0,
    heard: [],
    errors: ['WRONG_KEY'],
    members: [late.id],
  });

  const next = await enter(context, { url, key });
  await waitForMembers([late, next]);
});

test('signals that are said again are heard once', async ({ context }) => {
  const { url, signals, say: tell } = (server = await startHostileServer());
  const two = await enterLinked(context, { url, key: await newKey() });
  const said = [...signals];
  const built = await builtBy(two);
  for (const { from, to, data } of said) tell(to, { kind: 'signal', from, data });
  for (const tab of two) {
    const given = said.filter(({ to }) => to === tab.id);
    expect(given.length).toBeGreaterThan(0);
    await waitForRefused(tab, 'server-replayed', given.length);
    expect((await stateOf(tab)).errors).toEqual([]);
  }
  expect(await builtBy(two)).toEqual(built);
  await say(two[0], 'still here');
  await waitToHear(two[1], 'still here');
});

test('two plain tabs of different rooms are joined by a server that makes them one: the control @long', async ({
  context,
}) => {
  server = await startHostileServer({ roomFor: () => 'one' });
  const { url } = server;
  const [a, b] = [await blankPages.open(context), await blankPages.open(context)];
  await joinPlainly(a, { url, room: 'red', id: 'a'.repeat(32) });
  await joinPlainly(b, { url, room: 'blue', id: 'b'.repeat(32) });
  for (const page of [a, b]) await page.waitForFunction(() => window.plain.peer?.connected);
  await a.evaluate((said) => window.plain.peer?.send(said), 'for red');
  await b.waitForFunction(() => window.plain.heard.length > 0);
  expect(await b.evaluate(() => window.plain.heard)).toEqual(['for red']);
});

/** Of each room, each member is named to one of the other. */
async function makeOne(context: BrowserContext, keys: { readonly red?: string; readonly blue?: string }) {
  let areOne = false;
  server = await startHostileServer({ roomFor: (room) => (areOne ? 'one' : room) });
  const { url, say: tell } = server;
  const [reds, blues] = await Promise.all([
    enterLinked(context, { url, room: 'red', key: keys.red }),
    enterLinked(context, { url, room: 'blue', key: keys.blue }),
  ]);
  const built = await builtBy([...reds, ...blues]);
  areOne = true;
  for (const [at, { id: red }] of reds.entries()) {
    const blue = blues[at]!.id;
    tell(red, { kind: 'contacts', contacts: [blue] });
    tell(blue, { kind: 'contacts', contacts: [red] });
  }
  return { reds, blues, built };
}

async function expectApart(rooms: { readonly reds: Pair; readonly blues: Pair }): Promise<void> {
  for (const [name, pair] of Object.entries(rooms)) {
    await say(pair[0], `for ${name}`);
    await waitToHear(pair[1], `for ${name}`);
  }
  for (const [name, pair] of Object.entries(rooms)) {
    const [first, second] = [await stateOf(pair[0]), await stateOf(pair[1])];
    expect([first.members, second.members]).toEqual([idsOf(pair), idsOf(pair)]);
    expect([first.heard, second.heard]).toEqual([[], [`for ${name}`]]);
  }
}

test('two open rooms that the server makes one build links to each other, and no handshake holds in both @long', async ({
  context,
}) => {
  const { reds, blues } = await makeOne(context, {});
  for (const { page } of [...reds, ...blues]) await page.waitForFunction(() => window.told.length > 0);
  for (const { page } of [...reds, ...blues]) {
    const reasons = await page.evaluate(() => window.told.map(({ reason }) => reason));
    expect(reasons[0]).toBe('not-proven');
  }
  await expectApart({ reds, blues });
});

test("two rooms with a key each that the server makes one do not open each other's signals @long", async ({
  context,
}) => {
  const [red, blue] = [await newKey(), await newKey()];
  const { reds, blues, built } = await makeOne(context, { red, blue });
  for (const tab of [...reds, ...blues]) await waitForRefused(tab, 'server-not-opened', 1);
  await expectApart({ reds, blues });
  for (const tab of [...reds, ...blues]) expect((await stateOf(tab)).errors).toEqual(['WRONG_KEY']);
  expect(await builtBy([...reds, ...blues])).toEqual(built);
});

test('two whose signals the server keeps back are apart until a third comes, and then know each other @long', async ({
  context,
}) => {
  const kept: Signal[] = [];
  const hostile = await startHostileServer({
    keepsBack: (signal) => {
      const [first, second] = hostile.attached().map(({ id }) => id);
      const isBetween = new Set([first, second, signal.from, signal.to]).size === 2;
      if (isBetween) kept.push(signal);
      return isBetween;
    },
  });
  server = hostile;
  const place = { url: hostile.url, key: await newKey() };
  const pair = [await enter(context, place), await enter(context, place)] as const;
  // The newcomer has asked, and waited for an answer: with nobody else there the attack holds.
  await waitForRefused(pair[1], 'attempt-no-answer', 1);
  expect(kept.length).toBeGreaterThan(0);
  for (const tab of pair) expect((await stateOf(tab)).members).toEqual([tab.id]);

  const third = await enter(context, place);
  const all = [...pair, third];
  const started = performance.now();
  await waitForMembers(all);
  printTime('all listed', started);
  await say(pair[0], 'past the server');
  await waitToHear(pair[1], 'past the server');
  for (const tab of all) expect((await stateOf(tab)).errors).toEqual([]);
});
