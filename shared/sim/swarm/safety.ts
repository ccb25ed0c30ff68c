/** What must hold at every moment, whatever happens: these checkers watch each step, or each event, as it comes. */
import type { PeerId } from '#shared/base/ids.ts';
import { defaultMeshConfig } from '#shared/mesh/config.ts';
import type { Input } from '#shared/mesh/messages.ts';
import type { SimTab } from '../tab.ts';
import { nameOf, type MakeChecker } from './checker.ts';

/** A view never holds its owner, nobody twice, and never more than it may. */
export const viewsAreWellFormed: MakeChecker = (_world, complain) => ({
  name: 'views',
  observer: {
    stepped: (tab, input) => {
      if (input.kind === 'frame' && input.message.kind !== 'disconnect') return;
      const { activeView, passiveView, pending, parked } = tab.node.inspect().overlay;
      const { degreeMax, passiveViewSizeMax, parkedMax } = defaultMeshConfig.overlay;
      const held = [...activeView, ...passiveView];
      const of = nameOf(tab.id);
      if (held.includes(tab.id)) complain(`${of} holds itself`);
      if (new Set(held).size !== held.length) complain(`${of} holds somebody twice`);
      if (activeView.length + pending.length > degreeMax) {
        complain(`${of} has ${activeView.length} links and ${pending.length} attempts`);
      }
      if (passiveView.length > passiveViewSizeMax) complain(`${of} has ${passiveView.length} in reserve`);
      if (parked.length > parkedMax) complain(`${of} has parked ${parked.length}`);
    },
  },
});

/** Who comes was not here, who goes was; a link that opens was not open. */
export const eventsAlternate: MakeChecker = (world, complain) => {
  const membersByTab = new Map<SimTab, Set<PeerId>>();
  const linksByTab = new Map<SimTab, Set<PeerId>>();
  const enter = (tab: SimTab, set: Set<PeerId> | undefined, { id, as }: Named): void => {
    if (id === tab.id) complain(`${nameOf(tab.id)} told of itself as ${as}`);
    if (set?.has(id)) complain(`${nameOf(tab.id)} told twice that ${nameOf(id)} is ${as}`);
    set?.add(id);
  };
  const exit = (tab: SimTab, set: Set<PeerId> | undefined, { id, as }: Named): void => {
    if (!set?.delete(id))
      complain(`${nameOf(tab.id)} told that ${nameOf(id)} is no longer ${as}, which it was not`);
  };
  return {
    name: 'events',
    observer: {
      opened: (tab) => {
        membersByTab.set(tab, new Set());
        linksByTab.set(tab, new Set());
      },
      told: (tab, event) => {
        const members = membersByTab.get(tab);
        const links = linksByTab.get(tab);
        // A return is told of somebody who may never have been missed.
        if (event.kind === 'memberJoined' && event.returned) members?.add(event.id);
        else if (event.kind === 'memberJoined') enter(tab, members, { id: event.id, as: 'a member' });
        else if (event.kind === 'memberLeft') exit(tab, members, { id: event.id, as: 'a member' });
        else if (event.kind === 'linkOpened') enter(tab, links, { id: event.peer, as: 'linked' });
        else if (event.kind === 'linkClosed') exit(tab, links, { id: event.peer, as: 'linked' });
      },
    },
    look: () => {
      for (const tab of world.living()) {
        const { membership } = tab.node.inspect();
        const told = membersByTab.get(tab) ?? new Set();
        const same =
          told.size === membership.members.size - 1 && [...told].every((id) => membership.members.has(id));
        if (!same)
          complain(
            `${nameOf(tab.id)} was told of ${told.size} others, and lists ${membership.members.size - 1}`,
          );
      }
    },
  };
};

interface Named {
  readonly id: PeerId;
  readonly as: string;
}

/** Nobody's presence is shown who is not here; what a leaving member showed is gone with it. */
export const presenceIsOfMembers: MakeChecker = (world, complain) => ({
  name: 'presence',
  look: () => {
    for (const tab of world.living()) {
      const { membership, presence } = tab.node.inspect();
      for (const [owner, fields] of presence.fieldsByOwner) {
        if (fields.size > 0 && !membership.members.has(owner)) {
          complain(`${nameOf(tab.id)} shows ${nameOf(owner)}, who is not here`);
        }
      }
    }
  },
});

