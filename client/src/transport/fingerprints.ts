/** What certificates an RTCPeerConnection is encrypted under, as the browser itself knows it. */
import { sha256 } from '@noble/hashes/sha2.js';
import type { Fingerprints } from './transport.ts';

/** The part of an RTCPeerConnection that tells; `getRemoteCertificates` is missing in some browsers. */
export interface Connection {
  readonly localDescription: { readonly sdp: string } | null;
  readonly remoteDescription: { readonly sdp: string } | null;
  readonly sctp: { readonly transport: { readonly getRemoteCertificates?: () => ArrayBuffer[] } } | null;
}

/** `undefined` where either cannot be told for sure. */
export function fingerprintsOf({
  localDescription,
  remoteDescription,
  sctp,
}: Connection): Fingerprints | undefined {
  const own = sdpToFingerprint(localDescription?.sdp);
  const certificate = sctp?.transport.getRemoteCertificates?.()[0];
  const other = certificate ? sha256(new Uint8Array(certificate)) : sdpToFingerprint(remoteDescription?.sdp);
  return own && other && { own, other };
}

/**
 * The one fingerprint that a description names. A browser takes any certificate that fits any one named, so of
 * several nobody could say which it was.
 */
export function sdpToFingerprint(sdp: string = ''): Uint8Array | undefined {
  const named = new Set([...sdp.matchAll(/^a=fingerprint:(.*?)\s*$/gimu)].map(([, value]) => value));
  const [, hex] = /^sha-256 ((?:[0-9a-f]{2}:){31}[0-9a-f]{2})$/iu.exec([...named].join(',')) ?? [];
  return hex === undefined ? undefined : Uint8Array.from(hex.split(':'), (byte) => parseInt(byte, 16));
}
