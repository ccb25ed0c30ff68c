/** The effects that tests expect, in few words. */
import type { PeerId } from '#shared/base/ids.ts';
import type { MembershipEffect, RosterRecord } from '#shared/membership/messages.ts';
import { rosterVersion } from '#shared/membership/roster.ts';
import { a, accusation, b, identity } from './fixtures.ts';

export const publish = (
  claim: Extract<MembershipEffect, { kind: 'publish' }>['claim'],
): MembershipEffect => ({
  kind: 'publish',
  claim,
});
export const changed = (record: RosterRecord): MembershipEffect => ({
  kind: 'recordChanged',
  key: `${record.kind === 'identity' ? 'i' : 'l'}:${record.id}`,
  version: rosterVersion(record),
  record,
});
export const removed = (key: string): MembershipEffect => ({ kind: 'recordRemoved', key });
export const misbehaved = (reason: string): MembershipEffect => ({ kind: 'peerMisbehaved', peer: b, reason });
export const refuted = (inc: number): readonly MembershipEffect[] => [
  publish(identity(a, { inc })),
  changed(identity(a, { inc })),
];
export const suspected = (id: PeerId, by: PeerId): MembershipEffect => ({ kind: 'memberSuspected', id, by });
export const recovered = (id: PeerId): MembershipEffect => ({ kind: 'memberRecovered', id });
export const goneFrom = (id: PeerId, reason: 'goodbye' | 'failed'): readonly MembershipEffect[] => [
  removed(`i:${id}`),
  { kind: 'memberGone', id, reason },
];
export const accusedOf = (target: PeerId, observer: PeerId, life: number = 1): MembershipEffect => ({
  kind: 'route',
  to: target,
  message: { kind: 'accused', accusation: accusation(target, observer, { epoch: life }) },
});
export const claimsOf = (effects: readonly MembershipEffect[], kind: string): readonly MembershipEffect[] =>
  effects.filter((effect) => effect.kind === 'publish' && effect.claim.kind === kind);
