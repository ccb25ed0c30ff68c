/**
 * Several membership layers in virtual time. Claims spread by flooding, frames of one link keep their
 * order, routed messages take the shortest living path. Links and faults are told by the test.
 */
import { epoch, type PeerId } from '#shared/base/ids.ts';
import { createRng, type Rng } from '#shared/base/rng.ts';
import { compareVersions } from '#shared/base/version.ts';
import { now } from '#shared/base/time.ts';
import { defaultMembershipConfig } from '#shared/membership/config.ts';
import { createMembership, type Membership } from '#shared/membership/membership.ts';
import type {
  Claim,
  MembershipEffect,
  MembershipInput,
  MembershipMessage,
  MembershipRouted,
  RosterRecord,
} from '#shared/membership/messages.ts';
import { rosterVersion } from '#shared/membership/roster.ts';
import { peer } from './fixtures.ts';

interface Node {
  readonly id: PeerId;
  readonly layer: Membership;
  readonly links: Map<PeerId, number>;
  readonly seen: Set<string>;
  readonly table: Map<string, RosterRecord>;
  readonly waiting: Waiting[];
  state: 'running' | 'frozen' | 'crashed';
}

/** What came for a frozen node. */
interface Waiting {
  readonly kind: 'frame' | 'input';
  readonly run: () => void;
}

type Frame =
  | { readonly kind: 'message'; readonly message: MembershipMessage }
  | { readonly kind: 'flood'; readonly name: string; readonly claim: Claim }
  | { readonly kind: 'records'; readonly claims: readonly Claim[] };

interface Told {
  readonly at: number;
  readonly node: PeerId;
  readonly effect: MembershipEffect;
}

export type ThawOrder = 'frames-first' | 'timers-first';

export interface World {
  readonly ids: readonly PeerId[];
  readonly told: readonly Told[];
  readonly time: () => number;
  readonly run: (ms: number) => void;
  readonly link: (one: PeerId, other: PeerId) => void;
  readonly unlink: (one: PeerId, other: PeerId) => void;
  /** From now on frames from one to the other are lost. */
  readonly block: (from: PeerId, to: PeerId) => void;
  readonly unblock: (from: PeerId, to: PeerId) => void;
  readonly crash: (id: PeerId) => void;
  readonly freeze: (id: PeerId) => void;
  /** All that waited, frames and timers, comes at once. */
  readonly thaw: (id: PeerId, order: ThawOrder) => void;
  readonly leave: (id: PeerId) => void;
  readonly layer: (id: PeerId) => Membership;
  readonly table: (id: PeerId) => ReadonlyMap<string, RosterRecord>;
  readonly neighbors: (id: PeerId) => readonly PeerId[];
}

export interface WorldOptions {
  readonly seed: number;
  readonly names: readonly string[];
  /** Loss of pings and acks; claims are never lost, as on a reliable channel. */
  readonly loss: number;
  /** What a node does with the link to a member that it holds for dead. */
  readonly deadLinks: 'keep' | 'drop';
}

