/**
 * simple-peer behind the transport seam; the one file that knows it.
 *
 * The minified build is imported by its path because the source needs Node's globals, which bundlers no
 * longer lend. Its sharp edges are blunted here: signals after destruction throw, bad signals destroy,
 * a normal close may come as an error, and data may come before `connect`. Frames that are sent while the page
 * is busy leave together, as bundles.
 */
import SimplePeer from 'simple-peer/simplepeer.min.js';
import { bundleFrames, framesOf } from './bundles.ts';
import {
  descriptionsToText,
  hideAddresses,
  hideLines,
  NO_DESCRIPTIONS,
  textToDescriptions,
  textToRedescriptions,
  type Description,
  type SessionDescription,
} from './descriptions.ts';
import { fingerprintsOf } from './fingerprints.ts';
import { createProgress } from './progress.ts';
import { createRestarts } from './restart.ts';
import { isRelayed, quietOf } from './route.ts';
import { runSoon } from './soon.ts';
import {
  CONGESTED_BYTES,
  LINGER_MS,
  OVERRUN_BYTES,
  TRANSPORT_FRAME_BYTES_MAX,
  type Channel,
  type ChannelHandlers,
  type Transport,
} from './transport.ts';

/** Candidates come in a burst; what comes within this time travels in one signal. */
const GATHER_MS = 20;
/** How often a congested channel is looked at: simple-peer does not tell when it drains. */
const DRAIN_CHECK_MS = 25;
/** Handed to the browser at most; what exceeds it waits here, for the browser's own queue fails at 16 MiB. */
const HANDED_BYTES_MAX = 1_048_576;
/** The same on closing, when nothing can wait here any more: what the queue takes, less one bundle and some. */
const LAST_BYTES_MAX = 16_000_000;
/** What the browser still sends when the connection is closed right after: about one flight of packets. */
const LEAVES_AT_ONCE_BYTES = 8_192;
/** What simple-peer says of descriptions that a browser does not take. */
const BAD_DESCRIPTIONS: ReadonlySet<unknown> = new Set([
  'ERR_SET_REMOTE_DESCRIPTION',
  'ERR_ADD_ICE_CANDIDATE',
]);

/** What changes is looked at so long after: browsers keep their statistics for 50 ms. */
const STATS_KEPT_MS = 100;
/** An unanswered ping is repeated sooner, and that its packet came is known within a round trip and 0.2 s (RFC 9260, 6.2). */
const DEAD_AFTER_MS = 1_000;

/** Messages that come before `connect` wait, at most so many bytes. */
const EARLY_BYTES_MAX = 1_048_576;
const EARLY_MESSAGES_MAX = 4_096;

export const hasWebRtc = (): boolean => SimplePeer.WEBRTC_SUPPORT;

/** Without servers named no STUN or TURN server is asked: simple-peer's own default would name public ones. */
const toConfig = (rtc: RTCConfiguration): RTCConfiguration => ({ iceServers: [], ...rtc });

