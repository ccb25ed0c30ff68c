/**
 * A world of overlays alone: virtual time, signals that walk hop by hop, channels that take their time and
 * sometimes fail, a server that introduces, and a stand-in for the roster.
 */
import { peer } from './helpers.ts';
import type { AttemptId, PeerId } from '#shared/base/ids.ts';
import { createRng, type Rng } from '#shared/base/rng.ts';
import { now } from '#shared/base/time.ts';
import { defaultOverlayConfig } from '#shared/overlay/config.ts';
import type { OverlayEffect, OverlayInput, OverlaySignal } from '#shared/overlay/messages.ts';
import { createOverlay, type Overlay } from '#shared/overlay/overlay.ts';

export interface WorldOptions {
  readonly seed: number;
  /** Of all connections, those that never open; half of them close, the others stay silent. */
  readonly channelFailure: number;
  /** Of all signals, those that get lost. */
  readonly signalLoss: number;
}

/** One end of a connection. */
interface End {
  readonly attempt: AttemptId;
  state: 'building' | 'open';
}

interface Node {
  readonly id: PeerId;
  readonly overlay: Overlay;
  readonly ends: Map<PeerId, End>;
  /** What the roster told it last: degree by member. */
  readonly told: Map<PeerId, number>;
}

interface Packet {
  readonly from: PeerId;
  readonly to: PeerId;
  readonly trail: readonly PeerId[];
  readonly route: readonly PeerId[];
  readonly signal: OverlaySignal;
}

export interface World {
  /** Adds a member who asks the server for contacts. */
  readonly join: () => PeerId;
  readonly run: (ms: number) => void;
  /** Crashes members: their channels close a second or two later at the other ends. */
  readonly kill: (ids: readonly PeerId[]) => void;
  /** From now on the server introduces only within these groups, and links between them are cut. */
  readonly part: (groupOf: (id: PeerId) => number) => void;
  readonly heal: () => void;
  readonly ids: () => readonly PeerId[];
  readonly components: () => number;
  readonly degrees: () => readonly number[];
  /** Open links that only one end holds. */
  readonly asymmetric: () => number;
  readonly constructed: () => readonly number[];
  readonly faults: () => readonly string[];
  readonly requests: () => number;
}

const SERVER_MS = 30;
const NOTICE_MS = 1_500;
const ROSTER_MS = 300;

