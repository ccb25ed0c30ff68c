/** Who may say what in a broadcast: a record comes from its owner, an entry from who stamped it. */
import type { Gossip } from '../broadcast/messages.ts';
import type { Payload } from './messages.ts';

/** True when the payload speaks for its origin alone. A verdict may be said by anyone: it carries its accusations. */
export function isByItsAuthor({ payload, origin, epoch }: Gossip<Payload>): boolean {
  switch (payload.kind) {
    case 'identity':
    case 'links':
      return payload.id === origin;
    case 'accusation':
    case 'objection':
      return payload.observer === origin;
    case 'presence':
      return payload.owner === origin && payload.epoch === epoch;
    case 'state':
      return payload.entries.every((entry) => entry.stamp.by === origin);
    case 'verdict':
    case 'topic':
      return true;
  }
}
