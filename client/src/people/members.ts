/** The live map of every member: what membership, presence and routing know, as one frozen object each. */
import { createBoundedMap } from '#shared/base/collections.ts';
import type { PeerId } from '#shared/base/ids.ts';
import { createReadonlyMap } from '../readonly-map.ts';
import { createView } from '../readable.ts';
import type { Activity, Member, Members, MemberStatus, PresenceFields, Value } from '../types.ts';
import { ACTIVITY_FIELD, valueToActivity } from './activity.ts';

export interface MembersDeps {
  readonly self: PeerId;
  /** How many links away each member is; a member that is absent has no known way. */
  readonly hopsByMember: () => ReadonlyMap<PeerId, number>;
  /** Whether the link to a neighbor goes through a TURN server. */
  readonly isRelayed: (id: PeerId) => boolean;
  /** The user that a member has shown to be; asked when it comes, and when things may have changed. */
  readonly userOf: (id: PeerId) => string | undefined;
  readonly ping: Members['ping'];
}

export interface Arrival<P extends PresenceFields> {
  readonly member: Member<P>;
  /** Its user was here before, as another member that is gone: a reload, mostly. */
  readonly isReturn: boolean;
}

/** Users remembered after their last member has gone; the one gone longest gives way. */
const GONE_USERS_MAX: number = 1_024;

export interface MembersFace<P extends PresenceFields> {
  readonly members: Members<P>;
  readonly joined: (id: PeerId) => Arrival<P>;
  /** The member as it was last; `undefined` if it was not here. */
  readonly left: (id: PeerId) => Member<P> | undefined;
  readonly setStatus: (id: PeerId, status: MemberStatus) => Member<P> | undefined;
  /** Merges fields, the one of its activity too; `undefined` values take fields away. May come before the member does. */
  readonly present: (id: PeerId, fields: ReadonlyMap<string, Value | undefined>) => Member<P> | undefined;
  readonly setRtt: (id: PeerId, rttMs: number) => Member<P> | undefined;
  /** The graph may have changed: looks anew at links and hops. */
  readonly refresh: () => void;
  /** Tells subscribers what has changed since the last time. */
  readonly flush: () => void;
}

// oxlint-disable-next-line max-lines-per-function -- A factory: what it closes over is the one map of members.
export function createMembersFace<P extends PresenceFields>(deps: MembersDeps): MembersFace<P> {
  const memberById = new Map<PeerId, Member<P>>();
  /** What members show; entries of strangers wait for them, bounded by the presence layer. */
  const presenceById = new Map<PeerId, Readonly<Partial<P>>>();
  /** Of those who are not active; bounded likewise. */
  const activityById = new Map<PeerId, Activity>();
  const view = createView<ReadonlyMap<string, Member<P>>>(() => createReadonlyMap(memberById));
  const goneUsers = createBoundedMap<string, true>(GONE_USERS_MAX);
  const nothing: Readonly<Partial<P>> = Object.freeze({});
  let changed = false;

  join(deps.self);

  return {
    members: {
      get value() {
        return view.value;
      },
      getSnapshot: view.getSnapshot,
      subscribe: view.subscribe,
      get size() {
        return memberById.size;
      },
      get: (id) => memberById.get(id as PeerId),
      ping: deps.ping,
      [Symbol.iterator]: () => memberById.values(),
    },
    joined: (id) => {
      const member = join(id);
      const isReturn = member.userId !== undefined && goneUsers.has(member.userId);
      if (member.userId !== undefined) goneUsers.delete(member.userId);
      return { member, isReturn };
    },
    left: (id) => {
      const member = memberById.get(id);
      if (member?.userId !== undefined) goneUsers.set(member.userId, true);
      if (memberById.delete(id)) note();
      presenceById.delete(id);
      activityById.delete(id);
      return member;
    },
    setStatus: (id, status) => update(id, { status }),
    present: (id, fields) => {
      const { [ACTIVITY_FIELD]: said, ...shown } = Object.fromEntries(fields);
      if (fields.has(ACTIVITY_FIELD)) activityById.set(id, valueToActivity(said));
      // What an application shows stays the same object while it does.
      if (Object.keys(shown).length > 0)
        presenceById.set(id, merge(presenceById.get(id), new Map(Object.entries(shown))));
      return update(id, { presence: shownBy(id), activity: activityOf(id) });
    },
    setRtt: (id, rttMs) => update(id, { rtt: Math.round(rttMs * 10) / 10 }),
    refresh: () => {
      const hopsByMember = deps.hopsByMember();
      for (const id of memberById.keys()) {
        const now = way(id, hopsByMember);
        // Only links are measured all the while: what one took says nothing of a way through others.
        const measured = now.hops === 1 ? {} : { rtt: undefined };
        update(id, { userId: deps.userOf(id), ...now, ...measured });
      }
    },
    flush,
  };

  function join(id: PeerId): Member<P> {
    const member: Member<P> = Object.freeze({
      id,
      userId: deps.userOf(id),
      self: id === deps.self,
      status: 'alive',
      activity: activityOf(id),
      presence: shownBy(id),
      rtt: undefined,
      ...way(id, deps.hopsByMember()),
    });
    memberById.set(id, member);
    note();
    return member;
  }

  function update(id: PeerId, patch: Partial<Member<P>>): Member<P> | undefined {
    const member = memberById.get(id);
    if (!member) return undefined;
    const next = Object.freeze({ ...member, ...patch });
    if (sameMember(member, next)) return member;
    memberById.set(id, next);
    note();
    return next;
  }

  function shownBy(id: PeerId): Readonly<Partial<P>> {
    return presenceById.get(id) ?? nothing;
  }

  function activityOf(id: PeerId): Activity {
    return activityById.get(id) ?? 'active';
  }

  function way(id: PeerId, hopsByMember: ReadonlyMap<PeerId, number>): Pick<Member<P>, 'link' | 'hops'> {
    if (id === deps.self) return { link: 'self', hops: 0 };
    const hops = hopsByMember.get(id);
    if (hops === 1) return { link: deps.isRelayed(id) ? 'turn' : 'direct', hops };
    return { link: hops === undefined ? 'none' : 'via', hops };
  }

  function note(): void {
    changed = true;
    view.invalidate();
  }

  function flush(): void {
    if (!changed) return;
    changed = false;
    view.tell();
  }

  function merge(
    presence: Readonly<Partial<P>> | undefined,
    fields: ReadonlyMap<string, Value | undefined>,
  ): Readonly<Partial<P>> {
    const merged: Record<string, Value> = {};
    for (const [field, value] of [...Object.entries(presence ?? {}), ...fields]) {
      // Defined, never assigned: `__proto__` is an ordinary field.
      if (value === undefined) delete merged[field];
      else
        Object.defineProperty(merged, field, { value, enumerable: true, configurable: true, writable: true });
    }
    return Object.freeze(merged) as Readonly<Partial<P>>;
  }
}

function sameMember<P extends PresenceFields>(a: Member<P>, b: Member<P>): boolean {
  return (
    a.status === b.status &&
    a.activity === b.activity &&
    a.userId === b.userId &&
    a.presence === b.presence &&
    a.link === b.link &&
    a.hops === b.hops &&
    a.rtt === b.rtt
  );
}
