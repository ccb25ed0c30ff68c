/** Runs a plan: does to the tabs what it says when it says so, and takes notes all the while. */
import { pause } from '../kit/pause.ts';
import { waitForCalm } from './calm.ts';
import type { Seen } from './compare.ts';
import type { History, Timing } from './history.ts';
import { MEASURED, type Sample } from './memory.ts';
import type { Counts, Visitor } from './page-side.ts';
import { isSteady, momentsOf, type Moment, type Plan, type Step } from './plan.ts';
import { openSoakTab, type SoakPlace, type SoakTab } from './room.ts';

export interface Outcome {
  readonly seen: readonly Seen[];
  readonly histories: readonly History[];
  readonly samples: readonly Sample[];
  /** What a tab ever held at most, of each. */
  readonly most: { readonly links: number; readonly entries: number; readonly forgotten: number };
  /** From each thaw. */
  readonly caughtUp: readonly Timing[];
  readonly listed: readonly Timing[];
  /** From the last event to equal rosters and state. */
  readonly calmMs: number;
  readonly constructedPerTabHour: number;
  /** What went wrong with the soak itself: who did not get in, above all. */
  readonly troubles: readonly string[];
}

/** What one that wakes is to find. */
type Now = Parameters<Visitor['whenCaughtUp']>[0];

/** Tabs that open at once in the beginning: more would wait for the machine, not for each other. */
const OPENING = 4;
/** What a crash, a join or a return needs to be known to all, with room to spare: for comparing who is where. */
const KNOWN_MS = 10_000;

export async function runPlan(
  place: SoakPlace,
  { plan, tabs: count, everyS }: { readonly plan: Plan; readonly tabs: number; readonly everyS: number },
  print: (line: string) => void,
): Promise<Outcome> {
  const tabs = new Map<number, SoakTab>();
  const troubles: string[] = [];
  const samples: Sample[] = [];
  const caughtUp: Timing[] = [];
  const listed: Timing[] = [];
  const most = { links: 0, entries: 0, forgotten: 0 };
  const running = new Set<Promise<void>>();
  const lastByTab = new Map<number, Promise<void>>();
  let measuring = Promise.resolve();
  let words: string[] = [];
  let marks = 0;
  const all = (): readonly SoakTab[] => [...tabs.values()];
  const tabOf = (tab: number): SoakTab => tabs.get(tab)!;
  const witnesses = (): readonly SoakTab[] => plan.witnesses.map(tabOf);

  await openAll(tabs, place, count);
  const startedAt = Date.now();
  for (const moment of momentsOf(plan, { everyS, measured: MEASURED })) {
    await pause(startedAt + moment.atMs - Date.now());
    start(begin(moment));
  }
  while (running.size > 0) await Promise.all(running);
  const restedAt = Date.now();
  const seen = await waitForCalm(all().filter((tab) => tab.isAwake()));
  const calmMs = Date.now() - restedAt;
  for (const { look } of seen) noteMost(look);
  return {
    seen,
    histories: all().flatMap((tab) => tab.history() ?? []),
    samples,
    most,
    caughtUp,
    listed,
    calmMs,
    constructedPerTabHour: constructedPerTabHour(all()),
    troubles,
  };

  /** Nothing waits for it; what goes wrong with it is told at the end. */
  function start(doing: Promise<void>): void {
    const done: Promise<void> = doing
      .catch((error: unknown) => void troubles.push((error as Error).message))
      .finally(() => running.delete(done));
    running.add(done);
  }

  function begin(moment: Moment): Promise<void> {
    switch (moment.kind) {
      case 'mark':
        return mark();
      case 'look':
        return lookAround();
      case 'measure':
        return measure(moment.share);
      case 'crash':
      case 'join':
      case 'sleep':
      case 'wake':
        return inTurn(moment);
    }
  }

  /** What is done to one tab is done in its order, however long each takes where the machine cannot keep up. */
  function inTurn(step: Step): Promise<void> {
    const before = lastByTab.get(step.tab) ?? Promise.resolve();
    const done = before.then(() => act(step));
    lastByTab.set(
      step.tab,
      done.catch(() => {}),
    );
    return done;
  }

  async function act(step: Step): Promise<void> {
    const { tab } = step;
    switch (step.kind) {
      case 'crash':
        words.push(`${tab} crashes`);
        return tabOf(tab).crash();
      case 'join':
        words.push(`${tab} joins`);
        tabs.set(tab, openSoakTab(place, step));
        return tabOf(tab).opened;
      case 'sleep':
        words.push(`${tab} sleeps for ${(step.forMs / 1_000).toFixed(1)} s`);
        return tabOf(tab).fallAsleep();
      case 'wake':
        words.push(`${tab} wakes`);
        return wake(tabOf(tab), step.atMs);
    }
  }

  /** Something that those who sleep now do not know. */
  async function mark(): Promise<void> {
    marks += 1;
    await witnesses()[0]?.ask(`visitor.mark(${marks})`);
  }

  async function wake(sleeper: SoakTab, atMs: number): Promise<void> {
    await sleeper.opened;
    const here = all().filter((tab) => isSteady(plan, tab.tab, atMs - KNOWN_MS, atMs + KNOWN_MS));
    const now = { mark: marks, ...whatAllKnow(here, all()) };
    const thawedAt = await sleeper.wake();
    // Whatever comes next to it need not wait for this.
    start(watchReturn(sleeper, now, thawedAt));
  }

  async function watchReturn(sleeper: SoakTab, now: Now, thawedAt: number): Promise<void> {
    const { tab } = sleeper;
    const since = (at: number | null | undefined): number => (at ?? Infinity) - thawedAt;
    const [own, ...others] = await Promise.all([
      sleeper.ask<number | null>(`visitor.whenCaughtUp(${JSON.stringify(now)})`).catch((error: unknown) => {
        if (!sleeper.isGone()) throw error;
        return undefined;
      }),
      ...witnesses().map(({ ask }) => ask<number | null>(`visitor.whenListed('${sleeper.id()}')`)),
    ]);
    // It crashed before it could have been all in time.
    if (own === undefined) return;
    caughtUp.push({ tab, ms: since(own) });
    listed.push({ tab, ms: Math.max(...others.map(since)) });
  }

  async function lookAround(): Promise<void> {
    const counts = (await Promise.all(all().map((tab) => tab.sample()))).filter((one) => one !== undefined);
    for (const one of counts) noteMost(one);
    const links = counts.map((one) => one.links);
    const here = all().filter((tab) => !tab.isGone());
    const asleep = here.filter((tab) => tab.isAsleep()).length;
    const at = String(Math.round((Date.now() - startedAt) / 1_000)).padStart(4);
    const range = `links ${Math.min(...links)} to ${Math.max(...links)}`;
    print(`${at} s  ${words.join(', ')}; ${here.length} here, ${asleep} asleep, ${range}`);
    words = [];
  }

  function noteMost({ linksMost, state }: Counts): void {
    most.links = Math.max(most.links, linksMost);
    most.entries = Math.max(most.entries, state.entries);
    most.forgotten = Math.max(most.forgotten, state.tombstones + state.stubs);
  }

  /** One at a time: where the machine cannot keep up, they would come together. */
  function measure(share: number): Promise<void> {
    return (measuring = measuring.then(async () => {
      for (const tab of plan.kept.map(tabOf))
        if (tab.isAwake()) samples.push({ tab: tab.tab, share, ...(await tab.heap()) });
    }));
  }
}

