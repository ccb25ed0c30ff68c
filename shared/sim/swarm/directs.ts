/** Messages to one: told once, to whom they are for, and each ends in one word to its sender, which is true. */
import type { PeerId } from '#shared/base/ids.ts';
import type { MeshEvent } from '#shared/mesh/messages.ts';
import { numberToReceipt } from '../receipts.ts';
import type { SimTab } from '../tab.ts';
import { nameOf, type MakeChecker, type MeshWorld } from './checker.ts';
import type { Tab } from './draw.ts';

/** The topic of direct messages: their data name their token, and whom they are for. */
export const DIRECT_TOPIC: string = 'direct';

/** In calm even the farthest has answered by then, with the one repetition that a busy moment may cost. */
const ANSWERED_MS = 5_000;

const tokensByWorld = new WeakMap<MeshWorld, number>();

/** The token that it is told of by. */
export function sendDirect(world: MeshWorld, tab: Tab, to: PeerId): number {
  const token = (tokensByWorld.get(world) ?? 0) + 1;
  tokensByWorld.set(world, token);
  world.command(tab, {
    kind: 'sendTo',
    token,
    to,
    topic: DIRECT_TOPIC,
    data: { token, to },
    receipt: numberToReceipt(token),
  });
  return token;
}

/** What became of one message. An end may be told before the step that sent it has ended. */
interface Sent {
  from: SimTab | undefined;
  told: number;
  ends: number;
  delivered: boolean;
}

export const directsArriveOnce: MakeChecker = (world, complain) => {
  const sentByToken = new Map<number, Sent>();
  const sentAs = (token: number): Sent => {
    const sent = sentByToken.get(token) ?? { from: undefined, told: 0, ends: 0, delivered: false };
    sentByToken.set(token, sent);
    return sent;
  };
  const onTold = (tab: SimTab, { token, to }: Direct): void => {
    const sent = sentAs(token);
    sent.told += 1;
    if (to !== tab.id) complain(`${nameOf(tab.id)} was told ${token}, which is for ${nameOf(to)}`);
    if (sent.told > 1) complain(`${nameOf(tab.id)} was told ${token} ${sent.told} times`);
  };
  const onEnd = (tab: SimTab, { kind, token }: End): void => {
    const sent = sentAs(token);
    sent.ends += 1;
    sent.delivered = kind === 'delivered';
    if (sent.ends > 1) complain(`${nameOf(tab.id)} heard ${sent.ends} ends of ${token}`);
    if (sent.delivered && sent.told === 0) complain(`${token} is delivered, and nobody was told`);
  };
  return {
    name: 'direct',
    observer: {
      stepped: (tab, input) => {
        if (input.kind === 'command' && input.command.kind === 'sendTo')
          sentAs(input.command.token).from = tab;
      },
      told: (tab, event) => {
        if (event.kind === 'delivered' || event.kind === 'undeliverable') onEnd(tab, event);
        else if (event.kind === 'message' && event.topic === DIRECT_TOPIC && isDirect(event.data))
          onTold(tab, event.data);
      },
    },
    whenCalm: () => {
      const before = new Set(sentByToken.keys());
      const tabs = world.living();
      for (const [at, tab] of tabs.entries()) {
        const to = tabs[(at + 1) % tabs.length];
        if (to && to !== tab) sendDirect(world, tab, to.id);
      }
      world.run(ANSWERED_MS);
      for (const [token, { from, ends, delivered }] of sentByToken) {
        if (!from?.isAlive()) continue;
        if (ends === 0) complain(`${nameOf(from.id)} never heard what became of ${token}`);
        else if (!delivered && !before.has(token))
          complain(`${token} of ${nameOf(from.id)} is undeliverable`);
      }
    },
  };
};

interface Direct {
  readonly token: number;
  readonly to: PeerId;
}

type End = Extract<MeshEvent, { kind: 'delivered' | 'undeliverable' }>;

function isDirect(data: unknown): data is Direct {
  return typeof data === 'object' && data !== null && 'token' in data && 'to' in data;
}
