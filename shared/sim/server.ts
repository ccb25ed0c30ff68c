/**
 * The signaling server of a simulated room: it introduces, carries signals as real text, tells those attached who is,
 * and forgets. It can be slow, away, or restarted; tabs come back to it with jittered backoff, as the library does.
 */
import type { PeerId } from '#shared/base/ids.ts';
import type { Rng } from '#shared/base/rng.ts';
import { decodePacket } from '#shared/wire/packet.ts';
import type { Agenda } from './agenda.ts';
import { drawFrom, type NetworkConditions, type Range } from './conditions.ts';
import type { SimTab } from './tab.ts';

export interface SimServer {
  /** The tab opens its socket, and opens it again whenever it is lost. */
  readonly attach: (tab: SimTab) => void;
  /** The tab closes its socket, or dials no more. */
  readonly release: (tab: SimTab) => void;
  /** The tab is gone. */
  readonly forget: (tab: SimTab) => void;
  /** It has just woken: if it is without the socket that it wants, it dials at once, as the library does. */
  readonly hurry: (tab: SimTab) => void;
  /** Its socket is gone, as it knows; it opens another at once. */
  readonly renew: (tab: SimTab) => void;
  /** It hangs up; signals that still come by that socket it does not take. False where it had none. */
  readonly hangUp: (tab: SimTab) => boolean;
  readonly send: (tab: SimTab, to: PeerId, text: string) => void;
  readonly askContacts: (tab: SimTab) => void;
  /** Gone, with all that it knew, or there again, empty. */
  readonly setUp: (up: boolean) => void;
  /** Added to each way between a tab and the server. */
  readonly setSlowness: (ms: number) => void;
  readonly isAttached: (tab: SimTab) => boolean;
  readonly attachedCount: () => number;
}

export interface ServerDeps {
  readonly agenda: Agenda;
  readonly timeMs: () => number;
  readonly rng: Rng;
  readonly conditions: () => NetworkConditions;
  readonly tabOf: (id: PeerId) => SimTab | undefined;
  /** The tab's machine has no network. */
  readonly isOffline: (tab: SimTab) => boolean;
}

/** A tab whose machine slept this long has lost its socket. */
const DETACHED_AFTER_MS = 30_000;
/** The list goes out so long after a change, as the server has it. */
const LIST_MS = 1_000;
/** Members on it, those that have been attached for longest. */
const LISTED_MAX = 16;

