/**
 * How a large room comes to be at once: its tabs find and link each other by themselves, as always, but what each has
 * to say of itself is not gossiped to all. It is handed to everyone by the world, which takes a tenth of the time:
 * to join one by one, a thousand members say and hear some millions of records.
 *
 * Until the room is formed its links carry no broadcasts and no comparisons of tables. What differs from a room that
 * has joined: the shared tree is not carved yet, and nobody knows the streams of the others.
 */
import type { PeerId } from '#shared/base/ids.ts';
import type { RosterRecord } from '#shared/membership/messages.ts';
import type { LinkMessage } from '#shared/mesh/messages.ts';
import type { MeshSnapshot } from '#shared/mesh/node.ts';
import { CLAIMS_MAX } from '#shared/wire/limits.ts';
import type { SimTab } from './tab.ts';
import type { World } from './world.ts';

type MeshWorld = World<MeshSnapshot>;

/** What two tabs need to find out that the other lives, and to be introduced to more. */
const CARRIED: ReadonlySet<LinkMessage['kind']> = new Set([
  'hello',
  'heartbeat',
  'heartbeatAck',
  'claims',
  'forwardJoin',
  'disconnect',
  'packet',
  'packetAck',
]);
/** What every tab gets to find its first neighbor. */
const FIRST_LINK_MS_MAX = 30_000;
/** Until what is new is handed on though not all is said, and more for each tab: before anybody takes the others for orphans. */
const HAND_ON_MS_MIN = 8_000;
const HAND_ON_MS_EACH = 35;
const ROUNDS_MAX = 20;
/** Between two looks at whether all is said. */
const LOOK_MS = 1_000;

/** True when everybody has its links, and has said so; it is handed to all. */
export function acquaintRoom(world: MeshWorld, nodes: number): boolean {
  world.carryOnly(({ kind }) => CARRIED.has(kind));
  const records = followRecords(world, nodes);
  for (let opened = 0; opened < nodes; opened++) world.open();
  const linked = world.runUntil(
    () => world.living().every((tab) => world.neighborsOf(tab).size > 0),
    FIRST_LINK_MS_MAX,
    100,
  );
  // Who is there comes first, and the links when they are made: each list of links told sooner would be told N times in vain.
  handOn(world, records.takeNew('identity'));
  let settled = false;
  for (let round = 0; round < ROUNDS_MAX && !settled; round++) {
    settled = world.runUntil(records.areTrue, Math.max(HAND_ON_MS_MIN, nodes * HAND_ON_MS_EACH), LOOK_MS);
    handOn(world, records.takeNew());
  }
  records.end();
  world.run(1_000);
  world.carryOnly(undefined);
  return linked && settled;
}

interface Records {
  /** What was said since the last time, all or that of one kind. */
  readonly takeNew: (kind?: RosterRecord['kind']) => readonly RosterRecord[];
  /** Everybody has named exactly the neighbors that it has, and enough of them. */
  readonly areTrue: () => boolean;
  readonly end: () => void;
}

/** The newest identity and links that each tab has said. */
function followRecords(world: MeshWorld, nodes: number): Records {
  const introduced = new Set<PeerId>();
  const links = new Map<PeerId, RosterRecord & { readonly kind: 'links' }>();
  const fresh = new Map<string, RosterRecord>();
  const degreeMin = Math.min(nodes - 1, 4);
  const note = (tab: SimTab, record: RosterRecord): void => {
    if (record.id !== tab.id) return;
    if (record.kind === 'links') links.set(tab.id, record);
    else introduced.add(tab.id);
    fresh.set(`${record.kind} ${tab.id}`, record);
  };
  const end = world.observe({
    stepped: (tab, _input, effects) => {
      for (const effect of effects) {
        if (effect.kind !== 'send') continue;
        const { message } = effect;
        if (message.kind === 'hello' && !introduced.has(tab.id)) note(tab, message.identity);
        if (message.kind !== 'gossip') continue;
        const { payload } = message;
        if (payload.kind === 'links' && links.get(tab.id) !== payload) note(tab, payload);
      }
    },
  });
  return {
    takeNew: (wanted) => {
      const taken = [...fresh].filter(([, { kind }]) => wanted === undefined || kind === wanted);
      for (const [key] of taken) fresh.delete(key);
      return taken.map(([, record]) => record);
    },
    areTrue: () =>
      world.living().every((tab) => {
        const named = links.get(tab.id)?.neighbors ?? [];
        const held = world.neighborsOf(tab);
        return held.size >= degreeMin && held.size === named.length && named.every((id) => held.has(id));
      }),
    end,
  };
}

/** Each tab hears it from one of its neighbors. */
function handOn(world: MeshWorld, records: readonly RosterRecord[]): void {
  for (const tab of world.living()) {
    const [neighbor] = world.neighborsOf(tab).keys();
    const teller = neighbor === undefined ? undefined : world.tabOf(neighbor);
    if (teller === undefined) continue;
    for (let at = 0; at < records.length; at += CLAIMS_MAX) {
      world.forge(teller, tab.id, { kind: 'claims', claims: records.slice(at, at + CLAIMS_MAX) });
    }
  }
}
