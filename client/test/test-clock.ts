/**
 * A clock that a test moves. Promises that are ready run between its steps, as they would in a page, and time
 * stands still while something is signed or verified.
 */
import { now } from '#shared/base/time.ts';
import type { Clock } from '#client/shell/shell.ts';
import { cryptoIdle } from './crypto-idle.ts';

export interface TestClock extends Clock {
  readonly advance: (ms: number) => Promise<void>;
  /** Things still to happen. */
  readonly pending: () => number;
}

export function createTestClock(): TestClock {
  let timeMs = 1_000;
  let order = 0;
  const agenda = new Map<number, { readonly at: number; readonly run: () => void }>();

  const next = (until: number): number | undefined => {
    let found: number | undefined;
    for (const [id, { at }] of agenda) {
      if (at <= until && (found === undefined || at < agenda.get(found)!.at)) found = id;
    }
    return found;
  };

  return {
    now: () => now(timeMs, 1_700_000_000_000 + timeMs),
    later: (run, ms) => {
      const id = order++;
      agenda.set(id, { at: timeMs + Math.max(0, ms), run });
      return () => void agenda.delete(id);
    },
    advance: async (ms) => {
      const end = timeMs + ms;
      await cryptoIdle();
      for (let id = next(end); id !== undefined; id = next(end)) {
        const { at, run } = agenda.get(id)!;
        agenda.delete(id);
        timeMs = at;
        run();
        await cryptoIdle();
      }
      timeMs = end;
    },
    pending: () => agenda.size,
  };
}
