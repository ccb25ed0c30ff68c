/** Handlers of the two records that only their owner may write. */
import type { PeerId } from '../base/ids.ts';
import { makeRoom } from './crowding.ts';
import type { IdentityRecord, LinksRecord } from './messages.ts';
import { outnumberLinks, refuteIfAccused } from './own.ts';
import { compareLives, supersedes, type Member } from './roster.ts';
import { acceptVouch, endSuspicion, removeMember, tellDeparture } from './standing.ts';
import { misbehaved, recordChanged, recordRemoved, refused, type Turn } from './state.ts';

export function onIdentity(turn: Turn, from: PeerId, record: IdentityRecord): void {
  const { state } = turn;
  if (record.id === state.self) return onOwnIdentity(turn, from, record);
  const departed = state.roster.ended(record.id);
  if (departed && compareLives(record, departed) <= 0) {
    // The bringer may not know that this life is over.
    if (!record.left) tellDeparture(turn, from, record.id);
    return;
  }
  const member = state.roster.get(record.id);
  if (member && !supersedes(record, member.identity)) return;
  if (record.left) return removeMember(turn, record, record);
  if (member) return renew(turn, member, record);
  if (!makeRoom(turn)) return refused(turn);
  admit(turn, record);
}

export function onLinks(turn: Turn, from: PeerId, record: LinksRecord): void {
  const { state } = turn;
  if (record.id === state.self) return outnumberLinks(turn, record);
  const departed = state.roster.ended(record.id);
  if (departed && record.epoch <= departed.epoch) return tellDeparture(turn, from, record.id);
  const member = state.roster.get(record.id);
  if (!member || record.epoch > member.identity.epoch) return state.roster.holdEarly(record);
  if (record.epoch < member.identity.epoch) return;
  if (member.links && record.seq <= member.links.seq) return;
  setLinks(turn, member, record);
}

/** Only we may write our record: a forged one, or the farewell of a life we still lead, is refuted. */
function onOwnIdentity(turn: Turn, from: PeerId, record: IdentityRecord): void {
  const { identity } = turn.state;
  if (record.epoch > identity.epoch) return misbehaved(turn, from, 'foreign-epoch');
  if (supersedes(record, identity)) refuteIfAccused(turn, record);
}

function admit(turn: Turn, record: IdentityRecord): void {
  const { state, at, out } = turn;
  const { id, epoch } = record;
  const returned = state.roster.departed(id) !== undefined;
  state.roster.readmit(id);
  state.roster.setIdentity(record, at);
  state.joins.push(at);
  recordChanged(turn, record);
  out.push({ kind: 'memberUp', id, epoch, returned });
  takeEarlyLinks(turn, id);
}

/** A newer record of a member that is here: a refutation, or a new epoch, which is a return. */
function renew(turn: Turn, member: Member, record: IdentityRecord): void {
  const { state, at, out } = turn;
  const { id, epoch } = record;
  state.roster.setIdentity(record, at);
  recordChanged(turn, record);
  acceptVouch(turn, id);
  endSuspicion(turn, id);
  if (epoch === member.identity.epoch) return;
  if (member.links) recordRemoved(turn, member.links);
  out.push({ kind: 'memberUp', id, epoch, returned: true });
  takeEarlyLinks(turn, id);
}

function takeEarlyLinks(turn: Turn, id: PeerId): void {
  const { roster } = turn.state;
  const member = roster.get(id);
  const links = member && roster.takeEarly(id, member.identity.epoch);
  if (links) setLinks(turn, member, links);
}

function setLinks(turn: Turn, member: Member, links: LinksRecord): void {
  const { state, at, out } = turn;
  state.roster.setLinks(member, links, at);
  recordChanged(turn, links);
  const { id, neighbors, greeter } = links;
  out.push({ kind: 'linksChanged', id, neighbors, greeter });
  // It has noticed that our link is gone, so it outlived the link.
  if (!links.neighbors.includes(state.self)) state.lost.delete(links.id);
}
