/** Tabs that are hidden, frozen, or stopped in a debugger: they stay, or come back by themselves. */
import { expect, test } from '@playwright/test';
import { pause } from '../kit/pause.ts';
import { startChromium, type RawChromium, type RawTab } from '../kit/raw-chromium.ts';
import { startServer, type Server } from '../kit/server.ts';
import { printTime } from '../kit/tabs.ts';

let server: Server;
let browser: RawChromium;
test.beforeAll(async () => {
  server = await startServer();
  browser = await startChromium();
});
test.afterAll(async () => {
  await browser.close();
  await server.kill();
});

/** Three tabs that list and link each other; the first is in front. */
async function openThree(room: string): Promise<readonly [RawTab, RawTab, RawTab]> {
  const tabs = [
    await browser.open(`${server.url}#${room}`),
    await browser.open(`${server.url}#${room}`),
    await browser.open(`${server.url}#${room}`),
  ] as const;
  for (const tab of tabs) await until(tab, 'mesh.members.size === 3 && mesh.stats().links.open === 2');
  await tabs[0].show();
  await until(tabs[0], 'document.visibilityState === "visible"');
  await until(tabs[2], 'document.visibilityState === "hidden"');
  return tabs;
}

const until = (tab: RawTab, condition: string): Promise<void> =>
  expect.poll(() => tab.ask(condition), { intervals: [50] }).toBe(true);
const say = (tab: RawTab, text: string): Promise<unknown> =>
  tab.ask(`mesh.topic('story').send(${JSON.stringify(text)})`);
const heardBy = (tab: RawTab): Promise<string[]> => tab.ask('seen.messages.map(({ data }) => data)');
const member = (tab: RawTab, facts: string): string =>
  `((member) => member !== undefined && ${facts})(mesh.members.get('${tab.id}'))`;

test('a hidden tab stays a member, as one that is away, and keeps up', async () => {
  const [front, , hidden] = await openThree('hidden');
  await until(front, member(hidden, "member.activity === 'away' && member.status === 'alive'"));
  await until(hidden, "document.querySelectorAll('.member[data-activity=away]').length === 2");
  for (let second = 0; second < 12; second++) {
    await say(front, `word ${second}`);
    await front.ask(`mesh.map('notes').set('n', ${second})`);
    await until(hidden, `seen.messages.length === ${second + 1} && mesh.map('notes').get('n') === ${second}`);
    await pause(1_000);
  }
  for (const tab of [front, hidden]) expect(await tab.ask('seen.left')).toEqual([]);
  await say(hidden, 'from behind');
  await until(front, "seen.messages.some(({ data }) => data === 'from behind')");
  await hidden.show();
  await until(front, member(hidden, "member.activity === 'active'"));
});

/** Notes who joins from now on, and whether it had been there before. */
const noteReturns = (tab: RawTab): Promise<unknown> =>
  tab.ask(
    "window.returns = []; mesh.on('member:join', ({ member, returned }) => returns.push([member.id, returned]))",
  );

/** Notes what the tab is told that it missed, and each cursor that it shows of another. */
const noteMissed = (tab: RawTab, other: RawTab): Promise<unknown> =>
  tab.ask(`
    window.missed = 0;
    window.cursors = [mesh.members.get('${other.id}').presence.cursor.x];
    mesh.on('message:gap', ({ from, missed }) => { if (from === '${other.id}') window.missed += missed; });
    mesh.on('member:update', ({ member }) => {
      const x = member.presence.cursor?.x;
      if (member.id === '${other.id}' && x !== cursors.at(-1)) cursors.push(x);
    });
  `);
const show = (tab: RawTab, x: number): Promise<unknown> =>
  tab.ask(`mesh.presence.set({ cursor: { x: ${x}, y: 0 } })`);
const shows = (tab: RawTab, x: number): string => member(tab, `member.presence.cursor?.x === ${x}`);

