/** One round: some tabs of one contestant join, rest, move, close and crash; all that happens is measured. */
import type { Browser, BrowserContext, Page } from '@playwright/test';
import { pause } from '../kit/pause.ts';
import { quantile } from '../kit/quantile.ts';
import type { ContestantPlan } from './contestants.ts';
import { installMeter, type Traffic } from './page-side.ts';
import { servePage } from './servers.ts';

/** A figure is `undefined` where what it times did not happen within `PATIENCE_MS`. */
export interface Figures {
  readonly joinMs: number | undefined;
  readonly joinCpuS: number;
  readonly joinServerBytesPerTab: number;
  readonly constructedPerTab: number;
  readonly linksPerTab: number;
  readonly presenceP50Ms: number | undefined;
  readonly presenceP99Ms: number | undefined;
  /** Share of (update, receiver) pairs in which the receiver saw the update. */
  readonly presenceSeen: number;
  /** Over the whole mesh, all else that was said meanwhile included. */
  readonly framesPerUpdate: number;
  readonly bytesPerUpdate: number;
  readonly movingCpuCores: number;
  readonly idleBytesPerTabS: number;
  readonly idleServerBytesPerTabS: number;
  readonly idleCpuCores: number;
  readonly closedMs: number | undefined;
  readonly crashedMs: number | undefined;
}

export interface RoundOptions {
  readonly tabs: number;
  readonly idleMs: number;
  readonly moves: number;
}

const PATIENCE_MS = 60_000;
/** Loaded pages wait this long before all join at once. */
const GATHERING_MS = 2_000;
/** After the last tab has listed all, links still open and records still settle. */
const SETTLING_MS = 5_000;
const MOVE_EVERY_MS = 1_000 / 30;
const LOADING_AT_ONCE = 4;

export async function measureRound(
  browser: Browser,
  plan: ContestantPlan,
  options: RoundOptions,
): Promise<Figures> {
  const server = await plan.startServer();
  const pageServer = await servePage(plan.script);
  const context = await browser.newContext();
  await context.addInitScript(installMeter);
  try {
    const pages = await loadPages(context, { url: pageServer.url, count: options.tabs });
    const cpu = await createCpuMeter(browser);
    const joining = await measureJoin(pages, server.url, cpu);
    const resting = await measureRest(pages, options.idleMs, cpu);
    const moving = await measureMoves(pages, options.moves, cpu);
    const leaving = await measureLeaving(pages);
    return { ...joining, ...resting, ...moving, ...leaving };
  } finally {
    await context.close();
    await Promise.all([server.stop(), pageServer.stop()]);
  }
}

async function loadPages(
  context: BrowserContext,
  { url, count }: { readonly url: string; readonly count: number },
): Promise<Page[]> {
  const pages: Page[] = [];
  while (pages.length < count) {
    const batch = Array.from({ length: Math.min(LOADING_AT_ONCE, count - pages.length) }, async () => {
      const page = await context.newPage();
      await page.goto(url);
      await page.waitForFunction(() => window.contestant !== undefined);
      return page;
    });
    pages.push(...(await Promise.all(batch)));
  }
  return pages;
}

type CpuMeter = () => Promise<number>;

/** Seconds of processor time that all processes of the browser have used. */
async function createCpuMeter(browser: Browser): Promise<CpuMeter> {
  const session = await browser.newBrowserCDPSession();
  return async () => {
    const { processInfo } = await session.send('SystemInfo.getProcessInfo');
    return processInfo.reduce((sum, { cpuTime }) => sum + cpuTime, 0);
  };
}

async function measureJoin(
  pages: readonly Page[],
  signaling: string,
  cpu: CpuMeter,
): Promise<Pick<Figures, 'joinMs' | 'joinCpuS' | 'joinServerBytesPerTab' | 'constructedPerTab'>> {
  const cpuBefore = await cpu();
  const atMs = Date.now() + GATHERING_MS;
  const room = `bench-${atMs}`;
  await Promise.all(
    pages.map((page, index) =>
      page.evaluate(({ place, at }) => window.meter.joinAt(place, at), {
        place: { room, signaling, name: `Tab ${index + 1}` },
        at: atMs,
      }),
    ),
  );
  const joinMs = await since(atMs, pages, pages.length);
  const joinCpuS = (await cpu()) - cpuBefore;
  await pause(SETTLING_MS);
  const traffic = await readTraffic(pages);
  return {
    joinMs,
    joinCpuS,
    joinServerBytesPerTab: traffic.serverBytes / pages.length,
    constructedPerTab: traffic.constructedLinks / pages.length,
  };
}

