/**
 * Where a newcomer starts, and what those who meet again have missed. A vector names what its sender
 * holds; whether we take that over or ask for it depends on who of us has begun, that is, knows the
 * room's past. Newcomers that meet each other before the room have no past to give.
 */
import type { PeerId } from '../base/ids.ts';
import { after } from '../base/time.ts';
import type { Cached } from './cache.ts';
import { isVectorHead, refusalOfHead } from './checks.ts';
import { admit, deliverSteps } from './delivery.ts';
import type { Head, Lane, Vector, VectorHead, Want } from './messages.ts';
import { inFrames, neighborsBut, refuse, type Relay, send } from './relay.ts';
import { ask, onHead, wantsOf } from './repair.ts';
import { notePastClaim } from './provenance.ts';
import { skipTo } from './receive-window.ts';
import { headOf } from './streams.ts';

const LANES_WITHOUT_GAPS: readonly Lane[] = ['reliable', 'record'];

/**
 * What we said while nobody was there. It is news even to one who starts from our vector, so the
 * vector stops short of it and it follows right behind.
 */
export function unheardOf<P>(relay: Relay<P>): readonly Cached<P>[] {
  return LANES_WITHOUT_GAPS.flatMap((lane) => {
    const first = relay.own.firstUnheard(lane);
    if (first === null) return [];
    const { self } = relay.deps;
    const epoch = relay.own.epoch();
    const want = { origin: self, epoch, lane, first, last: relay.own.newest(lane) };
    const range = relay.cache.range(want, relay.at);
    return range.slice(-relay.config.answerMessagesMax);
  });
}

/** All that we hold, short of `unheard`; of forgotten origins what can still be asked for. */
export function vectorHeads<P>(relay: Relay<P>, unheard: readonly Cached<P>[]): readonly VectorHead[] {
  relay.origins.settle(relay.at);
  const ownHeads = relay.own.heads().map((head): Head => {
    const first = unheard.find(({ message }) => message.lane === head.lane)?.message.seq;
    return first === undefined ? head : { ...head, seq: first - 1 };
  });
  const withFrom = (heads: readonly Head[]): readonly VectorHead[] =>
    heads
      .filter(({ lane, seq }) => lane !== 'volatile' && seq > 0)
      .map((head) => ({ ...head, from: firstGiven(relay, head) }));
  // Behind the present ones, so that a newcomer takes over no epoch that is over.
  const ended = [...relay.own.endedHeads(), ...relay.origins.endedHeads(), ...relay.origins.lateHeads()];
  return [
    ...withFrom([...ownHeads, ...relay.origins.heads()]),
    ...withFrom(ended).filter(({ from, seq }) => from <= seq),
  ];
}

/** From where up to `head` we offer to give. What would be gone before a neighbor could ask for it is not offered. */
export function firstGiven<P>({ cache, at, config }: Relay<P>, head: Head): number {
  return cache.firstUpTo(head, after(at, config.gapTimeoutMs - config.cacheMs));
}

export function sendVector<P>(relay: Relay<P>, peer: PeerId, heads: readonly VectorHead[]): void {
  const begun = relay.past === 'begun';
  const frames = inFrames(heads, relay.config.headsPerFrameMax);
  if (frames.length === 0) return send(relay, peer, { kind: 'vector', heads: [], begun, last: true });
  for (const [at, frame] of frames.entries()) {
    send(relay, peer, { kind: 'vector', heads: frame, begun, last: at === frames.length - 1 });
  }
}

/**
 * Our first vector is where we start, and so is the first of one who has begun: of streams that we know
 * nothing of, everything up to its heads is past. All else was said while the link was not there: too
 * late to come by itself, so it is asked for at once.
 */
export function onVector<P>(relay: Relay<P>, from: PeerId, { heads, begun, last }: Vector): void {
  if (heads.length > relay.config.headsPerFrameMax) return refuse(relay, from, 'too-many-heads');
  const neighbor = relay.neighbors.get(from);
  if (neighbor !== undefined && begun) relay.neighbors.set(from, { ...neighbor, begun });
  const starts = relay.past === 'none' || (relay.past === 'beginner' && begun);
  const past = starts ? heads.filter((head) => isNews(relay, head)) : [];
  for (const head of past) startAt(relay, from, head);
  relay.tookOver ||= begun && past.length > 0;
  catchUp(
    relay,
    from,
    heads.filter((head) => !past.includes(head)),
  );
  if (!last || relay.past === 'begun') return;
  if (begun) begin(relay);
  else relay.past = 'beginner';
}

