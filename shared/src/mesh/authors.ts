/** What the payload of a broadcast says about it: who may say it, and whether it can wait. */
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

/** Volatile, and proven to be its origin's all the same. */
export function isAnchor(payload: Payload): boolean {
  return payload.kind === 'presence' && payload.grade === 'anchor';
}

/** Goodbyes and all that is said of somebody's death: each is short, and each moment is one in which a ghost is shown. */
export function isUrgent(payload: Payload): boolean {
  switch (payload.kind) {
    case 'identity':
      return payload.left;
    case 'accusation':
    case 'objection':
    case 'verdict':
      return true;
    case 'links':
    case 'presence':
    case 'state':
    case 'topic':
      return false;
  }
}