async function measureRest(
  pages: readonly Page[],
  idleMs: number,
  cpu: CpuMeter,
): Promise<Pick<Figures, 'linksPerTab' | 'idleBytesPerTabS' | 'idleServerBytesPerTabS' | 'idleCpuCores'>> {
  const before = await readTraffic(pages);
  const cpuBefore = await cpu();
  await pause(idleMs);
  const cpuS = (await cpu()) - cpuBefore;
  const after = await readTraffic(pages);
  const tabSeconds = (pages.length * idleMs) / 1_000;
  return {
    linksPerTab: after.openLinks / pages.length,
    idleBytesPerTabS: (after.linkBytes - before.linkBytes) / tabSeconds,
    idleServerBytesPerTabS: (after.serverBytes - before.serverBytes) / tabSeconds,
    idleCpuCores: cpuS / (idleMs / 1_000),
  };
}

async function measureMoves(
  pages: readonly Page[],
  moves: number,
  cpu: CpuMeter,
): Promise<
  Pick<
    Figures,
    | 'presenceP50Ms'
    | 'presenceP99Ms'
    | 'presenceSeen'
    | 'framesPerUpdate'
    | 'bytesPerUpdate'
    | 'movingCpuCores'
  >
> {
  const [mover, ...receivers] = pages as [Page, ...Page[]];
  const before = await readTraffic(pages);
  const cpuBefore = await cpu();
  const startedMs = performance.now();
  const movedAt = await mover.evaluate(({ count, everyMs }) => window.meter.move(count, everyMs), {
    count: moves,
    everyMs: MOVE_EVERY_MS,
  });
  const cpuS = (await cpu()) - cpuBefore;
  const movingS = (performance.now() - startedMs) / 1_000;
  const after = await readTraffic(pages);
  await pause(1_000);
  const seenByReceiver = await Promise.all(receivers.map((page) => page.evaluate(() => window.meter.seen())));
  const delays = seenByReceiver
    .flatMap((seen) => seen.map((at, x) => (at === null ? undefined : at - (movedAt[x] ?? at))))
    .filter((delay) => delay !== undefined)
    .toSorted((a, b) => a - b);
  return {
    presenceP50Ms: quantile(delays, 0.5),
    presenceP99Ms: quantile(delays, 0.99),
    presenceSeen: delays.length / (moves * receivers.length),
    framesPerUpdate: (after.linkFrames - before.linkFrames) / moves,
    bytesPerUpdate: (after.linkBytes - before.linkBytes) / moves,
    movingCpuCores: cpuS / movingS,
  };
}

/** The last tab is closed as a user closes it, the last but one crashes. */
async function measureLeaving(pages: readonly Page[]): Promise<Pick<Figures, 'closedMs' | 'crashedMs'>> {
  const [crashing, closing] = pages.slice(-2) as [Page, Page];
  const staying = pages.slice(0, -2);

  await forget([...staying, crashing]);
  const closedAt = Date.now();
  await closing.close({ runBeforeUnload: true });
  const closedMs = await since(closedAt, [...staying, crashing], pages.length - 1);

  await pause(SETTLING_MS);
  await forget(staying);
  const session = await crashing.context().newCDPSession(crashing);
  const crashedAt = Date.now();
  // The command has no answer: who should give it is gone.
  void session.send('Page.crash').catch(() => {});
  await crashing.waitForEvent('crash');
  return { closedMs, crashedMs: await since(crashedAt, staying, pages.length - 2) };
}

async function forget(pages: readonly Page[]): Promise<void> {
  await Promise.all(pages.map((page) => page.evaluate(() => window.meter.forget())));
}

/** How long after `atMs` the last of the pages listed `count` members. */
async function since(atMs: number, pages: readonly Page[], count: number): Promise<number | undefined> {
  const listings = pages.map((page) => page.evaluate((wanted) => window.meter.whenListed(wanted), count));
  // Who gives up waiting closes the pages, which breaks what still waits in them.
  for (const listing of listings) listing.catch(() => {});
  const times = await Promise.race([Promise.all(listings), pause(PATIENCE_MS)]);
  return times && Math.max(...times) - atMs;
}

async function readTraffic(pages: readonly Page[]): Promise<Traffic> {
  const all = await Promise.all(pages.map((page) => page.evaluate(() => window.meter.traffic())));
  const sum = (what: keyof Traffic): number => all.reduce((total, traffic) => total + traffic[what], 0);
  return {
    linkFrames: sum('linkFrames'),
    linkBytes: sum('linkBytes'),
    serverBytes: sum('serverBytes'),
    openLinks: sum('openLinks'),
    constructedLinks: sum('constructedLinks'),
  };
}
