/** An own attempt from its answer to its channel, and what the transport tells of any link. */
import { unreachable } from '../base/assert.ts';
import type { AttemptId, PeerId } from '../base/ids.ts';
import type { Instant } from '../base/time.ts';
import { choiceOf, mayBeForwarded, type Requesting } from './attempts.ts';
import { misbehaved, type Core, type Effects, type Sender } from './core.ts';
import { makeRoom } from './gate.ts';
import type {
  AttemptFailure,
  Description,
  DropReason,
  OverlayEffect,
  OverlayInput,
  Refer,
  Refuse,
} from './messages.ts';
import type { Made } from './replies.ts';
import { follow, lookAround, maintain, maintainIfBelowMin, makeRoomFor } from './upkeep.ts';

type Described = Extract<OverlayInput, { kind: 'described' }>;

/** A request of ours that waits for its answer. */
interface Asked {
  readonly peer: PeerId;
  readonly link: Requesting;
}

/** The one asked accepts, or one whom a walk found; or somebody does whom nobody waits for any more. */
export function onAccept(core: Core, from: Sender, attempt: AttemptId, at: Instant): Effects {
  const asked = findAsked(core, attempt);
  // One that comes again is of the attempt that is under way.
  if (!asked) return core.links.get(from.peer)?.attempt === attempt ? [] : [takeBack(from, attempt)];
  return mayAnswer(asked, from.peer)
    ? connect(core, asked, from, at)
    : misbehaved(from.peer, 'answer-not-asked');
}

/** An own attempt is refused; or the other end, which had accepted, takes it back. */
export function onRefuse(core: Core, from: PeerId, { attempt, reason }: Refuse, at: Instant): Effects {
  const asked = findAsked(core, attempt);
  if (asked && !mayAnswer(asked, from)) return misbehaved(from, 'answer-not-asked');
  if (asked) return endAttempt(core, asked.peer, reason, at);
  return isConnecting(core, from, attempt) ? endAttempt(core, from, reason, at) : [];
}

/** The one asked is full, and names those whom it has just let in. These cannot send us on again. */
export function onRefer(core: Core, from: PeerId, { attempt, peers }: Refer, at: Instant): Effects {
  const asked = findAsked(core, attempt);
  if (!asked) return [];
  if (!mayAnswer(asked, from)) return misbehaved(from, 'answer-not-asked');
  const { purpose, introducer } = asked.link;
  const mayFollow = purpose === 'join' && introducer === 'named';
  const ended = core.endAttempt(asked.peer, 'full', at);
  return [...ended, ...(mayFollow ? follow(core, peers, from, at) : maintainIfBelowMin(core, at))];
}

/** Hands a description to the transport, but never a stale one. */
export function onDescription(core: Core, from: Sender, signal: Description, at: Instant): Effects {
  const { attempt, wireVersion, data } = signal;
  const asked = findAsked(core, attempt);
  // It overtook the accept, and implies it.
  const implied = asked && mayAnswer(asked, from.peer) ? connect(core, asked, from, at) : [];
  const link = core.links.get(from.peer);
  if (holdsChannel(core, from.peer, attempt)) {
    core.mending.heard(from.peer, attempt, from.trail.toReversed(), at);
    return [{ kind: 'describe', peer: from.peer, attempt, wireVersion, data }];
  }
  if (link?.attempt !== attempt || link.phase === 'requesting') {
    core.counts.staleDescriptions += 1;
    return implied;
  }
  return [
    ...implied,
    { kind: 'describe', peer: from.peer, attempt, wireVersion, data },
    ...core.links.described(from.peer, at),
    ...describeTo(core, from.peer, 1, []),
  ];
}

/** What the transport made goes to the other end, by the way on which that one was heard. */
export function afterDescribed(
  core: Core,
  { peer, attempt, wireVersion, data }: Described,
  at: Instant,
): Effects {
  if (holdsChannel(core, peer, attempt)) {
    const route = core.mending.wayTo(peer, attempt, at);
    const signal = { kind: 'description', attempt, wireVersion, data } as const;
    return [{ kind: 'signalAround', to: peer, route, signal }];
  }
  const link = core.links.get(peer);
  return link?.attempt === attempt ? describeTo(core, peer, 0, [{ wireVersion, data }]) : [];
}

