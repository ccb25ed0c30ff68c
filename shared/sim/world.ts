/**
 * A deterministic world of tabs in virtual time. One seed decides everything; the nodes are those of real tabs,
 * and every message between them is encoded and decoded. Start here: a world opens tabs, does things to them and
 * to the network, and lets time pass; observers see all that happens.
 */
import { bytesToPeerId, epoch, type AttemptId, type PeerId } from '#shared/base/ids.ts';
import { createRng, type Rng } from '#shared/base/rng.ts';
import { defaultMeshConfig, type MeshConfig } from '#shared/mesh/config.ts';
import type { Command, Effect, Input, LinkMessage, MeshEvent } from '#shared/mesh/messages.ts';
import { createMeshNode, type MeshSnapshot } from '#shared/mesh/node.ts';
import { encodePacket, encodeTooOldPacket } from '#shared/wire/packet.ts';
import { encodeTooOld, WIRE_VERSIONS } from '#shared/wire/versions.ts';
import { createAgenda } from './agenda.ts';
import { createChannels, type Tamper } from './channels.ts';
import { defaultConditions, type NetworkConditions } from './conditions.ts';
import { createServer, type SimServer } from './server.ts';
import { createTab, type SimNode, type SimTab } from './tab.ts';

/** As the library has it: a page frozen for so long hangs up when it goes on. */
const FROZEN_MS = 10_000;

/** What a node is made of. */
export interface NodeDeps {
  readonly self: PeerId;
  readonly rng: Rng;
  /** The newest version of the wire that it knows. */
  readonly wireVersion: number;
}

/** What is asked of a new tab. */
export interface OpenOptions {
  /** How far its wall clock is off. */
  readonly skewMs?: number;
  /** The newest version of the wire that it knows; ours, unless told otherwise. */
  readonly wireVersion?: number;
}

export interface WorldOptions<Snapshot> {
  readonly seed: number;
  readonly conditions?: Partial<NetworkConditions>;
  readonly createNode: (deps: NodeDeps) => SimNode<Snapshot>;
}

/** Sees what happens, in the order in which it does. */
export interface Observer<Snapshot = unknown> {
  readonly opened?: (tab: SimTab<Snapshot>) => void;
  /** The tab stands still, frozen or suspended. */
  readonly stood?: (tab: SimTab<Snapshot>) => void;
  readonly told?: (tab: SimTab<Snapshot>, event: MeshEvent) => void;
  /** A frame left; `bytes` is its length. */
  readonly sent?: (tab: SimTab<Snapshot>, to: PeerId, message: LinkMessage, bytes: number) => void;
  /** The same frame, as it was written. */
  readonly wrote?: (tab: SimTab<Snapshot>, frame: Uint8Array) => void;
  /** A frame that the tab had taken came a second time. `taken`: it was decoded once more, and handed over. */
  readonly repeated?: (tab: SimTab<Snapshot>, taken: boolean) => void;
  /** Something leaves the tab that its node did not say. */
  readonly lied?: (tab: SimTab<Snapshot>) => void;
  /** One input has been carried out to the end. */
  readonly stepped?: (tab: SimTab<Snapshot>, input: Input, effects: readonly Effect[]) => void;
}

