/**
 * The network between tabs: connections are constructed, described, opened and closed; frames travel as real
 * bytes, in order, and as late as latency, jitter, loss and bandwidth make them.
 */
import type { AttemptId, PeerId } from '#shared/base/ids.ts';
import type { Rng } from '#shared/base/rng.ts';
import type { Effect, Input, LinkMessage } from '#shared/mesh/messages.ts';
import {
  createLinkDecoder,
  createLinkEncoder,
  type LinkDecoder,
  type LinkEncoder,
} from '#shared/wire/frame.ts';
import { linkVersion } from '#shared/wire/versions.ts';
import type { Agenda } from './agenda.ts';
import {
  CONGESTED_BYTES,
  DRAINED_BYTES,
  OVERRUN_BYTES,
  drawFrom,
  type NetworkConditions,
  type Range,
} from './conditions.ts';
import { RETRANSMIT_MS_MAX, retransmitMs } from './retransmission.ts';
import { isRestartWord, type RestartWord } from './restart-words.ts';
import type { SimTab } from './tab.ts';

/** One end of a connection: what it sends, and what it reads of the other's. */
interface End {
  readonly tab: SimTab;
  readonly peer: PeerId;
  readonly attempt: AttemptId;
  readonly connection: Connection;
  readonly initiator: boolean;
  readonly encoder: LinkEncoder;
  readonly decoder: LinkDecoder;
  /** The newest version of the other end, as its descriptions say: they come before it opens. */
  theirs: number;
  /** What becomes of the next frame. */
  tamper: Tamper | undefined;
  open: boolean;
  closed: boolean;
  /** When the link's slot is free for the next frame from this end. */
  freeAt: number;
  lastArrivalAt: number;
  /** When the acknowledgement of an earlier frame came, if that of the newest has yet to. */
  ackedAtMs: number;
  congested: boolean;
  /** Frames from this end that a cut holds back. */
  held: (() => void)[] | undefined;
}

/** What is sent in place of a frame: nothing, other bytes, or more. */
export type Tamper = (frame: Uint8Array) => readonly Uint8Array[];

interface Connection {
  readonly latencyMs: number;
  /** The network of one end is another: nothing gets through before ICE is restarted. */
  strayed: boolean;
  readonly ends: End[];
}

export interface Channels {
  readonly construct: (tab: SimTab, peer: PeerId, attempt: AttemptId, initiator: boolean) => void;
  readonly describe: (tab: SimTab, effect: Extract<Effect, { kind: 'describe' }>) => void;
  /** Gives back when the last packet of its other end came, where any come. */
  readonly askReached: (tab: SimTab, peer: PeerId) => void;
  /** Looks for another way, in place, unless packets come by this one. */
  readonly restart: (tab: SimTab, attempt: AttemptId) => void;
  /** No way that connections of this tab had found leads anywhere any more: all, or the one to this peer. */
  readonly stray: (tab: SimTab, peer?: PeerId) => void;
  readonly destroy: (tab: SimTab, attempt: AttemptId) => void;
  /** The frame, or `undefined` if there is no open channel to this peer. */
  readonly send: (tab: SimTab, to: PeerId, message: LinkMessage) => Uint8Array | undefined;
  /** Bytes that arrive as if `tab` had sent them; false if there is no open channel to this peer. */
  readonly inject: (tab: SimTab, to: PeerId, bytes: Uint8Array) => boolean;
  /** The next frame is changed after it was written. */
  readonly tamper: (tab: SimTab, to: PeerId, change: Tamper) => void;
  /** The connection fails under both ends. */
  readonly fail: (tab: SimTab, peer: PeerId) => void;
  /** The tab is gone without a word; the others find out when ICE gives up. */
  readonly abandon: (tab: SimTab) => void;
  /** Frames held back by cuts that are over go their way. */
  readonly release: () => void;
  readonly neighborsOf: (tab: SimTab) => ReadonlyMap<PeerId, number>;
  /** The attempts by which its open channels came about. */
  readonly attemptsOf: (tab: SimTab) => readonly AttemptId[];
  readonly constructed: () => number;
}

export interface ChannelDeps {
  readonly agenda: Agenda;
  readonly timeMs: () => number;
  readonly rng: Rng;
  readonly conditions: () => NetworkConditions;
  readonly tabOf: (id: PeerId) => SimTab | undefined;
  /** Whether nothing gets from one tab to the other. */
  readonly isCut: (from: SimTab, to: SimTab) => boolean;
  /** A frame that this tab had taken came again; `taken`: and was taken again. */
  readonly repeated: (id: PeerId, taken: boolean) => void;
}

