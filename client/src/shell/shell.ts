/**
 * Drives a node with the real world: its effects are carried out here, and what happens becomes its
 * inputs. It knows time, channels and the server; it knows nothing of the protocol.
 *
 * Frames pass through two doors, `frameIn` and `frameOut`. What must be verified or signed is verified
 * and signed there, per channel and in order, before the node sees it and after it speaks.
 */
import type { AttemptId, PeerId } from '#shared/base/ids.ts';
import type { Now } from '#shared/base/time.ts';
import type { Effect, Input, LinkMessage, MeshEvent } from '#shared/mesh/messages.ts';
import type { MeshNode } from '#shared/mesh/node.ts';
import { createLinkDecoder, createLinkEncoder } from '#shared/wire/frame.ts';
import { decodePacket, encodePacket, encodeTooOldPacket } from '#shared/wire/packet.ts';
import { encodeTooOld, linkVersion, WIRE_VERSIONS, type WireVersions } from '#shared/wire/versions.ts';
import { isolate } from '../isolate.ts';
import type { Channel, Transport } from '../transport/transport.ts';

export interface ShellDeps {
  readonly node: MeshNode;
  readonly transport: Transport;
  readonly clock: Clock;
  /** Hands text to the server for a member; false when it is not there. */
  readonly serverSend: (to: PeerId, data: string) => boolean;
  readonly askContacts: () => void;
  /** Other than this software's own in tests only. */
  readonly versions?: WireVersions;
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
  /**
   * Closes every channel and timer; nothing happens after it. What was handed in before is still carried
   * out: when an event's listener stops the shell, its farewell waits its turn. Again: harmless.
   */
  readonly stop: () => void;
  /** After `stop`: resolves when the last frames have left every channel, or have had their time. */
  readonly drained: () => Promise<void>;
}

export interface LinkTraffic {
  readonly constructed: number;
  readonly sentBytes: number;
  readonly receivedBytes: number;
  readonly sentFrames: number;
  readonly receivedFrames: number;
}

interface Link {
  readonly peer: PeerId;
  readonly attempt: AttemptId;
  readonly channel: Channel;
  readonly encoder: ReturnType<typeof createLinkEncoder>;
  readonly decoder: ReturnType<typeof createLinkDecoder>;
  /** The newest version that its other end speaks, as its descriptions say: they come before it opens. */
  theirs: number;
}

// oxlint-disable-next-line max-lines-per-function -- A factory: what it closes over are the channels and timers of one tab.
export function createShell(deps: ShellDeps): Shell {
  const { node, clock, versions = WIRE_VERSIONS } = deps;
  /** Every channel that lives, by attempt; bounded by the overlay's construction budget. */
  const linkByAttempt = new Map<AttemptId, Link>();
  /** The open channel to each neighbor. */
  const openLinkByPeer = new Map<PeerId, Link>();
  const timers = new Set<() => void>();
  const waiting: Input[] = [];
  /** Channels that are closed here while their last frames leave; each lingers for a bounded time. */
  const closings = new Set<Promise<void>>();
  /** The version that the room speaks. */
  let roomVersion = versions.newest;
  let busy = false;
  let stopped = false;
  let noteShutDown: (() => void) | undefined;
  const whenShutDown = new Promise<void>((resolve) => {
    noteShutDown = resolve;
  });
  const traffic = { constructed: 0, sentBytes: 0, receivedBytes: 0, sentFrames: 0, receivedFrames: 0 };

  return {
    handle,
    serverSignal: (from, data) => {
      const message = decodePacket(data, versions);
      if (message.ok) handle({ kind: 'serverSignal', from, message: message.value });
      else handle({ kind: 'badSignal', from, reason: message.error });
    },
    traffic: () => ({ ...traffic }),
    stop: () => {
      stopped = true;
      if (!busy) shutDown();
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
    if (stopped) shutDown();
  }

  function shutDown(): void {
    waiting.length = 0;
    for (const cancel of timers) cancel();
    timers.clear();
    for (const { channel } of linkByAttempt.values()) close(channel);
    linkByAttempt.clear();
    openLinkByPeer.clear();
    noteShutDown?.();
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
      case 'askContacts':
        return deps.askContacts();
      case 'construct':
        return construct(effect.peer, effect.attempt, effect.initiator);
      case 'describe':
        return describe(effect);
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
    const channel = deps.transport.construct(
      { initiator },
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
        onClosed: () => {
          forget(attempt);
          handle({ kind: 'channelClosed', peer, attempt });
        },
      },
    );
    linkByAttempt.set(attempt, {
      peer,
      attempt,
      channel,
      encoder: createLinkEncoder(),
      decoder: createLinkDecoder(versions),
      theirs: versions.newest,
    });
  }

  function describe({ peer, attempt, wireVersion, data }: Extract<Effect, { kind: 'describe' }>): void {
    const link = linkByAttempt.get(attempt);
    if (!link) return;
    link.theirs = wireVersion;
    if (!link.channel.describe(data)) handle({ kind: 'badFrame', from: peer, reason: 'bad-description' });
  }

  function destroy(attempt: AttemptId): void {
    const link = linkByAttempt.get(attempt);
    forget(attempt);
    if (link) close(link.channel);
  }

  function close(channel: Channel): void {
    const closing = channel.close();
    closings.add(closing);
    void closing.then(() => closings.delete(closing));
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
    const message = link.decoder.decode(bytes);
    const from = link.peer;
    if (message.ok) handle({ kind: 'frame', from, message: message.value, bytes: bytes.byteLength });
    else handle({ kind: 'badFrame', from, reason: message.error });
  }

  function frameOut(to: PeerId, message: LinkMessage): void {
    const link = openLinkByPeer.get(to);
    if (!link) return;
    const bytes = link.encoder.encode(message, linkVersion(versions, link.theirs, roomVersion));
    if (!link.channel.send(bytes)) {
      // A frame that was encoded but never left may have named members: the other end would not know them.
      destroy(link.attempt);
      handle({ kind: 'channelClosed', peer: to, attempt: link.attempt });
      return;
    }
    traffic.sentFrames += 1;
    traffic.sentBytes += bytes.byteLength;
  }

  /** Not by the link's encoder: the other end reads none of its frames. */
  function tellTooOld(to: PeerId): void {
    const link = openLinkByPeer.get(to);
    if (link) link.channel.send(encodeTooOld(versions));
    else deps.serverSend(to, encodeTooOldPacket(versions));
  }
}
