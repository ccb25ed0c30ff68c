/** Pages that are gone from and gone back to, with a stream of chance of their own. */
import type { Rng } from '#shared/base/rng.ts';
import type { Tab } from './draw.ts';
import type { MeshWorld } from './checker.ts';

/** How often, of all steps. */
const SHARE = 0.1;
/** From a glance at another page to a walk through the woods. */
const GONE_MS: readonly number[] = [300, 3_000, 12_000, 50_000];

export interface PageFaults {
  /** Now and then somebody follows a link and comes back; meanwhile its page is kept, and runs nothing. */
  readonly give: () => void;
  /** Everybody is back. */
  readonly end: () => void;
}

export function createPageFaults(world: MeshWorld, rng: Rng): PageFaults {
  const gone = new Set<Tab>();
  const comeBack = (tab: Tab): void => {
    if (gone.delete(tab) && tab.isAlive() && tab.mode() !== 'running') world.wake(tab);
  };
  return {
    give: () => {
      if (rng.fraction() >= SHARE) return;
      const running = world.living().filter((tab) => tab.mode() === 'running' && !gone.has(tab));
      const tab = rng.pick(running);
      const goneMs = rng.pick(GONE_MS) ?? 0;
      if (tab === undefined) return;
      gone.add(tab);
      world.command(tab, { kind: 'goAway' });
      world.freeze(tab);
      // It waits for the page to be shown again, whoever does that.
      world.command(tab, { kind: 'comeBack' });
      world.later(goneMs, () => comeBack(tab));
    },
    end: () => gone.forEach(comeBack),
  };
}
