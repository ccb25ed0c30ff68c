/** What two ends of a link owe each other: no frame is taken twice, and each hears that all has been compared. */
import type { PeerId } from '#shared/base/ids.ts';
import type { Effect, LinkMessage } from '#shared/mesh/messages.ts';
import { TABLES } from '#shared/reconcile/messages.ts';
import type { SimTab } from '../tab.ts';
import { nameOf, type MakeChecker } from './checker.ts';

/** Whatever the network repeats, the door of `wire` refuses: no layer can tell a frame that came twice from two. */
export const framesCountOnce: MakeChecker = (_world, complain) => ({
  name: 'frames',
  observer: {
    repeated: (tab, taken) => {
      if (taken) complain(`${nameOf(tab.id)} took a frame twice`);
    },
  },
});

/** A comparison of all tables takes two round trips, and as long again where one of its frames was bad. */
const SYNCED_WITHIN_MS = 1_000;

/** In calm every link has been told `synced`, at both ends, but for one that has only just opened. */
export const linksAreSynced: MakeChecker = (world, complain) => {
  const syncedByTab = new Map<SimTab, Set<PeerId>>();
  const openedAtMs = new Map<SimTab, Map<PeerId, number>>();
  return {
    name: 'synced',
    observer: {
      opened: (tab) => {
        syncedByTab.set(tab, new Set());
        openedAtMs.set(tab, new Map());
      },
      told: (tab, event) => {
        if (event.kind === 'synced') syncedByTab.get(tab)?.add(event.peer);
        else if (event.kind === 'linkOpened') openedAtMs.get(tab)?.set(event.peer, world.timeMs());
        else if (event.kind === 'linkClosed') syncedByTab.get(tab)?.delete(event.peer);
      },
    },
    whenCalm: () => {
      for (const tab of world.living()) {
        for (const peer of tab.node.inspect().overlay.activeView) {
          const openMs = world.timeMs() - (openedAtMs.get(tab)?.get(peer) ?? 0);
          if (openMs > SYNCED_WITHIN_MS && !syncedByTab.get(tab)?.has(peer))
            complain(`${nameOf(tab.id)} was never told that it has all of ${nameOf(peer)}`);
        }
      }
    },
  };
};

/** Who began a comparison, and has had its last answer, says that it is over: the other end waits for that word. */
export const roundsEnd: MakeChecker = (_world, complain) => {
  /** What each beginner waits for, by its end of the link and the table. */
  const waitingByPlace = new Map<string, 'middle' | 'wants'>();

  const follow = (tab: SimTab, to: PeerId, message: LinkMessage): void => {
    if (message.kind === 'top') waitingByPlace.set(placeOf(tab, to, message.table), 'middle');
    else if (message.kind === 'leaves' && message.last)
      waitingByPlace.set(placeOf(tab, to, message.table), 'wants');
    // It answers the other's: its own is given up.
    else if (message.kind === 'middle' || message.kind === 'roundDone')
      waitingByPlace.delete(placeOf(tab, to, message.table));
  };

  return {
    name: 'rounds',
    observer: {
      told: (tab, event) => {
        // What arrives over a link that has been given up is answered with a goodbye.
        if (event.kind !== 'linkOpened' && event.kind !== 'linkClosed') return;
        for (const table of TABLES) waitingByPlace.delete(placeOf(tab, event.peer, table));
      },
      stepped: (tab, input, effects) => {
        const sent = effects.flatMap((effect) => (effect.kind === 'send' ? [effect] : []));
        if (input.kind === 'frame') {
          const { from, message } = input;
          const waiting = 'table' in message && waitingByPlace.get(placeOf(tab, from, message.table));
          const isAnswer =
            (message.kind === 'middle' && waiting === 'middle') ||
            (message.kind === 'wantRecords' && message.last && waiting === 'wants');
          const isBlamed = blames(effects);
          const goesOn = sent.some(
            (each) => each.to === from && ['leaves', 'roundDone'].includes(each.message.kind),
          );
          if (isAnswer && !goesOn && !isBlamed)
            complain(`${nameOf(tab.id)} never told ${nameOf(from)} that their round is over`);
        }
        for (const { to, message } of sent) follow(tab, to, message);
      },
    },
  };
};

const placeOf = (tab: SimTab, peer: PeerId, table: string): string => `${tab.id} ${peer} ${table}`;

const blames = (effects: readonly Effect[]): boolean =>
  effects.some((effect) => effect.kind === 'tell' && effect.event.kind === 'peerMisbehaved');
