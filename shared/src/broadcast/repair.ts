/**
 * What neighbors announce and we lack: wait, then graft; and what they ask of us. Plumtree 3.7 and 3.8.
 */
import type { PeerId } from '../base/ids.ts';
import { after, elapsedMs } from '../base/time.ts';
import type { TokenBucket } from '../base/token-bucket.ts';
import { refusalOfGraft, refusalOfHead } from './checks.ts';
import { missingWithRoom, postpone } from './backlog.ts';
import { givenAt } from './cache.ts';
import type { BroadcastTimer, Graft, Head, IHave, Want } from './messages.ts';
import type { Announcer, MissingHead } from './missing.ts';
import { countHeld } from './receive-window.ts';
import { type Relay, neighborsBut, refuse, schedule, send } from './relay.ts';
import { headOf, subtractRanges } from './streams.ts';

export function onIHave<P>(relay: Relay<P>, from: PeerId, { heads }: IHave): void {
  if (heads.length > relay.config.headsPerFrameMax) return refuse(relay, from, 'too-many-heads');
  for (const head of heads) {
    const refusal = refusalOfHead(relay, head);
    if (refusal !== null) refuse(relay, from, refusal);
    else if (head.origin !== relay.deps.self) onHead(relay, from, headOf(head));
  }
}

/** A neighbor holds `head`. */
export function onHead<P>(relay: Relay<P>, from: PeerId, head: Head): void {
  relay.announcements.peerHas(from, head);
  relay.trees.ofOrigin(head.origin).announcer = from;
  if (relay.origins.missing(head).length > 0) noteMissing(relay, head, { peer: from, by: 'word' });
}

/** Remembers who holds what we lack, and gives the message its time to come by itself. */
export function noteMissing<P>(relay: Relay<P>, head: Head, announcer: Announcer): void {
  if (relay.missing.note(head, announcer, relay.at) === 'known') return;
  schedule(relay, { kind: 'graft', head, attempt: 0 }, relay.lag.timeoutMs());
}

/** Asks one neighbor, and remembers what was asked. */
export function ask<P>(relay: Relay<P>, peer: PeerId, graft: Graft): void {
  for (const want of graft.wants) relay.requests.note(want, peer, relay.at);
  send(relay, peer, graft);
}

/**
 * What of `head` is missing, has room, and was not asked of a neighbor a moment ago; nothing of an origin that says too
 * much just now, for the answers would be dropped like what they answer for, and we would be blamed for asking.
 */
export function wantsOf<P>(relay: Relay<P>, head: Head, attempt: number = 0): readonly Want[] {
  if (isStemmed(relay, head)) return [];
  const since = after(relay.at, -retryMs(relay, attempt) + 1);
  const underWay = relay.requests
    .since(head, since)
    .filter(({ peer }) => relay.neighbors.has(peer))
    .map(({ range }) => range);
  const { origin, epoch, lane } = head;
  return subtractRanges(missingWithRoom(relay, head), underWay).map((range) => ({
    origin,
    epoch,
    lane,
    ...range,
  }));
}

/** Whether what its origin said was dropped a moment ago, because it says too much. */
function isStemmed<P>(relay: Relay<P>, head: Head): boolean {
  const stemmedAt = relay.origins.current(head)?.stemmedAt ?? null;
  return stemmedAt !== null && elapsedMs(stemmedAt, relay.at) < relay.config.graftTimeoutMsMax;
}

/**
 * The second timer of Plumtree 3.8: half the first, about one round trip. Deviation: it doubles with each asking, or
 * where a round trip takes longer than that, whatever is asked for would come many times.
 */
function retryMs<P>({ lag, config }: Relay<P>, attempt: number): number {
  return Math.min(config.graftTimeoutMsMax, Math.ceil(lag.timeoutMs() / 2) * 2 ** attempt);
}

