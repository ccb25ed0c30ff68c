/** How many links are wanted, for a room of a size, and whether one more may be taken. */
import type { OverlayConfig } from './config.ts';
import type { Priority } from './messages.ts';

export interface DegreeLimits {
  readonly min: number;
  readonly target: number;
  readonly max: number;
}

/** A small room is a full mesh; a large one has a fixed target. Nobody wants more links than there are others. */
export function degreeLimits(roomSize: number, config: OverlayConfig): DegreeLimits {
  const others = Math.max(0, roomSize - 1);
  const wanted = roomSize <= config.smallRoomSizeMax ? config.degreeTargetSmallRoom : config.degreeTarget;
  return {
    min: Math.min(config.degreeMin, others),
    target: Math.min(wanted, others),
    max: config.degreeMax,
  };
}

/**
 * How readily a link is given away.
 *
 * - `free-slot`: only below the target; what a member in the middle of a walk does.
 * - `by-priority`: also over the target: far to one who needs it, by two to one who is merely below its own or wants
 *   choices of its own, for in a room of full houses it would find no other. What a contact, a member that is asked and the end of a walk do.
 * - `slot-held`: there was an attempt or a link to this very peer; the new one takes its place.
 */
export type Bar = 'free-slot' | 'by-priority' | 'slot-held';

const COMFORT_SLOTS = 2;

/** Whether a link may be given, `slots` being links and attempts together. */
export function hasSlot(bar: Bar, priority: Priority, slots: number, limits: DegreeLimits): boolean {
  if (bar === 'slot-held' || (bar === 'by-priority' && priority === 'high')) return slots < limits.max;
  return slots < Math.min(limits.max, bar === 'by-priority' ? limits.target + COMFORT_SLOTS : limits.target);
}
