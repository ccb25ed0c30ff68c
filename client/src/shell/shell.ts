/**
 * Drives a node with the real world: its effects are carried out here, and what happens becomes its
 * inputs. It knows time, channels and the server; it knows nothing of the protocol.
 *
 * Frames pass through two doors, `frameIn` and `frameOut`. What must be verified or signed is verified
 * and signed there (`doors.ts`), per channel and in order, before the node sees it and after it speaks.
 */
import { createBoundedMap } from '#shared/base/collections.ts';
import type { AttemptId, PeerId } from '#shared/base/ids.ts';
import { elapsedMs, type Instant, type Now } from '#shared/base/time.ts';
import type { Effect, Input, LinkMessage, MeshEvent } from '#shared/mesh/messages.ts';
import type { MeshNode } from '#shared/mesh/node.ts';
import { defaultOverlayConfig } from '#shared/overlay/config.ts';
import { createLinkDecoder, createLinkEncoder } from '#shared/wire/frame.ts';
import { decodePacket, encodePacket, encodeTooOldPacket } from '#shared/wire/packet.ts';
import { encodeTooOld, linkVersion, WIRE_VERSIONS, type WireVersions } from '#shared/wire/versions.ts';
import { isolate } from '../isolate.ts';
import { LINGER_MS, type ChannelReport } from '../transport/transport.ts';
import type { DoorIn } from './door-in.ts';
import type { DoorOut } from './door-out.ts';
import type { Doors } from './doors.ts';
import type { Doorway, ProvenChannel } from './doorway.ts';

export interface ShellDeps {
  readonly node: MeshNode;
  /** Channels come through it when their other ends have proven themselves. */
  readonly doorway: Doorway;
  readonly doors: Doors;
  readonly clock: Clock;
  /** Hands text to the server for a member; false when it is not there. */
  readonly serverSend: (to: PeerId, data: string) => boolean;
  /** Whether the server is wanted: to be dialled until it answers, or let go of. */
  readonly wantServer: (wanted: boolean) => void;
  readonly askContacts: () => void;
  /** Other than this software's own in tests only. */
  readonly versions?: WireVersions;
  /** A link goes through a TURN server now, or no longer does. */
  readonly onRelayed: () => void;
  /** A frame was dropped, and nobody can tell whose fault it is. */
  readonly onRefused: (reason: string) => void;
  /** All events of one input together, in order. */
  readonly onEvents: (events: readonly MeshEvent[]) => void;
}

export interface Clock {
  readonly now: () => Now;
  /** Runs later; returns a way to give it up. */
  readonly later: (run: () => void, ms: number) => () => void;
}

export interface Shell {
  readonly handle: (input: Input) => void;
  /** Text that the server brought from a member. */
  readonly serverSignal: (from: PeerId, data: string) => void;
  readonly traffic: () => LinkTraffic;
  /** Whether the link to a neighbor goes through a TURN server. */
  readonly isRelayed: (peer: PeerId) => boolean;
  /** How far the last channel to a peer had come when it ended, of those remembered. */
  readonly report: (peer: PeerId) => ChannelReport | undefined;
  /** The page stops now: what still waits to be signed is given up, and the channels that wait for it close. */
  readonly hurry: () => void;
  /**
   * Closes every channel and timer; nothing happens after it. What was handed in before is still carried
   * out: when an event's listener stops the shell, its farewell waits its turn. Again: harmless, and `atOnce`
   * hurries what was stopped `inOrder`.
   */
  readonly stop: (how: StopHow) => void;
  /** After `stop`: resolves when the last frames have left every channel, or have had their time. */
  readonly drained: () => Promise<void>;
}

/**
 * What becomes of frames that still wait to be signed: the channels wait for them (`inOrder`), or close without them,
 * as there is no time (`atOnce`).
 */
export type StopHow = 'inOrder' | 'atOnce';

