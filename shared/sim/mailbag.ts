/** Messages to everyone, and who holds them: counted by what the application is told, never by what a layer says. */
import type { SimTab } from './tab.ts';
import type { Observer, World } from './world.ts';

/** The topic of everything sent here. */
const TOPIC = 'mailbag';

export interface Mail<Snapshot> {
  readonly sender: SimTab<Snapshot>;
  readonly sentAtMs: number;
  /** When each tab held it; its sender from the start. A second telling counts in `repeats`. */
  readonly heldAtMs: ReadonlyMap<SimTab<Snapshot>, number>;
}

export interface Mailbag<Snapshot> {
  readonly post: (sender: SimTab<Snapshot>) => Mail<Snapshot>;
  readonly mails: readonly Mail<Snapshot>[];
  /** Tellings of a message that this tab held already. */
  readonly repeats: () => number;
}

export function createMailbag<Snapshot>(
  world: Pick<World<Snapshot>, 'command' | 'observe' | 'timeMs'>,
): Mailbag<Snapshot> {
  const mails: { sender: SimTab<Snapshot>; sentAtMs: number; heldAtMs: Map<SimTab<Snapshot>, number> }[] = [];
  let repeats = 0;
  const told: Observer<Snapshot>['told'] = (tab, event) => {
    if (event.kind !== 'message' || event.topic !== TOPIC || typeof event.data !== 'number') return;
    const mail = mails[event.data];
    if (mail === undefined) return;
    if (mail.heldAtMs.has(tab)) repeats += 1;
    else mail.heldAtMs.set(tab, world.timeMs());
  };
  world.observe({ told });
  return {
    post: (sender) => {
      const sentAtMs = world.timeMs();
      const mail = { sender, sentAtMs, heldAtMs: new Map([[sender, sentAtMs]]) };
      mails.push(mail);
      world.command(sender, { kind: 'publish', topic: TOPIC, data: mails.length - 1 });
      return mail;
    },
    mails,
    repeats: () => repeats,
  };
}

/**
 * For each of these tabs the time at which it held every message that any of them holds at `untilMs`; `Infinity` if it
 * lacks one then. A message that none of them got is nobody's loss here: all who held it are gone, or elsewhere.
 */
export function completeAtMs<Snapshot>(
  mails: readonly Mail<Snapshot>[],
  among: readonly SimTab<Snapshot>[],
  untilMs: number,
): number[] {
  const heldAt = (mail: Mail<Snapshot>, tab: SimTab<Snapshot>): number => {
    const at = mail.heldAtMs.get(tab) ?? Infinity;
    return at <= untilMs ? at : Infinity;
  };
  const kept = mails.filter((mail) => among.some((tab) => heldAt(mail, tab) < Infinity));
  return among.map((tab) => kept.reduce((at, mail) => Math.max(at, heldAt(mail, tab)), -Infinity));
}
