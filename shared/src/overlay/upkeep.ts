/** Looks after the degree: whom to ask for a link, and how urgently. */
import type { PeerId } from '../base/ids.ts';
import { elapsedMs, type Instant } from '../base/time.ts';
import { isSmallRoom, ownLacking, withstand } from './choices.ts';
import type { Core, Effects } from './core.ts';
import type { OverlayEffect, Priority } from './messages.ts';

const NAMED = { priority: 'high', introducer: 'named', route: [] } as const;

/** Asks for the links that are wanted and affordable now. */
export function maintain(core: Core, at: Instant): Effects {
  return isLinked(core)
    ? [...bridge(core, at), ...withstand(core, at), ...fillSlots(core, at), ...mix(core, at)]
    : join(core, at);
}

/** The same, but only where waiting for the tick would hurt: below the minimum. */
export function maintainIfBelowMin(core: Core, at: Instant): Effects {
  return isLinked(core) && !isBelowMin(core) ? [] : maintain(core, at);
}

/**
 * Where members were declared dead, the room may have parted: its other half is attached as well, and the server
 * names it. Each of those attached asks with the chance of one of them, so that the server's load is the room's, not the
 * tab's; but who was left with few links asks for itself, for most of its reserves may be dead too.
 */
export function lookAround(core: Core, at: Instant): Effects {
  const { rng, degreeByPeer, greeters = degreeByPeer.size, contacts, links } = core;
  if (!isLinked(core)) return [];
  if (contacts.isAttached() && contacts.takeDoubt(links.linkedAt(), at)) return [{ kind: 'needContacts' }];
  if (!core.recent.mayBeParted(at)) return [];
  const isOurTurn = isBereft(core, at) || rng.fraction() * (greeters + 1) < 1;
  return isOurTurn ? callServer(core, at) : [];
}

/** No neighbor is heard. The links may be mended; meanwhile the server may name others to whom there is no link yet. */
export function askAfterCut(core: Core, at: Instant): Effects {
  core.recent.noteCutOff(at);
  return callServer(core, at);
}

function callServer({ contacts }: Core, at: Instant): Effects {
  return contacts.isAttached() && contacts.takeCall(at) ? [{ kind: 'needContacts' }] : [];
}

/** One that can never be linked would have us call for ever, so each is a reason ever more seldom. */
function callFor({ contacts }: Core, unlinked: readonly PeerId[], at: Instant): Effects {
  return contacts.isAttached() && contacts.takeCallFor(unlinked, at) ? [{ kind: 'needContacts' }] : [];
}

/** Whether a quick tick is worth its cost: something is wanted, and there is somebody to ask. */
export function wantsLinks(core: Core, at: Instant): boolean {
  if (!isLinked(core) || core.contacts.isCallDue(unreached(core, at), at)) return true;
  if (strangers(core, at).length > 0 || mixable(core, at).length > 0) return true;
  const priority = priorityNow(core);
  return lacksLinks(core, at) && isOurPace(core, priority, at) && candidates(core, priority, at).length > 0;
}

/** Without a link the server is the only way, so only its contacts can be asked. */
function join(core: Core, at: Instant): Effects {
  const { links, contacts, rng, config } = core;
  const effects: OverlayEffect[] = [];
  for (const peer of rng.sample(askable(core, contacts.reachable(at), 'high', at), config.attemptsMax)) {
    if (!mayAttempt(core, at)) break;
    effects.push(...links.ask(peer, { ...NAMED, purpose: 'join' }, at));
  }
  const waiting = links.ownAttempts('join') > 0;
  if (!waiting && contacts.takeCall(at)) effects.push({ kind: 'needContacts' });
  return effects;
}

/** Asks the newcomers to whom a contact sent us on, as long as we have no link. */
export function follow(core: Core, peers: readonly PeerId[], introducer: PeerId, at: Instant): Effects {
  const { links, config } = core;
  if (isLinked(core)) return maintainIfBelowMin(core, at);
  const effects: OverlayEffect[] = [];
  for (const peer of askable(core, [...new Set(peers)], 'high', at)) {
    const isFull = links.slots() >= config.degreeMax || links.ownAttempts() >= config.attemptsMax;
    if (isFull || !links.mayIntroduce(introducer)) break;
    effects.push(...links.ask(peer, { ...NAMED, introducer, purpose: 'join' }, at));
  }
  return effects.length > 0 ? effects : maintain(core, at);
}

/**
 * Asks one whom the server named and our roster lacks: two halves of a parted room find each other. Reserves that do
 * not answer hold this up least where it is needed most.
 */
