/** One join: the node, its shell, the server and the faces that an application sees, put together. */
import { isPeerId, type PeerId, type RoomId } from '#shared/base/ids.ts';
import type { Command } from '#shared/mesh/messages.ts';
import type { MeshNode, MeshSnapshot } from '#shared/mesh/node.ts';
import { defaultStateConfig } from '#shared/state/config.ts';
import { unlessAborted } from './abort.ts';
import { createDataFaces } from './data/faces.ts';
import { MeshError } from './errors.ts';
import { createEventHub } from './events.ts';
import { explainLink, explainNobody } from './explain.ts';
import { ACTIVITY_FIELD, activityToValue } from './people/activity.ts';
import { createAdmission } from './people/admission.ts';
import { createMembersFace } from './people/members.ts';
import { createPresenceFace } from './people/presence.ts';
import { createSource } from './readable.ts';
import { createWrongKey } from './room/wrong-key.ts';
import { createReplies, type Addressee } from './replies.ts';
import type { KeyPair } from './identity/ed25519.ts';
import { drawReceipt } from './identity/generate.ts';
import type { Introduction } from './identity/introduction.ts';
import { createDoors } from './shell/doors.ts';
import { createDoorway, type LinkSecrets } from './shell/doorway.ts';
import { createShell, type Clock, type StopHow } from './shell/shell.ts';
import { createSocketGate } from './signaling/socket-gate.ts';
import type { WakeHandlers } from './shell/wakes.ts';
import type { SignalingClient, SignalingHandlers } from './signaling/signaling-client.ts';
import { createStatus } from './status.ts';
import { createTellings } from './tellings.ts';
import type { IceServersFace } from './transport/ice-servers.ts';
import type { Transport } from './transport/transport.ts';
import type { Activity, Admit, Mesh, MeshGraph, PresenceFields, SignalingStatus } from './types.ts';

export interface MeshParts {
  readonly room: RoomId;
  readonly self: PeerId;
  /** The session key that `self` is the hash of. */
  readonly keys: KeyPair;
  /** Asked when a channel opens. */
  readonly secrets: () => LinkSecrets;
  /** Must be there before the first dial. That it cannot be made is told by whoever dials. */
  readonly introduction: Promise<Introduction>;
  readonly node: MeshNode;
  readonly transport: Transport;
  /** What gives the transport its servers; tells here what goes wrong with it. */
  readonly ice?: Pick<IceServersFace, 'watch'>;
  readonly clock: Clock;
  readonly createSignaling: (handlers: SignalingHandlers) => SignalingClient;
  /** Whom to show; everyone unless given. */
  readonly admit?: Admit | undefined;
  /** Tells from now on when the page may have slept, or its network is another. */
  readonly followWakes?: (on: WakeHandlers) => void;
  /** Tells from now on when somebody comes to the page, or leaves it alone. */
  readonly followActivity?: (onChange: (activity: Activity) => void) => void;
  /** Told once, when the mesh begins to close. */
  readonly onClosed: () => void;
}