/** What the browser says against an `rtc`, if anything: else every connection would fail unseen. */
export function faultOfRtc(rtc: RTCConfiguration): string | undefined {
  try {
    new RTCPeerConnection(toConfig(rtc)).close();
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

/** What `rtc` gives is handed to every RTCPeerConnection. */
export function createSimplePeerTransport(rtc: () => RTCConfiguration): Transport {
  return {
    construct: ({ initiator }, handlers) => {
      const config = toConfig(rtc());
      const isHidden = config.iceTransportPolicy === 'relay';
      const peer = new SimplePeer({ initiator, objectMode: true, trickle: true, config });
      return createChannel(peer, { initiator, isHidden, renewed: () => toConfig(rtc()) }, handlers);
    },
  };
}

interface ChannelOptions {
  readonly initiator: boolean;
  /** Relayed, so that the other end is told no address of this machine. */
  readonly isHidden: boolean;
  /** As it would be made now. */
  readonly renewed: () => RTCConfiguration;
}

// oxlint-disable-next-line max-lines-per-function -- A factory: what it closes over is the life of one connection.
function createChannel(
  peer: SimplePeer,
  { initiator, isHidden, renewed }: ChannelOptions,
  handlers: ChannelHandlers,
): Channel {
  const wanted: SessionDescription['type'] = initiator ? 'answer' : 'offer';
  let phase: 'opening' | 'open' | 'closed' = 'opening';
  let congested = false;
  let gathered: unknown[] = [];
  const early: Uint8Array[] = [];
  let earlyBytes = 0;
  /** Frames not yet given to the browser. */
  const queued: Uint8Array[] = [];
  let queuedBytes = 0;
  let handOverPlanned = false;
  let closing: Promise<void> | undefined;
  const progress = createProgress();
  let relayed = false;
  let lookPlanned = false;
  /** One look at a time, whoever asks. */
  let looking: Promise<boolean> | undefined;
  const restarts = createRestarts({
    initiator,
    connection: () => {
      const { _pc: connection } = peer;
      return connection;
    },
    offer: () => {
      peer.offerOptions = { iceRestart: true };
      peer.negotiate();
    },
    use: (description) => peer.signal(description),
    config: renewed,
    tell: (description) => {
      const isShown = !isHidden || description.type === 'renegotiate';
      const told = isShown ? description : { ...description, sdp: hideLines(description.sdp) };
      if (phase === 'open') handlers.onDescribed(descriptionsToText([told]));
    },
  });

  // The error listener comes first: an error nobody listens to is thrown.
  peer.on('error', ({ code }) => {
    if (BAD_DESCRIPTIONS.has(code)) progress.note('badly');
    end();
  });
  peer.on('iceStateChange', (state) => {
    if (state !== 'connected' && state !== 'completed') return;
    progress.note('reached');
    // Not the first time: ICE was restarted, or found its way again.
    if (phase === 'open') planLook();
  });
  const { _pc: made } = peer;
  made?.addEventListener('icecandidateerror', progress.noteIceError);
  peer.on('close', () => end());
  peer.on('signal', (data) => {
    if (phase !== 'opening') return restarts.onSignal(data);
    gathered.push(data);
    if (gathered.length === 1) setTimeout(tellGathered, GATHER_MS);
  });
  peer.on('connect', () => {
    if (phase !== 'opening') return;
    phase = 'open';
    progress.note('opened');
    planLook();
    const { _pc: connection } = peer;
    // Firefox has no such thing.
    connection?.sctp?.transport.iceTransport?.addEventListener('selectedcandidatepairchange', planLook);
    handlers.onOpened();
    early.splice(0).forEach(takeApart);
  });
  peer.on('data', (chunk) => {
    if (phase === 'closed') return;
    // Text never comes from us. As long a frame of zeros is refused by whoever reads frames, and counts as what it cost.
    const bytes =
      chunk instanceof Uint8Array
        ? new Uint8Array(chunk.buffer, chunk.byteOffset, chunk.byteLength)
        : new Uint8Array(String(chunk).length);
    if (phase === 'open') takeApart(bytes);
    else if (early.length < EARLY_MESSAGES_MAX && earlyBytes + bytes.byteLength <= EARLY_BYTES_MAX) {
      earlyBytes += bytes.byteLength;
      early.push(bytes);
    }
  });

  return {
    describe: (data) => {
      const descriptions = textToDescriptions(data);
      if (phase === 'closed' || peer.destroyed) return false;
      if (!descriptions || !mayTake(descriptions)) {
        progress.note('badly');
        return false;
      }
      progress.noteDescriptions(data);
      // Anybody who carried a signal could send another, and an address that the browser refuses ends the connection.
      if (phase === 'open') return true;
      for (const description of descriptions) if (!peer.destroyed) peer.signal(description);
      return true;
    },
    quietMs: readQuiet,
    restart: () => (looking ??= restartWhereDead().finally(() => (looking = undefined))),
    redescribe: (data) => {
      const descriptions = phase === 'open' ? textToRedescriptions(data) : undefined;
      return descriptions !== undefined && restarts.take(descriptions);
    },
    send: (bytes) => {
      if (phase !== 'open' || bytes.byteLength > TRANSPORT_FRAME_BYTES_MAX) return false;
      if (queuedBytes > OVERRUN_BYTES) {
        end();
        return false;
      }
      queued.push(bytes);
      queuedBytes += bytes.byteLength;
      planHandOver();
      return true;
    },
    // oxlint-disable-next-line typescript/require-await -- A promise for the seam: other transports may have to ask.
    fingerprints: async () => {
      const { _pc: connection } = peer;
      return phase === 'open' && connection ? fingerprintsOf(connection) : undefined;
    },
    report: progress.report,
    close: () => (closing ??= letGo()),
  };

  /**
   * One session description makes a connection. With another one a browser may make the connection anew, under
   * another certificate, while the channel in it lives on: then its other end would be proven no more. What comes
   * later is for `redescribe`.
   */
  function mayTake(descriptions: readonly Description[]): boolean {
    const sessions = descriptions.filter(({ type }) => type !== 'candidate');
    if (sessions.length === 0) return true;
    if (progress.has('described') || sessions.length > 1 || sessions[0]?.type !== wanted) return false;
    progress.note('described');
    return true;
  }

  /** The last frames leave, and then the connection ends: at once unless there is a backlog before them. */
  function letGo(): Promise<void> {
    const wasOpen = phase === 'open';
    phase = 'closed';
    const handedOver = wasOpen && handOver(LAST_BYTES_MAX);
    if (handedOver && (queued.length > 0 || peer.bufferSize > LEAVES_AT_ONCE_BYTES))
      return linger(performance.now() + LINGER_MS);
    if (!peer.destroyed) peer.destroy();
    return Promise.resolve();
  }

  function linger(untilMs: number): Promise<void> {
    return new Promise((resolve) => {
      const look = (): void => {
        const waits = handOver(LAST_BYTES_MAX) && (queued.length > 0 || peer.bufferSize > 0);
        if (waits && !peer.destroyed && performance.now() < untilMs) {
          setTimeout(look, DRAIN_CHECK_MS);
          return;
        }
        if (!peer.destroyed) peer.destroy();
        resolve();
      };
      look();
    });
  }

  function planLook(): void {
    if (lookPlanned) return;
    lookPlanned = true;
    setTimeout(() => {
      lookPlanned = false;
      void lookAtRoute();
    }, STATS_KEPT_MS);
  }

  /** Where packets still come it is the other page that does not answer, and another way would lead to the same. */
  async function restartWhereDead(): Promise<boolean> {
    const quietMs = await readQuiet();
    if (quietMs < DEAD_AFTER_MS) {
      await new Promise((resolve) => setTimeout(resolve, DEAD_AFTER_MS - quietMs + STATS_KEPT_MS));
      if ((await readQuiet()) < DEAD_AFTER_MS) return false;
    }
    if (phase !== 'open') return false;
    restarts.begin();
    return true;
  }

  /** How long ago the last packet came; without end where nobody can tell, and once the connection is closed. */
  async function readQuiet(): Promise<number> {
    const stats = await readStats();
    return (stats && quietOf(stats)) ?? Infinity;
  }

  /** Where it fails there is no connection any more. */
  async function readStats(): Promise<RTCStatsReport | undefined> {
    const { _pc: connection } = peer;
    return await connection?.getStats().catch(() => undefined);
  }

  async function lookAtRoute(): Promise<void> {
    const stats = await readStats();
    if (phase !== 'open' || !stats || isRelayed(stats) === relayed) return;
    relayed = !relayed;
    handlers.onRelayed(relayed);
  }

  function end(): void {
    if (phase === 'closed') return;
    phase = 'closed';
    if (!peer.destroyed) peer.destroy();
    handlers.onClosed();
  }

  function tellGathered(): void {
    const shown = toShown(gathered);
    gathered = [];
    if (phase === 'opening' && shown !== NO_DESCRIPTIONS) handlers.onDescribed(shown);
  }

  function toShown(descriptions: readonly unknown[]): string {
    const text = descriptionsToText(descriptions);
    const shown = isHidden ? hideAddresses(text) : text;
    progress.noteDescriptions(shown);
    return shown;
  }

  /** Whoever is told of one frame may close the channel, and hears of no other then. */
  function takeApart(bundle: Uint8Array): void {
    for (const bytes of framesOf(bundle)) if (phase === 'open') handlers.onFrame(bytes);
  }

  function planHandOver(): void {
    if (handOverPlanned) return;
    handOverPlanned = true;
    runSoon(() => {
      handOverPlanned = false;
      if (phase === 'open') flush();
    });
  }

  function flush(): void {
    if (handOver(HANDED_BYTES_MAX)) watchCongestion();
    else end();
  }

  /** Gives the browser what waits, until it holds `bytesMax`; false when the channel turned out to be gone. */
  function handOver(bytesMax: number): boolean {
    try {
      while (queued.length > 0 && peer.bufferSize <= bytesMax) {
        const { bytes, count } = bundleFrames(queued);
        peer.send(bytes);
        for (const frame of queued.splice(0, count)) queuedBytes -= frame.byteLength;
      }
      return true;
    } catch {
      // It closed under us and has not said so yet.
      return false;
    }
  }

  function watchCongestion(): void {
    if (congested || peer.bufferSize <= CONGESTED_BYTES) return;
    congested = true;
    handlers.onCongestion(true);
    setTimeout(drain, DRAIN_CHECK_MS);
  }

  function drain(): void {
    if (phase === 'open') flush();
    if (phase !== 'open') return;
    if (queued.length > 0 || peer.bufferSize > CONGESTED_BYTES / 2) {
      setTimeout(drain, DRAIN_CHECK_MS);
      return;
    }
    congested = false;
    handlers.onCongestion(false);
  }
}
