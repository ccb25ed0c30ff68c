/**
 * Events of the node come in; changes of the faces and events of the mesh go out. All of one input are
 * applied first and told after, so that a listener never sees half a change.
 */
import type { PeerId } from '#shared/base/ids.ts';
import type { MeshEvent } from '#shared/mesh/messages.ts';
import type { DataFaces } from './data/faces.ts';
import { MeshError } from './errors.ts';
import type { EventHub } from './events.ts';
import { isolate } from './isolate.ts';
import type { MembersFace } from './people/members.ts';
import type { Source } from './readable.ts';
import type { Replies } from './replies.ts';
import type { StatusFace } from './status.ts';
import type { ChannelFault } from './transport/transport.ts';
import type { PresenceFields } from './types.ts';

export interface Faces<P extends PresenceFields> {
  readonly self: PeerId;
  readonly hub: EventHub<P>;
  readonly people: MembersFace<P>;
  readonly mine: Source<Readonly<Partial<P>>>;
  readonly data: DataFaces;
  readonly replies: Replies;
  readonly status: StatusFace;
  /** What kept the last channel to a peer from opening. */
  readonly faultOf: (peer: PeerId) => ChannelFault;
  /** Links open now. */
  readonly openLinks: () => number;
}

export interface Tellings {
  readonly onEvents: (events: readonly MeshEvent[]) => void;
  /** Something was refused for this reason, of a fixed vocabulary. */
  readonly count: (reason: string) => void;
  /** How often each reason to refuse something was given. */
  readonly refused: () => Readonly<Record<string, number>>;
}

type Told = (() => void) | undefined;

export function createTellings<P extends PresenceFields>(faces: Faces<P>): Tellings {
  const { people } = faces;
  /** Reasons are a fixed vocabulary, so this grows to a few dozen names at most. */
  const refused: Record<string, number> = {};
  const count = (reason: string): number => (refused[reason] = (refused[reason] ?? 0) + 1);
  /** What is to be told, in order. It grows only by what listeners themselves do while they are told. */
  const waiting: (() => void)[] = [];
  let telling = false;
  /** A listener that writes is the cause of further tellings: they wait until everyone has heard of the first. */
  const tellAll = (): void => {
    if (telling) return;
    telling = true;
    for (let tell = waiting.shift(); tell; tell = waiting.shift()) isolate(tell);
    telling = false;
  };
  let refreshWanted = false;
  /** Links and hops of all members are looked at once per burst of changes. */
  const refresh = (): void => {
    if (refreshWanted) return;
    refreshWanted = true;
    queueMicrotask(() => {
      refreshWanted = false;
      people.refresh();
      people.flush();
    });
  };

  return {
    onEvents: (events) => {
      const tellings = events.map((event) => apply(event, faces, { count, refresh }));
      waiting.push(people.flush, ...tellings.filter((tell) => tell !== undefined));
      tellAll();
    },
    count,
    refused: () => ({ ...refused }),
  };
}

interface Means {
  /** How often this reason was given by now. */
  readonly count: (reason: string) => number;
  readonly refresh: () => void;
}

/** Applies one event to the faces and returns what is to be told of it. */
function apply<P extends PresenceFields>(event: MeshEvent, faces: Faces<P>, means: Means): Told {
  const { hub, data, replies, status } = faces;
  switch (event.kind) {
    case 'memberJoined':
    case 'memberLeft':
    case 'memberSuspected':
    case 'memberRecovered':
    case 'presenceChanged':
    case 'rtt':
      return applyToMember(event, faces, means);
    case 'graphChanged':
      means.refresh();
      return undefined;
    case 'linkOpened':
      means.refresh();
      return () => {
        status.links(faces.openLinks());
        hub.emit('link:open', { peer: event.peer });
      };
    case 'linkClosed':
      means.refresh();
      return () => {
        status.links(faces.openLinks());
        hub.emit('link:close', { peer: event.peer, reason: event.reason });
      };
    case 'greeted':
      return () => status.greeted(event.greeted);
    case 'synced':
      return () => status.synced();
    case 'stateChanged':
      return data.changed(event.changes);
    case 'entryRefused': {
      const { collection: map, key, value } = event.entry;
      means.count(event.reason);
      return () => hub.emit('state:refused', { map, key, value, reason: event.reason });
    }
    case 'message':
      return () => data.message(event);
    case 'gap':
      return () => hub.emit('message:gap', { from: event.from, missed: event.missed });
    case 'delivered':
    case 'undeliverable':
      return () => replies.answer(event);
    case 'attemptFailed':
      means.count(`attempt-${event.reason}`);
      // The others ended before anything was built.
      if (event.reason === 'not-opened' || event.reason === 'channel-failed')
        means.count(`link-${faces.faultOf(event.peer)}`);
      return undefined;
    case 'peerMisbehaved':
      means.count(event.reason);
      return () => hub.emit('peer:misbehaved', { peer: event.peer, reason: event.reason });
    case 'versionTooOld': {
      if (means.count('too-old') > 1) return undefined;
      const said = 'A member no longer reads what this version of the library writes; it must be updated.';
      return () => hub.emit('error', new MeshError('VERSION_TOO_OLD', said));
    }
  }
}

type MemberEvent = Extract<
  MeshEvent,
  {
    kind: 'memberJoined' | 'memberLeft' | 'memberSuspected' | 'memberRecovered' | 'presenceChanged' | 'rtt';
  }
>;

function applyToMember<P extends PresenceFields>(
  event: MemberEvent,
  { self, hub, people, mine }: Faces<P>,
  { refresh }: Means,
): Told {
  switch (event.kind) {
    case 'memberJoined': {
      const { member: joined, isReturn } = people.joined(event.id);
      refresh();
      // What it shows may follow within the same input: a join event carries it.
      return () => {
        const member = people.members.get(event.id) ?? joined;
        hub.emit('member:join', { member, returned: event.returned || isReturn });
      };
    }
    case 'memberLeft': {
      const member = people.left(event.id);
      return member && (() => hub.emit('member:leave', { member, reason: event.reason }));
    }
    case 'memberSuspected': {
      const member = people.setStatus(event.id, 'suspect');
      return member && (() => hub.emit('member:suspect', { member, by: event.by }));
    }
    case 'memberRecovered': {
      const member = people.setStatus(event.id, 'alive');
      return member && (() => hub.emit('member:recover', { member }));
    }
    case 'presenceChanged': {
      const member = people.present(event.owner, event.fields);
      if (!member) return undefined;
      return () => {
        if (event.owner === self) mine.set(member.presence);
        hub.emit('member:update', { member });
      };
    }
    case 'rtt':
      people.setRtt(event.peer, event.rttMs);
      return undefined;
  }
}