/** A world without links; every node has started at time 0. */
export function createWorld(options: WorldOptions): World {
  const rng = createRng([options.seed]);
  const queue = createQueue();
  const nodes = new Map<PeerId, Node>();
  const blocked = new Set<string>();
  const told: Told[] = [];
  let time = 0;
  let floods = 0;

  const node = (id: PeerId): Node => nodes.get(id)!;
  const later = (afterMs: number, run: () => void): void => queue.push(time + afterMs, run);

  const give = (id: PeerId, input: MembershipInput): void => {
    const target = node(id);
    if (target.state === 'crashed') return;
    if (target.state === 'frozen') {
      target.waiting.push({ kind: 'input', run: () => give(id, input) });
      return;
    }
    for (const effect of target.layer.handle(input, now(time))) carryOut(target, effect);
  };
  const sendFrame = (from: Node, to: PeerId, frame: Frame): void => {
    const latency = from.links.get(to);
    if (latency === undefined || blocked.has(`${from.id}>${to}`)) return;
    if (frame.kind === 'message' && rng.fraction() < options.loss) return;
    later(latency, () => deliver(from.id, node(to), frame));
  };
  const deliver = (from: PeerId, to: Node, frame: Frame): void => {
    if (to.state === 'frozen') {
      to.waiting.push({ kind: 'frame', run: () => deliver(from, to, frame) });
      return;
    }
    if (to.state === 'crashed' || !to.links.has(from)) return;
    give(to.id, { kind: 'heard', peer: from });
    if (frame.kind === 'message') return give(to.id, { kind: 'message', from, message: frame.message });
    if (frame.kind === 'records') {
      for (const claim of frame.claims) give(to.id, { kind: 'claim', from, claim });
      return;
    }
    if (to.seen.has(frame.name)) return;
    to.seen.add(frame.name);
    for (const next of to.links.keys()) if (next !== from) sendFrame(to, next, frame);
    give(to.id, { kind: 'claim', from, claim: frame.claim });
  };
  const flood = (from: Node, claim: Claim): void => {
    floods += 1;
    const frame: Frame = { kind: 'flood', name: `${from.id}/${floods}`, claim };
    from.seen.add(frame.name);
    for (const next of from.links.keys()) sendFrame(from, next, frame);
  };
  const route = (from: Node, to: PeerId, message: MembershipRouted): void => {
    const ms = pathMs(from.id, to);
    if (ms !== null) later(ms, () => give(to, { kind: 'routed', from: from.id, message }));
  };
  const pathMs = (from: PeerId, to: PeerId): number | null => {
    const msById = new Map([[from, 0]]);
    const open = [from];
    for (const id of open) {
      if (id === to) return msById.get(id)!;
      for (const [next, ms] of node(id).links) {
        if (msById.has(next) || blocked.has(`${id}>${next}`) || node(next).state === 'crashed') continue;
        msById.set(next, msById.get(id)! + ms);
        open.push(next);
      }
    }
    return null;
  };
  const carryOut = (from: Node, effect: MembershipEffect): void => {
    if (effect.kind !== 'schedule' && effect.kind !== 'rtt') told.push({ at: time, node: from.id, effect });
    if (effect.kind === 'schedule') {
      const { timer } = effect;
      later(effect.afterMs, () => give(from.id, { kind: 'timer', timer }));
    } else if (effect.kind === 'send')
      sendFrame(from, effect.to, { kind: 'message', message: effect.message });
    else if (effect.kind === 'publish') flood(from, effect.claim);
    else if (effect.kind === 'tell') sendFrame(from, effect.to, { kind: 'records', claims: effect.claims });
    else if (effect.kind === 'route') route(from, effect.to, effect.message);
    else if (effect.kind === 'recordChanged') from.table.set(effect.key, effect.record);
    else if (effect.kind === 'recordRemoved') from.table.delete(effect.key);
    else if (effect.kind === 'memberGone' && options.deadLinks === 'drop') {
      later(0, () => unlink(from.id, effect.id));
    }
  };
  const link = (one: PeerId, other: PeerId): void => {
    const latency = 10 + rng.below(40);
    for (const [from, to] of [
      [one, other],
      [other, one],
    ] as const) {
      node(from).links.set(to, latency);
      give(from, { kind: 'neighborUp', peer: to });
    }
    for (const [from, to] of [
      [one, other],
      [other, one],
    ] as const) {
      sendFrame(node(from), to, { kind: 'records', claims: [...node(from).table.values()] });
    }
  };
  const unlink = (one: PeerId, other: PeerId): void => {
    if (!node(one).links.delete(other)) return;
    node(other).links.delete(one);
    give(one, { kind: 'neighborDown', peer: other });
    give(other, { kind: 'neighborDown', peer: one });
  };

  // Stands for anti-entropy: once a second each end of a link sends what the other lacks or holds older.
  const reconcile = (): void => {
    later(1_000, reconcile);
    for (const one of nodes.values()) {
      if (one.state !== 'running') continue;
      for (const other of one.links.keys()) {
        const claims = missing(one.table, node(other).table);
        if (claims.length > 0) sendFrame(one, other, { kind: 'records', claims });
      }
    }
  };
  later(500, reconcile);

  for (const name of options.names) {
    const id = peer(name);
    const layer = createMembership(
      { self: id, epoch: epoch(1), rng: rng.fork(name) },
      defaultMembershipConfig,
    );
    nodes.set(id, {
      id,
      layer,
      links: new Map(),
      seen: new Set(),
      table: new Map(),
      waiting: [],
      state: 'running',
    });
    give(id, { kind: 'start' });
  }

  return {
    ids: [...nodes.keys()],
    told,
    time: () => time,
    run: (ms) => {
      const end = time + ms;
      for (let next = queue.pop(end); next; next = queue.pop(end)) {
        time = next.at;
        next.run();
      }
      time = end;
    },
    link,
    unlink,
    block: (from, to) => blocked.add(`${from}>${to}`),
    unblock: (from, to) => blocked.delete(`${from}>${to}`),
    crash: (id) => {
      node(id).state = 'crashed';
    },
    freeze: (id) => {
      node(id).state = 'frozen';
    },
    thaw: (id, order) => {
      const frozen = node(id);
      frozen.state = 'running';
      const waiting = frozen.waiting.splice(0);
      const first = order === 'frames-first' ? 'frame' : 'input';
      for (const one of waiting) if (one.kind === first) one.run();
      for (const one of waiting) if (one.kind !== first) one.run();
    },
    leave: (id) => {
      give(id, { kind: 'leave' });
      later(0, () => {
        node(id).state = 'crashed';
        for (const other of node(id).links.keys()) later(60, () => unlink(other, id));
      });
    },
    layer: (id) => node(id).layer,
    table: (id) => node(id).table,
    neighbors: (id) => [...node(id).links.keys()],
  };
}

