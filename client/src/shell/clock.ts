/** The clock of a page. */
import { now } from '#shared/base/time.ts';
import type { Clock } from './shell.ts';

export const pageClock: Clock = {
  // The wall clock is read once, at the page's start: a clock set anew mid-session does not make time jump.
  now: () => now(performance.now(), performance.timeOrigin + performance.now()),
  later: (run, ms) => {
    const timer = setTimeout(run, ms);
    return () => clearTimeout(timer);
  },
};
