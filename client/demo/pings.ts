/** Now and then measures the way to members without a link of our own: one at a time, while the page is looked at. */
import type { PageMesh } from './presence.ts';

/** Each member at most this often. */
const PING_EVERY_MS: number = 10_000;
const PING_TIMEOUT_MS: number = 4000;

export interface Pings {
  /** Round trips in milliseconds, by id. */
  readonly rttById: ReadonlyMap<string, number>;
  /** Asks the member that has waited longest, if one is due. */
  readonly tick: () => void;
}

export function createPings(mesh: PageMesh, changed: () => void): Pings {
  const rttById = new Map<string, number>();
  const askedAtById = new Map<string, number>();
  let busy = false;

  const forgetTheGone = (): void => {
    for (const id of askedAtById.keys()) {
      if (mesh.members.get(id) !== undefined) continue;
      askedAtById.delete(id);
      rttById.delete(id);
    }
  };

  const ask = async (id: string): Promise<void> => {
    busy = true;
    askedAtById.set(id, performance.now());
    try {
      rttById.set(id, await mesh.members.ping(id, { signal: AbortSignal.timeout(PING_TIMEOUT_MS) }));
    } catch {
      // No answer is an answer too: what was measured no longer holds, and the list then shows no time.
      rttById.delete(id);
    }
    busy = false;
    changed();
  };

  const tick = (): void => {
    forgetTheGone();
    if (busy || document.hidden) return;
    const due = [...mesh.members]
      .filter(({ link }) => link === 'via')
      .map(({ id }) => ({ id, askedAt: askedAtById.get(id) ?? -Infinity }))
      .filter(({ askedAt }) => performance.now() - askedAt >= PING_EVERY_MS)
      .toSorted((one, other) => one.askedAt - other.askedAt)[0];
    if (due !== undefined) void ask(due.id);
  };

  return { rttById, tick };
}
