/**
 * Messages to the whole room and what becomes of them: copies and control are counted on the wire, deliveries by
 * what applications are told. Phases keep the messages of one part of a story apart from those of another.
 */
import type { Command, LinkMessage, MeshEvent } from '#shared/mesh/messages.ts';
import { mean, percentile } from './measures.ts';
import { lastOfWays, quickestWays } from './paths.ts';
import type { SimTab } from './tab.ts';
import type { World } from './world.ts';

/** How something is said, and how it is known again. */
export interface Tongue {
  readonly say: (number: number) => Command;
  /** The number that this frame carries as a payload, if any. */
  readonly carried: (message: LinkMessage) => number | undefined;
  /** The number that an application is told here, and over how many hops it came, where that is told. */
  readonly told: (event: MeshEvent) => { readonly number: number; readonly hops: number } | undefined;
}

const TOPIC = 'traffic';

/** Messages on a topic: the reliable lane. */
export const onTopic: Tongue = {
  say: (number) => ({ kind: 'publish', topic: TOPIC, data: number }),
  carried: (message) =>
    message.kind === 'gossip' && message.payload.kind === 'topic' && message.payload.topic === TOPIC
      ? numberOf(message.payload.data)
      : undefined,
  told: (event) => {
    if (event.kind !== 'message' || event.topic !== TOPIC) return undefined;
    const number = numberOf(event.data);
    return number === undefined ? undefined : { number, hops: event.hops };
  },
};

/** A presence field that changes after a rest: it goes out at rest, on the record lane. */
export const inPresence: Tongue = {
  say: (number) => ({ kind: 'present', fields: new Map([[TOPIC, number]]) }),
  carried: (message) => {
    if (message.kind !== 'gossip' || message.payload.kind !== 'presence') return undefined;
    return numberOf(message.payload.fields.find(({ field }) => field === TOPIC)?.value);
  },
  told: (event) => {
    const number = event.kind === 'presenceChanged' ? numberOf(event.fields.get(TOPIC)) : undefined;
    return number === undefined ? undefined : { number, hops: 0 };
  },
};

export interface Saying {
  readonly sentAtMs: number;
  /** Who was there to hear it, without its sender. */
  readonly hearers: number;
  /** The least time in which everybody could have had it. */
  readonly floorMs: number;
  readonly deliveries: number;
  /** From saying to the last delivery so far. */
  readonly lastMs: number;
  readonly hopsMax: number;
  /** Frames that carried it. */
  readonly copies: number;
}

export interface Phase {
  /** What was said in this phase, in order. */
  readonly sayings: readonly Saying[];
  /** How long each delivery took. */
  readonly tookMs: readonly number[];
  /** How many hops each came over. */
  readonly hops: readonly number[];
  /** Bytes of all announcements, grafts, prunes and vectors sent while it lasted, whatever they were about. */
  readonly controlBytes: () => number;
}

export interface Traffic<Snapshot> {
  readonly say: (sender: SimTab<Snapshot>) => void;
  /** From here on what is said belongs to a new phase; what was said before still counts for its own. */
  readonly begin: () => Phase;
}

type Open<T> = { -readonly [K in keyof T]: T[K] };

interface Numbered {
  readonly saying: Open<Saying>;
  readonly phase: OpenPhase;
  /** By index of the tab: 1 for who has it. */
  readonly held: Uint8Array;
}

interface OpenPhase {
  readonly sayings: Open<Saying>[];
  readonly tookMs: number[];
  readonly hops: number[];
  controlBytes: number;
}

export function createTraffic<Snapshot>(world: World<Snapshot>, tongue: Tongue = onTopic): Traffic<Snapshot> {
  const said: Numbered[] = [];
  let phase = newPhase();
  world.observe({
    sent: (_tab, _to, message, bytes) => {
      if (isControl(message)) phase.controlBytes += bytes;
      const known = said[tongue.carried(message) ?? -1];
      if (known !== undefined) known.saying.copies += 1;
    },
    told: (tab, event) => {
      const told = tongue.told(event);
      const known = said[told?.number ?? -1];
      if (told === undefined || known === undefined || known.held[tab.index] !== 0) return;
      note(known, tab.index, told.hops);
    },
  });

  const note = ({ saying, phase: its, held }: Numbered, index: number, hops: number): void => {
    held[index] = 1;
    saying.lastMs = world.timeMs() - saying.sentAtMs;
    saying.hopsMax = Math.max(saying.hopsMax, hops);
    saying.deliveries += 1;
    its.tookMs.push(saying.lastMs);
    its.hops.push(hops);
  };

  return {
    say: (sender) => {
      const held = new Uint8Array(world.tabs.length);
      held[sender.index] = 1;
      const saying: Open<Saying> = {
        sentAtMs: world.timeMs(),
        hearers: world.living().length - 1,
        floorMs: lastOfWays(quickestWays(sender.id, (id) => world.neighborsOf(world.tabOf(id)!))),
        deliveries: 0,
        lastMs: 0,
        hopsMax: 0,
        copies: 0,
      };
      phase.sayings.push(saying);
      said.push({ saying, phase, held });
      world.command(sender, tongue.say(said.length - 1));
    },
    begin: () => {
      const begun = newPhase();
      phase = begun;
      return { ...begun, controlBytes: () => begun.controlBytes };
    },
  };
}

/** What of every payload sent was in vain, per delivery: 0 when each copy was a delivery (RMR of the Plumtree paper). */
export function redundancy(sayings: readonly Saying[]): number {
  return total(sayings, 'copies') / total(sayings, 'deliveries') - 1;
}

export function deliveredPct(sayings: readonly Saying[]): number {
  return (100 * total(sayings, 'deliveries')) / total(sayings, 'hearers');
}

/** What is measured of all that was said, by the metrics' names. */
export function figuresOf(
  sayings: readonly Saying[],
  tookMs: readonly number[],
): Readonly<Record<string, number>> {
  const lasts = sayings.map(({ lastMs }) => lastMs);
  return {
    rmr: redundancy(sayings),
    p50Ms: percentile(tookMs, 0.5),
    p99Ms: percentile(tookMs, 0.99),
    lastMs: mean(lasts),
    worstLastMs: percentile(lasts, 1),
    lastOverFloor: total(sayings, 'lastMs') / total(sayings, 'floorMs'),
    deliveredPct: deliveredPct(sayings),
  };
}

export function total(sayings: readonly Saying[], of: keyof Saying): number {
  return sayings.reduce((sum, saying) => sum + saying[of], 0);
}

function newPhase(): OpenPhase {
  return { sayings: [], tookMs: [], hops: [], controlBytes: 0 };
}

function numberOf(value: unknown): number | undefined {
  return typeof value === 'number' ? value : undefined;
}

function isControl({ kind }: LinkMessage): boolean {
  return kind === 'ihave' || kind === 'graft' || kind === 'prune' || kind === 'vector';
}
