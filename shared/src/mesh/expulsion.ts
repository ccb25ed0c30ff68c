/** Throwing out: who is proven to have told different members different things loses its place with everyone. */
import type { PeerId } from '../base/ids.ts';
import { contradiction, guiltyOf, recordsIn } from './equivocation.ts';
import type { Hub } from './hub.ts';
import type { Equivocation, LinkMessage } from './messages.ts';

/** Looks through what came for records that contradict what is held; their authors are thrown out. */
export function noteEquivocations(message: LinkMessage, hub: Hub): void {
  for (const record of recordsIn(message)) {
    if (record.proof === null) continue;
    const found = contradiction(record, hub.tables);
    if (found) expel(found, hub);
  }
}

/** A neighbor says that somebody must go. */
export function onEquivocation(from: PeerId, said: Equivocation, hub: Hub): void {
  if (guiltyOf(said) === undefined)
    return hub.tell({ kind: 'peerMisbehaved', peer: from, reason: 'hollow-equivocation' });
  expel(said, hub, from);
}

/**
 * Throws its author out, and shows the proof to every neighbor but its bringer. Who is not here has no place to lose:
 * nothing is kept or passed on about it, or anybody could make a thousand keys and have all the room hear of each.
 */
function expel(proof: Equivocation, hub: Hub, bringer?: PeerId): void {
  const guilty = guiltyOf(proof);
  if (guilty === undefined || !hub.members.has(guilty) || hub.outcasts.has(guilty)) return;
  const forgotten = hub.outcasts.set(guilty, proof);
  // What a newcomer cannot be shown must not hold here either: their rosters would differ for good.
  if (forgotten) hub.feed({ layer: 'membership', input: { kind: 'readmit', id: forgotten[0] } });
  hub.tell({ kind: 'peerMisbehaved', peer: guilty, reason: 'equivocated' });
  for (const to of hub.neighbors.keys())
    if (to !== bringer && to !== guilty) hub.emit({ kind: 'send', to, message: proof });
  hub.feed({ layer: 'membership', input: { kind: 'expel', id: guilty } });
}
