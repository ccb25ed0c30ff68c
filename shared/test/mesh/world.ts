/**
 * A small world of whole nodes in virtual time: every frame is encoded and decoded, in one version or another,
 * channels take time to open and may fail to, tabs crash silently, links are cut one way or both, the server
 * comes and goes. One seed decides everything.
 */
import { bytesToPeerId, epoch, type AttemptId, type PeerId } from '#shared/base/ids.ts';
import { createRng, type Rng } from '#shared/base/rng.ts';
import { now } from '#shared/base/time.ts';
import { defaultMeshConfig, type MeshConfig } from '#shared/mesh/config.ts';
import type { Command, Effect, Input, LinkMessage, MeshEvent } from '#shared/mesh/messages.ts';
import { createMeshNode, type MeshNode } from '#shared/mesh/node.ts';
import type { StateConfig } from '#shared/state/config.ts';
import { encodePacket, encodeTooOldPacket } from '#shared/wire/packet.ts';
import { encodeTooOld, versionsUpTo, WIRE_VERSIONS, type WireVersions } from '#shared/wire/versions.ts';
import { createEnd, packetToInput, type End } from './end.ts';

export interface WorldOptions {
  readonly seed: number;
  readonly latencyMs?: readonly [number, number];
  readonly setupMs?: readonly [number, number];
  /** Share of channels that never open. */
  readonly setupFailure?: number;
  /** What differs from the default of the state layer. */
  readonly state?: Partial<StateConfig>;
  readonly config?: MeshConfig;
}

export interface Tab {
  readonly id: PeerId;
  readonly node: MeshNode;
  readonly events: MeshEvent[];
  /** Added to the world's time to make this tab's wall clock. */
  readonly skewMs: number;
  readonly versions: WireVersions;
  /** What its node says the room speaks. */
  speaks: number;
  /** Versions of its frames; a test clears it. */
  readonly wrote: Set<number>;
  alive: boolean;
  attached: boolean;
  /** Inputs held back while the tab is frozen. */
  frozen: Input[] | undefined;
  sentBytes: number;
}

interface Channel {
  readonly attempt: AttemptId;
  readonly ends: Map<PeerId, End>;
  open: boolean;
  readonly latencyMs: number;
}

export interface World {
  readonly tabs: readonly Tab[];
  readonly timeMs: () => number;
  /** Opens a tab; it joins by the server if there is one. */
  readonly open: (options?: { readonly skewMs?: number; readonly version?: number }) => Tab;
  readonly run: (ms: number) => void;
  /** Runs until it holds, at most `ms`; false if it never did. */
  readonly runUntil: (holds: () => boolean, ms: number) => boolean;
  readonly command: (tab: Tab, command: Command) => void;
  readonly crash: (tab: Tab) => void;
  readonly freeze: (tab: Tab) => void;
  readonly thaw: (tab: Tab) => void;
  /** Nothing from `from` reaches `to` until `heal`: a reliable channel holds it back, and gives up after 15 s. */
  readonly cut: (from: Tab, to: Tab) => void;
  readonly heal: () => void;
  readonly setServer: (up: boolean) => void;
  /** Closes the channel between two tabs, as a failed connection would. */
  readonly closeChannel: (a: Tab, b: Tab) => void;
  /** Sends what the node of `from` did not say: a lie, on its own channel. */
  readonly lie: (from: Tab, to: PeerId, message: LinkMessage) => void;
  /** Hands bytes to `to` as if `from` had sent them. */
  readonly inject: (from: Tab, to: Tab, change: (bytes: Uint8Array) => readonly Uint8Array[]) => void;
  /** Hands `to` this message of its neighbor `from`, which never said it. */
  readonly frame: (from: Tab, to: Tab, message: LinkMessage) => void;
  readonly living: () => Tab[];
  readonly constructed: () => number;
}

/** How long a connection without an answer lives. */
const ICE_GIVES_UP_MS = 15_000;

interface Happening {
  readonly at: number;
  readonly order: number;
  readonly run: () => void;
}

