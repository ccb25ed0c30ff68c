/** Finds room for a new note. Pure. */
import type { Point } from './check.ts';

const COLUMNS: readonly number[] = [0.06, 0.34, 0.62, 0.9];
const ROWS: readonly number[] = [0.08, 0.36, 0.64, 0.92];

/** The place on a coarse grid that is farthest from all taken ones; the first of equals, in reading order. */
export function freePlace(taken: readonly Point[]): Point {
  let best: Point = { x: 0.06, y: 0.08 };
  let bestRoom = -1;
  for (const y of ROWS) {
    for (const x of COLUMNS) {
      const room = Math.min(ROOM_ENOUGH, ...taken.map((point) => Math.hypot(point.x - x, point.y - y)));
      if (room <= bestRoom) continue;
      best = { x, y };
      bestRoom = room;
    }
  }
  return best;
}

/** As shares of the stage: two notes this far apart do not touch on a stage of usual size. */
const ROOM_ENOUGH: number = 0.27;
