/** Runs a plan: does to the tabs what it says when it says so, and takes notes all the while. */
import { compareRosters, compareState, type Seen } from './compare.ts';
import type { History, Timing } from './history.ts';
import { MEASURED, type Sample } from './memory.ts';
import type { Counts, Visitor } from './page-side.ts';
import { isSteady, type Plan, type Step } from './plan.ts';
import { openSoakTab, pause, type SoakPlace, type SoakTab } from './room.ts';

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

type Now = Parameters<Visitor['whenCaughtUp']>[0];

/** Tabs that open at once in the beginning: more would wait for the machine, not for each other. */
const OPENING = 4;
/** What a crash, a join or a return needs to be known to all, with room to spare: for comparing who is where. */
const KNOWN_MS = 10_000;
const CALM_MS_MAX = 90_000;

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
  let words: string[] = [];
  let startedAt = 0;
  let marks = 0;
  let measuring = Promise.resolve();
  const all = (): readonly SoakTab[] => [...tabs.values()];
  const tabOf = (tab: number): SoakTab => tabs.get(tab)!;
  const witnesses = (): readonly SoakTab[] => plan.witnesses.map(tabOf);

  await openAll();
  startedAt = Date.now();
  for (const { atMs, run } of timeline()) {
    await pause(startedAt + atMs - Date.now());
    start(run());
  }
  while (running.size > 0) await Promise.all(running);
  const restedAt = Date.now();
  const seen = await waitForCalm();
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

  async function openAll(): Promise<void> {
    for (let first = 0; first < count; first += OPENING) {
      const batch = Array.from({ length: Math.min(OPENING, count - first) }, (_, at) => first + at);
      for (const tab of batch) tabs.set(tab, openSoakTab(place, { tab, slot: tab }));
      await Promise.all(batch.map((tab) => tabOf(tab).opened));
    }
    const haveAll = (): Promise<boolean[]> =>
      Promise.all(all().map(({ ask }) => ask<boolean>(`visitor.counts().members === ${count}`)));
    while ((await haveAll()).includes(false)) await pause(200);
  }

  /** Everything that is to be done, in its order: what the plan says, and what is looked at. */
  function timeline(): readonly { readonly atMs: number; readonly run: () => Promise<void> }[] {
    const beats = Array.from({ length: Math.floor(plan.endMs / (everyS * 1_000)) }, (_, beat) => ({
      atMs: (beat + 1) * everyS * 1_000 - 1,
      run: lookAround,
    }));
    const heaps = MEASURED.map((share) => ({
      atMs: share * plan.endMs,
      run: () => measureHeaps(share),
    }));
    const marking = plan.steps.flatMap((step) =>
      step.kind === 'sleep' ? [{ atMs: step.atMs + step.forMs / 2, run: mark }] : [],
    );
    const steps = plan.steps.map((step) => ({ atMs: step.atMs, run: () => inTurn(step) }));
    return [...steps, ...marking, ...beats, ...heaps].toSorted((a, b) => a.atMs - b.atMs);
  }

  function start(doing: Promise<void>): void {
    const done: Promise<void> = doing
      .catch((error: unknown) => void troubles.push((error as Error).message))
      .finally(() => running.delete(done));
    running.add(done);
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
    switch (step.kind) {
      case 'crash':
        words.push(`${step.tab} crashes`);
        return tabOf(step.tab).crash();
      case 'join':
        words.push(`${step.tab} joins`);
        tabs.set(step.tab, openSoakTab(place, step));
        return tabOf(step.tab).opened;
      case 'sleep':
        words.push(`${step.tab} sleeps for ${(step.forMs / 1_000).toFixed(1)} s`);
        return tabOf(step.tab).fallAsleep();
      case 'wake':
        words.push(`${step.tab} wakes`);
        await wake(tabOf(step.tab), step.atMs);
    }
  }

  /** Something that those who sleep now do not know. */
  async function mark(): Promise<void> {
    marks += 1;
    await witnesses()[0]?.ask(`visitor.mark(${marks})`);
  }

  async function wake(sleeper: SoakTab, atMs: number): Promise<void> {
    await sleeper.opened;
    const now = {
      mark: marks,
      here: all()
        .filter((tab) => tab.isAwake() && isSteady(plan, tab.tab, atMs - KNOWN_MS, atMs + KNOWN_MS))
        .filter((tab) => isKnown(tab, Date.now()))
        .map((tab) => tab.id()),
      gone: all()
        .flatMap((tab) => tab.history() ?? [])
        .filter(({ crashedAt = Infinity }) => crashedAt < Date.now() - KNOWN_MS)
        .map(({ id }) => id),
    };
    const thawedAt = await sleeper.wake();
    // Whatever comes next to it need not wait for this.
    start(watchReturn(sleeper, now, thawedAt));
  }

  async function watchReturn(sleeper: SoakTab, now: Now, thawedAt: number): Promise<void> {
    const { tab } = sleeper;
    const since = (at: number | null): number => (at ?? Infinity) - thawedAt;
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
    listed.push({ tab, ms: Math.max(...others.map((at) => since(at ?? null))) });
  }

  async function lookAround(): Promise<void> {
    const counts = (await Promise.all(all().map((tab) => tab.sample()))).filter((one) => one !== undefined);
    for (const one of counts) noteMost(one);
    const links = counts.map((one) => one.links);
    const here = all().filter((tab) => !tab.isGone());
    const asleep = here.filter((tab) => tab.id() !== '' && !tab.isAwake()).length;
    const at = String(Math.round((Date.now() - startedAt) / 1_000)).padStart(4);
    const range = `links ${Math.min(...links)} to ${Math.max(...links)}`;
    print(`${at} s  ${words.join(', ')}; ${here.length} here, ${asleep} asleep, ${range}`);
    words = [];
  }

  function noteMost({ links, state }: Counts): void {
    most.links = Math.max(most.links, links);
    most.entries = Math.max(most.entries, state.entries);
    most.forgotten = Math.max(most.forgotten, state.tombstones + state.stubs);
  }

  /** One at a time: where the machine cannot keep up, they would come together. */
  function measureHeaps(share: number): Promise<void> {
    return (measuring = measuring.then(async () => {
      for (const tab of plan.kept.map(tabOf))
        if (tab.isAwake()) samples.push({ tab: tab.tab, share, ...(await tab.heap()) });
    }));
  }

  /** Nobody does anything any more; whoever is not of one mind with the others by then is not going to be. */
  async function waitForCalm(): Promise<readonly Seen[]> {
    const here = all().filter((tab) => tab.isAwake());
    await Promise.all(here.map(({ ask }) => ask('visitor.rest()')));
    const until = Date.now() + CALM_MS_MAX;
    for (;;) {
      const now = await Promise.all(
        here.map(async ({ tab, slot, look }): Promise<Seen> => ({ tab, slot, look: await look() })),
      );
      const isCalm = compareRosters(now).length + compareState(now).length === 0;
      if (isCalm || Date.now() > until) {
        await Promise.all(here.map((tab) => tab.sample()));
        return now;
      }
      await pause(500);
    }
  }
}

/** Joined and, if it slept, woke so long ago that all know it. */
function isKnown(tab: SoakTab, now: number): boolean {
  const history = tab.history();
  return (
    history !== undefined &&
    history.readyAt < now - KNOWN_MS &&
    history.sleeps.every(({ to = Infinity }) => to < now - KNOWN_MS)
  );
}

function constructedPerTabHour(tabs: readonly SoakTab[]): number {
  const constructed = tabs.reduce((sum, tab) => sum + tab.constructed(), 0);
  const livedMs = tabs
    .flatMap((tab) => tab.history() ?? [])
    .reduce((sum, { joinedAt, crashedAt = Date.now() }) => sum + crashedAt - joinedAt, 0);
  return constructed / (livedMs / 3_600_000);
}
