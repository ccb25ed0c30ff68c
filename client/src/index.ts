/** The front door of the library. */
import { defaultMeshConfig } from '#shared/mesh/config.ts';
import { createMeshNode } from '#shared/mesh/node.ts';
import { epoch, isRoomId, type RoomId } from '#shared/base/ids.ts';
import { createRng } from '#shared/base/rng.ts';
import { MeshError } from './errors.ts';
import { createKeyPair } from './identity/ed25519.ts';
import { keyToPeerId } from './identity/member-id.ts';
import { createMesh } from './mesh.ts';
import { createSharedJoins } from './shared-joins.ts';
import { pageClock } from './shell/clock.ts';
import { keepAwakeWhileLonely } from './shell/keep-awake.ts';
import { createSignalingClient } from './signaling/signaling-client.ts';
import { signalingUrl } from './signaling/url.ts';
import { createSimplePeerTransport, faultOfRtc, hasWebRtc } from './transport/simple-peer-transport.ts';
import type { JoinOptions, Mesh, PresenceFields, Shown } from './types.ts';

export { MeshError } from './errors.ts';
export type * from './types.ts';

/** Meshes of this page, by room and server. */
const sharedJoins = createSharedJoins();

/**
 * Joins the mesh of a room and returns at once; `mesh.ready` tells when the room's members and state are here.
 *
 * Joining a room that this page is in already returns another handle on the same member, which leaves when each
 * join has been left: `presence` is shown as well, `rtc` changes nothing.
 * Throws `BAD_ROOM`, `BAD_SIGNALING_URL`, `WEBRTC_MISSING`, `BAD_RTC` for an `rtc` that the browser refuses, and
 * what `presence.set` throws.
 */
export function joinMesh<P extends PresenceFields = PresenceFields>(
  room: string,
  options: JoinOptions<P> = {},
): Mesh<Shown<P>> {
  if (!isRoomId(room)) throw new MeshError('BAD_ROOM', 'A room is named by a text of 1 to 128 characters.');
  const url = signalingUrl(options.signaling);
  if (!hasWebRtc())
    throw new MeshError('WEBRTC_MISSING', 'This browser has no WebRTC, so tabs cannot be joined.');
  const place = JSON.stringify([room, url]);
  const openMesh = (onClosed: () => void): Mesh => open(room, url, options, onClosed) as unknown as Mesh;
  // The caller names the type of what members show; what others show is theirs to check.
  return sharedJoins.join(place, openMesh, options) as unknown as Mesh<Shown<P>>;
}

function open<P extends PresenceFields>(
  room: RoomId,
  url: string,
  options: JoinOptions<P>,
  onClosed: () => void,
): Mesh<P> {
  const fault = options.rtc && faultOfRtc(options.rtc);
  if (fault !== undefined) throw new MeshError('BAD_RTC', `The browser refuses this rtc: ${fault}`);
  const keys = createKeyPair();
  const self = keyToPeerId(keys.publicKey);
  const rng = createRng([...crypto.getRandomValues(new Uint32Array(8))]);
  const clock = pageClock;
  const closing = new AbortController();
  const mesh = createMesh(
    {
      room,
      self,
      keys,
      clock,
      node: createMeshNode({ self, epoch: epoch(1), rng }, defaultMeshConfig),
      transport: createSimplePeerTransport(options.rtc),
      createSignaling: (handlers) => {
        const client = createSignalingClient({ url, room, id: self }, handlers, {
          createSocket: (address) => new WebSocket(address),
          instant: () => clock.now().instant,
          fraction: rng.fork('redial').fraction,
          later: (run, ms) => void clock.later(run, ms),
        });
        globalThis.addEventListener?.('online', client.hurry, { signal: closing.signal });
        return client;
      },
      onClosed: () => {
        onClosed();
        closing.abort();
      },
    },
    options.presence,
  );
  // A tab that closes, reloads or navigates says goodbye; `beforeunload` would come too early and too often.
  globalThis.addEventListener?.('pagehide', mesh.close, { signal: closing.signal });
  if (options.signal?.aborted) return mesh;
  // Only secure contexts have locks; under Node there is no navigator.
  keepAwakeWhileLonely(mesh, globalThis.navigator?.locks, closing.signal);
  mesh.attach();
  return mesh;
}
