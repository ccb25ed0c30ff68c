/** Keeps one `maintain` timer under way: a quick one while links are wanted, else a slow one. */
import type { Rng } from '../base/rng.ts';
import type { OverlayConfig } from './config.ts';
import type { Effects } from './core.ts';

export interface Ticker {
  /** True when this is the timer under way; it is not any more. A repeated or replaced one is void. */
  readonly take: (token: number) => boolean;
  /** Starts a timer where none is under way, or a quick one in place of a slow one. */
  readonly keep: (wish: () => 'idle' | 'quick') => Effects;
}

export function createTicker(rng: Rng, config: OverlayConfig): Ticker {
  let tick: { readonly token: number; readonly pace: 'stopped' | 'idle' | 'quick' } = {
    token: 0,
    pace: 'stopped',
  };
  return {
    take: (token) => {
      if (tick.pace === 'stopped' || token !== tick.token) return false;
      tick = { token, pace: 'stopped' };
      return true;
    },
    keep: (wish) => {
      // Finding out costs more than all the rest, and nothing is quicker than quick.
      const wanted = tick.pace === 'quick' ? 'quick' : wish();
      if (tick.pace === wanted) return [];
      tick = { token: tick.token + 1, pace: wanted };
      const periodMs = wanted === 'quick' ? config.maintainMs : config.maintainIdleMs;
      const afterMs = Math.round(periodMs * (0.75 + rng.fraction() / 2));
      return [{ kind: 'schedule', timer: { kind: 'maintain', token: tick.token }, afterMs }];
    },
  };
}