export interface LinkTraffic {
  readonly constructed: number;
  readonly restarted: number;
  readonly sentBytes: number;
  readonly receivedBytes: number;
  readonly sentFrames: number;
  readonly receivedFrames: number;
}

/** A neighbor is asked for a sign of life after 0.9 s. */
const HEARD_EVERY_MS = 250;
/** Peers whose last channel is remembered: as many as the overlay remembers. */
const REPORTS_MAX = defaultOverlayConfig.restsMax;

interface Link {
  readonly peer: PeerId;
  readonly attempt: AttemptId;
  readonly channel: ProvenChannel;
  readonly encoder: ReturnType<typeof createLinkEncoder>;
  readonly decoder: ReturnType<typeof createLinkDecoder>;
  readonly in: DoorIn;
  readonly out: DoorOut;
  /** The newest version that its other end speaks, as its descriptions say: they come before it opens. */
  theirs: number;
  /** Through a TURN server. */
  relayed: boolean;
  /** When the node was last told that a frame waits here. */
  heardToldAt: Instant;
}

// oxlint-disable-next-line max-lines-per-function -- A factory: what it closes over are the channels and timers of one tab.
export function createShell(deps: ShellDeps): Shell {
  const { node, clock, versions = WIRE_VERSIONS } = deps;
  /** Every channel that lives, by attempt; bounded by the overlay's construction budget. */
  const linkByAttempt = new Map<AttemptId, Link>();
  /** The open channel to each neighbor. */
  const openLinkByPeer = new Map<PeerId, Link>();
  const reportByPeer = createBoundedMap<PeerId, ChannelReport>(REPORTS_MAX);
  const timers = new Set<() => void>();
  const waiting: Input[] = [];
  /** Channels that are closed here while their last frames are signed and leave; each lingers for a bounded time. */
  const closings = new Set<Promise<void>>();
  /** What hurries those whose last frames are still to be signed. */
  const hurries = new Set<() => void>();
  /** The version that the room speaks. */
  let roomVersion = versions.newest;
  let busy = false;
  let stopped: StopHow | undefined;
  let noteShutDown: (() => void) | undefined;
  const whenShutDown = new Promise<void>((resolve) => {
    noteShutDown = resolve;
  });
  const traffic = {
    constructed: 0,
    restarted: 0,
    sentBytes: 0,
    receivedBytes: 0,
    sentFrames: 0,
    receivedFrames: 0,
  };

  return {
    handle,
    serverSignal: (from, data) => {
      const message = decodePacket(data, versions);
      if (message.ok) handle({ kind: 'serverSignal', from, message: message.value });
      else handle({ kind: 'badSignal', from, reason: message.error });
    },
    traffic: () => ({ ...traffic }),
    isRelayed: (peer) => openLinkByPeer.get(peer)?.relayed ?? false,
    report: reportByPeer.get,
    hurry: hurryAll,
    stop: (how) => {
      stopped = stopped === 'atOnce' ? stopped : how;
      if (!busy) shutDown(stopped);
    },
    drained: async () => {
      await whenShutDown;
      await Promise.all(closings);
    },
  };

  /**
   * One input at a time: what happens while effects are carried out waits its turn. Events are told when they
   * have been, so that what a listener does is done when it looks.
   */
  function handle(input: Input): void {
    if (stopped) return;
    waiting.push(input);
    if (busy) return;
    for (let next = waiting.shift(); next; next = waiting.shift()) {
      busy = true;
      const events = carryOut(next);
      busy = false;
      if (events.length > 0) deps.onEvents(events);
    }
    if (stopped) shutDown(stopped);
  }

  function shutDown(how: StopHow): void {
    waiting.length = 0;
    for (const cancel of timers) cancel();
    timers.clear();
    const links = [...linkByAttempt.values()];
    linkByAttempt.clear();
    openLinkByPeer.clear();
    links.forEach(close);
    if (how === 'atOnce') hurryAll();
    noteShutDown?.();
  }

  function hurryAll(): void {
    for (const hurry of hurries) hurry();
  }

  /** A mistake of ours in one effect, or in the node, must not take the others with it. */
  function carryOut(input: Input): readonly MeshEvent[] {
    const events: MeshEvent[] = [];
    isolate(() => {
      for (const effect of node.handle(input, clock.now())) {
        if (effect.kind === 'tell') events.push(effect.event);
        else isolate(() => perform(effect));
      }
    });
    return events;
  }

  function perform(effect: Exclude<Effect, { kind: 'tell' }>): void {
    switch (effect.kind) {
      case 'send':
        return frameOut(effect.to, effect.message);
      case 'serverSend':
        deps.serverSend(effect.to, encodePacket(effect.message, versions));
        return;
      case 'attach':
      case 'detach':
        return deps.wantServer(effect.kind === 'attach');
      case 'askContacts':
        return deps.askContacts();
      case 'construct':
        return construct(effect.peer, effect.attempt, effect.initiator);
      case 'describe':
        return describe(effect);
      case 'askReached':
        return askReached(effect.peer);
      case 'restart':
        return restart(effect.attempt);
      case 'destroy':
        return destroy(effect.attempt);
      case 'speak':
        roomVersion = effect.version;
        return;
      case 'tellTooOld':
        return tellTooOld(effect.to);
      case 'schedule': {
        const cancel = clock.later(() => {
          timers.delete(cancel);
          handle({ kind: 'timer', timer: effect.timer });
        }, effect.afterMs);
        timers.add(cancel);
        return;
      }
    }
  }

  function construct(peer: PeerId, attempt: AttemptId, initiator: boolean): void {
    traffic.constructed += 1;
    const channel = deps.doorway.construct(
      { peer, initiator },
      {
        onDescribed: (data) =>
          handle({ kind: 'described', peer, attempt, wireVersion: versions.newest, data }),
        onOpened: () => {
          const link = linkByAttempt.get(attempt);
          if (!link) return;
          openLinkByPeer.set(peer, link);
          handle({ kind: 'channelOpened', peer, attempt });
        },
        onFrame: (bytes) => frameIn(attempt, bytes),
        onCongestion: (congested) => handle({ kind: 'congestion', peer, congested }),
        onRelayed: (relayed) => {
          const link = linkByAttempt.get(attempt);
          if (!link) return;
          link.relayed = relayed;
          deps.onRelayed();
        },
        onSigned: () => handle({ kind: 'signed', peer }),
        onClosed: () => onClosed(attempt),
      },
    );
    linkByAttempt.set(attempt, {
      peer,
      attempt,
      channel,
      encoder: createLinkEncoder(),
      decoder: createLinkDecoder(versions),
      in: deps.doors.openIn(peer, {
        admit: (message, bytes) => handle({ kind: 'frame', from: peer, message, bytes }),
        refuse: (reason, bytes) => handle({ kind: 'badFrame', from: peer, reason, bytes }),
        count: deps.onRefused,
      }),
      out: deps.doors.openOut(),
      theirs: versions.newest,
      relayed: false,
      heardToldAt: clock.now().instant,
    });
  }

  /** Packets are as old as they were when somebody began to look, and older by the time that took. */
  function askReached(peer: PeerId): void {
    const link = openLinkByPeer.get(peer);
    const askedAt = clock.now().instant;
    void link?.channel.quietMs().then((knownMs) => {
      const quietMs = knownMs + elapsedMs(askedAt, clock.now().instant);
      if (openLinkByPeer.get(peer) === link && quietMs < Infinity) handle({ kind: 'reached', peer, quietMs });
    });
  }

  function restart(attempt: AttemptId): void {
    const restarting = linkByAttempt.get(attempt)?.channel.restart();
    void restarting?.then((isBegun) => {
      if (isBegun) traffic.restarted += 1;
    });
  }

  function describe({ peer, attempt, wireVersion, data }: Extract<Effect, { kind: 'describe' }>): void {
    const link = linkByAttempt.get(attempt);
    if (!link) return;
    // Whoever describes an open channel may be anyone, until its signature is read.
    const isOpen = openLinkByPeer.get(peer) === link;
    if (!isOpen) link.theirs = wireVersion;
    if (link.channel.describe(data)) return;
    if (isOpen) return deps.onRefused('bad-description');
    handle({ kind: 'badFrame', from: peer, reason: 'bad-description', bytes: data.length });
  }

  function destroy(attempt: AttemptId): void {
    const link = linkByAttempt.get(attempt);
    forget(attempt);
    if (!link) return;
    reportByPeer.set(link.peer, link.channel.report());
    close(link);
  }

  /** Nothing that waits here is heard any more; what was said still leaves, if it is signed in time. */
  function close(link: Link): void {
    link.in.drop();
    const closing = new Promise<void>((resolve) => {
      const hurry = (): void => link.out.flush();
      const cancel = clock.later(hurry, LINGER_MS);
      hurries.add(hurry);
      link.out.end(() => {
        cancel();
        hurries.delete(hurry);
        resolve(link.channel.close());
      });
    });
    closings.add(closing);
    void closing.then(() => closings.delete(closing));
  }

  /** The other end closed it. What it said before is heard first: its farewell may still be being verified. */
  function onClosed(attempt: AttemptId): void {
    const link = linkByAttempt.get(attempt);
    if (!link) return;
    link.out.drop();
    link.in.end(() => giveUp(link));
  }

  function giveUp(link: Link): void {
    if (linkByAttempt.get(link.attempt) !== link) return;
    link.out.drop();
    destroy(link.attempt);
    handle({ kind: 'channelClosed', peer: link.peer, attempt: link.attempt });
  }

  function forget(attempt: AttemptId): void {
    const link = linkByAttempt.get(attempt);
    if (!link) return;
    linkByAttempt.delete(attempt);
    if (openLinkByPeer.get(link.peer) === link) openLinkByPeer.delete(link.peer);
  }

  function frameIn(attempt: AttemptId, bytes: Uint8Array): void {
    const link = linkByAttempt.get(attempt);
    if (!link || stopped) return;
    traffic.receivedFrames += 1;
    traffic.receivedBytes += bytes.byteLength;
    if (link.in.take(link.decoder.decode(bytes), bytes.byteLength)) return noteWaiting(link);
    // It sends faster than it can be verified, and has been for long.
    handle({ kind: 'badFrame', from: link.peer, reason: 'verify-overrun', bytes: bytes.byteLength });
    giveUp(link);
  }

  function frameOut(to: PeerId, message: LinkMessage): void {
    const link = openLinkByPeer.get(to);
    if (!link) return;
    const version = linkVersion(versions, link.theirs, roomVersion);
    // What is left out of the order would be missed without a sign of it: then there is rather no link.
    if (!link.out.take(message, (proven) => transmit(link, proven, version))) giveUp(link);
  }

  function transmit(link: Link, message: LinkMessage, version: number): void {
    const bytes = link.encoder.encode(message, version);
    if (!link.channel.send(bytes)) {
      // A frame that was encoded but never left may have named members: the other end would not know them.
      link.out.drop();
      giveUp(link);
      return;
    }
    traffic.sentFrames += 1;
    traffic.sentBytes += bytes.byteLength;
  }

  /** Where verifying takes long, its bringer would seem silent meanwhile. */
  function noteWaiting(link: Link): void {
    if (!link.in.waits() || elapsedMs(link.heardToldAt, clock.now().instant) < HEARD_EVERY_MS) return;
    link.heardToldAt = clock.now().instant;
    handle({ kind: 'heard', peer: link.peer });
  }

  /** Not by the link's encoder: the other end reads none of its frames. */
  function tellTooOld(to: PeerId): void {
    const link = openLinkByPeer.get(to);
    if (link) link.channel.send(encodeTooOld(versions));
    else deps.serverSend(to, encodeTooOldPacket(versions));
  }
}
