/** The order in which members attach: drawn anew every hour, the same for all. */
import { compareHashes, hashText } from '../base/hash.ts';
import { compareIds, type PeerId } from '../base/ids.ts';
import type { WallMillis } from '../base/time.ts';

const HOUR_MS = 3_600_000;

/**
 * How many of these come before `self`. The room is not part of it: ids are new at each join, so nobody is in two rooms
 * by one of them.
 */
export function countBefore(self: PeerId, others: Iterable<PeerId>, wall: WallMillis): number {
  const hour = Math.floor(wall / HOUR_MS);
  const place = (id: PeerId): ReturnType<typeof hashText> => hashText(`${hour}/${id}`);
  const own = place(self);
  let before = 0;
  for (const id of others) {
    const order = compareHashes(place(id), own) || compareIds(id, self);
    if (order < 0) before += 1;
  }
  return before;
}