/** The first ones, a few at a time; each then lists them all. */
async function openAll(tabs: Map<number, SoakTab>, place: SoakPlace, count: number): Promise<void> {
  for (let first = 0; first < count; first += OPENING) {
    const batch = Array.from({ length: Math.min(OPENING, count - first) }, (_, at) => first + at);
    const opening = batch.map((tab) => openSoakTab(place, { tab, slot: tab }));
    for (const tab of opening) tabs.set(tab.tab, tab);
    await Promise.all(opening.map(({ opened }) => opened));
  }
  const listAll = (): Promise<boolean[]> =>
    Promise.all([...tabs.values()].map(({ ask }) => ask<boolean>(`visitor.counts().members === ${count}`)));
  while ((await listAll()).includes(false)) await pause(200);
}

/** Of `here` those that came, or woke, so long ago that all know it; of all those that are gone for as long. */
function whatAllKnow(here: readonly SoakTab[], all: readonly SoakTab[]): Omit<Now, 'mark'> {
  const since = Date.now() - KNOWN_MS;
  const historiesOf = (tabs: readonly SoakTab[]): readonly History[] =>
    tabs.flatMap((tab) => tab.history() ?? []);
  return {
    here: historiesOf(here.filter((tab) => tab.isAwake()))
      .filter(({ readyAt, sleeps }) => readyAt < since && sleeps.every(({ to = Infinity }) => to < since))
      .map(({ id }) => id),
    gone: historiesOf(all)
      .filter(({ crashedAt = Infinity }) => crashedAt < since)
      .map(({ id }) => id),
  };
}

function constructedPerTabHour(tabs: readonly SoakTab[]): number {
  const constructed = tabs.reduce((sum, tab) => sum + tab.constructed(), 0);
  const livedMs = tabs
    .flatMap((tab) => tab.history() ?? [])
    .reduce((sum, { joinedAt, crashedAt = Date.now() }) => sum + crashedAt - joinedAt, 0);
  return constructed / (livedMs / 3_600_000);
}