/** The tab stands still for so long, and then goes on; while it does, another speaks, writes and shows something else. */
async function standStill(
  room: string,
  stand: (tab: RawTab, still: boolean) => Promise<void>,
  ms: number,
): Promise<void> {
  const [front, other, sleeper] = await openThree(room);
  await say(front, 'before');
  await show(front, 1);
  await until(sleeper, `seen.messages.length === 1 && ${shows(front, 1)}`);
  for (const tab of [front, other]) await noteReturns(tab);
  await noteMissed(sleeper, front);

  await stand(sleeper, true);
  const stoodAt = performance.now();
  await say(front, 'at once');
  for (const tab of [front, other]) await until(tab, `!mesh.members.get('${sleeper.id}')`);
  printTime('a tab that stands still is gone from the lists', stoodAt);
  await say(front, 'meanwhile');
  await show(front, 2);
  await front.ask("mesh.map('notes').set('meanwhile', 1)");
  await pause(ms - (performance.now() - stoodAt));
  await stand(sleeper, false);
  const wokenAt = performance.now();
  await until(
    sleeper,
    `mesh.map('notes').get('meanwhile') === 1 && mesh.members.size === 3 && ${shows(front, 2)}`,
  );
  printTime('it has caught up (goal 2 s)', wokenAt);
  for (const tab of [front, other]) await until(tab, member(sleeper, "member.status === 'alive'"));
  printTime('and is back', wokenAt);

  await say(sleeper, 'after');
  for (const tab of [front, other]) {
    await until(tab, "seen.messages.some(({ data }) => data === 'after')");
    expect(await tab.ask('returns')).toEqual([[sleeper.id, true]]);
  }
  await say(front, 'and on');
  await until(sleeper, "seen.messages.some(({ data }) => data === 'and on')");
  // It missed nobody, and nothing that it was not told of.
  expect(await sleeper.ask('seen.left')).toEqual([]);
  const said = ['before', 'at once', 'meanwhile', 'and on'];
  const heard = await heardBy(sleeper);
  expect(heard).toContain('meanwhile');
  expect(heard).toEqual(said.filter((text) => heard.includes(text)));
  expect(heard.length + (await sleeper.ask<number>('missed'))).toBe(said.length);
  expect(await sleeper.ask('cursors')).toEqual([1, 2]);
  await until(front, 'mesh.stats().links.open === 2');
}

test('a tab that is frozen until it is suspected says that it lives when it goes on, and has left nobody', async () => {
  const [front, other, sleeper] = await openThree('suspected');
  await sleeper.freeze(true);
  const frozenAt = performance.now();
  for (const tab of [front, other]) await until(tab, member(sleeper, "member.status === 'suspect'"));
  printTime('a frozen tab is suspected (goal 3.5 s)', frozenAt);
  await sleeper.freeze(false);
  for (const tab of [front, other]) await until(tab, member(sleeper, "member.status === 'alive'"));
  await say(sleeper, 'here');
  for (const tab of [front, other]) await until(tab, "seen.messages.some(({ data }) => data === 'here')");
  for (const tab of [front, other, sleeper]) expect(await tab.ask('seen.left')).toEqual([]);
});

test('a frozen tab whose browser still answers is suspected for nine seconds, but not given up @long', async () => {
  const [front, other, sleeper] = await openThree('reached');
  const others = [front, other];
  for (const tab of others) await noteReturns(tab);
  await sleeper.freeze(true);
  const frozenAt = performance.now();
  for (const tab of others) await until(tab, member(sleeper, "member.status === 'suspect'"));
  await pause(9_000 - (performance.now() - frozenAt));
  for (const tab of others) {
    expect(await tab.ask(`mesh.members.get('${sleeper.id}')?.status`)).toBe('suspect');
    expect(await tab.ask('seen.left')).toEqual([]);
  }
  await sleeper.freeze(false);
  for (const tab of others) await until(tab, member(sleeper, "member.status === 'alive'"));
  await say(sleeper, 'here');
  for (const tab of others) {
    await until(tab, "seen.messages.some(({ data }) => data === 'here')");
    expect(await tab.ask('returns')).toEqual([]);
  }
  for (const tab of [...others, sleeper]) expect(await tab.ask('seen.left')).toEqual([]);
});

test('a tab that is frozen for thirty seconds returns by itself, declares nobody dead, and catches up @long', () =>
  standStill('frozen', (tab, still) => tab.freeze(still), 30_000));

test('so does one that stands in a debugger @long', () =>
  standStill('paused', (tab, still) => tab.pause(still), 22_000));

test('a page that the visitor leaves says goodbye, and is back with all it had when it is gone back to', async () => {
  const [front, other, gone] = await openThree('back');
  await gone.ask("mesh.map('notes').set('before', 1)");
  for (const tab of [front, other]) {
    await until(tab, "mesh.map('notes').get('before') === 1");
    await noteReturns(tab);
  }
  await gone.ask("location.href = '/health'");
  for (const tab of [front, other]) await until(tab, `!mesh.members.get('${gone.id}')`);
  expect(await front.ask('seen.left.map(({ id, reason }) => [id, reason])')).toEqual([[gone.id, 'goodbye']]);
  await until(gone, 'window.mesh === undefined');
  await front.ask("mesh.map('notes').set('meanwhile', 2)");

  await gone.ask('history.back()');
  await until(gone, `window.mesh?.id === '${gone.id}'`);
  await until(gone, "mesh.members.size === 3 && mesh.map('notes').get('meanwhile') === 2");
  for (const tab of [front, other]) {
    await until(tab, member(gone, "member.status === 'alive'"));
    expect(await tab.ask('returns')).toEqual([[gone.id, true]]);
  }
  await say(gone, 'here again');
  await until(front, "seen.messages.some(({ data }) => data === 'here again')");
  await until(gone, "mesh.status.value === 'connected' && mesh.stats().links.open === 2");
  // It missed nobody.
  expect(await gone.ask('seen.left')).toEqual([]);
});
