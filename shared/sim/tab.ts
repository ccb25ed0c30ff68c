/**
 * One simulated tab: a node, and what a browser does to it. A tab may be frozen (its page stands still, its
 * connections live on), suspended (its machine sleeps: nothing gets in or out), hidden (timers once a second),
 * starved (each input takes its time), and its wall clock may be wrong.
 */
import type { PeerId } from '#shared/base/ids.ts';
import type { Layer } from '#shared/base/layer.ts';
import { now } from '#shared/base/time.ts';
import type { Effect, Input } from '#shared/mesh/messages.ts';
import { versionsUpTo, type WireVersions } from '#shared/wire/versions.ts';
import type { Agenda } from './agenda.ts';

/** What a tab runs: the whole node, or fewer layers that speak the same inputs and effects. */
export type SimNode<Snapshot = unknown> = Layer<Input, Effect, Snapshot>;

export type TabMode = 'running' | 'frozen' | 'suspended';

/** Made when the tab gets to it; `undefined`: what it was about has gone meanwhile. */
export type Happening = () => Input | undefined;

/** Calendar time at the start of every simulation. */
export const WALL_START_MS: number = 1_700_000_000_000;
/** Inputs that a tab standing still is kept; beyond, the oldest are lost, as a browser's buffers overrun. */
const WAITING_MAX = 100_000;

export interface SimTab<Snapshot = unknown> {
  readonly id: PeerId;
  /** In the order of opening, from 0. */
  readonly index: number;
  readonly node: SimNode<Snapshot>;
  readonly openedAtMs: number;
  /** Those of the wire that its software knows. */
  readonly versions: WireVersions;
  /** The version that its node says the room speaks. */
  readonly speaks: () => number;
  readonly speak: (version: number) => void;
  readonly isAlive: () => boolean;
  readonly mode: () => TabMode;
  /** How long it has stood still; 0 while it runs. */
  readonly standingMs: () => number;
  /** How long what it does now has waited for a starved tab to get to it. */
  readonly behindMs: () => number;
  /** What its wall clock shows, right or wrong. */
  readonly wallMs: () => number;
  /** Hands an input over, now or when the tab gets to it. */
  readonly give: (happening: Happening) => void;
  /** The same for a timer, which a hidden tab runs on whole seconds of its own. */
  readonly giveAfter: (ms: number, happening: Happening) => void;
  readonly stand: (mode: 'frozen' | 'suspended') => void;
  /** All that waited comes at once, in order, behind `first`. */
  readonly goOn: (first: readonly Happening[]) => void;
  /** Timers come on multiples of so many milliseconds; 0: when they are due. */
  readonly throttle: (ms: number) => void;
  /** Every input takes so long; 0: no time at all. */
  readonly starve: (costMs: number) => void;
  /** The wall clock jumps to be so far off. */
  readonly setSkew: (ms: number) => void;
  /** Never again hears or says anything. */
  readonly end: () => void;
}

export interface TabDeps<Snapshot> {
  readonly id: PeerId;
  readonly index: number;
  readonly node: SimNode<Snapshot>;
  /** The newest version of the wire that it knows. */
  readonly wireVersion: number;
  readonly agenda: Agenda;
  readonly timeMs: () => number;
  /** Carries out what the node answered. */
  readonly carryOut: (tab: SimTab<Snapshot>, input: Input, effects: readonly Effect[]) => void;
}

// oxlint-disable-next-line max-lines-per-function -- A factory: what it closes over is one tab.
export function createTab<Snapshot>(deps: TabDeps<Snapshot>): SimTab<Snapshot> {
  const { id, index, node, wireVersion, agenda, timeMs, carryOut } = deps;
  const openedAtMs = timeMs();
  const waiting: Happening[] = [];
  let alive = true;
  let mode: TabMode = 'running';
  let throttleMs = 0;
  /** What a starved tab has yet to get to, in order. */
  const backlog: { readonly happening: Happening; readonly atMs: number }[] = [];
  let behindMs = 0;
  /** Something is on the agenda that works it off. */
  let isBusy = false;
  let costMs = 0;
  let skewMs = 0;
  let stoodAtMs = 0;
  let speaks = wireVersion;

  const work = (happening: Happening): void => {
    if (!alive) return;
    if (mode !== 'running') return wait(happening);
    const input = happening();
    if (input === undefined) return;
    carryOut(tab, input, node.handle(input, now(timeMs(), wallMs())));
  };

  const wallMs = (): number => Math.round(WALL_START_MS + timeMs() + skewMs);

  const wait = (happening: Happening): void => {
    if (waiting.length === WAITING_MAX) waiting.shift();
    waiting.push(happening);
  };

  const give = (happening: Happening): void => {
    if (!alive) return;
    if (mode !== 'running') return wait(happening);
    if (costMs === 0 && backlog.length === 0) return work(happening);
    backlog.push({ happening, atMs: timeMs() });
    if (!isBusy) agenda.add(timeMs() + costMs, workOne);
    isBusy = true;
  };

  const workOne = (): void => {
    const next = backlog.shift();
    if (next !== undefined) {
      behindMs = timeMs() - next.atMs;
      work(next.happening);
      behindMs = 0;
    }
    isBusy = backlog.length > 0;
    if (isBusy) agenda.add(timeMs() + costMs, workOne);
  };

  const tab: SimTab<Snapshot> = {
    id,
    index,
    node,
    openedAtMs,
    versions: versionsUpTo(wireVersion),
    speaks: () => speaks,
    speak: (version) => {
      speaks = version;
    },
    isAlive: () => alive,
    mode: () => mode,
    standingMs: () => (mode === 'running' ? 0 : timeMs() - stoodAtMs),
    behindMs: () => behindMs,
    wallMs,
    give,
    giveAfter: (ms, happening) => {
      const due = timeMs() + ms;
      const at = throttleMs === 0 ? due : Math.ceil(due / throttleMs) * throttleMs;
      agenda.add(at, () => give(happening));
    },
    stand: (how) => {
      mode = how;
      stoodAtMs = timeMs();
      // What it had not got to yet came before all that comes now.
      for (const { happening } of backlog.splice(0)) wait(happening);
    },
    goOn: (first) => {
      mode = 'running';
      for (const happening of first) give(happening);
      for (const happening of waiting.splice(0)) give(happening);
    },
    throttle: (ms) => {
      throttleMs = ms;
    },
    starve: (ms) => {
      costMs = ms;
    },
    setSkew: (ms) => {
      skewMs = ms;
    },
    end: () => {
      alive = false;
      waiting.length = 0;
      backlog.length = 0;
    },
  };
  return tab;
}