/** A frame on its way, once or twice. */
interface Sent {
  readonly bytes: Uint8Array;
  taken: boolean;
}

// oxlint-disable-next-line max-lines-per-function -- A factory: what it closes over are the connections of one world.
export function createChannels(deps: ChannelDeps): Channels {
  const { agenda, timeMs, rng, conditions, tabOf, isCut, repeated } = deps;
  const connectionByAttempt = new Map<AttemptId, Connection>();
  /** The open channel of each tab to each of its neighbors. */
  const openByTab = new Map<SimTab, Map<PeerId, End>>();
  const holding = new Set<End>();
  let constructed = 0;

  const later = (ms: number, run: () => void): void => agenda.add(timeMs() + ms, run);
  const draw = (range: Range): number => drawFrom(rng, range);
  const endOf = (tab: SimTab, attempt: AttemptId): End | undefined =>
    connectionByAttempt.get(attempt)?.ends.find((end) => end.tab === tab && !end.closed);
  const otherEnd = (end: End): End | undefined => {
    const [first, second] = end.connection.ends;
    return first === end ? second : first;
  };
  /** The text of an id that its tab holds: else each of N tabs keeps the ids of N others once for each of its links. */
  const sameText = (id: PeerId): PeerId => tabOf(id)?.id ?? id;
  const openEnds = (tab: SimTab): Map<PeerId, End> => {
    const known = openByTab.get(tab);
    if (known) return known;
    const made = new Map<PeerId, End>();
    openByTab.set(tab, made);
    return made;
  };

  return {
    construct: (tab, peer, attempt, initiator) => {
      constructed += 1;
      const connection = connectionByAttempt.get(attempt) ?? {
        latencyMs: draw(conditions().latencyMs),
        strayed: false,
        ends: [],
      };
      connectionByAttempt.set(attempt, connection);
      const end = createEnd({
        tab,
        peer,
        attempt,
        connection,
        initiator,
        decoder: createLinkDecoder(tab.versions, sameText),
      });
      connection.ends.push(end);
      if (initiator) tell(end, 'offer');
    },
    describe: (tab, { attempt, wireVersion, data }) => {
      const end = endOf(tab, attempt);
      if (!end) return;
      end.theirs = wireVersion;
      if (isRestartWord(data)) answerRestart(end, data);
      else if (data === 'offer') tell(end, 'answer');
      else if (rng.fraction() >= conditions().setupFailure) {
        later(draw(conditions().setupMs), () => openBoth(end.connection));
      }
    },
    restart: (tab, attempt) => {
      const end = endOf(tab, attempt);
      if (end && !reaches(end)) tell(end, end.initiator ? 'restart' : 'wantsRestart');
    },
    askReached: (tab, peer) => {
      const end = openEnds(tab).get(peer);
      if (!end || !reaches(end)) return;
      const quietMs = timeMs() - ackedAtMs(end);
      tab.give(() => unlessClosed(end, { kind: 'reached', peer, quietMs }));
    },
    stray: (tab, peer) => {
      for (const [to, { connection }] of openEnds(tab)) connection.strayed ||= (peer ?? to) === to;
    },
    destroy: (tab, attempt) => {
      const end = endOf(tab, attempt);
      if (!end) return;
      const other = otherEnd(end);
      forget(end);
      if (!other || other.closed) return;
      // A close is ordered behind what was sent before it, and no more gets through a cut than a frame does.
      const at = Math.max(end.lastArrivalAt, timeMs() + end.connection.latencyMs);
      const giveUpMs = draw(conditions().iceGivesUpMs);
      agenda.add(at, () => {
        if (end.connection.strayed || isCut(tab, other.tab)) later(giveUpMs, () => closeFor(other));
        else closeFor(other);
      });
    },
    send: (tab, to, message) => {
      const end = openByTab.get(tab)?.get(to);
      if (!end) return undefined;
      const frame = end.encoder.encode(message, linkVersion(tab.versions, end.theirs, tab.speaks()));
      const { tamper } = end;
      end.tamper = undefined;
      for (const bytes of tamper?.(frame) ?? [frame]) transmit(end, bytes);
      return frame;
    },
    inject: (tab, to, bytes) => {
      const end = openByTab.get(tab)?.get(to);
      if (end) transmit(end, bytes);
      return end !== undefined;
    },
    tamper: (tab, to, change) => {
      const end = openByTab.get(tab)?.get(to);
      if (end) end.tamper = change;
    },
    fail: (tab, peer) => {
      const end = openByTab.get(tab)?.get(peer);
      if (end) failBoth(end.connection);
    },
    abandon: (tab) => {
      for (const end of openEnds(tab).values()) {
        end.closed = true;
        const other = otherEnd(end);
        if (other) later(draw(conditions().iceGivesUpMs), () => closeFor(other));
      }
      openByTab.delete(tab);
    },
    release,
    neighborsOf: (tab) =>
      new Map([...(openByTab.get(tab) ?? [])].map(([peer, end]) => [peer, end.connection.latencyMs])),
    attemptsOf: (tab) => [...openEnds(tab).values()].map(({ attempt }) => attempt),
    constructed: () => constructed,
  };

  function tell(end: End, data: string): void {
    later(5, () => end.tab.give(() => unlessClosed(end, described(end, data))));
  }

  /** Whether packets get through both ways. */
  function reaches(end: End): boolean {
    const other = otherEnd(end);
    if (!other || other.closed || !other.tab.isAlive() || end.connection.strayed) return false;
    const isHeld = end.held !== undefined || other.held !== undefined;
    return !isHeld && !isCut(end.tab, other.tab) && !isCut(other.tab, end.tab);
  }

  /** When it came that the browser at the other end has what was sent, which it says also where its page stands still. */
  function ackedAtMs(end: End): number {
    const newest = end.lastArrivalAt + end.connection.latencyMs;
    return newest <= timeMs() ? newest : end.ackedAtMs;
  }

  /** As the real transport does it: the initiator offers, the other asks it to. */
  function answerRestart(end: End, data: RestartWord): void {
    end.tab.give(() => unlessClosed(end, { kind: 'signed', peer: end.peer }));
    if (data === 'wantsRestart') return tell(end, 'restart');
    if (data === 'restart') return tell(end, 'restarted');
    later(2 * end.connection.latencyMs, () => {
      end.connection.strayed = false;
      release();
    });
  }

  function release(): void {
    for (const end of holding) {
      const other = otherEnd(end);
      if (end.connection.strayed || (other && isCut(end.tab, other.tab))) continue;
      holding.delete(end);
      const held = end.held ?? [];
      const { resumeMs } = conditions();
      const pauseMs = resumeMs[1] > 0 ? draw(resumeMs) : 0;
      later(pauseMs + end.connection.latencyMs, () => {
        if (end.connection.strayed || (other && isCut(end.tab, other.tab))) return void holding.add(end);
        // What came after the cut waits behind what it held.
        const all = [...held];
        if (end.held === held) end.held = undefined;
        for (const deliverOne of all) deliverOne();
      });
    }
  }

  function openBoth(connection: Connection): void {
    const [first, second] = connection.ends;
    if (!first || !second || first.closed || second.closed) return;
    if (!first.tab.isAlive() || !second.tab.isAlive()) return;
    if (isCut(first.tab, second.tab) || isCut(second.tab, first.tab)) return;
    openOne(first);
    later(connection.latencyMs / 2, () => openOne(second));
  }

  function openOne(end: End): void {
    if (end.closed) return;
    end.tab.give(() => {
      if (end.closed) return undefined;
      end.open = true;
      openEnds(end.tab).set(end.peer, end);
      return { kind: 'channelOpened', peer: end.peer, attempt: end.attempt };
    });
  }

  function transmit(end: End, bytes: Uint8Array): void {
    const other = otherEnd(end);
    if (!other) return;
    const { jitterMs, loss, oneInFlight, duplication, bytesPerMs } = conditions();
    end.ackedAtMs = ackedAtMs(end);
    let leavesAt = timeMs();
    if (bytesPerMs !== Infinity) {
      end.freeAt = Math.max(end.freeAt, leavesAt) + bytes.length / bytesPerMs;
      leavesAt = end.freeAt;
      noteBacklog(end, (leavesAt - timeMs()) * bytesPerMs, bytesPerMs);
    }
    let delayMs = end.connection.latencyMs;
    if (jitterMs > 0) delayMs += rng.fraction() * jitterMs;
    const goesAlong = oneInFlight && end.lastArrivalAt > leavesAt + delayMs;
    if (loss > 0 && !goesAlong)
      delayMs += retransmitMs(rng, loss, oneInFlight ? RETRANSMIT_MS_MAX : Infinity);
    const at = Math.max(end.lastArrivalAt, leavesAt + delayMs);
    end.lastArrivalAt = at;
    const sent: Sent = { bytes, taken: false };
    agenda.add(at, () => arrive(end, other, sent));
    if (duplication > 0 && rng.fraction() < duplication) {
      agenda.add(at + rng.fraction() * delayMs, () => arrive(end, other, sent));
    }
  }

  function arrive(end: End, other: End, sent: Sent): void {
    if (other.closed || !other.tab.isAlive()) return;
    if (end.held !== undefined || end.connection.strayed || isCut(end.tab, other.tab))
      return holdBack(end, other, sent);
    deliver(end, other, sent);
  }

  function deliver(end: End, other: End, sent: Sent): void {
    other.tab.give(() => {
      if (!other.open || other.closed) return undefined;
      const { bytes } = sent;
      const decoded = other.decoder.decode(bytes);
      if (sent.taken) repeated(other.tab.id, decoded.ok);
      sent.taken ||= decoded.ok;
      return decoded.ok
        ? { kind: 'frame', from: end.tab.id, message: decoded.value, bytes: bytes.length }
        : { kind: 'badFrame', from: end.tab.id, reason: decoded.error, bytes: bytes.length };
    });
  }

  /** The first frame that a cut holds back starts ICE's patience with this connection. */
  function holdBack(end: End, other: End, sent: Sent): void {
    if (end.held === undefined) {
      const held: (() => void)[] = [];
      end.held = held;
      holding.add(end);
      later(draw(conditions().iceGivesUpMs), () => {
        if (end.held === held && holding.has(end)) failBoth(end.connection);
      });
    }
    end.held.push(() => deliver(end, other, sent));
  }

  function noteBacklog(end: End, backlogBytes: number, bytesPerMs: number): void {
    if (backlogBytes > OVERRUN_BYTES) return failBoth(end.connection);
    if (end.congested || backlogBytes <= CONGESTED_BYTES) return;
    end.congested = true;
    tellCongestion(end, true);
    const drained = (): void => {
      const waitMs = end.freeAt - timeMs() - DRAINED_BYTES / bytesPerMs;
      if (waitMs > 0) return later(waitMs + 1, drained);
      end.congested = false;
      tellCongestion(end, false);
    };
    later(1, drained);
  }

  function tellCongestion(end: End, congested: boolean): void {
    later(0, () => end.tab.give(() => unlessClosed(end, { kind: 'congestion', peer: end.peer, congested })));
  }

  function failBoth(connection: Connection): void {
    connection.ends.forEach(closeFor);
  }

  /** This end learns that its channel is gone. */
  function closeFor(end: End): void {
    if (end.closed || !tabOf(end.tab.id)?.isAlive()) return;
    end.tab.give(() => {
      if (end.closed) return undefined;
      forget(end);
      return { kind: 'channelClosed', peer: end.peer, attempt: end.attempt };
    });
  }

  function forget(end: End): void {
    end.closed = true;
    end.held = undefined;
    holding.delete(end);
    const ends = openByTab.get(end.tab);
    if (ends?.get(end.peer) === end) ends.delete(end.peer);
    if (end.connection.ends.every(({ closed }) => closed)) connectionByAttempt.delete(end.attempt);
  }
}

function createEnd(
  fixed: Pick<End, 'tab' | 'peer' | 'attempt' | 'connection' | 'initiator' | 'decoder'>,
): End {
  return {
    ...fixed,
    encoder: createLinkEncoder(),
    theirs: fixed.tab.versions.newest,
    tamper: undefined,
    open: false,
    closed: false,
    freeAt: 0,
    lastArrivalAt: 0,
    ackedAtMs: 0,
    congested: false,
    held: undefined,
  };
}

const described = ({ tab, peer, attempt }: End, data: string): Input => ({
  kind: 'described',
  peer,
  attempt,
  wireVersion: tab.versions.newest,
  data,
});

const unlessClosed = (end: End, input: Input): Input | undefined => (end.closed ? undefined : input);
