/** The clock of a page. */
import { now } from '#shared/base/time.ts';
import type { Clock } from './shell.ts';

export const pageClock: Clock = {
  // `performance.timeOrigin` plus `performance.now()` would be late by every sleep, during which the latter stands still
  // in some browsers. The wall clock may jump: the hybrid clock knows how to take that, and a jump may be a sleep.
  now: () => now(performance.now(), Date.now()),
  later: (run, ms) => {
    const timer = setTimeout(run, ms);
    return () => clearTimeout(timer);
  },
};