/** The mesh is there at once, and meets nobody before its `attach()`. */
// oxlint-disable-next-line max-lines-per-function -- The parts are tied together here and nowhere else; none of them decides anything.
export function createMesh<P extends PresenceFields>(parts: MeshParts, presence: P | undefined): Mesh<P> {
  const { self, node, clock } = parts;
  const hub = createEventHub<P>();
  const signalingStatus = createSource<SignalingStatus>('connecting');
  const status = createStatus();
  const replies = createReplies((run, ms) => void clock.later(run, ms));
  const mine = createSource<Readonly<Partial<P>>>(Object.freeze({}));
  const checkOpen = (): void => {
    if (status.closed) throw new MeshError('CLOSED', 'This mesh has been left.');
  };
  const command = (what: Command): void => {
    checkOpen();
    shell.handle({ kind: 'command', command: what });
  };
  let introduction: Introduction | undefined;
  const doors = createDoors({
    self,
    keys: parts.keys,
    topic: () => parts.secrets().topic,
    sealer: () => introduction?.sealer,
    identityOf: node.identityOf,
    now: () => clock.now().instant,
  });
  const people = createMembersFace<P>({
    self,
    hopsByMember: () => node.inspect().routing.hopsByMember,
    isRelayed: (id) => shell.isRelayed(id),
    userOf: (id) => (id === self ? introduction?.userId : doors.cardOf(id)?.userId),
    ping: async (id, { signal } = {}) => {
      signal?.throwIfAborted();
      return unlessAborted(ping(id), signal);
    },
  });
  const data = createDataFaces({
    command,
    sendTo: async (to, topic, message) => {
      if (to !== self) {
        return replies.request(
          (token) => command({ kind: 'sendTo', token, to, topic, data: message, receipt: drawReceipt() }),
          addressee(to),
        );
      }
      checkOpen();
      tellings.onEvents([{ kind: 'message', topic, data: message, from: self, hops: 0 }]);
    },
    initial: (name) => node.inspect().state.collections.get(name),
    hasRoom: (name) => {
      const { collectionNames, entries } = node.inspect().state;
      const { entriesMax, collectionsMax } = defaultStateConfig;
      return entries < entriesMax && (collectionNames.has(name) || collectionNames.size < collectionsMax);
    },
  });
  const showWays = (): void => {
    people.refresh();
    people.flush();
  };
  const addressee = (id: PeerId): Addressee => ({ id, stranger: people.members.get(id) === undefined });
  const admission =
    parts.admit &&
    createAdmission({
      self,
      admit: parts.admit,
      userOf: (id) => doors.cardOf(id)?.userId,
      isHere: (id) => node.identityOf(id) !== undefined,
      presenceOf: (id) => node.inspect().presence.fieldsByOwner.get(id),
      pass: (events) => tellings.onEvents(events),
      count: (reason) => tellings.count(reason),
    });
  const openLinks = (): number => node.inspect().overlay.activeView.length;
  const tellings = createTellings<P>({
    self,
    hub,
    people,
    mine,
    data,
    replies,
    status,
    openLinks,
    faultOf: (id) => shell.report(id)?.fault ?? 'timed-out',
  });
  const wrongKey = createWrongKey({
    now: () => clock.now().instant,
    isAlone: () => people.members.size === 1,
    tell: (error) => hub.emit('error', error),
  });
  const signaling = parts.createSignaling({
    onStatus: (next) => {
      signalingStatus.set(next);
      status.signaling(next);
    },
    onAttached: (contacts) => {
      status.contacts(contacts.length);
      shell.handle({ kind: 'serverAttached', contacts });
    },
    onContacts: (contacts) => {
      status.contacts(contacts.length);
      shell.handle({ kind: 'serverContacts', contacts });
    },
    onListed: (ids) => {
      status.contacts(ids.filter((id) => id !== self).length);
      shell.handle({ kind: 'serverListed', ids });
    },
    onSignal: (from, text) => shell.serverSignal(from, text),
    onUnreachable: (to) => shell.handle({ kind: 'serverUnreachable', to }),
    onDialLost: status.dialLost,
    onRefused: (reason) => tellings.count(`server-${reason}`),
    onWrongKey: wrongKey,
    onDetached: () => shell.handle({ kind: 'serverDetached' }),
    onError: (error) => {
      // Neither such an address nor such a browser gets better, so nobody need wait for the mesh to be ready.
      if (error.code === 'BAD_SIGNALING_URL' || error.code === 'CRYPTO_MISSING') status.fail(error);
      // A join dials before the application can listen.
      queueMicrotask(() => {
        if (!status.closed) hub.emit('error', error);
      });
    },
  });
  const socket = createSocketGate(signaling, status.released);
  /** Dials at once, also where others hold their sockets for us. */
  const needServer = (): void => {
    signaling.hurry();
    shell.handle({ kind: 'serverNeeded', need: 'network' });
  };
  const shell = createShell({
    node,
    clock,
    doorway: createDoorway({
      transport: parts.transport,
      later: clock.later,
      keys: parts.keys,
      room: parts.secrets,
      onRefused: (peer, reason) => {
        tellings.onEvents([{ kind: 'peerMisbehaved', peer, reason }]);
        if (reason === 'wrong-room-key') wrongKey('link');
      },
    }),
    doors,
    serverSend: signaling.signal,
    wantServer: socket.setWanted,
    askContacts: signaling.askContacts,
    onRelayed: showWays,
    onRefused: (reason) => tellings.count(reason),
    onEvents: admission?.onEvents ?? tellings.onEvents,
  });
  const presenceFace = createPresenceFace<P>({
    mine,
    present: (fields) => command({ kind: 'present', fields }),
  });
  let closing = false;
  let left: Promise<void> | undefined;

  const ping = async (id: string): Promise<number> => {
    if (!isPeerId(id)) throw new MeshError('UNREACHABLE', `${id} is no member's id.`);
    checkOpen();
    if (id === self) return 0;
    const sentAt = clock.now().instant;
    await replies.request((token) => command({ kind: 'echo', token, to: id }), addressee(id));
    return clock.now().instant - sentAt;
  };
  /** The farewell leaves with the last frames that the channels send before they close. */
  const end = (how: StopHow): void => {
    if (closing) {
      // Closing links tells listeners, and one of them may close too. Who left and then closes has no more time.
      if (status.closed) shell.stop(how);
      return;
    }
    closing = true;
    // First, so that a listener which joins again does not get the mesh that is about to close.
    parts.onClosed();
    socket.setAway(true);
    shell.handle({ kind: 'command', command: { kind: 'leave' } });
    status.close();
    shell.stop(how);
    socket.setAllowed(false);
    replies.close();
    admission?.close();
  };
  const close = (): void => end('atOnce');

  parts.ice?.watch((trouble, error) => {
    tellings.count(`ice-${trouble}`);
    if (error) hub.emit('error', error);
  });
  shell.handle({ kind: 'start' });
  parts.followWakes?.({
    woke: () => {
      signaling.hurry();
      shell.handle({ kind: 'probe' });
    },
    thawed: () => {
      signaling.renew();
      shell.handle({ kind: 'probe' });
    },
    // The server first: whoever could tell others of our new addresses is perhaps heard by it alone.
    networkChanged: () => {
      signaling.renew();
      needServer();
      shell.handle({ kind: 'probe' });
    },
    stored: () => {
      // Without links the node wants the server, which is not dialled now.
      socket.setAway(true);
      shell.handle({ kind: 'command', command: { kind: 'goAway' } });
      shell.hurry();
      socket.hangUp();
    },
    restored: () => {
      socket.setAway(false);
      shell.handle({ kind: 'command', command: { kind: 'comeBack' } });
      needServer();
    },
    gone: close,
  });
  parts.followActivity?.((activity) => {
    const fields = new Map([[ACTIVITY_FIELD, activityToValue(activity)]]);
    shell.handle({ kind: 'command', command: { kind: 'present', fields } });
  });
  parts.introduction
    .then((made) => {
      introduction = made;
      if (!status.closed) shell.handle({ kind: 'command', command: { kind: 'card', card: made.card } });
      showWays();
      if (made.trouble && !status.closed) hub.emit('error', made.trouble);
    })
    .catch(() => undefined);
  try {
    if (presence !== undefined) presenceFace.set(presence);
  } catch (error) {
    // Nothing has been said to anyone yet: a join that is refused leaves nothing behind.
    close();
    throw error;
  }

  return {
    room: parts.room,
    id: self,
    status: status.readable,
    signaling: signalingStatus,
    ready: status.ready,
    members: people.members,
    presence: presenceFace,
    map: data.map,
    topic: data.topic,
    graph: () => toGraph(node.inspect(), self, (id) => admission?.isAdmitted(id) ?? true),
    stats: () => {
      const { broadcast, state, overlay } = node.inspect();
      const { delivered, duplicates, grafts, gaps } = broadcast.counts;
      const { entries, tombstones, stubs } = state;
      return {
        signaling: signaling.traffic(),
        links: { open: openLinks(), ...shell.traffic() },
        refused: { ...tellings.refused(), ...staleSignals(overlay.staleDescriptions) },
        broadcast: { delivered, duplicates, grafts, gaps },
        state: { entries, tombstones, stubs },
      };
    },
    explain: (id) => {
      if (id === self) return explainNobody('self');
      const why = isPeerId(id) && node.inspect().overlay.why(id, clock.now().instant);
      // Whoever could not be linked to may be in no roster of ours for that very reason.
      if (!why || !(people.members.get(id) || why.isKnown)) return explainNobody('unknown');
      return explainLink(why, shell.report(id));
    },
    detach: () => {
      status.cut();
      socket.setAllowed(false);
    },
    attach: () => {
      if (status.closed) return;
      socket.setAllowed(true);
      needServer();
    },
    leave: ({ signal } = {}) => {
      end('inOrder');
      left ??= shell.drained();
      return unlessAborted(left, signal);
    },
    close,
    on: hub.on,
    addEventListener: hub.addEventListener,
    removeEventListener: hub.removeEventListener,
  };
}

/** Told by the node, and not as an event: they are no more than late. */
const staleSignals = (count: number): Record<string, number> =>
  count > 0 ? { 'stale-description': count } : {};

/** The room as this member knows it, as far as it is shown; an edge counts when both ends name it. */
function toGraph({ membership }: MeshSnapshot, self: PeerId, isShown: (id: PeerId) => boolean): MeshGraph {
  const members = new Map([...membership.members].filter(([id]) => isShown(id)));
  const nodes = [...members].map(([id, { status }]) => Object.freeze({ id, self: id === self, status }));
  const edges = [...members].flatMap(([a, { neighbors }]) =>
    neighbors.flatMap((b) =>
      a < b && members.get(b)?.neighbors.includes(a) ? [Object.freeze({ a, b })] : [],
    ),
  );
  return Object.freeze({ nodes: Object.freeze(nodes), edges: Object.freeze(edges) });
}