export interface World<Snapshot = unknown> {
  /** All that were ever opened. */
  readonly tabs: readonly SimTab<Snapshot>[];
  readonly server: SimServer;
  readonly rng: Rng;
  readonly timeMs: () => number;
  readonly living: () => readonly SimTab<Snapshot>[];
  readonly tabOf: (id: PeerId) => SimTab<Snapshot> | undefined;
  /** Returns what ends it. */
  readonly observe: (observer: Observer<Snapshot>) => () => void;
  /** Opens a tab; it goes to the server at once. */
  readonly open: (options?: OpenOptions) => SimTab<Snapshot>;
  readonly command: (tab: SimTab<Snapshot>, command: Command) => void;
  /** Says goodbye and closes. */
  readonly leave: (tab: SimTab<Snapshot>) => void;
  /** Vanishes without a word. */
  readonly crash: (tab: SimTab<Snapshot>) => void;
  readonly freeze: (tab: SimTab<Snapshot>) => void;
  readonly suspend: (tab: SimTab<Snapshot>) => void;
  /** What it missed comes at once; a command comes before all that. */
  readonly wake: (tab: SimTab<Snapshot>, first?: Command) => void;
  /**
   * Its machine comes into another network: no link of its carries anything before it is restarted, its socket is lost,
   * and the page is told.
   */
  readonly changeNetwork: (tab: SimTab<Snapshot>) => void;
  /** The same of the one link between these two, and no page is told. */
  readonly strayLink: (a: SimTab<Snapshot>, b: SimTab<Snapshot>) => void;
  /** Nothing gets from one to the other until `heal`. */
  readonly cut: (from: SimTab<Snapshot>, to: SimTab<Snapshot>) => void;
  /** Nothing gets from one group to another until `heal`; who is in no group is in the first. */
  readonly part: (groups: readonly (readonly SimTab<Snapshot>[])[]) => void;
  readonly heal: () => void;
  readonly failLink: (a: SimTab<Snapshot>, b: SimTab<Snapshot>) => void;
  /** Bytes arrive at `to` as if `from` had sent them. */
  readonly inject: (from: SimTab<Snapshot>, to: PeerId, bytes: Uint8Array) => void;
  /** The next frame from one to the other is sent as these bytes instead. */
  readonly tamper: (from: SimTab<Snapshot>, to: PeerId, change: Tamper) => void;
  /** A well-formed frame that the node of `from` never meant to send; its size, if there is a channel for it. */
  readonly forge: (from: SimTab<Snapshot>, to: PeerId, message: LinkMessage) => number | undefined;
  /** A message comes to a tab as if a neighbor had sent it, though it never was a frame: see `acquaint.ts`. */
  readonly hand: (to: SimTab<Snapshot>, from: PeerId, message: LinkMessage) => void;
  /** Frames of any other message vanish unseen, which no real channel would do: see `acquaint.ts`. `undefined`: all are carried. */
  readonly carryOnly: (isCarried: ((message: LinkMessage) => boolean) | undefined) => void;
  readonly setConditions: (conditions: Partial<NetworkConditions>) => void;
  /** Latency by neighbor, over open channels. */
  readonly neighborsOf: (tab: SimTab<Snapshot>) => ReadonlyMap<PeerId, number>;
  /** The attempts by which its open channels came about: what is still there later is the same connection. */
  readonly attemptsOf: (tab: SimTab<Snapshot>) => readonly AttemptId[];
  /** Connections constructed so far, counted at both ends. */
  readonly constructed: () => number;
  readonly run: (ms: number) => void;
  /** Looks every `everyMs`; false if it never held within `ms`. */
  readonly runUntil: (holds: () => boolean, ms: number, everyMs?: number) => boolean;
  /** Runs something of the world's own later. */
  readonly later: (ms: number, run: () => void) => void;
}

/** How often `runUntil` looks, unless told otherwise. */
const LOOK_MS = 25;

/** A world of whole nodes. */
export function createMeshWorld(
  options: Omit<WorldOptions<MeshSnapshot>, 'createNode'> & { readonly config?: MeshConfig },
): World<MeshSnapshot> {
  const config = options.config ?? defaultMeshConfig;
  return createWorld({
    ...options,
    createNode: ({ self, rng, wireVersion }) => {
      const membership = { ...config.membership, wireVersion };
      return createMeshNode({ self, epoch: epoch(1), rng }, { ...config, membership });
    },
  });
}

