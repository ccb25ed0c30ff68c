/** The end of a soak: nobody does anything any more, and all come to be of one mind. */
import { pause } from '../kit/pause.ts';
import { compareRosters, compareState, type Seen } from './compare.ts';
import type { SoakTab } from './room.ts';

/** Whoever is not of one mind with the others by then is not going to be. */
const CALM_MS_MAX = 90_000;

/** What each holds once all are equal, or when that has taken too long. */
export async function waitForCalm(here: readonly SoakTab[]): Promise<readonly Seen[]> {
  await Promise.all(here.map(({ ask }) => ask('visitor.rest()')));
  const until = Date.now() + CALM_MS_MAX;
  for (;;) {
    const seen = await Promise.all(
      here.map(async ({ tab, slot, look }): Promise<Seen> => ({ tab, slot, look: await look() })),
    );
    if (compareRosters(seen).length + compareState(seen).length === 0 || Date.now() > until) {
      // What was told last.
      await Promise.all(here.map((tab) => tab.sample()));
      return seen;
    }
    await pause(500);
  }
}
