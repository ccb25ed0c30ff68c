/**
 * How a room comes to be at once: its tabs find and link each other by themselves, as always, but what each has to
 * say of itself is not gossiped to all. The world hands it to everyone, once a second and each record once, which
 * spares most of the time: while they join one by one, a thousand members say and hear some millions of messages.
 *
 * Until the room is formed its links carry no broadcasts and no comparisons of tables. Then everybody is handed how far
 * the streams have come on which its members said what they are, or the next record of each would be asked about by
 * all; and some members say one thing each, so that the shared tree is carved.
 */
import type { PeerId } from '#shared/base/ids.ts';
import type { VectorHead } from '#shared/broadcast/messages.ts';
import { inFrames } from '#shared/broadcast/relay.ts';
import type { RosterRecord } from '#shared/membership/messages.ts';
import type { LinkMessage } from '#shared/mesh/messages.ts';
import type { MeshSnapshot } from '#shared/mesh/node.ts';
import { HEADS_MAX } from '#shared/wire/limits.ts';
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
/** Rarer leaves members unnamed for so long that others take them for orphans, and flood the room with pings. */
const HAND_ON_EVERY_MS = 1_000;
/** After this acquainting has failed: more than twice what the slowest of 1,000 take to name their last links. */
const ACQUAINT_MS_MAX = 120_000;
/** Turns in a row in which nobody had anything new to say. */
const QUIET_TURNS = 3;
/** Who says something at the end, and how far apart. More carves no more of the tree. */
const CARVERS = 10;
const CARVE_EVERY_MS = 200;

/** True when everybody has its links, has said so, and everybody knows it. */
export function acquaintRoom(world: MeshWorld, nodes: number): boolean {
  world.carryOnly(({ kind }) => CARRIED.has(kind));
  const records = followRecords(world, nodes);
  const heads = followHeads(world);
  for (let opened = 0; opened < nodes; opened++) world.open();
  let quietTurns = 0;
  for (let ms = 0; ms < ACQUAINT_MS_MAX && quietTurns < QUIET_TURNS; ms += HAND_ON_EVERY_MS) {
    world.run(HAND_ON_EVERY_MS);
    const handed = records.handOn();
    quietTurns = handed === 0 && records.areTrue() ? quietTurns + 1 : 0;
  }
  records.end();
  // While nobody can pass it on, and at the very end: what is said from now on is heard.
  heads.handOn();
  heads.end();
  world.carryOnly(undefined);
  for (const tab of world.rng.sample(world.living(), CARVERS)) {
    world.command(tab, { kind: 'publish', topic: 'acquaint', data: null });
    world.run(CARVE_EVERY_MS);
  }
  return quietTurns === QUIET_TURNS;
}

interface Records {
  /** Gives everybody what is new to it; how many records there were that somebody lacked. */
  readonly handOn: () => number;
  /** Everybody has named exactly the neighbors that it has, and enough of them. */
  readonly areTrue: () => boolean;
  readonly end: () => void;
}

/** The newest identity and links that each tab has said, and what of it each has been handed. */
function followRecords(world: MeshWorld, nodes: number): Records {
  const newest = new Map<string, RosterRecord>();
  /** In the order in which they were said. What has been replaced stays in its place, and is handed to nobody. */
  const said: RosterRecord[] = [];
  /** Up to where in `said` each tab has been told. */
  const toldBy = new Map<SimTab, number>();
  const degreeMin = Math.min(nodes - 1, 4);
  const note = (tab: SimTab, record: RosterRecord): void => {
    const key = keyOf(record.kind, tab.id);
    if (record.id !== tab.id || newest.get(key) === record) return;
    newest.set(key, record);
    said.push(record);
  };
  const end = world.observe({
    stepped: (tab, _input, effects) => {
      for (const effect of effects) {
        if (effect.kind !== 'send') continue;
        const { message } = effect;
        if (message.kind === 'hello' && !newest.has(keyOf('identity', tab.id))) note(tab, message.identity);
        if (message.kind === 'gossip' && message.payload.kind === 'links') note(tab, message.payload);
      }
    },
  });
  return {
    handOn: () => {
      let most = 0;
      for (const tab of world.living()) {
        // Who has no neighbor yet hears it later.
        const [neighbor] = world.neighborsOf(tab).keys();
        if (neighbor === undefined) continue;
        const fresh = said.slice(toldBy.get(tab) ?? 0);
        toldBy.set(tab, said.length);
        const claims = fresh.filter((record) => newest.get(keyOf(record.kind, record.id)) === record);
        if (claims.length > 0) world.hand(tab, neighbor, { kind: 'claims', claims });
        most = Math.max(most, claims.length);
      }
      return most;
    },
    areTrue: () =>
      world.living().every((tab) => {
        const record = newest.get(keyOf('links', tab.id));
        const named = record?.kind === 'links' ? record.neighbors : [];
        const held = world.neighborsOf(tab);
        return held.size >= degreeMin && held.size === named.length && named.every((id) => held.has(id));
      }),
    end,
  };
}

interface Heads {
  /** Tells everybody up to where all streams without gaps are past. */
  readonly handOn: () => void;
  readonly end: () => void;
}

/** How far the streams have come on which each tab says what nobody hears. */
function followHeads(world: MeshWorld): Heads {
  const heads = new Map<string, VectorHead>();
  const end = world.observe({
    stepped: (tab, _input, effects) => {
      for (const effect of effects) {
        if (effect.kind !== 'send' || effect.message.kind !== 'gossip') continue;
        const { origin, epoch, lane, seq } = effect.message;
        if (origin !== tab.id || lane === 'volatile') continue;
        heads.set(`${lane} ${origin}`, { origin, epoch, lane, seq, from: seq + 1 });
      }
    },
  });
  return {
    handOn: () => {
      const frames = inFrames([...heads.values()], HEADS_MAX);
      for (const tab of world.living()) {
        const [neighbor] = world.neighborsOf(tab).keys();
        if (neighbor === undefined) continue;
        for (const [at, frame] of frames.entries()) {
          const last = at === frames.length - 1;
          world.hand(tab, neighbor, { kind: 'vector', heads: frame, begun: true, last });
        }
      }
    },
    end,
  };
}

const keyOf = (kind: RosterRecord['kind'], id: PeerId): string => `${kind} ${id}`;