export function createWorld(options: WorldOptions): World {
  const rng: Rng = createRng([options.seed]);
  /** Latest first; of one moment, the last added first, so that the end is always next. */
  const queue: { readonly atMs: number; readonly run: () => void }[] = [];
  const nodes = new Map<PeerId, Node>();
  const failed = new Map<AttemptId, boolean>();
  const faults: string[] = [];
  let clockMs = 0;
  let joined = 0;
  let requests = 0;
  let groupOf: (id: PeerId) => number = () => 0;

  const later = (ms: number, run: () => void): void => {
    const atMs = clockMs + ms;
    let low = 0;
    for (let high = queue.length; low < high;) {
      const middle = (low + high) >> 1;
      if (queue[middle]!.atMs > atMs) low = middle + 1;
      else high = middle;
    }
    queue.splice(low, 0, { atMs, run });
  };
  const latency = (): number => 10 + rng.below(40);
  const feed = (id: PeerId, input: OverlayInput): void => {
    const node = nodes.get(id);
    if (!node) return;
    for (const effect of node.overlay.handle(input, now(clockMs))) carry(node, effect);
  };
  const isOpen = (a: PeerId, b: PeerId): boolean => {
    const one = nodes.get(a)?.ends.get(b);
    const other = nodes.get(b)?.ends.get(a);
    return one?.state === 'open' && other?.state === 'open' && one.attempt === other.attempt;
  };

  const carry = (node: Node, effect: OverlayEffect): void => {
    switch (effect.kind) {
      case 'send':
        if (isOpen(node.id, effect.to)) {
          // On a channel order is kept: one delay for all.
          later(25, () => feed(effect.to, { kind: 'message', from: node.id, message: effect.message }));
        }
        return;
      case 'knock':
        if (isOpen(node.id, effect.peer))
          later(25, () => feed(effect.peer, { kind: 'heardStranger', peer: node.id }));
        return;
      case 'schedule':
        later(effect.afterMs, () => feed(node.id, { kind: 'timer', timer: effect.timer }));
        return;
      case 'signal':
        if (effect.signal.kind === 'request') requests++;
        sendSignal(node, effect.to, effect.route ?? findRoute(node.id, effect.to), effect.signal);
        return;
      case 'construct':
        construct(node, effect.peer, effect.attempt, effect.initiator);
        return;
      case 'describe':
        afterDescribe(node, effect.peer, effect.attempt, effect.data);
        return;
      case 'destroy':
        if (node.ends.get(effect.peer)?.attempt === effect.attempt) {
          node.ends.delete(effect.peer);
          later(latency() + 10, () => closeEnd(effect.peer, node.id, effect.attempt));
        }
        return;
      case 'peerMisbehaved':
        faults.push(effect.reason);
        return;
      case 'needContacts':
        later(2 * SERVER_MS, () => introduce(node.id));
        return;
      // Nobody is told that a link is silent.
      case 'restart':
      case 'signalAround':
      case 'neighborUp':
      case 'neighborDown':
      case 'attemptFailed':
        return;
    }
  };

  // Signals go hop by hop: over a channel where there is one, else through the server.
  const sendSignal = (node: Node, to: PeerId, route: readonly PeerId[], signal: OverlaySignal): void => {
    if (rng.fraction() < options.signalLoss) return;
    hop(node.id, { from: node.id, to, trail: [], route, signal });
  };
  const hop = (at: PeerId, packet: Packet): void => {
    const [next, ...rest] = [...packet.route, packet.to];
    if (next === undefined || groupOf(at) !== groupOf(next)) return;
    const viaChannel = isOpen(at, next);
    later(viaChannel ? latency() : 2 * SERVER_MS, () => {
      if (next === packet.to) {
        feed(next, { kind: 'signal', from: packet.from, trail: packet.trail, signal: packet.signal });
      } else if (nodes.has(next)) {
        hop(next, { ...packet, trail: [...packet.trail, next], route: rest.slice(0, -1) });
      }
    });
  };
  const findRoute = (from: PeerId, to: PeerId): readonly PeerId[] => {
    const cameFrom = new Map<PeerId, PeerId>([[from, from]]);
    const wave = [from];
    for (let at = wave.shift(); at !== undefined && at !== to; at = wave.shift()) {
      for (const next of nodes.get(at)?.ends.keys() ?? []) {
        if (cameFrom.has(next) || !isOpen(at, next)) continue;
        cameFrom.set(next, at);
        wave.push(next);
      }
    }
    const route: PeerId[] = [];
    for (let at = cameFrom.get(to); at !== undefined && at !== from; at = cameFrom.get(at)) route.unshift(at);
    return route;
  };

  // Connections: offer, answer, then both ends open, unless fate has it otherwise.
  const construct = (node: Node, other: PeerId, id: AttemptId, initiator: boolean): void => {
    if (node.ends.has(other)) faults.push('constructed twice');
    node.ends.set(other, { attempt: id, state: 'building' });
    if (initiator) later(5, () => describe(node, other, id, 'offer'));
  };
  const describe = (node: Node, other: PeerId, id: AttemptId, data: string): void => {
    if (node.ends.get(other)?.attempt === id)
      feed(node.id, { kind: 'described', peer: other, attempt: id, wireVersion: 1, data });
  };
  const afterDescribe = (node: Node, other: PeerId, id: AttemptId, data: string): void => {
    if (node.ends.get(other)?.attempt !== id) faults.push('a stale description reached the transport');
    if (data === 'offer') {
      later(5, () => describe(node, other, id, 'answer'));
      return;
    }
    const fails = rng.fraction() < options.channelFailure;
    failed.set(id, fails);
    if (fails && rng.below(2) === 0) return;
    const setupMs = 100 + rng.below(200);
    for (const [a, b] of [
      [node.id, other],
      [other, node.id],
    ] as const) {
      later(setupMs + rng.below(20), () => (fails ? closeEnd(a, b, id) : openEnd(a, b, id)));
    }
  };
  const openEnd = (id: PeerId, other: PeerId, of: AttemptId): void => {
    const end = nodes.get(id)?.ends.get(other);
    if (end?.attempt !== of || nodes.get(other)?.ends.get(id)?.attempt !== of) return;
    end.state = 'open';
    feed(id, { kind: 'channelOpened', peer: other, attempt: of });
  };
  const closeEnd = (id: PeerId, other: PeerId, of: AttemptId): void => {
    const node = nodes.get(id);
    if (node?.ends.get(other)?.attempt !== of) return;
    node.ends.delete(other);
    feed(id, { kind: 'channelClosed', peer: other, attempt: of });
  };

  // The server names three earlier members, of the same group while the world is parted.
  const introduce = (id: PeerId): void => {
    const all = [...nodes.keys()];
    const earlier = all.filter((other) => other < id && groupOf(other) === groupOf(id));
    const others = all.filter((other) => other !== id && groupOf(other) === groupOf(id));
    feed(id, { kind: 'contacts', peers: rng.sample(earlier.length > 0 ? earlier : others, 3) });
  };

  // The roster: each hears now and then of those it is joined to, and of those who are gone.
  const reachable = (from: PeerId): readonly PeerId[] => {
    const seen = new Set([from]);
    for (const at of seen) {
      for (const next of nodes.get(at)?.ends.keys() ?? []) if (isOpen(at, next)) seen.add(next);
    }
    return [...seen];
  };
  const degreeOf = (id: PeerId): number =>
    [...(nodes.get(id)?.ends.keys() ?? [])].filter((other) => isOpen(id, other)).length;
  const tellRosters = (): void => {
    for (const node of nodes.values()) {
      const members = reachable(node.id);
      const alive = new Set(members);
      if (members.length !== node.told.size + 1) {
        feed(node.id, { kind: 'roomSize', size: members.length });
      }
      for (const gone of [...node.told.keys()].filter((id) => !alive.has(id))) {
        node.told.delete(gone);
        feed(node.id, { kind: 'forget', peer: gone });
      }
      for (const other of members) {
        const degree = degreeOf(other);
        if (other === node.id || node.told.get(other) === degree) continue;
        node.told.set(other, degree);
        feed(node.id, { kind: 'known', peer: other, degree });
      }
    }
    later(ROSTER_MS, tellRosters);
  };
  later(ROSTER_MS, tellRosters);

  return {
    join: () => {
      const id = peer(++joined);
      const overlay = createOverlay({ self: id, rng: rng.fork(id) }, defaultOverlayConfig);
      nodes.set(id, { id, overlay, ends: new Map(), told: new Map() });
      feed(id, { kind: 'serverAttached' });
      later(2 * SERVER_MS, () => introduce(id));
      return id;
    },
    run: (ms) => {
      const endMs = clockMs + ms;
      while ((queue.at(-1)?.atMs ?? Infinity) <= endMs) {
        const next = queue.pop();
        if (!next) break;
        clockMs = next.atMs;
        next.run();
      }
      clockMs = endMs;
    },
    kill: (ids) => {
      for (const id of ids) nodes.delete(id);
      for (const node of nodes.values()) {
        for (const id of ids) {
          const end = node.ends.get(id);
          if (end) later(NOTICE_MS + rng.below(500), () => closeEnd(node.id, id, end.attempt));
        }
      }
    },
    part: (group) => {
      groupOf = group;
      for (const node of nodes.values()) {
        for (const [other, end] of node.ends) {
          if (group(other) !== group(node.id)) {
            later(NOTICE_MS, () => closeEnd(node.id, other, end.attempt));
          }
        }
      }
    },
    heal: () => {
      groupOf = () => 0;
      const all = [...nodes.keys()];
      for (const id of rng.sample(all, 8)) feed(id, { kind: 'contacts', peers: rng.sample(all, 4) });
    },
    ids: () => [...nodes.keys()],
    components: () => {
      const left = new Set(nodes.keys());
      let count = 0;
      for (const id of left) {
        count++;
        for (const other of reachable(id)) left.delete(other);
      }
      return count;
    },
    degrees: () => [...nodes.values()].map((node) => node.overlay.inspect().activeView.length),
    asymmetric: () => {
      let count = 0;
      for (const node of nodes.values()) {
        for (const other of node.overlay.inspect().activeView) {
          if (!nodes.get(other)?.overlay.inspect().activeView.includes(node.id)) count++;
        }
      }
      return count;
    },
    constructed: () => [...nodes.values()].map((node) => node.overlay.inspect().constructed),
    faults: () => faults,
    requests: () => requests,
  };
}
