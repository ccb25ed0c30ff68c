/**
 * The roster: who is here, by the records that only their owners write, and the filter of the departed,
 * which keeps old records from rising again. It knows no time but what it is told, and no suspicion.
 */
import { createBoundedMap } from '../base/collections.ts';
import { hashText, type Hash64 } from '../base/hash.ts';
import type { Epoch, Incarnation, PeerId } from '../base/ids.ts';
import { elapsedMs, type Instant } from '../base/time.ts';
import type { Version } from '../base/version.ts';
import type { MembershipConfig } from './config.ts';
import { createDepartedFilter, type Departed } from './departed.ts';
import type { IdentityRecord, LinksRecord, RosterRecord } from './messages.ts';

/** What an accusation and a verdict name: one incarnation of one epoch. */
export interface Life {
  readonly epoch: Epoch;
  readonly incarnation: Incarnation;
}

/** Negative when `a` is the earlier life, zero when they are one, positive when `a` is the later. */
export function compareLives(a: Life, b: Life): number {
  return a.epoch - b.epoch || a.incarnation - b.incarnation;
}

/** The one order of identity records: epoch, then incarnation, then left over alive. */
export function supersedes(a: IdentityRecord, b: IdentityRecord): boolean {
  return (compareLives(a, b) || Number(a.left) - Number(b.left)) > 0;
}

/** A record's version in the roster table; agrees with `supersedes`. */
export function rosterVersion(record: RosterRecord): Version {
  const minor = record.kind === 'links' ? record.seq : record.incarnation * 2 + Number(record.left);
  return { major: record.epoch, minor, by: null };
}

/** One who is here: alive or suspect. */
export interface Member {
  readonly identity: IdentityRecord;
  /** Of the same epoch as the identity, or absent. */
  readonly links: LinksRecord | null;
  /** Whom its records named until a while ago, the latest last; at most `neighborsMax`. */
  readonly formerLinks: readonly FormerLink[];
  readonly knownSince: Instant;
  readonly hash: Hash64;
}

interface FormerLink {
  readonly peer: PeerId;
  readonly until: Instant;
}

export interface Roster {
  readonly size: number;
  readonly members: ReadonlyMap<PeerId, Member>;
  readonly get: (id: PeerId) => Member | undefined;
  /** Rises with every change of `members`. */
  readonly changes: () => number;
  readonly isFull: () => boolean;
  /** Adds or replaces an identity; links of another epoch fall away. The caller has compared and has room. */
  readonly setIdentity: (record: IdentityRecord, at: Instant) => Member;
  readonly setLinks: (member: Member, links: LinksRecord, at: Instant) => void;
  /** Whether the member's own records name this one as its neighbor, or did within `observerMs`. */
  readonly isNamedBy: (id: PeerId, observer: PeerId, at: Instant) => boolean;
  /** Ends a member's stay. The claim goes into the filter. */
  readonly depart: (id: PeerId, departed: Departed) => Member | undefined;
  /** Drops a member without a trace: oneself, or one of whom nobody but the claim itself knows. */
  readonly remove: (id: PeerId) => void;
  readonly departed: (id: PeerId) => Departed | undefined;
  /** The same without those whom we ended alone: their records are welcome, and nobody is told. */
  readonly ended: (id: PeerId) => Departed | undefined;
  readonly allDeparted: () => IterableIterator<[PeerId, Departed]>;
  /** Lets a departed member in again. */
  readonly readmit: (id: PeerId) => void;
  /** Forgets the departed whose time in the filter is over; those expelled stay. */
  readonly expire: (at: Instant) => void;
  /** Keeps a links record whose identity has not come yet; the oldest gives way. */
  readonly holdEarly: (links: LinksRecord) => void;
  /** Takes the early links of this member, if they are of this epoch. */
  readonly takeEarly: (id: PeerId, epoch: Epoch) => LinksRecord | undefined;
}

export function createRoster(config: MembershipConfig): Roster {
  const members = new Map<PeerId, Member>();
  const departed = createDepartedFilter(config.departedMax, config.departedMs);
  const early = createEarlyLinks(config.earlyLinksMax);

  let changes = 0;

  const setMember = (member: Member): void => {
    changes += 1;
    members.set(member.identity.id, member);
  };
  const removeMember = (id: PeerId): void => {
    changes += 1;
    members.delete(id);
  };
  const setIdentity = (identity: IdentityRecord, at: Instant): Member => {
    const known = members.get(identity.id);
    const member: Member = {
      identity,
      links: known && known.identity.epoch === identity.epoch ? known.links : null,
      formerLinks: known?.formerLinks ?? [],
      knownSince: known?.knownSince ?? at,
      hash: known?.hash ?? hashText(identity.id),
    };
    setMember(member);
    return member;
  };
  return {
    get size() {
      return members.size;
    },
    members,
    get: (id) => members.get(id),
    changes: () => changes,
    isFull: () => members.size >= config.membersMax,
    setIdentity,
    setLinks: (member, links, at) =>
      setMember({ ...member, links, formerLinks: formerLinks(member, links, at, config) }),
    isNamedBy: (id, observer, at) => isNamed(members.get(id), observer, at, config.observerMs),
    depart: (id, entry) => {
      const member = members.get(id);
      removeMember(id);
      early.drop(id);
      departed.set(id, entry, member !== undefined);
      return member;
    },
    remove: removeMember,
    departed: (id) => departed.get(id),
    ended: (id) => ifOpenly(departed.get(id)),
    allDeparted: () => departed.entries(),
    readmit: departed.delete,
    expire: departed.expire,
    holdEarly: early.hold,
    takeEarly: early.take,
  };
}

/** Those whom the last record named and this one does not, after those of before who are remembered still. */
function formerLinks(
  { links, formerLinks: before }: Member,
  { neighbors }: LinksRecord,
  at: Instant,
  { observerMs, neighborsMax }: MembershipConfig,
): readonly FormerLink[] {
  const lost = (links?.neighbors ?? []).filter((peer) => !neighbors.includes(peer));
  const kept = before.filter(({ peer, until }) => !lost.includes(peer) && elapsedMs(until, at) <= observerMs);
  return [...kept, ...lost.map((peer) => ({ peer, until: at }))].slice(-neighborsMax);
}

function isNamed(member: Member | undefined, peer: PeerId, at: Instant, observerMs: number): boolean {
  if (member?.links?.neighbors.includes(peer)) return true;
  const former = member?.formerLinks.find((one) => one.peer === peer);
  return former !== undefined && elapsedMs(former.until, at) <= observerMs;
}

/** Links records whose identity has not come yet. */
function createEarlyLinks(limit: number): {
  readonly hold: Roster['holdEarly'];
  readonly take: Roster['takeEarly'];
  readonly drop: (id: PeerId) => void;
} {
  const linksById = createBoundedMap<PeerId, LinksRecord>(limit);
  return {
    hold: (links) => {
      const held = linksById.get(links.id);
      const newer = !held || links.epoch > held.epoch || (links.epoch === held.epoch && links.seq > held.seq);
      if (newer) linksById.set(links.id, links);
    },
    take: (id, epoch) => {
      const held = linksById.get(id);
      if (!held || held.epoch > epoch) return undefined;
      linksById.delete(id);
      return held.epoch === epoch ? held : undefined;
    },
    drop: (id) => void linksById.delete(id),
  };
}

function ifOpenly(entry: Departed | undefined): Departed | undefined {
  return entry?.decided === 'openly' ? entry : undefined;
}
