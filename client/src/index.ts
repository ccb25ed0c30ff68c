/** The front door of the library. */
import { defaultMeshConfig } from '#shared/mesh/config.ts';
import { createMeshNode } from '#shared/mesh/node.ts';
import { epoch, isRoomId, type RoomId } from '#shared/base/ids.ts';
import { createRng } from '#shared/base/rng.ts';
import { MeshError } from './errors.ts';
import { createKeyPair } from './identity/ed25519.ts';
import { introduce } from './identity/introduction.ts';
import { keyToPeerId } from './identity/member-id.ts';
import { createMesh, type MeshParts } from './mesh.ts';
import { followActivity, IDLE_MS } from './people/activity.ts';
import { fingerprintOf, readSecret } from './room/entry.ts';
import { followSecrets } from './room/link-secrets.ts';
import { deriveRoomSecrets, type RoomSecret } from './room/secrets.ts';
import { createSharedJoins } from './shared-joins.ts';
import { pageClock } from './shell/clock.ts';
import { keepAwakeWhileLonely } from './shell/keep-awake.ts';
import { followWakes } from './shell/wakes.ts';
import { createRoomSignaling } from './signaling/room-signaling.ts';
import { createSignalingClient, type SignalingWorld } from './signaling/signaling-client.ts';
import { signalingUrl } from './signaling/url.ts';
import { createIceServers } from './transport/ice-servers.ts';
import { createSimplePeerTransport, faultOfRtc, hasWebRtc } from './transport/simple-peer-transport.ts';
import type { JoinOptions, Mesh, PresenceFields, Shown } from './types.ts';

export { MeshError } from './errors.ts';
export { newRoomKey } from './room/room-key.ts';
export { newRoomLink, readRoomLink, stripRoomLink } from './room/room-link.ts';
export type * from './types.ts';
export type * from './link-types.ts';

/** Meshes of this page, by room, server, and key or password. */
const sharedJoins = createSharedJoins();

/**
 * Joins the mesh of a room and returns at once; `mesh.ready` tells when the room's members and state are here.
 *
 * Joining a room that this page is in already returns another handle on the same member, which leaves when each
 * join has been left: `presence` is shown as well, `rtc`, `timing` and `admit` change nothing. With another `key` or `password` it is
 * another room.
 * Throws `BAD_ROOM`, `BAD_ROOM_KEY`, `BAD_SIGNALING_URL`, `WEBRTC_MISSING`, `CRYPTO_MISSING`, `BAD_RTC` for an `rtc`
 * that the browser refuses, `BAD_VALUE` for a `timing` that is none, and what `presence.set` throws.
 */
export function joinMesh<P extends PresenceFields = PresenceFields>(
  room: string,
  options: JoinOptions<P> = {},
): Mesh<Shown<P>> {
  if (!isRoomId(room)) throw new MeshError('BAD_ROOM', 'A room is named by a text of 1 to 128 characters.');
  const { key, password, ...plain } = options;
  const secret = readSecret({ key, password });
  const url = signalingUrl(options.signaling);
  if (!hasWebRtc())
    throw new MeshError('WEBRTC_MISSING', 'This browser has no WebRTC, so tabs cannot be joined.');
  // Under Node as in a page that came by plain http; the types know neither.
  if ((globalThis.crypto as Crypto | undefined)?.subtle === undefined) {
    const said =
      'This page has no WebCrypto, which browsers keep for https: and localhost: open it by one of these.';
    throw new MeshError('CRYPTO_MISSING', said);
  }
  const place = JSON.stringify([room, url, fingerprintOf(secret)]);
  const openMesh = (onClosed: () => void): Mesh =>
    open({ room, url, secret }, plain, onClosed) as unknown as Mesh;
  // The caller names the type of what members show; what others show is theirs to check.
  return sharedJoins.join(place, openMesh, options) as unknown as Mesh<Shown<P>>;
}

interface Place {
  readonly room: RoomId;
  readonly url: string;
  readonly secret: RoomSecret | undefined;
}

function open<P extends PresenceFields>(
  { room, url, secret }: Place,
  options: Omit<JoinOptions<P>, 'key' | 'password'>,
  onClosed: () => void,
): Mesh<P> {
  const clock = pageClock;
  const closing = new AbortController();
  const ice = createIceServers(options.rtc, {
    wall: () => clock.now().wall,
    later: clock.later,
    faultOf: faultOfRtc,
    signal: closing.signal,
  });
  const fault = options.rtc && faultOfRtc(ice.config());
  if (fault !== undefined) throw new MeshError('BAD_RTC', `The browser refuses this rtc: ${fault}`);
  checkTiming(options.timing);
  const keys = createKeyPair();
  const self = keyToPeerId(keys.publicKey);
  const rng = createRng([...crypto.getRandomValues(new Uint32Array(8))]);
  const secrets = secret && deriveRoomSecrets(room, secret);
  const topic = secrets?.then((known) => known.topic) ?? room;
  const introduction = introduce({ self, keys, topic }, options.identity);
  const mesh = createMesh(
    {
      room,
      self,
      keys,
      secrets: followSecrets(room, secrets),
      introduction,
      clock,
      node: createMeshNode({ self, epoch: epoch(1), rng }, defaultMeshConfig),
      ice,
      transport: createSimplePeerTransport(ice.config),
      createSignaling: (handlers) => {
        const world: SignalingWorld = {
          createSocket: (address) => new WebSocket(address),
          instant: () => clock.now().instant,
          fraction: rng.fork('redial').fraction,
          later: (run, ms) => void clock.later(run, ms),
        };
        const prepared = Promise.all([introduction, options.signal?.aborted || ice.begin()]);
        return createRoomSignaling({ room, self, secrets, prepared }, handlers, (known, inner) =>
          createSignalingClient({ url, id: self, ...known }, inner, world),
        );
      },
      admit: options.admit,
      ...followPage(options.timing, closing.signal),
      onClosed: () => {
        onClosed();
        closing.abort();
      },
    },
    options.presence,
  );
  if (options.signal?.aborted) return mesh;
  // Only secure contexts have locks; under Node there is no navigator.
  keepAwakeWhileLonely(mesh, globalThis.navigator?.locks, closing.signal);
  mesh.attach();
  return mesh;
}

function checkTiming({ idleMs = IDLE_MS }: JoinOptions['timing'] = {}): void {
  if (!(idleMs > 0)) throw new MeshError('BAD_VALUE', 'timing.idleMs is a number of milliseconds over 0.');
}

/** What the page tells of itself, until the mesh is left. */
function followPage(
  { idleMs = IDLE_MS }: JoinOptions['timing'] = {},
  signal: AbortSignal,
): Pick<MeshParts, 'followWakes' | 'followActivity'> {
  const { now, later } = pageClock;
  return {
    followWakes: (on) => followWakes(globalThis, on, signal),
    followActivity: (onChange) =>
      followActivity(globalThis, idleMs, { instant: () => now().instant, later, onChange }, signal),
  };
}
