/**
 * Whom one is linked to decides what one hears. Whoever asks all the time, or is introduced again and again, could become
 * all that somebody has (an eclipse: Heilman et al., USENIX Security 2015). So a share of the links is of our own choice,
 * drawn evenly from the roster; and who is pressed wants as many of its own choice as it has of others'.
 */
import type { PeerId } from '../base/ids.ts';
import type { Instant } from '../base/time.ts';
import type { Core, Effects } from './core.ts';
import type { Priority } from './messages.ts';

/**
 * How many links of our own choice are wanted whatever the degree. None while nobody presses: every link is the choice of
 * one end, so that if all wanted more of their own than of others' there would be no end of it.
 */
export function ownLacking(core: Core, at: Instant): number {
  const { links, press, config } = core;
  if (isSmallRoom(core) || !press.isOn(at)) return 0;
  const others = links.chosen('theirs').length;
  const wanted = Math.max(config.ownChoicesMin, Math.min(others, config.othersChoicesMax));
  return wanted - links.chosen('ours').length;
}

/**
 * How badly this one needs a link. It says so itself: it is not believed where its own record names enough neighbors,
 * unless somebody died of late, when records lag behind.
 */
export function believed({ recent, degreeByPeer, config }: Core, asker: Need, at: Instant): Priority {
  const isFed = (degreeByPeer.get(asker.peer) ?? 0) >= config.degreeMin;
  return isFed && !recent.isMourning(at) ? 'low' : asker.priority;
}

interface Need {
  readonly peer: PeerId;
  readonly priority: Priority;
}

/**
 * Whether one more of others' choice may be let in. Those in need may take what slots there are, and it is made up for
 * later; but who is pressed takes no more of others' choice than it keeps.
 */
export function maySqueezeIn(core: Core, priority: Priority, at: Instant): boolean {
  const { links, press, config } = core;
  if (isSmallRoom(core)) return true;
  const others = links.chosen('theirs').length;
  if (press.isOn(at)) return others < othersKept(core);
  return priority === 'high' || others < config.othersChoicesMax;
}

/**
 * One who is pressed gives up the newest link of others' choice when these outnumber its own, or leave no slot to them; but
 * not for less than the minimum, for it may be pressed by made-up names.
 */
export function withstand(core: Core, at: Instant): Effects {
  const { links, press, rests, recent, config } = core;
  if (isSmallRoom(core) || !press.isOn(at)) return [];
  if (links.activeView().length <= links.limits().min) return [];
  const others = links.chosen('theirs').filter((peer) => links.get(peer)?.phase === 'up');
  const isFull = links.slots() >= config.degreeMax && ownLacking(core, at) > 0;
  const isOutnumbered = !recent.isMourning(at) && others.length > othersKept(core);
  const newest = others.at(-1);
  if (newest === undefined || !(isFull || isOutnumbered)) return [];
  rests.gaveWay(newest, at);
  return core.dismissNeighbor(newest, 'evicted', at);
}

/** As many of others' choice as are up of our own, or the least that is wanted of those. */
function othersKept({ links, config }: Core): number {
  const own = links.chosen('ours').filter((peer) => links.get(peer)?.phase === 'up');
  return Math.max(config.ownChoicesMin, own.length);
}

/** Everyone sees everyone there, so there is nothing to choose. */
export function isSmallRoom({ links, config }: Core): boolean {
  return links.roomSize() <= config.smallRoomSizeMax;
}