/** The hybrid clock never runs back, but when it was so far ahead that nobody would take what it stamps. */
export const clocksRise: MakeChecker = (_world, complain) => {
  const lastByTab = new Map<SimTab, readonly [wall: number, counter: number]>();
  return {
    name: 'clock',
    observer: {
      stepped: (tab, input) => {
        if (!mayMoveClock(input)) return;
        const { clock } = tab.node.inspect().state;
        const [wall, counter] = lastByTab.get(tab) ?? [0, 0];
        const isBack = clock.wall < wall || (clock.wall === wall && clock.counter < counter);
        if (isBack && wall - clock.wall < defaultMeshConfig.state.aheadMsMax) {
          complain(`${nameOf(tab.id)} went back from ${wall}/${counter} to ${clock.wall}/${clock.counter}`);
        }
        lastByTab.set(tab, [clock.wall, clock.counter]);
      },
    },
  };
};

/** What is written moves it on; another's clock shows that it was ahead. */
function mayMoveClock(input: Input): boolean {
  if (input.kind === 'frame') return input.message.kind === 'heartbeatAck';
  return input.kind === 'command' && input.command.kind === 'write';
}

/** Every collection that can be seen is within its limit. */
export const collectionsAreBounded: MakeChecker = (world, complain) => ({
  name: 'limits',
  look: () => {
    const { broadcast, membership } = defaultMeshConfig;
    for (const tab of world.living()) {
      const view = tab.node.inspect();
      const sizes: readonly (readonly [what: string, size: number, most: number])[] = [
        ['cached messages', view.broadcast.cachedMessages, broadcast.cacheMessagesMax],
        ['trees', view.broadcast.eagerByTree.size, broadcast.hotTreesMax + 1],
        ['broadcast neighbors', view.broadcast.neighbors.length, broadcast.neighborsMax],
        ['members', view.membership.members.size, membership.membersMax],
        ['departed', view.membership.departed.size, membership.departedMax],
        ['tombstones', view.state.tombstones, defaultMeshConfig.state.entriesMax],
      ];
      for (const [what, size, most] of sizes) {
        if (size > most) complain(`${nameOf(tab.id)} holds ${size} ${what}, and may hold ${most}`);
      }
    }
  },
});

/** Two members compare a table seldom, however much differs: whoever goes on and on is stopped by the other's quota, unseen. */
export const roundsAreSpaced: MakeChecker = (world, complain) => {
  const begunAtByPlace = new Map<string, readonly number[]>();
  const { roundIntervalMs } = defaultMeshConfig.reconcile;
  return {
    name: 'rounds',
    observer: {
      sent: (tab, to, message) => {
        if (message.kind !== 'top') return;
        const place = `${tab.id} ${message.table} ${to}`;
        const begunAt = [...(begunAtByPlace.get(place) ?? []), world.timeMs()].slice(-ROUNDS_MAX - 1);
        begunAtByPlace.set(place, begunAt);
        const [first] = begunAt;
        if (begunAt.length <= ROUNDS_MAX || first === undefined) return;
        if (world.timeMs() - first < roundIntervalMs)
          complain(
            `${nameOf(tab.id)} compared ${message.table} with ${nameOf(to)} ${begunAt.length} times at once`,
          );
      },
    },
  };
};

/** Rounds within one interval: its own, and one for each time that the link comes back. */
const ROUNDS_MAX = 3;

/** Messages that beget messages for ever: the run is given up, for it would never end. */
export const circlesEnd: MakeChecker = () => {
  let steps = 0;
  return {
    name: 'circles',
    observer: {
      stepped: () => {
        steps += 1;
        if (steps > STEPS_MAX) throw new Error(`over ${STEPS_MAX} steps: something goes round in circles`);
      },
    },
  };
};

/** Some eight times what the busiest of the fixed seeds comes to. */
const STEPS_MAX = 500_000;
