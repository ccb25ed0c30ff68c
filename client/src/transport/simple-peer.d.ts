/** The part of simple-peer that is used. `@types/simple-peer` would bring Node's globals into a browser program. */
declare module 'simple-peer/simplepeer.min.js' {
  interface SimplePeerOptions {
    readonly initiator: boolean;
    readonly objectMode: boolean;
    readonly trickle: boolean;
    readonly config: RTCConfiguration;
  }

  interface SimplePeerEvents {
    signal: (data: unknown) => void;
    connect: () => void;
    data: (chunk: unknown) => void;
    close: () => void;
    /** With a code of its own. */
    error: (error: Error & { readonly code?: string }) => void;
    /** No public name either. */
    iceStateChange: (state: RTCIceConnectionState) => void;
  }

  class SimplePeer {
    static readonly WEBRTC_SUPPORT: boolean;
    constructor(options: SimplePeerOptions);
    readonly destroyed: boolean;
    /** Bytes waiting in the data channel. */
    readonly bufferSize: number;
    /** No public name, and the only way to the certificates. Null once destroyed. */
    readonly _pc: RTCPeerConnection | null;
    on<K extends keyof SimplePeerEvents>(event: K, listener: SimplePeerEvents[K]): this;
    /** Of every offer from now on. */
    offerOptions: RTCOfferOptions;
    /** Makes an offer anew, if this end is the initiator. */
    negotiate(): void;
    signal(data: unknown): void;
    send(data: Uint8Array): void;
    destroy(error?: Error): void;
  }

  export default SimplePeer;
}
