/** Why there is no link to somebody: asked seldom, and answered from what the layer holds and remembers anyway. */
import type { PeerId } from '../base/ids.ts';
import { elapsedMs, type Instant } from '../base/time.ts';
import type { Core } from './core.ts';
import type { WhyNoLink } from './messages.ts';
import { degreeOf, lacksLinks, priorityNow } from './upkeep.ts';

export function whyNoLink(core: Core, peer: PeerId, at: Instant): WhyNoLink {
  const ending = core.endingByPeer.get(peer);
  return Object.freeze({
    reason: reasonOf(core, peer, at),
    isKnown: ending !== undefined || core.links.get(peer) !== undefined,
    restMs: Math.max(0, elapsedMs(at, core.rests.askAt(peer, priorityNow(core), at))),
    ending: ending && Object.freeze({ reason: ending.reason, agoMs: elapsedMs(ending.at, at) }),
  });
}

function reasonOf(core: Core, peer: PeerId, at: Instant): WhyNoLink['reason'] {
  const { links, rests } = core;
  const priority = priorityNow(core);
  const link = links.get(peer);
  if (link) return link.phase === 'up' ? 'linked' : 'connecting';
  if (rests.isResting(peer, priority, at)) return 'resting';
  if (!lacksLinks(core, at)) return 'not-wanted';
  if (!links.affords('ours', at)) return 'budget';
  if (core.endingByPeer.has(peer)) return 'failed';
  return priority === 'low' && degreeOf(core, peer) > links.limits().target ? 'full' : 'not-yet';
}