function bridge(core: Core, at: Instant): Effects {
  const { links, rng, config } = core;
  const peer = rng.pick(strangers(core, at));
  if (peer === undefined) return callFor(core, unreached(core, at), at);
  const may = isBereft(core, at) || mayHasten(core, at);
  // One that drags on does not hold up the next.
  const waits = links.ownAttempts('bridge') > 0 && links.briskAttempts(at) > 0;
  const mayBe = links.mayIntroduce('named', isNewcomer(core, at) ? 1 : 0);
  if (waits || !may || !mayBe || !links.affords('ours', at)) return [];
  const cleared = links.slots() < config.degreeMax ? [] : giveWay(core, newestOfTheirs(core), at);
  const isFree = links.slots() < config.degreeMax;
  if (isFree) core.contacts.asked(peer, at);
  return isFree ? [...cleared, ...links.ask(peer, { ...NAMED, purpose: 'bridge' }, at)] : cleared;
}

/**
 * A newcomer hears of the room by those whom it met first. If these do not tell it of others whom the server names, perhaps
 * they keep the room from it: where one of those others is reached, the one that the server named longest ago gives way, and
 * where there is no slot to ask them, the newest that it did not choose.
 */
function giveWay(core: Core, peer: PeerId | undefined, at: Instant): Effects {
  const link = peer === undefined ? undefined : core.links.get(peer);
  if (peer === undefined || link?.phase !== 'up' || !isNewcomer(core, at)) return [];
  if (elapsedMs(link.upSince, at) < core.config.strangerPatienceMs) return [];
  core.rests.gaveWay(peer, at);
  return core.dismissNeighbor(peer, 'evicted', at);
}

function isNewcomer({ links, config }: Core, at: Instant): boolean {
  return elapsedMs(links.linkedAt(), at) < config.newcomerMs;
}

function newestOfTheirs({ links }: Core): PeerId | undefined {
  return links.chosen('theirs').findLast((peer) => links.get(peer)?.phase === 'up');
}

/** Asks reserves until the links wanted are there or under way. */
function fillSlots(core: Core, at: Instant): Effects {
  const { links } = core;
  const effects: OverlayEffect[] = [];
  if (isStorm(core, at)) return effects;
  while (lacksLinks(core, at) && mayAttempt(core, at) && links.affords('ours', at)) {
    const priority = priorityNow(core);
    if (!isOurPace(core, priority, at)) break;
    // Evenly, not the poorest: a record that names few neighbors is soon written.
    const peer = core.rng.pick(candidates(core, priority, at));
    if (peer === undefined) break;
    effects.push(...links.ask(peer, { purpose: 'degree', priority, introducer: null, route: null }, at));
  }
  return effects;
}

/** In a small room everyone is wanted, and whoever is in need cannot wait. */
function isOurPace(core: Core, priority: Priority, at: Instant): boolean {
  const reserves = core.passiveView.peers().length;
  return isSmallRoom(core) || priority === 'high' || core.pace.mayAsk(at, reserves);
}

/** Fewer than wanted, or too few that we chose ourselves. */
export function lacksLinks(core: Core, at: Instant): boolean {
  const { links } = core;
  return links.slots() < links.limits().target || ownLacking(core, at) > 0;
}

/**
 * Halves that found each other hang by the one link that did it, for nobody lacks any: each asks members of the other
 * for links, until it holds half as many as chance would have given it.
 */
function mix(core: Core, at: Instant): Effects {
  const { links } = core;
  if (links.ownAttempts('degree') > 0 || !mayAttempt(core, at) || !links.affords('ours', at)) return [];
  const peer = poorest(core, mixable(core, at));
  return peer === undefined
    ? []
    : links.ask(peer, { purpose: 'degree', priority: 'low', introducer: null, route: null }, at);
}

/** Members of the other half who may be asked; nobody once enough links are held to it. */
function mixable(core: Core, at: Instant): readonly PeerId[] {
  if (!wantsMixing(core, at)) return [];
  const { target } = core.links.limits();
  return askable(core, core.returned.peers(at), 'low', at).filter((peer) => degreeOf(core, peer) <= target);
}

function wantsMixing({ returned, links, degreeByPeer }: Core, at: Instant): boolean {
  const back = returned.peers(at).length;
  if (back === 0) return false;
  const wanted = Math.floor((links.limits().target * back) / (degreeByPeer.size + 1) / 2);
  const held = [...links.activeView(), ...links.pending()].filter((peer) => returned.has(peer, at)).length;
  return held < wanted;
}

