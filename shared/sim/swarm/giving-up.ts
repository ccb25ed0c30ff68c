/** Nobody gives up on a message to one before it has asked everybody; and one that is lost with a link goes another way. */
import type { PeerId } from '#shared/base/ids.ts';
import type { Effect } from '#shared/mesh/messages.ts';
import type { SimTab } from '../tab.ts';
import { nameOf, type MakeChecker } from './checker.ts';
import { sendDirect } from './directs.ts';
import type { Tab } from './draw.ts';

/** Links of whom a message is lost in calm: one of so many is missed for a moment only. */
const LINKS_MIN = 3;
const LOSERS_MAX = 2;
/** The packet is on its way by then, and nowhere yet. */
const UNDER_WAY_MS = 5;
/** Two attempts that fail, and one that does not. */
const ANSWERED_MS = 8_000;

/** A message whose end was not told yet. */
interface Open {
  readonly to: PeerId;
  /** Every neighbor was asked for its target since. */
  flooded: boolean;
  /** There was a moment with nobody to ask. */
  linkless: boolean;
}

export const nobodyGivesUpEarly: MakeChecker = (_world, complain) => {
  const openByTab = new Map<SimTab, Map<number, Open>>();
  const linksByTab = new Map<SimTab, number>();
  const countLinks = (tab: SimTab, more: number): void => {
    const links = (linksByTab.get(tab) ?? 0) + more;
    linksByTab.set(tab, links);
    if (links === 0) for (const open of openByTab.get(tab)?.values() ?? []) open.linkless = true;
  };
  return {
    name: 'giving up',
    observer: {
      opened: (tab) => void openByTab.set(tab, new Map()),
      told: (tab, event) => {
        if (event.kind === 'linkOpened') countLinks(tab, 1);
        else if (event.kind === 'linkClosed') countLinks(tab, -1);
        else if (event.kind === 'delivered') openByTab.get(tab)?.delete(event.token);
        else if (event.kind === 'undeliverable') {
          const open = openByTab.get(tab)?.get(event.token);
          // What ends in the step that it began in had no neighbor to go to.
          const isExcused = open ? open.flooded || open.linkless : !linksByTab.get(tab);
          if (!isExcused) complain(`${nameOf(tab.id)} gave up ${event.token}, and had not asked everybody`);
          openByTab.get(tab)?.delete(event.token);
        }
      },
      stepped: (tab, input, effects) => {
        const open = openByTab.get(tab);
        if (input.kind === 'command' && input.command.kind === 'sendTo') {
          const { token, to } = input.command;
          if (!endsIn(effects, token))
            open?.set(token, { to, flooded: false, linkless: !linksByTab.get(tab) });
        }
        if (!open || open.size === 0) return;
        for (const effect of effects) {
          if (effect.kind !== 'send' || effect.message.kind !== 'packet') continue;
          const { flooded, origin, to } = effect.message;
          if (flooded && origin === tab.id)
            for (const each of open.values()) if (each.to === to) each.flooded = true;
        }
      },
    },
  };
};

/** The link fails behind the message: it comes by another all the same. */
export const lostMessagesComeAgain: MakeChecker = (world, complain) => {
  const deliveredTokens = new Set<number>();
  let firstHop: PeerId | undefined;
  const loseOne = (tab: Tab): void => {
    const { activeView } = tab.node.inspect().overlay;
    const to = world.living().find((each) => each !== tab && !activeView.includes(each.id));
    if (!to || activeView.length < LINKS_MIN) return;
    const token = sendDirect(world, tab, to.id);
    const hop = firstHop === undefined ? undefined : world.tabOf(firstHop);
    world.run(UNDER_WAY_MS);
    if (hop) world.failLink(tab, hop);
    world.run(ANSWERED_MS);
    if (!deliveredTokens.has(token))
      complain(`${token} of ${nameOf(tab.id)} was lost with a link, and not sent again`);
  };
  return {
    name: 'giving up',
    observer: {
      told: (_tab, event) => {
        if (event.kind === 'delivered') deliveredTokens.add(event.token);
      },
      sent: (tab, to, message) => {
        if (message.kind === 'packet' && message.origin === tab.id && message.payload.kind === 'direct')
          firstHop = to;
      },
    },
    whenCalm: () => {
      const losers = world
        .living()
        .filter((tab) => tab.node.inspect().overlay.activeView.length >= LINKS_MIN);
      for (const tab of losers.slice(0, LOSERS_MAX)) loseOne(tab);
    },
  };
};

const endsIn = (effects: readonly Effect[], token: number): boolean =>
  effects.some(
    (effect) =>
      effect.kind === 'tell' && effect.event.kind === 'undeliverable' && effect.event.token === token,
  );