/** A stream of which nothing has come. */
function isNews<P>(relay: Relay<P>, head: VectorHead): boolean {
  if (!isVectorHead(head) || head.origin === relay.deps.self) return false;
  const isOver = relay.origins.standing(head.origin, head.epoch) === 'older';
  return !isOver && relay.origins.newest(head) === 0;
}

function startAt<P>(relay: Relay<P>, from: PeerId, head: Head): void {
  // A head before it may have named a newer epoch.
  if (relay.origins.standing(head.origin, head.epoch) === 'older') return;
  const origin = admit(relay, head.origin, head.epoch);
  notePastClaim(origin, head.lane, { seq: head.seq, at: relay.at, from });
  if (head.lane === 'record') skipTo(origin.record, head.seq);
  else deliverSteps(relay, origin, skipTo(origin.reliable, head.seq), 'untold');
}

/**
 * From here on nothing is past that anybody says. Neighbors that came with us begin with us: they are told
 * what we took over; all else they were told as it came.
 */
function begin<P>(relay: Relay<P>): void {
  relay.past = 'begun';
  const heads = relay.tookOver ? vectorHeads(relay, []) : [];
  for (const [peer, { begun }] of relay.neighbors) if (!begun) sendVector(relay, peer, heads);
}

/** Nobody who has begun was met: we are the room, if there is anybody. */
export function afterBegin<P>(relay: Relay<P>, token: number): void {
  if (token !== relay.beginToken || !relay.beginScheduled) return;
  relay.beginScheduled = false;
  if (relay.past !== 'begun' && relay.neighbors.size > 0) begin(relay);
}

function catchUp<P>(relay: Relay<P>, from: PeerId, heads: readonly VectorHead[]): void {
  const wants: Want[] = [];
  const floors: VectorHead[] = [];
  for (const head of heads) {
    const refusal = isVectorHead(head) ? refusalOfHead(relay, head) : 'implausible-sequence';
    if (refusal !== null) refuse(relay, from, refusal);
    if (refusal !== null || head.origin === relay.deps.self) continue;
    if (raiseFloor(relay, from, head)) floors.push({ ...head, seq: head.from - 1 });
    wants.push(...wantsOf(relay, head).flatMap((want) => cutAbove(want, head.from)));
    if (head.from <= head.seq) onHead(relay, from, headOf(head));
  }
  const asked = wants.slice(0, relay.config.wantsPerGraftMax);
  if (asked.length > 0) ask(relay, from, { kind: 'graft', trees: [], wants: asked });
  passOn(relay, from, floors);
}

/** What of a want the sender can give. */
function cutAbove(want: Want, from: number): readonly Want[] {
  return want.last < from ? [] : [{ ...want, first: Math.max(want.first, from) }];
}

/**
 * An origin of which nothing came before, and that the sender cannot give from its beginning: it was said before we
 * met. What of it is still under way to us by others gets a moment to come (`giveUpHoles`). Of one that was heard in
 * any lane without gaps it was said while we were away, and is a hole like any other.
 */
function raiseFloor<P>(relay: Relay<P>, by: PeerId, { origin: id, epoch, lane, from }: VectorHead): boolean {
  if (from === 1 || relay.origins.standing(id, epoch) === 'older') return false;
  const known = relay.origins.current({ origin: id, epoch, lane });
  const floor = known?.floors?.get(lane);
  const wasHeard = known !== undefined && known.record.base + known.reliable.base > 0;
  if (floor === undefined ? wasHeard : floor.seq < from) return false;
  const origin = admit(relay, id, epoch);
  origin.floors ??= new Map();
  origin.floors.set(lane, { seq: from - 1, at: floor?.at ?? relay.at, from: by });
  relay.waiting.add(origin);
  return floor === undefined;
}

/** Those behind us have not met these origins either, and the next message may reach them before any vector. */
function passOn<P>(relay: Relay<P>, from: PeerId, floors: readonly VectorHead[]): void {
  if (floors.length === 0) return;
  for (const peer of neighborsBut(relay, from)) sendVector(relay, peer, floors);
}