export function afterOpened(core: Core, peer: PeerId, attempt: AttemptId, at: Instant): Effects {
  const link = core.links.get(peer);
  if (!link || !isConnecting(core, peer, attempt)) return [];
  const isForced = choiceOf(link) === 'theirs';
  core.links.open(peer, attempt, at);
  core.unreserve(peer);
  core.rests.opened(peer);
  core.endingByPeer.delete(peer);
  core.contacts.calmDown();
  if (!isForced) core.pace.calmDown();
  return [
    { kind: 'neighborUp', peer },
    ...(isForced ? makeRoom(core, peer, at) : []),
    ...makeRoomFor(core, peer, at),
    ...maintainIfBelowMin(core, at),
  ];
}

/** The transport's last word on an attempt: it has nothing left to destroy. */
export function afterClosed(core: Core, peer: PeerId, attempt: AttemptId, at: Instant): Effects {
  core.links.parkedClosed(peer, attempt, at);
  const link = core.links.get(peer);
  if (!link || link.attempt !== attempt) return [];
  switch (link.phase) {
    case 'requesting':
      return [];
    case 'connecting':
      return endAttempt(core, peer, 'channel-failed', at);
    case 'up':
      return [...core.loseNeighbor(peer, 'closed', at), ...maintain(core, at)];
    default:
      return unreachable(link);
  }
}

/** The attempt's time is up, unless the timer belongs to an earlier phase, or we were stalled ourselves. */
export function afterAttemptDue(core: Core, peer: PeerId, attempt: AttemptId, at: Instant): Effects {
  const link = core.links.get(peer);
  if (!link || link.phase === 'up' || link.attempt !== attempt) return [];
  const checked = core.links.checkDeadline(peer, link, at);
  if (checked !== 'over') return checked;
  return endAttempt(core, peer, link.phase === 'requesting' ? 'no-answer' : 'not-opened', at);
}

/** A contact that the server cannot reach will not answer: the next one is asked at once. */
export function afterNotAttached(core: Core, peer: PeerId, at: Instant): Effects {
  const link = core.links.get(peer);
  if (link?.phase !== 'requesting' || !mayBeForwarded(link.purpose)) return [];
  return endAttempt(core, peer, 'no-answer', at);
}

/** The tick's second look: an attempt ends also where its own timer was lost. */
export function endOverdue(core: Core, at: Instant): Effects {
  return core.links.pending().flatMap((peer) => {
    const attempt = core.links.get(peer)?.attempt;
    return attempt === undefined ? [] : afterAttemptDue(core, peer, attempt, at);
  });
}

/** Whoever was a neighbor may be asked again when we are back. */
export function goAway({ links, loseNeighbor }: Core, at: Instant): Effects {
  return [
    ...links.pending().flatMap((peer) => links.remove(peer, at)),
    ...links.parked().flatMap((peer) => links.unpark(peer, at)),
    ...links
      .activeView()
      .flatMap((peer): Effects => [
        { kind: 'send', to: peer, message: { kind: 'disconnect', reason: 'leaving' } },
        ...loseNeighbor(peer, 'away', at),
      ]),
  ];
}

/** The node wants this link gone. On leaving no other takes its place. */
export function drop(core: Core, peer: PeerId, reason: DropReason, at: Instant): Effects {
  const { links, rests } = core;
  const link = links.get(peer);
  if (reason === 'declared-dead') core.recent.noteDeath(at);
  if (reason === 'misbehaved') rests.misbehaved(peer, at);
  if (!link) return reason === 'declared-dead' ? [] : links.unpark(peer, at);
  if (link.phase !== 'up') {
    rests.refused(peer, at);
    const gone = links.remove(peer, at);
    return reason === 'leaving' ? gone : [...gone, ...maintain(core, at)];
  }
  if (reason === 'declared-dead') return park(core, peer, at);
  const dismissed = core.dismissNeighbor(peer, reason, at);
  return reason === 'leaving' ? dismissed : [...dismissed, ...maintain(core, at)];
}

/** The silent one may only have hung: its channel is kept, and others are asked in its place. */
function park(core: Core, peer: PeerId, at: Instant): Effects {
  const outdone = core.links.park(peer, at);
  const lost = core.loseNeighbor(peer, 'declared-dead', at);
  return [...outdone, ...lost, ...maintain(core, at), ...lookAround(core, at)];
}