// oxlint-disable-next-line max-lines-per-function -- A factory: what it closes over is one world.
export function createWorld<Snapshot>(options: WorldOptions<Snapshot>): World<Snapshot> {
  const rng = createRng([options.seed]);
  const agenda = createAgenda();
  const tabs: SimTab<Snapshot>[] = [];
  const tabById = new Map<PeerId, SimTab<Snapshot>>();
  const living = new Set<SimTab<Snapshot>>();
  const observers: Observer<Snapshot>[] = [];
  const cuts = new Set<string>();
  /** Empty while nobody is parted. */
  const groupByTab = new Map<SimTab, number>();
  let conditions: NetworkConditions = { ...defaultConditions, ...options.conditions };
  let isCarried = carriesAll;
  let timeMs = 1_000;

  const isCut = (from: SimTab, to: SimTab): boolean =>
    isOffline(from) ||
    isOffline(to) ||
    (groupByTab.size > 0 && (groupByTab.get(from) ?? 0) !== (groupByTab.get(to) ?? 0)) ||
    (cuts.size > 0 && cuts.has(wayOf(from, to)));
  const shared = {
    agenda,
    timeMs: () => timeMs,
    conditions: () => conditions,
    tabOf: (id: PeerId) => tabById.get(id),
  };
  const repeated = (id: PeerId, taken: boolean): void => {
    const tab = tabById.get(id);
    for (const observer of observers) if (tab) observer.repeated?.(tab, taken);
  };
  const channels = createChannels({ ...shared, rng: rng.fork('channels'), isCut, repeated });
  const server = createServer({ ...shared, rng: rng.fork('server'), isOffline });

  const carryOut = (tab: SimTab<Snapshot>, input: Input, effects: readonly Effect[]): void => {
    for (const effect of effects) perform(tab, effect);
    for (const { stepped } of observers) stepped?.(tab, input, effects);
  };

  const perform = (tab: SimTab<Snapshot>, effect: Effect): void => {
    switch (effect.kind) {
      case 'tell':
        for (const { told } of observers) told?.(tab, effect.event);
        return;
      case 'schedule': {
        const { timer } = effect;
        return tab.giveAfter(effect.afterMs, () => ({ kind: 'timer', timer }));
      }
      case 'send': {
        if (!isCarried(effect.message)) return;
        const frame = channels.send(tab, effect.to, effect.message);
        if (frame === undefined) return;
        for (const { sent, wrote } of observers) {
          sent?.(tab, effect.to, effect.message, frame.length);
          wrote?.(tab, frame);
        }
        return;
      }
      case 'serverSend':
        return server.send(tab, effect.to, encodePacket(effect.message, tab.versions));
      case 'attach':
        return server.attach(tab);
      case 'detach':
        return server.release(tab);
      case 'askContacts':
        return server.askContacts(tab);
      case 'construct':
        return channels.construct(tab, effect.peer, effect.attempt, effect.initiator);
      case 'describe':
        return channels.describe(tab, effect);
      case 'askReached':
        return channels.askReached(tab, effect.peer);
      case 'restart':
        return channels.restart(tab, effect.attempt);
      case 'destroy':
        return channels.destroy(tab, effect.attempt);
      case 'speak':
        return tab.speak(effect.version);
      case 'tellTooOld':
        return tellTooOld(tab, effect.to);
    }
  };

  const tellTooOld = (tab: SimTab, to: PeerId): void => {
    if (channels.inject(tab, to, encodeTooOld(tab.versions))) return;
    server.send(tab, to, encodeTooOldPacket(tab.versions));
  };

  const end = (tab: SimTab<Snapshot>): void => {
    tab.end();
    server.forget(tab);
    living.delete(tab);
    groupByTab.delete(tab);
  };

  const stand = (tab: SimTab<Snapshot>, how: 'frozen' | 'suspended'): void => {
    tab.stand(how);
    for (const { stood } of observers) stood?.(tab);
  };

  const run = (ms: number): void => {
    const until = timeMs + ms;
    for (let at = agenda.nextAt(); at <= until; at = agenda.nextAt()) {
      timeMs = Math.max(timeMs, at);
      agenda.step();
    }
    timeMs = until;
  };

  return {
    tabs,
    server,
    rng: rng.fork('story'),
    timeMs: () => timeMs,
    living: () => [...living],
    tabOf: (id) => tabById.get(id),
    observe: (observer) => {
      observers.push(observer);
      return () => {
        const at = observers.indexOf(observer);
        if (at >= 0) observers.splice(at, 1);
      };
    },
    open: ({ skewMs = 0, wireVersion = WIRE_VERSIONS.newest } = {}) => {
      const id = bytesToPeerId(Uint8Array.from({ length: 16 }, () => rng.below(256)));
      const node = options.createNode({ self: id, rng: rng.fork(id), wireVersion });
      const tab = createTab({
        id,
        index: tabs.length,
        node,
        wireVersion,
        agenda,
        timeMs: shared.timeMs,
        carryOut,
      });
      tab.setSkew(skewMs);
      tabs.push(tab);
      tabById.set(id, tab);
      living.add(tab);
      for (const { opened } of observers) opened?.(tab);
      tab.give(() => ({ kind: 'start' }));
      return tab;
    },
    command: (tab, command) => tab.give(() => ({ kind: 'command', command })),
    leave: (tab) => {
      tab.give(() => ({ kind: 'command', command: { kind: 'leave' } }));
      end(tab);
      // A tab that stands still never got to its goodbye.
      channels.abandon(tab);
    },
    crash: (tab) => {
      end(tab);
      channels.abandon(tab);
    },
    freeze: (tab) => stand(tab, 'frozen'),
    suspend: (tab) => stand(tab, 'suspended'),
    wake: (tab, first) => {
      // A page that was frozen is told first, and hangs up: what waits in its socket is of attempts that are over.
      const wasFrozen = tab.mode() === 'frozen' && tab.standingMs() >= FROZEN_MS;
      const hungUp = wasFrozen && server.hangUp(tab);
      tab.goOn([
        ...(first ? [(): Input => ({ kind: 'command', command: first })] : []),
        ...(hungUp ? [(): Input => ({ kind: 'serverDetached' })] : []),
        ...(wasFrozen ? [(): Input => ({ kind: 'probe' })] : []),
      ]);
      if (hungUp) server.attach(tab);
      channels.release();
      server.hurry(tab);
    },
    changeNetwork: (tab) => {
      channels.stray(tab);
      server.renew(tab);
      tab.give(() => ({ kind: 'probe' }));
    },
    strayLink: (a, b) => channels.stray(a, b.id),
    cut: (from, to) => void cuts.add(wayOf(from, to)),
    part: (groups) => {
      groupByTab.clear();
      groups.forEach((group, number) => group.forEach((tab) => groupByTab.set(tab, number)));
    },
    heal: () => {
      cuts.clear();
      groupByTab.clear();
      channels.release();
    },
    failLink: (a, b) => channels.fail(a, b.id),
    inject: (from, to, bytes) => {
      for (const { lied } of observers) lied?.(from);
      channels.inject(from, to, bytes);
    },
    tamper: (from, to, change) => {
      for (const { lied } of observers) lied?.(from);
      channels.tamper(from, to, change);
    },
    forge: (from, to, message) => {
      for (const { lied } of observers) lied?.(from);
      return channels.send(from, to, message)?.length;
    },
    hand: (to, from, message) => to.give(() => ({ kind: 'frame', from, message, bytes: 0 })),
    carryOnly: (asked) => {
      isCarried = asked ?? carriesAll;
    },
    setConditions: (changed) => {
      conditions = { ...conditions, ...changed };
    },
    neighborsOf: (tab) => channels.neighborsOf(tab),
    attemptsOf: channels.attemptsOf,
    constructed: () => channels.constructed(),
    run,
    runUntil: (holds, ms, everyMs = LOOK_MS) => {
      let leftMs = ms;
      while (!holds()) {
        if (leftMs <= 0) return false;
        run(Math.min(everyMs, leftMs));
        leftMs -= everyMs;
      }
      return true;
    },
    later: (ms, happen) => agenda.add(timeMs + ms, happen),
  };
}

const carriesAll = (_message: LinkMessage): boolean => true;

/** The tab's machine has no network. */
const isOffline = (tab: SimTab): boolean => tab.mode() === 'suspended';

const wayOf = (from: SimTab, to: SimTab): string => `${from.index}>${to.index}`;