/** A link to one whom nobody told us of, or to the other half, takes the place of one that we have. */
export function makeRoomFor(core: Core, peer: PeerId, at: Instant): Effects {
  const { links } = core;
  const isOneTooMany = links.get(peer)?.introducer === 'named' && !links.mayIntroduce('named', 1);
  if (!isOneTooMany) return makeRoomForHalf(core, peer, at);
  const named = links.activeView().filter((other) => links.get(other)?.introducer === 'named');
  return giveWay(core, named[0], at);
}

/** Of those within our half it is one whose other end has links to spare. */
function makeRoomForHalf(core: Core, peer: PeerId, at: Instant): Effects {
  const { links, returned } = core;
  const { target } = links.limits();
  if (!returned.has(peer, at) || links.activeView().length <= target) return [];
  const spare = links
    .activeView()
    .findLast((other) => !returned.has(other, at) && degreeOf(core, other) > target);
  return spare === undefined ? [] : core.dismissNeighbor(spare, 'evicted', at);
}

/** In a room that is not small, newcomers need their first link more than we need our second. */
function isStorm(core: Core, at: Instant): boolean {
  return !isSmallRoom(core) && core.recent.isStorm(core.links.linkedAt(), at);
}

/** Reserves who may be asked: one over its target need not give way to mere comfort. */
function candidates(core: Core, priority: Priority, at: Instant): readonly PeerId[] {
  const { target } = core.links.limits();
  return askable(core, core.passiveView.peers(), priority, at).filter(
    (peer) => priority === 'high' || degreeOf(core, peer) <= target,
  );
}

/** The poorest of a random handful: it evens the degrees out, and not everyone asks the same one. */
function poorest(core: Core, peers: readonly PeerId[]): PeerId | undefined {
  return core.rng
    .sample(peers, core.config.candidatesMax)
    .toSorted((a, b) => degreeOf(core, a) - degreeOf(core, b))[0];
}

/** Those whom the server named and our roster lacks. To the bereft all are: the roster may list the dead alone. */
function strangers(core: Core, at: Instant): readonly PeerId[] {
  const { contacts, links, degreeByPeer } = core;
  if (!isLinked(core)) return [];
  if (isBereft(core, at)) return askable(core, contacts.reachable(at, 'all'), 'high', at);
  // Nearly all of them are known: to look that up first spares the rest, after each input.
  const unknown = contacts.settled(links.linkedAt(), at).filter((peer) => !degreeByPeer.has(peer));
  return askable(core, unknown, 'high', at);
}

/**
 * The server names some whom our roster does not: if none of them can be asked now, we and those we know may be all
 * that came in by each other, and the room is elsewhere.
 */
function unreached({ self, contacts, links, degreeByPeer }: Core, at: Instant): readonly PeerId[] {
  if (links.activeView().length === 0) return [];
  return contacts
    .unmet(links.linkedAt(), at)
    .filter((peer) => peer !== self && !degreeByPeer.has(peer) && links.get(peer)?.phase !== 'up');
}

function askable(
  { self, links, rests }: Core,
  peers: readonly PeerId[],
  priority: Priority,
  at: Instant,
): readonly PeerId[] {
  return peers.filter((peer) => peer !== self && !links.get(peer) && rests.mayAsk(peer, priority, at));
}

/** Who has never had a link makes one attempt at a time, but does not wait for one that drags on. */
function mayAttempt(core: Core, at: Instant): boolean {
  const { links, config } = core;
  return mayHasten(core, at) && links.slots() < config.degreeMax;
}

function mayHasten({ links, config }: Core, at: Instant): boolean {
  const isFree = links.everLinked() || links.briskAttempts(at) < config.attemptsMaxUnlinked;
  return isFree && links.ownAttempts() < config.attemptsMax;
}

function isLinked({ links }: Core): boolean {
  return links.activeView().length > 0;
}

function isBelowMin({ links }: Core): boolean {
  return links.slots() < links.limits().min;
}

/** A death of late has left it with fewer links than the minimum, whatever it has asked for since; or no link is heard. */
function isBereft({ links, recent }: Core, at: Instant): boolean {
  if (recent.isCutOff(at)) return true;
  return links.activeView().length < links.limits().min && recent.isMourning(at);
}

export function priorityNow(core: Core): Priority {
  return isBelowMin(core) ? 'high' : 'low';
}

export function degreeOf({ degreeByPeer }: Core, peer: PeerId): number {
  return degreeByPeer.get(peer) ?? 0;
}