/** Whoever speaks on a parked channel lives. Where there is no slot left for it, it is told to look elsewhere. */
export function revive(core: Core, peer: PeerId, at: Instant): Effects {
  const { links } = core;
  if (!links.parked().includes(peer)) return [];
  if (links.revive(peer, at)) {
    // Others may have said that it lives before it spoke to us.
    core.unreserve(peer);
    return [{ kind: 'neighborUp', peer }];
  }
  return [
    { kind: 'send', to: peer, message: { kind: 'disconnect', reason: 'evicted' } },
    ...links.unpark(peer, at),
  ];
}

/** Both ends may have parked the other, and each waits for a word. */
export function tendParked({ links }: Core, at: Instant): Effects {
  const given = links.unparkOverdue(at);
  return [...given, ...links.takeKnocks(at).map((peer): OverlayEffect => ({ kind: 'knock', peer }))];
}

/** Nothing comes of this neighbor. */
export function mend({ links, mending }: Core, peer: PeerId, at: Instant): Effects {
  const link = links.get(peer);
  if (link?.phase !== 'up' || !mending.take(peer, link.attempt, at)) return [];
  return [{ kind: 'restart', peer, attempt: link.attempt }];
}

/** The channel to this peer that is in use or parked, if it is of this attempt. */
function holdsChannel({ links }: Core, peer: PeerId, attempt: AttemptId): boolean {
  const link = links.get(peer);
  if (link) return link.phase === 'up' && link.attempt === attempt;
  return links.parkedAttempt(peer) === attempt;
}

/** Sends descriptions, as far as what was heard allows. */
function describeTo({ links }: Core, to: PeerId, heard: number, made: readonly Made[]): Effects {
  const link = links.get(to);
  if (link?.phase !== 'connecting') return [];
  const { attempt } = link;
  const said = links.reply(to, heard, made);
  return said.map((each) => ({
    kind: 'signal',
    to,
    route: link.route,
    signal: { kind: 'description', attempt, ...each },
  }));
}

/** An own attempt was accepted; from now on it belongs to whoever accepted it. */
function connect(core: Core, { peer, link }: Asked, from: Sender, at: Instant): Effects {
  const { links, rests } = core;
  const { attempt, purpose, introducer } = link;
  links.remove(peer, at);
  // A walk found somebody else: the one asked has no slot to give.
  if (peer !== from.peer) rests.refused(peer, at);
  const route = from.trail.toReversed();
  const isNew = !links.get(from.peer);
  if (isNew && links.affords('ours', at))
    return links.connect(from.peer, { attempt, purpose, introducer, bringer: null, route }, at);
  const refusal = takeBack(from, attempt);
  if (!isNew) return [refusal];
  rests.refused(from.peer, at);
  core.endingByPeer.set(from.peer, { reason: 'busy', at });
  return [refusal, { kind: 'attemptFailed', peer: from.peer, reason: 'busy' }];
}

/** The other end has constructed already: it is told, so that it need not wait in vain for a channel. */
function takeBack({ peer, trail }: Sender, attempt: AttemptId): OverlayEffect {
  return {
    kind: 'signal',
    to: peer,
    route: trail.toReversed(),
    signal: { kind: 'refuse', attempt, reason: 'busy' },
  };
}

function endAttempt(core: Core, peer: PeerId, reason: AttemptFailure, at: Instant): Effects {
  return [...core.endAttempt(peer, reason, at), ...maintainIfBelowMin(core, at)];
}

function findAsked({ links }: Core, attempt: AttemptId): Asked | undefined {
  const peer = links.askedBy(attempt);
  const link = peer === undefined ? undefined : links.get(peer);
  return peer !== undefined && link?.phase === 'requesting' ? { peer, link } : undefined;
}

/** The one asked answers, or whoever its walk found. */
function mayAnswer({ peer, link }: Asked, from: PeerId): boolean {
  return from === peer || mayBeForwarded(link.purpose);
}

function isConnecting({ links }: Core, peer: PeerId, attempt: AttemptId): boolean {
  const link = links.get(peer);
  return link?.phase === 'connecting' && link.attempt === attempt;
}
