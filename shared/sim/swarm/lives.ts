/**
 * What a member says of its own life is believed: a suspicion ends when it is refuted, nobody is buried in a life that
 * is over; and who hears nobody doubts itself before it accuses anybody.
 */
import type { PeerId } from '#shared/base/ids.ts';
import type { IdentityRecord } from '#shared/membership/messages.ts';
import { compareLives, type Life } from '#shared/membership/roster.ts';
import { defaultMeshConfig } from '#shared/mesh/config.ts';
import type { Effect, LinkMessage } from '#shared/mesh/messages.ts';
import type { SimTab } from '../tab.ts';
import { nameOf, type MakeChecker } from './checker.ts';

export const refutationsCount: MakeChecker = (_world, complain) => {
  /** The newest life of each member that each tab was seen to believe in. */
  const livesByTab = new Map<SimTab, Map<PeerId, Life>>();
  return {
    name: 'lives',
    observer: {
      opened: (tab) => void livesByTab.set(tab, new Map()),
      told: (tab, event) => {
        if (event.kind !== 'memberLeft') return;
        const lives = livesByTab.get(tab);
        const believed = lives?.get(event.id);
        const ended = tab.node.inspect().membership.departed.get(event.id);
        if (believed && ended && compareLives(ended, believed) < 0)
          complain(`${nameOf(tab.id)} buries ${nameOf(event.id)} in a life that is over`);
        lives?.delete(event.id);
      },
      stepped: (tab, input) => {
        if (input.kind !== 'frame') return;
        const { message } = input;
        if (!MAY_HOLD_IDENTITIES.has(message.kind)) return;
        const lives = livesByTab.get(tab);
        for (const { id } of identitiesIn(message)) {
          const member = tab.node.inspect().membership.members.get(id);
          if (!member || id === tab.id) continue;
          const believed = lives?.get(id);
          const isRefuted = believed !== undefined && compareLives(member, believed) > 0;
          if (isRefuted && member.status === 'suspect')
            complain(`${nameOf(tab.id)} suspects ${nameOf(id)} still, who has refuted it`);
          lives?.set(id, member);
        }
      },
    },
  };
};

const MAY_HOLD_IDENTITIES: ReadonlySet<LinkMessage['kind']> = new Set(['hello', 'claims', 'delta', 'gossip']);

function identitiesIn(message: LinkMessage): readonly IdentityRecord[] {
  if (message.kind === 'hello') return [message.identity];
  if (message.kind === 'claims') return message.claims.filter((claim) => claim.kind === 'identity');
  if (message.kind === 'gossip') return message.payload.kind === 'identity' ? [message.payload] : [];
  if (message.kind !== 'delta' || message.table !== 'roster') return [];
  return message.records.filter((record) => record.kind === 'identity');
}

/** The last word over a link is heard like every other. */
function hasClosed(effects: readonly Effect[], peer: PeerId): boolean {
  return effects.some(
    (effect) => effect.kind === 'tell' && effect.event.kind === 'linkClosed' && effect.event.peer === peer,
  );
}

/**
 * Lifeguard's local health, seen from outside: two links or more, and not a frame over any of them for so long that a
 * watch must have noticed. From then on, for the time that doubt may last, nobody is accused.
 */
export const theDeafDoubt: MakeChecker = (world, complain) => {
  const { deafMs, doubtMsMax, lateMs, watchMs } = defaultMeshConfig.membership;
  const linksByTab = new Map<SimTab, Set<PeerId>>();
  const heardAtByTab = new Map<SimTab, number>();
  const watchByTab = new Map<SimTab, { at: number; lateAt: number }>();
  /** Deafness is noticed at a watch. */
  const noticedMs = deafMs + 2 * watchMs;
  const isLate = (watchedAt: number): boolean => world.timeMs() - watchedAt > watchMs + lateMs;
  return {
    name: 'doubt',
    observer: {
      opened: (tab) => void linksByTab.set(tab, new Set()),
      told: (tab, event) => {
        const links = linksByTab.get(tab);
        if (event.kind === 'linkOpened') {
          links?.add(event.peer);
          heardAtByTab.set(tab, world.timeMs());
        } else if (event.kind === 'linkClosed') links?.delete(event.peer);
        else if (event.kind === 'memberSuspected' && event.by === tab.id) {
          const deafForMs = world.timeMs() - (heardAtByTab.get(tab) ?? 0);
          const { at, lateAt } = watchByTab.get(tab) ?? { at: 0, lateAt: 0 };
          // Who was late has doubted from then on, and its doubt may be over.
          const isPunctual = !isLate(at) && lateAt < (heardAtByTab.get(tab) ?? 0);
          const isWitness = (links?.size ?? 0) >= 2 && tab.node.inspect().membership.members.size > 2;
          if (isWitness && isPunctual && deafForMs > noticedMs && deafForMs < deafMs + doubtMsMax)
            complain(`${nameOf(tab.id)} hears nobody, and accuses ${nameOf(event.id)}`);
        }
      },
      stepped: (tab, input, effects) => {
        const isLinked = (peer: PeerId): boolean => linksByTab.get(tab)?.has(peer) === true;
        if (input.kind === 'frame' && (isLinked(input.from) || hasClosed(effects, input.from)))
          heardAtByTab.set(tab, world.timeMs());
        if (!effects.some((effect) => effect.kind === 'schedule' && effect.timer.timer.kind === 'watch'))
          return;
        const { at, lateAt } = watchByTab.get(tab) ?? { at: world.timeMs(), lateAt: 0 };
        watchByTab.set(tab, { at: world.timeMs(), lateAt: isLate(at) ? world.timeMs() : lateAt });
      },
    },
  };
};