// oxlint-disable-next-line max-lines-per-function -- A factory: what it closes over is one server.
export function createServer(deps: ServerDeps): SimServer {
  const { agenda, timeMs, rng, conditions, tabOf, isOffline } = deps;
  /** Contacts are drawn from it. */
  const attached: SimTab[] = [];
  /** In the order of attaching. */
  const placeByTab = new Map<SimTab, number>();
  /** Tabs that want a socket, each with the number of its wish: an older one dials no more. */
  const wishByTab = new Map<SimTab, number>();
  /** The number of each socket, of those that are open. */
  const socketByTab = new Map<SimTab, number>();
  let sockets = 0;
  let wishes = 0;
  let listIsDue = false;
  let up = true;
  let slowMs = 0;

  const later = (ms: number, run: () => void): void => agenda.add(timeMs() + ms, run);
  const draw = (range: Range): number => drawFrom(rng, range);
  const wayMs = (): number => draw(conditions().serverLatencyMs) + slowMs;
  const jitterMs = (): number =>
    conditions().serverJitterMs > 0 ? rng.fraction() * conditions().serverJitterMs : 0;

  const remove = (tab: SimTab): boolean => {
    const place = placeByTab.get(tab);
    if (place === undefined) return false;
    placeByTab.delete(tab);
    socketByTab.delete(tab);
    changed();
    const last = attached.pop()!;
    if (last !== tab) {
      attached[place] = last;
      placeByTab.set(last, place);
    }
    return true;
  };

  const contactsFor = (tab: SimTab): PeerId[] => {
    const { contacts, contactsOf } = conditions();
    const named = contactsOf < attached.length ? attached.slice(0, contactsOf) : attached;
    if (named.length <= contacts + 1) {
      const others = named.filter((other) => other !== tab).map(({ id }) => id);
      return rng.sample(others, Math.min(contacts, others.length));
    }
    const picked = new Set<PeerId>();
    while (picked.size < contacts) {
      const other = rng.pick(named);
      if (other !== undefined && other !== tab) picked.add(other.id);
    }
    return [...picked];
  };

  const changed = (): void => {
    if (listIsDue) return;
    listIsDue = true;
    later(LIST_MS, () => {
      listIsDue = false;
      const ids = [...placeByTab.keys()].slice(0, LISTED_MAX).map(({ id }) => id);
      for (const tab of attached) {
        if (isOffline(tab)) continue;
        later(wayMs(), () =>
          tab.give(() => (placeByTab.has(tab) ? { kind: 'serverListed', ids } : undefined)),
        );
      }
    });
  };

  const dial = (tab: SimTab, pauseMs: number, wish: number): void => {
    if (!tab.isAlive() || placeByTab.has(tab) || wishByTab.get(tab) !== wish) return;
    if (!up || isOffline(tab)) {
      later(pauseMs * (0.5 + rng.fraction() / 2), () =>
        dial(tab, Math.min(2 * pauseMs, conditions().backoffMs[1]), wish),
      );
      return;
    }
    placeByTab.set(tab, attached.length);
    socketByTab.set(tab, ++sockets);
    attached.push(tab);
    changed();
    const contacts = contactsFor(tab);
    later(wayMs(), () =>
      tab.give(() => (placeByTab.has(tab) ? { kind: 'serverAttached', contacts } : undefined)),
    );
  };

  const lose = (tab: SimTab): void => {
    if (!remove(tab)) return;
    tab.give(() => ({ kind: 'serverDetached' }));
    const [pauseMs] = conditions().backoffMs;
    const wish = wishByTab.get(tab);
    if (wish !== undefined) later(pauseMs * (0.5 + rng.fraction() / 2), () => dial(tab, pauseMs, wish));
  };

  const server: SimServer = {
    attach: (tab) => {
      const wish = ++wishes;
      wishByTab.set(tab, wish);
      later(draw(conditions().attachMs) + slowMs, () => dial(tab, conditions().backoffMs[0], wish));
    },
    release: (tab) => {
      wishByTab.delete(tab);
      if (!remove(tab)) return;
      // The tab is in the middle of saying so.
      later(0, () => tab.give(() => (placeByTab.has(tab) ? undefined : { kind: 'serverDetached' })));
    },
    forget: (tab) => {
      wishByTab.delete(tab);
      remove(tab);
    },
    hurry: (tab) => {
      if (wishByTab.has(tab) && !placeByTab.has(tab)) server.attach(tab);
    },
    renew: (tab) => {
      if (!remove(tab)) return;
      tab.give(() => ({ kind: 'serverDetached' }));
      server.attach(tab);
    },
    hangUp: remove,
    send: (tab, to, text) => {
      if (!placeByTab.has(tab) || isOffline(tab)) return;
      later(wayMs(), () => {
        const receiver = tabOf(to);
        if (!up || !placeByTab.has(tab)) return;
        if (!receiver || !placeByTab.has(receiver)) {
          return later(wayMs(), () => tab.give(() => ({ kind: 'serverUnreachable', to })));
        }
        later(wayMs() + jitterMs(), () => {
          const socket = socketByTab.get(receiver);
          if (isOffline(receiver)) return;
          receiver.give(() =>
            socketByTab.get(receiver) === socket ? readSignal(receiver, tab.id, text) : undefined,
          );
        });
      });
    },
    askContacts: (tab) => {
      if (!placeByTab.has(tab) || isOffline(tab)) return;
      later(2 * wayMs(), () => {
        if (!placeByTab.has(tab) || isOffline(tab)) return;
        const contacts = contactsFor(tab);
        tab.give(() => ({ kind: 'serverContacts', contacts }));
      });
    },
    setUp: (wanted) => {
      if (up === wanted) return;
      up = wanted;
      if (!up) [...attached].forEach(lose);
    },
    setSlowness: (ms) => {
      slowMs = ms;
    },
    isAttached: (tab) => placeByTab.has(tab),
    attachedCount: () => attached.length,
  };

  /** The server pings, and drops who does not answer. */
  const sweep = (): void => {
    attached.filter(isOffline).forEach(lose);
    later(DETACHED_AFTER_MS, sweep);
  };
  later(DETACHED_AFTER_MS, sweep);
  return server;
}

function readSignal(
  { versions }: SimTab,
  from: PeerId,
  text: string,
): ReturnType<Parameters<SimTab['give']>[0]> {
  const decoded = decodePacket(text, versions);
  return decoded.ok
    ? { kind: 'serverSignal', from, message: decoded.value }
    : { kind: 'badSignal', from, reason: decoded.error };
}
