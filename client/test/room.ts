/** Whole meshes in one process: the real library over channels in memory, a server in memory, a clock to move. */
import { epoch, type PeerId, type RoomId } from '#shared/base/ids.ts';
import { createRng } from '#shared/base/rng.ts';
import { defaultMeshConfig } from '#shared/mesh/config.ts';
import { createMeshNode } from '#shared/mesh/node.ts';
import { createKeyPair, type KeyPair } from '#client/identity/ed25519.ts';
import { introduce } from '#client/identity/introduction.ts';
import { keyToPeerId } from '#client/identity/member-id.ts';
import type { IdentityStore } from '#client/identity/user-identity.ts';
import { createMesh, type MeshParts } from '#client/mesh.ts';
import type { SignalingClient, SignalingHandlers } from '#client/signaling/signaling-client.ts';
import type { Transport } from '#client/transport/transport.ts';
import type { Admit, Mesh, PresenceFields } from '#client/types.ts';
import { createMemoryNetwork } from './memory-transport.ts';
import { createTestClock, type TestClock } from './test-clock.ts';

/** What is special about one tab. */
export interface Tab {
  readonly followWakes: NonNullable<MeshParts['followWakes']>;
  readonly followActivity: NonNullable<MeshParts['followActivity']>;
  /** What stands between this tab and its channels. */
  readonly wrap: (transport: Transport) => Transport;
  readonly onClosed: () => void;
  readonly admit: Admit;
  readonly linkKey: CryptoKey;
  /** Where its user is kept; none unless given. */
  readonly identity: IdentityStore;
  readonly keys: KeyPair;
}

/** How the server carries what one tab describes to another; a hostile one may pass on something else. */
export type Carry = (data: string, pass: (data: string) => void) => void;

export interface Room {
  /** From now on no link carries anything before ICE is restarted on it. */
  readonly stray: () => void;
  readonly clock: TestClock;
  readonly join: <P extends PresenceFields>(presence?: P, tab?: Partial<Tab>) => Mesh<P>;
  readonly setServer: (up: boolean) => void;
  /** The WebRTC of somebody who is no member. */
  readonly createTransport: () => Transport;
}

export function createRoom(carry: Carry = (data, pass) => pass(data)): Room {
  const clock = createTestClock();
  const rng = createRng([1]);
  const network = createMemoryNetwork((run, ms) => void clock.later(run, ms));
  const attached = new Map<PeerId, SignalingHandlers>();
  const wanting = new Map<PeerId, SignalingHandlers>();
  let up = true;

  let listIsDue = false;

  const listSoon = (): void => {
    if (listIsDue) return;
    listIsDue = true;
    clock.later(() => {
      listIsDue = false;
      const ids = [...attached.keys()];
      for (const { onListed } of attached.values()) onListed(ids);
    }, 1_000);
  };
  const attach = (id: PeerId, handlers: SignalingHandlers): void => {
    if (!up || attached.has(id) || !wanting.has(id)) return;
    const contacts = rng.sample([...attached.keys()], 3);
    attached.set(id, handlers);
    handlers.onStatus('open');
    handlers.onAttached(contacts);
    listSoon();
  };
  const detach = (id: PeerId): void => {
    const handlers = attached.get(id);
    if (!handlers) return;
    attached.delete(id);
    handlers.onDetached();
    listSoon();
  };

  const createSignaling = (id: PeerId, handlers: SignalingHandlers): SignalingClient => ({
    attach: () => {
      wanting.set(id, handlers);
      handlers.onStatus('connecting');
      clock.later(() => attach(id, handlers), 10);
    },
    hurry: () => {},
    renew: () => {
      if (!wanting.has(id)) return;
      detach(id);
      handlers.onStatus('connecting');
      clock.later(() => attach(id, handlers), 10);
    },
    detach: () => {
      wanting.delete(id);
      detach(id);
      handlers.onStatus('closed');
    },
    signal: (to, data) => {
      if (!attached.has(id)) return false;
      const deliver = (carried: string): void => {
        const receiver = attached.get(to);
        if (receiver) receiver.onSignal(id, carried);
        else attached.get(id)?.onUnreachable(to);
      };
      clock.later(() => carry(data, deliver), 10);
      return true;
    },
    askContacts: () => {
      const others = [...attached.keys()].filter((other) => other !== id);
      clock.later(() => handlers.onContacts(rng.sample(others, 3)), 10);
    },
    traffic: () => ({ sentBytes: 0, receivedBytes: 0, quietMs: undefined }),
  });

  return {
    clock,
    stray: network.stray,
    createTransport: network.createTransport,
    join: (
      presence,
      {
        wrap = (transport: Transport) => transport,
        onClosed = () => {},
        admit,
        linkKey,
        identity,
        followWakes = () => {},
        followActivity = () => {},
        ...tab
      } = {},
    ) => {
      const keys = tab.keys ?? createKeyPair(Uint8Array.from({ length: 32 }, () => rng.below(256)));
      const self = keyToPeerId(keys.publicKey);
      const mesh = createMesh(
        {
          room: 'test' as RoomId,
          self,
          keys,
          secrets: () => ({ topic: 'test' as RoomId, linkKey }),
          introduction: introduce({ self, keys, topic: 'test' }, identity && 'stored', () => identity!),
          clock,
          node: createMeshNode({ self, epoch: epoch(1), rng: rng.fork(self) }, defaultMeshConfig),
          transport: wrap(network.createTransport()),
          createSignaling: (handlers) => createSignaling(self, handlers),
          onClosed,
          admit,
          followWakes,
          followActivity,
        },
        presence,
      );
      mesh.attach();
      return mesh;
    },
    setServer: (next) => {
      up = next;
      for (const [id, handlers] of wanting) {
        if (up) clock.later(() => attach(id, handlers), 500);
        else {
          detach(id);
          handlers.onStatus('connecting');
        }
      }
    },
  };
}
