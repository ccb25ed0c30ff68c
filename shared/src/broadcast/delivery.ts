/** The way to the application, and the end of waiting: holes that nobody fills. */
import { after, elapsedMs } from '../base/time.ts';
import type { Arrival, Backlog, Origin } from './origins.ts';
import type { Epoch, PeerId } from '../base/ids.ts';
import { countHeld, newestHeldSince, endWait, skipTo, type Step } from './receive-window.ts';
import { notePastClaim } from './provenance.ts';
import type { Relay } from './relay.ts';
import { noteMissing } from './repair.ts';

/** The origin in this epoch. What gives way to it takes along what was kept for it. */
export function admit<P>(relay: Relay<P>, id: PeerId, epoch: Epoch): Origin<P> {
  const { origin, gone } = relay.origins.admit(id, epoch, relay.at);
  for (const each of gone) {
    relay.waiting.delete(each);
    if (each.id === id) {
      const last = Math.max(each.next?.seq ?? 0, each.reliable.highest);
      deliverSteps(relay, each, skipTo(each.reliable, last), 'told');
      continue;
    }
    relay.trees.remove(each.id);
    relay.cache.removeOrigin(each.id);
  }
  return origin;
}

/** Delivers what skipping uncovered, and tells the holes of the reliable lane. */
export function deliverSteps<P>(
  relay: Relay<P>,
  origin: Origin<P>,
  steps: readonly Step<Arrival<P>>[],
  holes: 'told' | 'untold',
): void {
  for (const step of steps) {
    if (step.kind === 'item') deliver(relay, step.item);
    else if (holes === 'told') {
      relay.counts.gaps += 1;
      relay.effects.push({ kind: 'gap', origin: origin.id, epoch: origin.epoch, ...step.range });
    }
  }
  resume(relay, origin);
}

/**
 * A life's first message waits until all that its origin said in the life before has had its turn, for which it is asked.
 * What the origin cannot give any more is not waited for. Of a life that we never heard of nothing is missed.
 */
export function waitForBefore<P>(relay: Relay<P>, origin: Origin<P>, { message, from }: Arrival<P>): void {
  const { follows } = message;
  const { before } = origin;
  if (follows === null || before?.epoch !== follows.epoch) return;
  // A lie, that would have a million messages told as missed.
  if (follows.seq - before.reliable.highest > relay.config.sequenceJumpMax) return;
  const floor = before.floors?.get('reliable');
  if (floor) deliverSteps(relay, before, skipTo(before.reliable, floor.seq), 'untold');
  deliverSteps(relay, before, skipTo(before.reliable, follows.from - 1), 'told');
  if (before.reliable.base >= follows.seq) return;
  before.next = { origin, seq: follows.seq };
  origin.reliable.shut = true;
  const { origin: id, lane } = message;
  noteMissing(
    relay,
    { origin: id, epoch: before.epoch, lane, seq: follows.seq },
    { peer: from, by: 'guess' },
  );
}

/** The next life has its turn as soon as this one has had it. */
function openNext<P>(relay: Relay<P>, origin: Origin<P>): void {
  const { next } = origin;
  if (next === null || origin.reliable.base < next.seq) return;
  origin.next = null;
  for (const arrival of endWait(next.origin.reliable)) deliver(relay, arrival);
  resume(relay, next.origin);
}

/** The reliable lane has moved on: what waits for that has its turn; what found no room has some now, and is asked for. */
export function resume<P>(relay: Relay<P>, origin: Origin<P>): void {
  openNext(relay, origin);
  const { backlog, reliable, id, epoch } = origin;
  if (backlog === null || reliable.base <= backlog.base) return;
  const base = reliable.base;
  origin.backlog = backlog.came > base ? { ...backlog, seq: backlog.came, base, at: relay.at } : null;
  if (base >= backlog.seq) return;
  noteMissing(
    relay,
    { origin: id, epoch, lane: 'reliable', seq: backlog.seq },
    {
      peer: backlog.announcer,
      by: 'guess',
    },
  );
}

/** Tells the application of a message, whose turn it is. */
export function deliver<P>(relay: Relay<P>, { message, from }: Arrival<P>): void {
  const { origin, epoch, lane, seq, payload } = message;
  relay.counts.delivered += 1;
  relay.effects.push({ kind: 'deliver', origin, epoch, lane, seq, hops: message.round + 1, from, payload });
}

/**
 * Holes that were open for the gap timeout are given up: those below a message that has waited so long.
 * Only what really came sets this bound; an announcement alone could make us skip what was never said.
 */
export function giveUpHoles<P>(relay: Relay<P>): void {
  const since = after(relay.at, -relay.config.gapTimeoutMs);
  for (const origin of relay.waiting) {
    skipToFloors(relay, origin);
    const record = newestHeldSince(origin.record, since);
    if (record !== null) skipTo(origin.record, record);
    const reliable = newestHeldSince(origin.reliable, since);
    if (reliable !== null && origin.before?.next) {
      const { before } = origin;
      deliverSteps(relay, before, skipTo(before.reliable, origin.before.next.seq), 'told');
    }
    if (reliable !== null) deliverSteps(relay, origin, skipTo(origin.reliable, reliable), 'told');
    const { backlog } = origin;
    if (backlog !== null && backlog.came > 0 && backlog.at <= since) giveUpBacklog(relay, origin, backlog);
    if (!isWaiting(origin)) relay.waiting.delete(origin);
  }
}

function giveUpBacklog<P>(relay: Relay<P>, origin: Origin<P>, backlog: Backlog): void {
  origin.backlog = backlog.seq > backlog.came ? { ...backlog, came: 0 } : null;
  deliverSteps(relay, origin, skipTo(origin.reliable, backlog.came), 'told');
}

function isWaiting<P>({ record, reliable, floors, backlog }: Origin<P>): boolean {
  if (countHeld(record) > 0 || countHeld(reliable) > 0) return true;
  return floors !== null || (backlog !== null && backlog.came > 0);
}

/** What an unknown origin said before we met, and what did not come soon, is past and no gap. */
function skipToFloors<P>(relay: Relay<P>, origin: Origin<P>): void {
  const { floors } = origin;
  if (floors === null) return;
  for (const [lane, floor] of floors) {
    if (elapsedMs(floor.at, relay.at) < relay.config.floorMs) continue;
    // What waits for the life before has its turn behind that.
    if (lane === 'reliable' && origin.reliable.shut) continue;
    floors.delete(lane);
    if (floors.size === 0) origin.floors = null;
    // Where more than that came the stream is as old as that: the past is no mere claim.
    const window = lane === 'record' ? origin.record : origin.reliable;
    if (window.highest < floor.seq) notePastClaim(origin, lane, { ...floor, at: relay.at });
    if (lane === 'record') skipTo(origin.record, floor.seq);
    else deliverSteps(relay, origin, skipTo(origin.reliable, floor.seq), 'untold');
  }
}