/** An announced message has not come by itself: ask the next who announced it. Plumtree 3.8, `Timer`. */
export function afterGraft<P>(relay: Relay<P>, timer: BroadcastTimer & { readonly kind: 'graft' }): void {
  const entry = relay.missing.get(timer.head);
  if (entry === undefined || entry.attempt !== timer.attempt) return;
  const peer = nextToAsk(relay, entry);
  const isHopeless = peer === undefined || entry.attempt >= relay.config.graftAttemptsMax;
  if (isHopeless || relay.origins.missing(entry.head).length === 0) return giveUpAsking(relay, entry);

  // No attempt: it is asked for once its origin is quieter, or given up as a hole.
  if (isStemmed(relay, entry.head)) return schedule(relay, timer, relay.config.graftTimeoutMsMax);

  const { head, attempt } = relay.missing.countAttempt(entry);
  // The last asking was one retry ago: what it asked for is not under way any more.
  const wants = wantsOf(relay, head, Math.max(0, attempt - 2)).slice(0, relay.config.wantsPerGraftMax);
  if (wants.length > 0) graftFor(relay, peer, head, wants);
  if (entry.vouchers.has(peer)) notePromise(relay, peer, head, wants);
  schedule(relay, { kind: 'graft', head, attempt }, retryMs(relay, attempt - 1));
}

/** Behind an open hole there may have been no room for it: it is asked for again when the lane moves on. */
function giveUpAsking<P>(relay: Relay<P>, { head, announcers: [announcer] }: MissingHead): void {
  relay.missing.remove(head);
  const origin = relay.origins.current(head);
  const held = origin ? countHeld(origin.reliable) : 0;
  if (announcer !== undefined && head.lane === 'reliable' && held > 0)
    postpone(relay, head, { announcer, came: false });
}

/** Those who announced it, in turn, and last those who owe us what they announced before; then anyone. */
function nextToAsk<P>(relay: Relay<P>, entry: MissingHead): PeerId | undefined {
  const left = entry.announcers.slice(entry.attempt).filter((peer) => relay.neighbors.has(peer));
  const next = left.find((peer) => !relay.promises.isOwing(peer)) ?? left[0];
  return next ?? relay.deps.rng.pick(neighborsBut(relay, relay.deps.self));
}

/** A full channel holds up what we ask as well as what it gives. */
function notePromise<P>(relay: Relay<P>, peer: PeerId, head: Head, wants: readonly Want[]): void {
  const [first, last] = [wants[0], wants.at(-1)];
  if (first === undefined || last?.last !== head.seq || relay.neighbors.get(peer)?.congested !== false)
    return;
  relay.promises.note(peer, { ...first, last: head.seq }, relay.at);
}

function graftFor<P>(relay: Relay<P>, peer: PeerId, head: Head, wants: readonly Want[]): void {
  const tree = relay.trees.ofOrigin(head.origin);
  tree.lazy.delete(peer);
  tree.parent = peer;
  ask(relay, peer, { kind: 'graft', trees: relay.trees.namesFor(head.origin), wants });
}

export function onGraft<P>(relay: Relay<P>, from: PeerId, message: Graft): void {
  const refusal = refusalOfGraft(relay, message);
  if (refusal !== null) return refuse(relay, from, refusal);
  for (const key of message.trees) relay.trees.find(key)?.lazy.delete(from);
  const neighbor = relay.neighbors.get(from);
  if (neighbor?.congested === false) answer(relay, from, neighbor.answers, message.wants);
}

/** Sends what of the wants is still cached, within the limits of one answer and of all; the asker asks again for the rest. */
function answer<P>(relay: Relay<P>, to: PeerId, answers: TokenBucket, wants: readonly Want[]): void {
  let messages = 0;
  let bytes = 0;
  for (const entry of wants.flatMap((want) => relay.cache.range(want, relay.at))) {
    messages += 1;
    bytes += entry.bytes;
    const isFull = messages > relay.config.answerMessagesMax || bytes > relay.config.answerBytesMax;
    if (isFull && messages > 1) return;
    if (!answers.take(entry.bytes, relay.at)) return refuse(relay, to, 'graft-flood');
    send(relay, to, givenAt(entry, relay.at));
  }
}
