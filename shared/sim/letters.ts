/** Messages to one member, and how often each was told: counted by what the receiver's application hears. */
import { numberToReceipt } from './receipts.ts';
import type { SimTab } from './tab.ts';
import type { World } from './world.ts';

/** The topic of everything sent here. */
const TOPIC = 'letters';

export interface Letters<Snapshot> {
  readonly send: (from: SimTab<Snapshot>, to: SimTab<Snapshot>) => void;
  /** Letters that the one whom they are for was never told. */
  readonly missed: () => number;
  /** Tellings of a letter that had been told already, or that are another's. */
  readonly repeats: () => number;
}

export function createLetters<Snapshot>(
  world: Pick<World<Snapshot>, 'command' | 'observe'>,
): Letters<Snapshot> {
  const sent: { readonly to: SimTab<Snapshot>; isTold: boolean }[] = [];
  let repeats = 0;
  world.observe({
    told: (tab, event) => {
      if (event.kind !== 'message' || event.topic !== TOPIC || typeof event.data !== 'number') return;
      const letter = sent[event.data];
      if (letter === undefined) return;
      if (letter.isTold || letter.to !== tab) repeats += 1;
      else letter.isTold = true;
    },
  });
  return {
    send: (from, to) => {
      const token = sent.push({ to, isTold: false }) - 1;
      const receipt = numberToReceipt(token);
      world.command(from, { kind: 'sendTo', token, to: to.id, topic: TOPIC, data: token, receipt });
    },
    missed: () => sent.filter(({ isTold }) => !isTold).length,
    repeats: () => repeats,
  };
}
