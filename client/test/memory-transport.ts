/** Channels in memory behind the transport seam, for tests of everything that stands on it. */
import type { Channel, ChannelHandlers, Transport } from '#client/transport/transport.ts';
import { TRANSPORT_FRAME_BYTES_MAX } from '#client/transport/transport.ts';

/** How things happen later: `setTimeout`, or a clock that a test moves. */
export type Later = (run: () => void, ms: number) => void;

interface End {
  /** Pretended: no two ends have the same. */
  readonly certificate: Uint8Array;
  readonly handlers: ChannelHandlers;
  other: End | undefined;
  phase: 'opening' | 'open' | 'closed';
  /** What was sent since the way of this connection is gone; it arrives when another is found. */
  held: Uint8Array[] | undefined;
}

const AGAIN: ReadonlySet<string> = new Set(['ask for an offer', 'offer again', 'answer again']);

/** Transports that share one memory; each stands for the WebRTC of one tab. */
export interface MemoryNetwork {
  readonly createTransport: () => Transport;
  /** From now on no connection carries anything before ICE is restarted on it. */
  readonly stray: () => void;
}

export function createMemoryNetwork(later: Later): MemoryNetwork {
  const ends = new Set<End>();
  const offers = new Map<string, End>();
  let endCount = 0;
  let offerCount = 0;
  const latencyMs = 5;

  const join = (a: End, b: End): void => {
    a.other = b;
    b.other = a;
    later(() => {
      for (const end of [a, b]) {
        if (end.phase !== 'opening') continue;
        end.phase = 'open';
        end.handlers.onOpened();
      }
    }, latencyMs);
  };

  const carry = (end: End, bytes: Uint8Array): void =>
    later(() => {
      const { other } = end;
      if (other?.phase === 'open') other.handlers.onFrame(bytes);
    }, latencyMs);
  const release = (end: End): void => {
    const held = end.held ?? [];
    end.held = undefined;
    for (const bytes of held) carry(end, bytes);
  };
  const describe = (end: End, data: string): void => later(() => end.handlers.onDescribed(data), latencyMs);

  const createChannel = (initiator: boolean, handlers: ChannelHandlers): Channel => {
    const certificate = new Uint8Array(32);
    new DataView(certificate.buffer).setUint32(0, ++endCount);
    const end: End = { certificate, handlers, other: undefined, phase: 'opening', held: undefined };
    ends.add(end);
    if (initiator) {
      const offer = `offer-${++offerCount}`;
      offers.set(offer, end);
      later(() => {
        if (end.phase === 'opening') handlers.onDescribed(offer);
      }, latencyMs);
    }
    return {
      describe: (data) => {
        if (end.phase === 'closed') return false;
        const dialler = offers.get(data);
        if (initiator || !dialler) return false;
        offers.delete(data);
        join(dialler, end);
        return true;
      },
      // Nobody looks at packets here.
      quietMs: () => Promise.resolve(Infinity),
      restart: () => {
        const isOpen = end.phase === 'open';
        if (isOpen) describe(end, initiator ? 'offer again' : 'ask for an offer');
        return Promise.resolve(isOpen);
      },
      redescribe: (data) => {
        const isForUs = initiator ? data !== 'offer again' : data === 'offer again';
        if (end.phase !== 'open' || !AGAIN.has(data) || !isForUs) return false;
        if (data === 'ask for an offer') describe(end, 'offer again');
        else if (data === 'offer again') describe(end, 'answer again');
        else [end, end.other].forEach((each) => each && release(each));
        return true;
      },
      send: (bytes) => {
        if (end.phase !== 'open' || bytes.byteLength > TRANSPORT_FRAME_BYTES_MAX) return false;
        const copy = bytes.slice();
        if (end.held) end.held.push(copy);
        else carry(end, copy);
        return true;
      },
      // oxlint-disable-next-line typescript/require-await -- It knows at once.
      fingerprints: async () =>
        end.phase === 'open' && end.other
          ? { own: end.certificate, other: end.other.certificate }
          : undefined,
      report: () => ({ fault: end.other ? 'not-proven' : 'timed-out', iceErrors: [] }),
      // oxlint-disable-next-line typescript/require-await -- It closes at once, as nothing ever waits here.
      close: async () => {
        if (end.phase === 'closed') return;
        end.phase = 'closed';
        ends.delete(end);
        // Ordered behind the frames that were sent before.
        later(() => {
          const { other } = end;
          if (!other || other.phase === 'closed') return;
          other.phase = 'closed';
          other.handlers.onClosed();
        }, latencyMs);
      },
    };
  };

  return {
    stray: () => {
      for (const end of ends) end.held ??= [];
    },
    createTransport: () => ({
      construct: ({ initiator }, handlers) => createChannel(initiator, handlers),
    }),
  };
}
