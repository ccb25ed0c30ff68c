/** simple-peer whose network is this process: it signals, connects, sends and drains when a test lets it. */

import { sha256 } from '@noble/hashes/sha2.js';
import type { Connection } from '#client/transport/fingerprints.ts';

type Listener = (detail?: unknown) => void;

/** All made so far, in order. */
export const peers: FakePeer[] = [];

const QUEUE_BYTES_MAX = 16_777_216;

interface FakeConnection extends Connection, Pick<EventTarget, 'addEventListener'> {
  readonly localDescription: { readonly type: string; readonly sdp: string };
  readonly signalingState: string;
  readonly iceGatheringState: string;
  readonly setConfiguration: (config: RTCConfiguration) => void;
  readonly getStats: () => Promise<unknown>;
  readonly sctp: {
    readonly transport: {
      readonly getRemoteCertificates: () => ArrayBuffer[];
      readonly iceTransport: EventTarget;
    };
  };
}

export class FakePeer {
  static readonly WEBRTC_SUPPORT: boolean = true;
  readonly options: { readonly initiator: boolean; readonly config: RTCConfiguration };
  readonly sent: Uint8Array[] = [];
  bufferSize = 0;
  destroyed = false;
  connected = false;
  /** Nothing that is sent leaves the queue. */
  stuck = false;
  readonly signals: unknown[] = [];
  readonly certificate: Uint8Array<ArrayBuffer>;
  private other: FakePeer | undefined;
  private readonly listeners = new Map<string, Listener>();
  private readonly queue: Uint8Array[] = [];

  constructor(options: FakePeer['options']) {
    this.options = options;
    const name = peers.push(this);
    this.certificate = Uint8Array.of(name);
    if (options.initiator) queueMicrotask(() => this.emit('signal', { type: 'offer', sdp: String(name) }));
  }

  offerOptions: RTCOfferOptions = {};
  /** How often an offer was made anew, and with which servers. */
  readonly configs: RTCConfiguration[] = [];
  offers = 0;
  gathering = 'complete';
  /** Its addresses, as lines. */
  gathered = 'a=candidate:1 1 udp 1 192.0.2.1 9 typ relay\r\n';
  /** What its local description is: none is made before the first. */
  private local = 'offer';
  private signalingState = 'stable';
  private remote: string | null = null;
  /** Counts the descriptions that began anew, each under a name of its own. */
  private restarts = 0;

  negotiate(): void {
    if (!this.options.initiator) throw new Error('only the initiator is asked to');
    this.offers += 1;
    queueMicrotask(() => {
      this.local = 'offer';
      this.restarts += 1;
      this.signalingState = 'have-local-offer';
      this.emit('signal', { type: 'offer', sdp: 'without addresses' });
    });
  }

  /** Events of the connection itself. */
  readonly events: EventTarget = new EventTarget();

  /** Events of what finds the way. */
  readonly ice: EventTarget = new EventTarget();
  /** What `getStats` tells, and how often it was asked. */
  stats: ReadonlyMap<string, unknown> | Error = new Map();
  looks = 0;

  get _pc(): FakeConnection | null {
    if (this.destroyed) return null;
    const { other, events, ice: iceTransport, signalingState, remote } = this;
    const gathering = (): string => this.gathering;
    return {
      addEventListener: events.addEventListener.bind(events),
      getStats: () => {
        this.looks += 1;
        return this.stats instanceof Error ? Promise.reject(this.stats) : Promise.resolve(this.stats);
      },
      get iceGatheringState() {
        return gathering();
      },
      setConfiguration: (config) => void this.configs.push(config),
      localDescription: {
        type: this.local,
        sdp: `${sdpOf(this.certificate, `own-${this.restarts}`)}${this.gathered}`,
      },
      signalingState,
      remoteDescription: remote === null ? null : { sdp: remote },
      sctp: {
        transport: { iceTransport, getRemoteCertificates: () => (other ? [other.certificate.buffer] : []) },
      },
    };
  }

  on(event: string, listener: Listener): this {
    this.listeners.set(event, listener);
    return this;
  }

  emit(event: string, detail?: unknown): void {
    this.listeners.get(event)?.(detail);
  }

  /** An offer is the number of the peer that made it. */
  signal(data: { readonly type: string; readonly sdp: string }): void {
    this.signals.push(data.type);
    if (this.connected) {
      this.remote = data.sdp;
      this.signalingState = 'stable';
      if (data.type !== 'offer') return;
      this.local = 'answer';
      queueMicrotask(() => this.emit('signal', { type: 'answer', sdp: 'without addresses' }));
    } else if (data.type === 'offer') {
      const other = peers[Number(data.sdp) - 1]!;
      this.other = other;
      other.other = this;
      this.emit('signal', { type: 'answer', sdp: 'yes' });
    } else if (data.type === 'answer') {
      for (const end of [this, this.other!]) end.connect();
    }
  }

  connect(): void {
    this.connected = true;
    this.emit('connect');
  }

  send(data: Uint8Array): void {
    if (this.destroyed) throw new Error('cannot send after peer is destroyed');
    if (this.bufferSize + data.byteLength > QUEUE_BYTES_MAX) throw new Error('queue full');
    this.sent.push(data);
    this.queue.push(data);
    this.bufferSize += data.byteLength;
    setTimeout(() => this.drain(), 1);
  }

  drain(): void {
    if (this.stuck) return;
    for (const data of this.queue.splice(0)) {
      this.bufferSize -= data.byteLength;
      if (this.other && !this.other.destroyed) this.other.emit('data', data);
    }
  }

  unstick(): void {
    this.stuck = false;
    this.drain();
  }

  destroy(error?: Error): void {
    if (this.destroyed) return;
    // What was sent just before leaves still, as it does in a browser; what waits behind a backlog does not.
    this.drain();
    this.destroyed = true;
    if (error) this.emit('error', error);
    this.emit('close');
    const { other } = this;
    setTimeout(() => other?.destroy(), 1);
  }
}

/** A description of who has this certificate; `name` is what ICE calls it. */
export function sdpOf(certificate: Uint8Array, name: string): string {
  return `v=0\r\na=fingerprint:sha-256 ${hexOf(sha256(certificate))}\r\na=ice-ufrag:${name}\r\n`;
}

export function hexOf(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0').toUpperCase()).join(':');
}
