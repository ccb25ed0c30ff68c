/** A checker of the swarm between tabs that only show what it looks at, and what the test has them told. */
import { bytesToPeerId, type PeerId } from '#shared/base/ids.ts';
import type { Value } from '#shared/base/value.ts';
import type { Command, Effect, Input, LinkMessage, MeshEvent } from '#shared/mesh/messages.ts';
import type { Checker, MakeChecker, MeshWorld } from '#sim/swarm/checker.ts';
import { NUMBERED_TOPIC } from '#sim/swarm/deliveries.ts';
import type { Tab } from '#sim/swarm/draw.ts';

const peer = (byte: number): PeerId => bytesToPeerId(new Uint8Array(16).fill(byte));
export const a: PeerId = peer(1);
export const b: PeerId = peer(2);
export const c: PeerId = peer(3);
export const d: PeerId = peer(4);
/** Other ids whose first digits, by which complaints name them, are those of the same letter. */
const namesake = (byte: number): PeerId => bytesToPeerId(new Uint8Array(16).fill(byte).fill(9, 8));
export const a2: PeerId = namesake(1);
export const b2: PeerId = namesake(2);

/** What of a snapshot the checkers look at; whatever is not given is well. */
export interface Shows {
  readonly links?: readonly PeerId[];
  readonly reserves?: readonly PeerId[];
  readonly members?: readonly PeerId[];
  readonly suspects?: readonly PeerId[];
  readonly state?: Readonly<Record<string, Value>>;
  readonly presence?: ReadonlyMap<PeerId, Readonly<Record<string, Value>>>;
  readonly clock?: number;
  readonly cached?: number;
  /** How long what it does has waited for it to get there. */
  readonly behindMs?: number;
  /** What its wall clock shows, and how far it takes that to be behind the room's. */
  readonly wall?: number;
  readonly offsetMs?: number;
  /** Incarnations of members and of departed ones, all of the first epoch. */
  readonly incarnations?: ReadonlyMap<PeerId, number>;
  readonly ended?: ReadonlyMap<PeerId, number>;
}

export function tabOf(id: PeerId, shows: Shows = {}): Tab {
  const inspect = (): unknown => ({
    overlay: { activeView: shows.links ?? [], passiveView: shows.reserves ?? [], pending: [], parked: [] },
    membership: {
      members: new Map(
        (shows.members ?? [id]).map((member) => [
          member,
          {
            status: shows.suspects?.includes(member) ? 'suspect' : 'alive',
            epoch: 1,
            incarnation: shows.incarnations?.get(member) ?? 0,
          },
        ]),
      ),
      departed: new Map(
        [...(shows.ended ?? [])].map(([member, incarnation]) => [member, { epoch: 1, incarnation }]),
      ),
    },
    broadcast: { cachedMessages: shows.cached ?? 0, eagerByTree: new Map(), neighbors: [] },
    state: {
      collections: new Map([['notes', new Map(Object.entries(shows.state ?? {}))]]),
      tombstones: 0,
      clock: { wall: shows.clock ?? 1, counter: 0, by: id },
      offsetMs: shows.offsetMs ?? 0,
    },
    presence: {
      fieldsByOwner: new Map(
        [...(shows.presence ?? [])].map(([owner, fields]) => [owner, new Map(Object.entries(fields))]),
      ),
    },
  });
  const wallMs = (): number => shows.wall ?? 0;
  const behindMs = (): number => shows.behindMs ?? 0;
  return { id, isAlive: () => true, wallMs, behindMs, node: { inspect } } as unknown as Tab;
}

export interface Bench {
  readonly checker: Checker;
  readonly complaints: readonly string[];
  readonly pass: (ms: number) => void;
  readonly told: (tab: Tab, event: MeshEvent) => void;
  readonly sent: (tab: Tab, to: PeerId, message: LinkMessage) => void;
  readonly stepped: (tab: Tab, input: Input, effects?: readonly Effect[]) => void;
}

export function bench(
  make: MakeChecker,
  tabs: readonly Tab[],
  run: () => void = () => {},
  command: (tab: Tab, command: Command) => void = () => {},
): Bench {
  const complaints: string[] = [];
  let atMs = 0;
  const world = {
    living: () => tabs,
    tabOf: (id: PeerId) => tabs.find((tab) => tab.id === id),
    timeMs: () => atMs,
    run,
    command,
  } as unknown as MeshWorld;
  const checker = make(world, (what) => complaints.push(what));
  for (const tab of tabs) checker.observer?.opened?.(tab);
  return {
    checker,
    complaints,
    pass: (ms) => {
      atMs += ms;
    },
    told: (tab, event) => checker.observer?.told?.(tab, event),
    sent: (tab, to, sent) => checker.observer?.sent?.(tab, to, sent, 0),
    stepped: (tab, input, effects = []) => checker.observer?.stepped?.(tab, input, effects),
  };
}

export const joined = (id: PeerId): MeshEvent => ({ kind: 'memberJoined', id, returned: false });
export const left = (id: PeerId): MeshEvent => ({ kind: 'memberLeft', id, reason: 'failed' });
export const message = (from: PeerId, data: number): MeshEvent => ({
  kind: 'message',
  topic: NUMBERED_TOPIC,
  data,
  from,
  hops: 1,
});
export const publish = (data: number): Input => ({
  kind: 'command',
  command: { kind: 'publish', topic: NUMBERED_TOPIC, data },
});
export const start: Input = { kind: 'start' };
