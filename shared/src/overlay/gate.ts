/** Who gets a link with us: incoming requests, and the walks on which newcomers arrive. */
import type { AttemptId, PeerId } from '../base/ids.ts';
import type { Instant } from '../base/time.ts';
import { settleClash, type Bringer, type Introducer } from './attempts.ts';
import { believed, maySqueezeIn } from './choices.ts';
import type { Core, Effects, Sender } from './core.ts';
import { hasSlot, type Bar } from './degree.ts';
import type { ForwardJoin, OverlayEffect, Priority, RefuseReason, Request } from './messages.ts';
import { firstTtl, stepWalk, walkSteps } from './walk.ts';

/** Somebody who wants a link, whichever way it was heard of. */
interface Asker {
  readonly peer: PeerId;
  readonly attempt: AttemptId;
  readonly priority: Priority;
  readonly introducer: Introducer;
  readonly bringer: Bringer;
  /** Way back: hops to take in order, nearest first. */
  readonly route: readonly PeerId[];
}

/** Accepts, refuses, or sends the asker's walk on its way. */
export function onRequest(core: Core, from: Sender, request: Request, at: Instant): Effects {
  const { self, links, config } = core;
  const { peer, trail } = from;
  const { attempt, priority } = request;
  const bringer = trail.at(-1) ?? 'carried';
  const introducer = introducerOf(core, peer, bringer);
  const asker: Asker = { peer, attempt, priority, introducer, bringer, route: trail.toReversed() };
  const held = links.get(peer);
  if (held) {
    const clash = settleClash({ self, from: peer }, held, attempt, { at, ...config });
    if (clash === 'ignore') return [];
    if (clash === 'busy' || !links.mayBring(bringer)) return refuse(asker, 'busy');
  }
  const cleared = held ? clear(core, peer, at) : [];
  const answer = verdict(core, asker, held ? 'slot-held' : 'by-priority', at);
  if (answer === 'accept') return [...cleared, ...accept(core, asker, at)];

  const passed = [...trail, self];
  const ttl = firstTtl(passed, config);
  const walk: ForwardJoin = { kind: 'forwardJoin', newcomer: peer, attempt, priority, ttl, trail: passed };
  const step = request.forward && ttl > 0 && !isFlooded(core) ? walkOn(core, walk) : undefined;
  const turnedAway = request.forward ? turnAway(core, asker, answer) : refuse(asker, answer);
  return [...cleared, ...(step ? [step] : turnedAway)];
}

/** Takes the newcomer of a well formed walk in, or passes the walk on (HyParView, section 4.2). */
export function onForwardJoin(core: Core, walk: ForwardJoin, at: Instant): Effects {
  const { newcomer, attempt, priority } = walk;
  const bringer = walk.trail.at(-1) ?? null;
  const introducer = introducerOf(core, newcomer, bringer);
  const asker: Asker = {
    peer: newcomer,
    attempt,
    priority,
    introducer,
    bringer,
    route: walk.trail.toReversed(),
  };
  // Where a link or an attempt with the newcomer is there already, the walk seeks another.
  const isNew = !core.links.get(newcomer);
  if (isNew && verdict(core, asker, 'free-slot', at) === 'accept') return accept(core, asker, at);
  const step = walk.ttl > 0 ? walkOn(core, stepWalk(walk, core.self)) : undefined;
  if (step) return [step];
  // Paper, step i: at the end of its time, or where it cannot go on, the walk takes whom it finds.
  const answer = isNew ? verdict(core, asker, 'by-priority', at) : 'full';
  return answer === 'accept' ? accept(core, asker, at) : turnAway(core, asker, answer);
}

/** More come in than are here: a walk would find everyone as full as us. */
function isFlooded({ links }: Core): boolean {
  return links.lettingIn().length > links.activeView().length;
}

/** Whoever has just been let in has its slots left, and need not have a link itself to agree on another. */
function turnAway({ links, rng, config }: Core, asker: Asker, reason: RefuseReason): Effects {
  const { peer: to, attempt, route } = asker;
  const others = reason === 'full' ? links.lettingIn().filter((other) => other !== to) : [];
  const peers = rng.sample(others, config.linksPerIntroducerMax);
  return peers.length === 0
    ? refuse(asker, reason)
    : [{ kind: 'signal', to, route, signal: { kind: 'refer', attempt, peers } }];
}

/** Whom the roster knows has chosen us itself. */
function introducerOf({ degreeByPeer }: Core, peer: PeerId, by: Introducer): Introducer {
  return degreeByPeer.has(peer) ? null : by;
}

function verdict(core: Core, asker: Asker, bar: Bar, at: Instant): 'accept' | RefuseReason {
  const { links, rests, press } = core;
  if (bar !== 'slot-held' && rests.isResting(asker.peer, asker.priority, at)) return 'resting';
  // So many that we know come through one: until their channels open the names may be borrowed, and press us no more.
  if (asker.introducer === null && !links.mayBring(asker.bringer)) return 'busy';
  const priority = believed(core, asker, at);
  const isWelcome =
    hasSlot(bar, priority, links.slots(), links.limits()) &&
    (bar === 'slot-held' || (maySqueezeIn(core, priority, at) && links.mayIntroduce(asker.introducer)));
  if (isWelcome) return links.affords('theirs', at) ? 'accept' : 'busy';
  // A walk that goes on to others has asked for nothing yet.
  if (bar === 'by-priority') press.note(at);
  return 'full';
}

function accept(core: Core, asker: Asker, at: Instant): Effects {
  const { peer, attempt, introducer, bringer, route } = asker;
  return [
    { kind: 'signal', to: peer, route, signal: { kind: 'accept', attempt } },
    ...core.links.connect(peer, { attempt, purpose: 'answer', introducer, bringer, route }, at),
  ];
}

function refuse({ peer, attempt, route }: Asker, reason: RefuseReason): Effects {
  return [{ kind: 'signal', to: peer, route, signal: { kind: 'refuse', attempt, reason } }];
}

/**
 * Deviation: the paper evicts a random neighbor for every forced link (section 4.2). Here only a node
 * well over its target does, and only the newest neighbor that has links to spare: old links are
 * proven, and nobody falls below its minimum for another's sake. After deaths nobody does: the degrees that the roster
 * names count the dead, and the newest neighbors are those who have just found in again. And only when the channel has
 * opened: a request is not signed, and nobody loses a link for what may be made up.
 */
export function makeRoom(core: Core, opened: PeerId, at: Instant): Effects {
  const { links, degreeByPeer, recent, config } = core;
  const { target } = links.limits();
  if (links.slots() <= target + config.degreeSlack || recent.isMourning(at)) return [];
  // Never one of our own choice, or whoever asks often enough would have them all.
  const others = links.chosen('theirs').filter((peer) => peer !== opened && links.get(peer)?.phase === 'up');
  const spare = others.findLast((peer) => (degreeByPeer.get(peer) ?? 0) > target);
  return spare === undefined ? [] : core.dismissNeighbor(spare, 'evicted', at);
}

/** Frees the place of whatever there was between us and the asker. */
function clear(core: Core, peer: PeerId, at: Instant): Effects {
  const isNeighbor = core.links.get(peer)?.phase === 'up';
  return isNeighbor ? core.loseNeighbor(peer, 'replaced', at) : core.links.remove(peer, at);
}

/** The walk's next step, or `undefined` where it cannot go on. */
function walkOn({ links, rng }: Core, walk: ForwardJoin): OverlayEffect | undefined {
  const to = rng.pick(walkSteps(walk, links.activeView()));
  return to === undefined ? undefined : { kind: 'send', to, message: walk };
}
