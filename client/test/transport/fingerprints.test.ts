import { sha256 } from '@noble/hashes/sha2.js';
import { describe, expect, test } from 'vitest';
import { fingerprintsOf, sdpToFingerprint, type Connection } from '#client/transport/fingerprints.ts';
import { hexOf } from './fake-simple-peer.ts';

const own = Uint8Array.from({ length: 32 }, (_, n) => n);
const other = Uint8Array.from({ length: 32 }, (_, n) => 255 - n);
const third = new Uint8Array(32).fill(7);
const sdp = (...lines: string[]): string => ['v=0', 's=-', ...lines, 'a=setup:actpass', ''].join('\r\n');
const names = (bytes: Uint8Array): string => `a=fingerprint:sha-256 ${hexOf(bytes)}`;

describe('the fingerprint in a description', () => {
  test.each<[string, string | undefined, Uint8Array | undefined]>([
    ['is that of its one line', sdp(names(own)), own],
    ['may stand at the end without a new line', `v=0\n${names(own)}`, own],
    ['may be written in small letters', sdp(names(own).toLowerCase()), own],
    ['may be named twice', sdp(names(own), 'm=application', names(own)), own],
    ['is unsure where two are named', sdp(names(own), names(other)), undefined],
    ['is unsure where another hash is named too', sdp(names(own), 'a=fingerprint:sha-1 00:11'), undefined],
    ['is unsure where a line cannot be read', sdp(names(own), 'a=fingerprint:'), undefined],
    ['is not of another hash', sdp(names(own).replace('256', '384')), undefined],
    ['is not shorter', sdp(names(own.subarray(1))), undefined],
    ['is not longer', sdp(`${names(own)}:00`), undefined],
    ['has no second space', sdp(names(own).replace(' ', '  ')), undefined],
    ['is not inside another line', sdp(`s=${names(own)}`), undefined],
    ['is nothing where none is named', sdp(), undefined],
    ['is nothing without a description', undefined, undefined],
  ])('%s', (_what, text, expected) => {
    expect(sdpToFingerprint(text)).toEqual(expected);
  });
});

describe('the fingerprints of a connection', () => {
  const connection = (parts: Partial<Connection>): Connection => ({
    localDescription: { sdp: sdp(names(own)) },
    remoteDescription: { sdp: sdp(names(other)) },
    sctp: null,
    ...parts,
  });
  const certificate = Uint8Array.of(1, 2, 3);

  test('are hashed from the certificate that the other end showed, whatever its description names', () => {
    const sctp = { transport: { getRemoteCertificates: () => [certificate.buffer] } };
    const expected = { own, other: sha256(certificate) };
    expect(fingerprintsOf(connection({ sctp }))).toEqual(expected);
    const remoteDescription = { sdp: sdp(names(other), names(third)) };
    expect(fingerprintsOf(connection({ sctp, remoteDescription }))).toEqual(expected);
  });

  test.each<[string, Partial<Connection>]>([
    ['the browser tells no certificates', { sctp: { transport: {} } }],
    ['it has none', { sctp: { transport: { getRemoteCertificates: () => [] } } }],
    ['there is no transport', {}],
  ])('come from the description where %s', (_what, parts) => {
    expect(fingerprintsOf(connection(parts))).toEqual({ own, other });
  });

  test.each<[string, Partial<Connection>]>([
    ['its description names two', { remoteDescription: { sdp: sdp(names(other), names(third)) } }],
    ['there is no description', { remoteDescription: null }],
    ['our own names two', { localDescription: { sdp: sdp(names(own), names(third)) } }],
    ['our own is missing', { localDescription: null }],
  ])('cannot be told where %s', (_what, parts) => {
    expect(fingerprintsOf(connection(parts))).toBeUndefined();
  });
});