function missing(
  held: ReadonlyMap<string, RosterRecord>,
  other: ReadonlyMap<string, RosterRecord>,
): readonly RosterRecord[] {
  return [...held].flatMap(([key, record]) => {
    const theirs = other.get(key);
    const newer = !theirs || compareVersions(rosterVersion(record), rosterVersion(theirs)) > 0;
    return newer ? [record] : [];
  });
}

/** Names `n00`, `n01`, … */
export function names(count: number): readonly string[] {
  return Array.from({ length: count }, (_, at) => `n${String(at).padStart(2, '0')}`);
}

/** A ring with random chords until everybody has at least `degree` links (or knows everyone). */
export function linkAtRandom(world: World, rng: Rng, degree: number): void {
  const { ids } = world;
  const isLinked = (one: PeerId, other: PeerId): boolean => world.neighbors(one).includes(other);
  ids.forEach((id, at) => {
    const next = ids[(at + 1) % ids.length]!;
    if (next !== id && !isLinked(id, next)) world.link(id, next);
  });
  for (const id of ids) {
    while (world.neighbors(id).length < Math.min(degree, ids.length - 1)) {
      const other = rng.pick(ids.filter((one) => one !== id && !isLinked(id, one)))!;
      world.link(id, other);
    }
  }
}

interface Queue {
  readonly push: (at: number, run: () => void) => void;
  readonly pop: (until: number) => { readonly at: number; readonly run: () => void } | undefined;
}

/** Events by whole-millisecond buckets, in order of time, then of arrival. */
function createQueue(): Queue {
  const buckets = new Map<number, (() => void)[]>();
  const times: number[] = [];
  const push = (at: number, run: () => void): void => {
    const bucket = buckets.get(at);
    if (bucket) {
      bucket.push(run);
      return;
    }
    buckets.set(at, [run]);
    let low = 0;
    let high = times.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (times[middle]! > at) low = middle + 1;
      else high = middle;
    }
    times.splice(low, 0, at);
  };
  const pop: Queue['pop'] = (until) => {
    const at = times.at(-1);
    if (at === undefined || at > until) return undefined;
    const bucket = buckets.get(at)!;
    const run = bucket.shift()!;
    if (bucket.length === 0) {
      buckets.delete(at);
      times.pop();
    }
    return { at, run };
  };
  return { push, pop };
}