export function createWorld(options: WorldOptions): World {
  const rng: Rng = createRng([options.seed]);
  const [latencyMin, latencyMax] = options.latencyMs ?? [10, 50];
  const [setupMin, setupMax] = options.setupMs ?? [100, 400];
  const tabs: Tab[] = [];
  const tabById = new Map<PeerId, Tab>();
  const channels = new Map<AttemptId, Channel>();
  const cuts = new Set<string>();
  const held = new Map<string, (() => void)[]>();
  const tampering = new Map<string, (bytes: Uint8Array) => readonly Uint8Array[]>();
  const agenda: Happening[] = [];
  let timeMs = 1_000;
  let order = 0;
  let serverUp = true;
  let constructed = 0;

  const later = (ms: number, run: () => void): void => {
    const happening = { at: timeMs + ms, order: order++, run };
    let at = agenda.length;
    while (at > 0 && isBefore(happening, agenda[at - 1]!)) at -= 1;
    agenda.splice(at, 0, happening);
  };
  const between = (min: number, max: number): number => min + rng.fraction() * (max - min);
  const isCut = (from: PeerId, to: PeerId): boolean => cuts.has(`${from}>${to}`);

  const configFor = (version: number): MeshConfig => {
    const config = options.config ?? defaultMeshConfig;
    const membership = { ...config.membership, wireVersion: version };
    return { ...config, membership, state: { ...config.state, ...options.state } };
  };

  const world: World = {
    tabs,
    timeMs: () => timeMs,
    open: ({ skewMs = 0, version = WIRE_VERSIONS.newest } = {}) => {
      const id = bytesToPeerId(Uint8Array.from({ length: 16 }, () => rng.below(256)));
      const node = createMeshNode({ self: id, epoch: epoch(1), rng: rng.fork(id) }, configFor(version));
      const tab: Tab = {
        id,
        node,
        events: [],
        skewMs,
        versions: versionsUpTo(version),
        speaks: version,
        wrote: new Set(),
        alive: true,
        attached: false,
        frozen: undefined,
        sentBytes: 0,
      };
      tabs.push(tab);
      tabById.set(id, tab);
      give(tab, { kind: 'start' });
      later(between(5, 60), () => attach(tab));
      return tab;
    },
    run: (ms) => {
      const end = timeMs + ms;
      while (agenda.length > 0 && agenda[0]!.at <= end) step();
      timeMs = end;
    },
    runUntil: (holds, ms) => {
      const end = timeMs + ms;
      while (!holds()) {
        if (agenda.length === 0 || agenda[0]!.at > end) return false;
        step();
      }
      return true;
    },
    command: (tab, command) => give(tab, { kind: 'command', command }),
    crash: (tab) => {
      tab.alive = false;
      tab.attached = false;
    },
    freeze: (tab) => {
      tab.frozen = [];
    },
    thaw: (tab) => {
      const inputs = tab.frozen ?? [];
      tab.frozen = undefined;
      for (const input of inputs) give(tab, input);
    },
    cut: (from, to) => {
      const way = `${from.id}>${to.id}`;
      cuts.add(way);
      later(ICE_GIVES_UP_MS, () => {
        if (!cuts.has(way) || !cuts.has(`${to.id}>${from.id}`)) return;
        held.delete(way);
        world.closeChannel(from, to);
      });
    },
    heal: () => {
      cuts.clear();
      // What was held back comes first: frames under way now queue up behind it.
      later(latencyMin, () => {
        const late = [...held.values()].flat();
        held.clear();
        for (const arrive of late) arrive();
      });
    },
    setServer: (up) => {
      serverUp = up;
      for (const tab of world.living()) {
        if (up) later(between(200, 2_000), () => attach(tab));
        else if (tab.attached) {
          tab.attached = false;
          give(tab, { kind: 'serverDetached' });
        }
      }
    },
    closeChannel: (a, b) => {
      for (const channel of channels.values()) {
        if (channel.open && channel.ends.has(a.id) && channel.ends.has(b.id)) closeFor(channel, [a.id, b.id]);
      }
    },
    lie: (from, to, message) => sendFrame(from, { kind: 'send', to, message }),
    inject: (from, to, change) => {
      tampering.set(`${from.id}>${to.id}`, change);
    },
    frame: (from, to, message) => give(to, { kind: 'frame', from: from.id, message, bytes: 0 }),
    living: () => tabs.filter((tab) => tab.alive),
    constructed: () => constructed,
  };
  return world;

  function step(): void {
    const next = agenda.shift();
    if (!next) return;
    timeMs = Math.max(timeMs, next.at);
    next.run();
  }

  function give(tab: Tab, input: Input): void {
    if (!tab.alive) return;
    if (tab.frozen) {
      tab.frozen.push(input);
      return;
    }
    for (const effect of tab.node.handle(input, now(timeMs, 1_700_000_000_000 + timeMs + tab.skewMs))) {
      perform(tab, effect);
    }
  }

  function attach(tab: Tab): void {
    if (!serverUp || !tab.alive || tab.attached) return;
    tab.attached = true;
    give(tab, { kind: 'serverAttached', contacts: contactsFor(tab) });
  }

  function contactsFor(tab: Tab): PeerId[] {
    const others = tabs.filter((other) => other !== tab && other.attached && other.alive).map(({ id }) => id);
    return rng.sample(others, 3);
  }

  function perform(tab: Tab, effect: Effect): void {
    switch (effect.kind) {
      case 'tell':
        tab.events.push(effect.event);
        return;
      case 'schedule':
        later(effect.afterMs, () => give(tab, { kind: 'timer', timer: effect.timer }));
        return;
      case 'send':
        return sendFrame(tab, effect);
      case 'serverSend':
        return sendByServer(tab, effect.to, encodePacket(effect.message, tab.versions));
      case 'speak':
        tab.speaks = effect.version;
        return;
      case 'tellTooOld':
        return tellTooOld(tab, effect.to);
      case 'askContacts':
        if (!tab.attached) return;
        later(between(10, 40), () => {
          if (tab.attached) give(tab, { kind: 'serverContacts', contacts: contactsFor(tab) });
        });
        return;
      case 'construct':
        return construct(tab, effect);
      case 'describe':
        return describe(tab, effect);
      case 'destroy': {
        const channel = channels.get(effect.attempt);
        if (channel)
          closeFor(
            channel,
            [...channel.ends.keys()].filter((id) => id !== tab.id),
          );
        return;
      }
    }
  }

  function sendFrame(tab: Tab, { to, message }: Extract<Effect, { kind: 'send' }>): void {
    const channel = openChannelBetween(tab.id, to);
    const end = channel?.ends.get(tab.id);
    if (!channel || !end) return;
    const bytes = end.encode(message, tab.speaks);
    tab.wrote.add(bytes[0]!);
    tab.sentBytes += bytes.byteLength;
    const tamper = tampering.get(`${tab.id}>${to}`);
    tampering.delete(`${tab.id}>${to}`);
    carry(channel, tab, { to, frames: tamper ? tamper(bytes) : [bytes] });
  }

  function tellTooOld(tab: Tab, to: PeerId): void {
    const channel = openChannelBetween(tab.id, to);
    if (channel) carry(channel, tab, { to, frames: [encodeTooOld(tab.versions)] });
    else sendByServer(tab, to, encodeTooOldPacket(tab.versions));
  }

  function openChannelBetween(a: PeerId, b: PeerId): Channel | undefined {
    return [...channels.values()].find(({ open, ends }) => open && ends.has(a) && ends.has(b));
  }

  function carry(
    channel: Channel,
    tab: Tab,
    { to, frames }: { readonly to: PeerId; readonly frames: readonly Uint8Array[] },
  ): void {
    for (const frame of frames) {
      const arrive = (): void => {
        const receiver = tabById.get(to);
        if (channel.open && receiver) give(receiver, channel.ends.get(to)!.decode(tab.id, frame));
      };
      later(channel.latencyMs, () => {
        const way = `${tab.id}>${to}`;
        if (cuts.has(way) || held.has(way)) holdBack(way, arrive);
        else arrive();
      });
    }
  }

  function holdBack(way: string, arrive: () => void): void {
    const waiting = held.get(way) ?? [];
    held.set(way, [...waiting, arrive]);
  }

  function sendByServer(tab: Tab, to: PeerId, text: string): void {
    if (!tab.attached) return;
    later(between(10, 40), () => {
      const receiver = tabById.get(to);
      if (!serverUp) return;
      if (!receiver?.attached) return give(tab, { kind: 'serverUnreachable', to });
      give(receiver, packetToInput(tab.id, text, receiver.versions));
    });
  }

  function construct(tab: Tab, { peer, attempt, initiator }: Extract<Effect, { kind: 'construct' }>): void {
    constructed += 1;
    const channel = channels.get(attempt) ?? {
      attempt,
      ends: new Map(),
      open: false,
      latencyMs: between(latencyMin, latencyMax),
    };
    channels.set(attempt, channel);
    channel.ends.set(tab.id, createEnd(tab.versions));
    if (initiator) later(5, () => give(tab, described(tab, { peer, attempt, data: 'offer' })));
  }

  function describe(tab: Tab, effect: Extract<Effect, { kind: 'describe' }>): void {
    const { peer, attempt, wireVersion, data } = effect;
    const channel = channels.get(attempt);
    const end = channel?.ends.get(tab.id);
    if (!channel || !end) return;
    end.theirs = wireVersion;
    if (data === 'offer') later(5, () => give(tab, described(tab, { peer, attempt, data: 'answer' })));
    else if (rng.fraction() >= (options.setupFailure ?? 0)) {
      later(between(setupMin, setupMax), () => openChannel(channel));
    }
  }

  function openChannel(channel: Channel): void {
    const ids = [...channel.ends.keys()];
    if (channel.open || ids.length !== 2 || !channels.has(channel.attempt)) return;
    const [a, b] = ids as [PeerId, PeerId];
    if (isCut(a, b) || isCut(b, a) || !tabById.get(a)?.alive || !tabById.get(b)?.alive) return;
    channel.open = true;
    give(tabById.get(a)!, { kind: 'channelOpened', peer: b, attempt: channel.attempt });
    give(tabById.get(b)!, { kind: 'channelOpened', peer: a, attempt: channel.attempt });
  }

  /** The channel is gone at once; the named ends are told after its latency, as a close is. */
  function closeFor(channel: Channel, told: readonly PeerId[]): void {
    if (!channels.delete(channel.attempt)) return;
    const ids = [...channel.ends.keys()];
    // Frames sent just before the close still arrive: a close is ordered behind them.
    later(channel.latencyMs, () => {
      channel.open = false;
      for (const id of told) {
        const peer = ids.find((other) => other !== id);
        const tab = tabById.get(id);
        if (peer && tab) give(tab, { kind: 'channelClosed', peer, attempt: channel.attempt });
      }
    });
  }
}

type Described = Extract<Input, { kind: 'described' }>;

function described({ versions }: Tab, what: Omit<Described, 'kind' | 'wireVersion'>): Described {
  return { kind: 'described', wireVersion: versions.newest, ...what };
}

function isBefore(a: Happening, b: Happening): boolean {
  return a.at < b.at || (a.at === b.at && a.order < b.order);
}

/** True when every living tab lists exactly the living. */
export function rostersAreEqual(world: World): boolean {
  const ids = world.living().map(({ id }) => id);
  return world.living().every((tab) => {
    const { members } = tab.node.inspect().membership;
    return members.size === ids.length && ids.every((id) => members.has(id));
  });
}

/** True when links join all living tabs. */
export function isOneComponent(world: World): boolean {
  const living = new Map(world.living().map((tab) => [tab.id, tab]));
  const reached = new Set<PeerId>();
  const frontier = [...living.keys()].slice(0, 1);
  for (let id = frontier.pop(); id; id = frontier.pop()) {
    const tab = living.get(id);
    if (!tab || reached.has(id)) continue;
    reached.add(id);
    frontier.push(...tab.node.inspect().overlay.activeView);
  }
  return reached.size === living.size;
}
