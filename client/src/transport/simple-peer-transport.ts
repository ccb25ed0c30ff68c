/**
 * simple-peer behind the transport seam; the one file that knows it.
 *
 * The minified build is imported by its path because the source needs Node's globals, which bundlers no
 * longer lend. Its sharp edges are blunted here: signals after destruction throw, bad signals destroy,
 * a normal close may come as an error, and data may come before `connect`.
 */
import SimplePeer from 'simple-peer/simplepeer.min.js';
import { descriptionsToText, textToDescriptions } from './descriptions.ts';
import {
  CONGESTED_BYTES,
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
/** Frames that come before `connect` wait, at most so many. */
const EARLY_FRAMES_MAX = 256;

export const hasWebRtc = (): boolean => SimplePeer.WEBRTC_SUPPORT;

/** `rtc` is handed to every RTCPeerConnection. Without it no STUN or TURN server is asked: simple-peer's own default would name public ones. */
export function createSimplePeerTransport(rtc: RTCConfiguration = {}): Transport {
  return {
    construct: ({ initiator }, handlers) =>
      createChannel(
        new SimplePeer({ initiator, objectMode: true, trickle: true, config: { iceServers: [], ...rtc } }),
        handlers,
      ),
  };
}

// oxlint-disable-next-line max-lines-per-function -- A factory: what it closes over is the life of one connection.
function createChannel(peer: SimplePeer, handlers: ChannelHandlers): Channel {
  let phase: 'opening' | 'open' | 'closed' = 'opening';
  let congested = false;
  let gathered: unknown[] = [];
  const early: Uint8Array[] = [];
  const queued: Uint8Array[] = [];
  let queuedBytes = 0;

  // The error listener comes first: an error nobody listens to is thrown.
  peer.on('error', () => end());
  peer.on('close', () => end());
  peer.on('signal', (data) => {
    gathered.push(data);
    if (gathered.length === 1) setTimeout(tellGathered, GATHER_MS);
  });
  peer.on('connect', () => {
    if (phase !== 'opening') return;
    phase = 'open';
    handlers.onOpened();
    for (const bytes of early.splice(0)) handlers.onFrame(bytes);
  });
  peer.on('data', (chunk) => {
    // Text never comes from us; it is no frame.
    if (!(chunk instanceof Uint8Array) || phase === 'closed') return;
    const bytes = new Uint8Array(chunk.buffer, chunk.byteOffset, chunk.byteLength);
    if (phase === 'open') handlers.onFrame(bytes);
    else if (early.length < EARLY_FRAMES_MAX) early.push(bytes);
  });

  return {
    describe: (data) => {
      const descriptions = textToDescriptions(data);
      if (!descriptions || phase === 'closed' || peer.destroyed) return false;
      for (const description of descriptions) if (!peer.destroyed) peer.signal(description);
      return true;
    },
    send: (bytes) => {
      if (phase !== 'open' || bytes.byteLength > TRANSPORT_FRAME_BYTES_MAX) return false;
      if (queuedBytes > OVERRUN_BYTES) {
        end();
        return false;
      }
      queued.push(bytes);
      queuedBytes += bytes.byteLength;
      return handOver();
    },
    close: () => {
      if (phase === 'closed') return;
      phase = 'closed';
      peer.destroy();
    },
  };

  function end(): void {
    if (phase === 'closed') return;
    phase = 'closed';
    if (!peer.destroyed) peer.destroy();
    handlers.onClosed();
  }

  function tellGathered(): void {
    const descriptions = gathered;
    gathered = [];
    if (phase === 'opening') handlers.onDescribed(descriptionsToText(descriptions));
  }

  /** Gives the browser what it takes now; false when the channel turned out to be gone. */
  function handOver(): boolean {
    let taken = 0;
    try {
      for (const bytes of queued) {
        if (peer.bufferSize > HANDED_BYTES_MAX) break;
        peer.send(bytes);
        taken += 1;
        queuedBytes -= bytes.byteLength;
      }
    } catch {
      // It closed under us and has not said so yet.
      end();
      return false;
    }
    queued.splice(0, taken);
    watchCongestion();
    return true;
  }

  function watchCongestion(): void {
    if (congested || peer.bufferSize <= CONGESTED_BYTES) return;
    congested = true;
    handlers.onCongestion(true);
    setTimeout(drain, DRAIN_CHECK_MS);
  }

  function drain(): void {
    if (phase !== 'open' || (queued.length > 0 && !handOver())) return;
    if (queued.length > 0 || peer.bufferSize > CONGESTED_BYTES / 2) {
      setTimeout(drain, DRAIN_CHECK_MS);
      return;
    }
    congested = false;
    handlers.onCongestion(false);
  }
}
