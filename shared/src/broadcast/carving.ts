/**
 * Which messages may carve the shared tree. Deviation from Plumtree 3.6: there every second copy prunes.
 * Where several origins speak at once, their waves meet on different links of one cycle, all of these
 * are cut, and the tree falls apart faster than grafts mend it. So of the messages that are under way at a
 * time one at most carves, as a rule; its name decides, so that all members choose the same.
 */
import { hashText } from '../base/hash.ts';
import { elapsedMs, type Instant, instant } from '../base/time.ts';
import type { BroadcastConfig } from './config.ts';
import type { Head, TreeKey } from './messages.ts';
import { streamKey } from './streams.ts';

/**
 * How much rarer than "one of those under way" a carving message is. Among 100 members with 50 messages a
 * second and four seeds, the last delivery of the rounds looked at came within 3.1 s with 1, 1.6 s with 2
 * and 0.9 s with 4; the price is the first flood, of 1.4, 1.2 and 2.6 needless copies per delivery.
 */
const CAUTION: number = 4;

export interface Carving {
  /** A first copy came by the shared tree. */
  readonly note: (at: Instant) => void;
  /** May a second copy of this message prune? */
  readonly carves: (tree: TreeKey, head: Head) => boolean;
}

export function createCarving(config: BroadcastConfig): Carving {
  /** Messages of late, each worth less the longer ago it came. */
  let load = 0;
  let notedAt: Instant = instant(0);
  return {
    note: (at) => {
      load = load * Math.exp(-elapsedMs(notedAt, at) / config.carveWindowMs) + 1;
      notedAt = at;
    },
    carves: (tree, head) => {
      if (tree !== null) return true;
      const lot = (hashText(`${streamKey(head)}/${head.seq}`).low >>> 0) / 2 ** 32;
      return lot < 1 / (1 + CAUTION * Math.max(0, load - 1));
    },
  };
}
