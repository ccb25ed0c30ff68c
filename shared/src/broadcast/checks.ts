/** What a neighbor may claim: pure answers, `null` for nothing wrong. */
import {
  type EndedStream,
  type Gossip,
  type Graft,
  type Head,
  ROUND_MAX,
  SEQUENCE_MAX,
  type VectorHead,
  type Want,
} from './messages.ts';
import type { BroadcastRefusal, Relay } from './relay.ts';

/** Judges the name of a message: its origin, epoch, lane and sequence. */
export function refusalOfHead<P>(relay: Relay<P>, head: Head): BroadcastRefusal | null {
  if (!Number.isSafeInteger(head.seq) || head.seq < 1 || head.seq > SEQUENCE_MAX)
    return 'implausible-sequence';
  if (!Number.isSafeInteger(head.epoch) || head.epoch < 0) return 'implausible-epoch';
  if (head.origin === relay.deps.self) return isForged(relay, head) ? 'forged-origin' : null;
  return isTooFarAhead(relay, head) ? 'implausible-sequence' : null;
}

/** Judges a message without its payload. */
export function refusalOfGossip<P>(relay: Relay<P>, message: Gossip<P>): BroadcastRefusal | null {
  if (!isCount(message.round, ROUND_MAX)) return 'implausible-round';
  // Nobody gives what is older than a cache may be; taken, it would be in the way of a copy that can be passed on.
  if (!isCount(message.ageMs, relay.config.cacheMs - 1)) return 'implausible-age';
  if (message.follows !== null && !isBefore(message.follows, message)) return 'malformed-follows';
  return refusalOfHead(relay, message);
}

/** A whole number from 0 to `max`. */
function isCount(value: number, max: number): boolean {
  return Number.isSafeInteger(value) && value >= 0 && value <= max;
}

/** Only the first reliable message follows anything, and only what an earlier epoch has said. */
function isBefore({ epoch, seq, from }: EndedStream, message: Head): boolean {
  const isFirst = message.lane === 'reliable' && message.seq === 1;
  const isRange = isCount(seq, SEQUENCE_MAX) && isCount(from, seq + 1) && seq >= 1 && from >= 1;
  return isFirst && isRange && isCount(epoch, message.epoch) && epoch < message.epoch;
}

/** Judges a head of a vector by its form alone; how far ahead it may be depends on whether we start from it. */
export function isVectorHead({ lane, seq, from, epoch }: VectorHead): boolean {
  const isNumbers = [seq, from, epoch].every(Number.isSafeInteger);
  return (
    isNumbers &&
    lane !== 'volatile' &&
    seq >= 1 &&
    seq <= SEQUENCE_MAX &&
    epoch >= 0 &&
    from >= 1 &&
    from <= seq + 1
  );
}

/** Names us and something that we have not said. */
function isForged<P>(relay: Relay<P>, head: Head): boolean {
  const epoch = relay.own.epoch();
  if (head.epoch !== epoch) return head.epoch > epoch;
  return head.seq > relay.own.newest(head.lane);
}

/**
 * Volatile streams are in no vector, so a newcomer may meet one at any height: only a jump within a
 * stream that we know is implausible there. A vector that we start from may name any height as well.
 */
function isTooFarAhead<P>(relay: Relay<P>, head: Head): boolean {
  const newest = relay.origins.newest(head);
  if (newest === 0 && head.lane === 'volatile') return false;
  return head.seq - newest > relay.config.sequenceJumpMax;
}

export function refusalOfGraft<P>(relay: Relay<P>, graft: Graft): BroadcastRefusal | null {
  if (graft.trees.length > relay.config.treesPerGraftMax) return 'too-many-trees';
  if (graft.wants.length > relay.config.wantsPerGraftMax) return 'too-many-wants';
  return graft.wants.every(isWant) ? null : 'malformed-want';
}

function isWant(want: Want): boolean {
  const isRange = Number.isSafeInteger(want.first) && Number.isSafeInteger(want.last);
  return isRange && want.first >= 1 && want.first <= want.last;
}
