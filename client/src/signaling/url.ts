/** Where the signaling server is. */
import { MeshError } from '../errors.ts';

/** The WebSocket address of what the application named, or of the page's own origin. Throws `BAD_SIGNALING_URL`. */
export function signalingUrl(named: string | undefined): string {
  const origin = globalThis.location?.origin;
  const given = named ?? origin;
  // A page from a file has the origin "null"; under Node there is none.
  if (given === undefined || given === 'null') {
    throw new MeshError('BAD_SIGNALING_URL', 'This page has no origin to dial: name the signaling server.');
  }
  // A name without a scheme would be taken for a path of this page's own server, which is surely not meant.
  if (!/^\s*([a-z]+:|\/)/i.test(given)) {
    throw new MeshError(
      'BAD_SIGNALING_URL',
      `${given} has no scheme: a signaling server has a ws: or wss: address.`,
    );
  }
  let url: URL;
  try {
    url = new URL(given, globalThis.location?.href);
  } catch {
    throw new MeshError('BAD_SIGNALING_URL', `${given} is no address of a signaling server.`);
  }
  url.protocol = url.protocol.replace(/^http/, 'ws');
  url.hash = '';
  if (url.protocol === 'ws:' || url.protocol === 'wss:') return url.href;
  throw new MeshError(
    'BAD_SIGNALING_URL',
    `A signaling server has a ws: or wss: address, not ${url.protocol}.`,
  );
}
