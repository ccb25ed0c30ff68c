/** The tabs of a soak: what is done to each, and what each has told since. */
import { pause } from '../kit/pause.ts';
import type { HeapUse, RawChromium, RawPage } from '../kit/raw-chromium.ts';
import { visit, type Counts, type Look, type Tellings, type Visit } from './page-side.ts';
import type { History } from './history.ts';

/** A tab that has not got in by then has failed to. */
const PATIENCE_MS = 60_000;

export interface SoakTab {
  readonly tab: number;
  readonly slot: number;
  readonly id: () => string;
  /** Resolves when it is in the room; rejects when it did not get in. */
  readonly opened: Promise<void>;
  readonly isAwake: () => boolean;
  readonly isAsleep: () => boolean;
  readonly isGone: () => boolean;
  readonly crash: () => Promise<void>;
  readonly fallAsleep: () => Promise<void>;
  /** Returns when it was thawed, by the wall clock. */
  readonly wake: () => Promise<number>;
  /** Takes what it has told; `undefined` of one that is gone, asleep or not yet there. */
  readonly sample: () => Promise<Counts | undefined>;
  readonly ask: <T>(expression: string) => Promise<T>;
  readonly look: () => Promise<Look>;
  readonly heap: () => Promise<HeapUse>;
  /** `undefined` of one that did not get in. */
  readonly history: () => History | undefined;
  /** Links that it had constructed when it was last looked at. */
  readonly constructed: () => number;
}

export interface SoakPlace {
  readonly chromium: RawChromium;
  readonly page: string;
  readonly signaling: string;
  readonly room: string;
  readonly beatMs: number;
}

type Phase = 'opening' | 'awake' | 'asleep' | 'gone';

export function openSoakTab(place: SoakPlace, { tab, slot }: Pick<Visit, 'tab' | 'slot'>): SoakTab {
  let phase: Phase = 'opening';
  let page: RawPage | undefined;
  let [id, joinedAt, readyAt, constructed] = ['', 0, 0, 0];
  let crashedAt: number | undefined;
  const sleeps: { from: number; to: number | undefined }[] = [];
  const told = nothingTold();
  const opened = withPatience(open(), `tab ${tab} did not get in`);

  async function open(): Promise<void> {
    page = await place.chromium.openWindow(place.page);
    while (!(await page.ask<boolean>('window.gossamer !== undefined'))) await pause(50);
    joinedAt = Date.now();
    const { room, signaling, beatMs } = place;
    id = await page.ask<string>(
      `(${visit.toString()})(${JSON.stringify({ room, signaling, beatMs, tab, slot })})`,
    );
    readyAt = Date.now();
    phase = 'awake';
  }

  const ask = <T>(expression: string): Promise<T> => {
    if (!page) throw new Error(`tab ${tab} is not there yet`);
    return page.ask<T>(expression);
  };

  return {
    tab,
    slot,
    id: () => id,
    opened,
    isAwake: () => phase === 'awake',
    isAsleep: () => phase === 'asleep',
    isGone: () => phase === 'gone',
    crash: async () => {
      await opened;
      // What it has told so far would be lost with it.
      await sample();
      phase = 'gone';
      crashedAt = Date.now();
      await page?.crash();
    },
    fallAsleep: async () => {
      await opened;
      await page?.minimize(true);
      phase = 'asleep';
      sleeps.push({ from: Date.now(), to: undefined });
      await page?.freeze(true);
    },
    wake: async () => {
      const at = Date.now();
      sleeps.at(-1)!.to = at;
      await page?.freeze(false);
      phase = 'awake';
      await page?.minimize(false);
      return at;
    },
    sample,
    ask,
    look: () => ask('visitor.look()'),
    heap: async () => {
      if (!page) throw new Error(`tab ${tab} is not there yet`);
      return page.heap();
    },
    history: () => (readyAt === 0 ? undefined : { tab, id, joinedAt, readyAt, crashedAt, sleeps, told }),
    constructed: () => constructed,
  };

  async function sample(): Promise<Counts | undefined> {
    if (phase !== 'awake') return undefined;
    const [since, counts] = await ask<[Tellings, Counts]>('[visitor.tellings(), visitor.counts()]').catch(
      (error: unknown) => {
        if (phase !== 'gone') throw error;
        return [undefined, undefined] as const;
      },
    );
    if (since) gather(told, since);
    if (counts) ({ constructed } = counts);
    return counts;
  }
}

type Gathered = { readonly [K in keyof Tellings]: Tellings[K][number][] };

const nothingTold = (): Gathered => ({
  joined: [],
  suspected: [],
  left: [],
  misbehaved: [],
  stalls: [],
  stalePresence: [],
  staleMessages: [],
  errors: [],
});

function gather(told: Gathered, since: Tellings): void {
  told.joined.push(...since.joined);
  told.suspected.push(...since.suspected);
  told.left.push(...since.left);
  told.misbehaved.push(...since.misbehaved);
  told.stalls.push(...since.stalls);
  told.stalePresence.push(...since.stalePresence);
  told.staleMessages.push(...since.staleMessages);
  told.errors.push(...since.errors);
}

async function withPatience(promise: Promise<void>, otherwise: string): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(otherwise)), PATIENCE_MS);
  });
  await Promise.race([promise, late]).finally(() => clearTimeout(timer));
}
