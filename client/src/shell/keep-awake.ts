/**
 * A tab without a link may be frozen by its browser while it is hidden, and would then be found by nobody: an
 * open data channel exempts a tab from that, and where there is none a held Web Lock does.
 */
import type { Mesh } from '../types.ts';

/** What is needed of a mesh. */
export type Watched = Pick<Mesh, 'id' | 'on' | 'stats'>;

/** Holds a lock of its own while the mesh has no link, until the signal aborts. Without locks: does nothing. */
export function keepAwakeWhileLonely(
  mesh: Watched,
  locks: Pick<LockManager, 'request'> | undefined,
  signal: AbortSignal,
): void {
  if (!locks || signal.aborted) return;
  let release: (() => void) | undefined;

  const letGo = (): void => {
    release?.();
    release = undefined;
  };
  const update = (): void => {
    if (mesh.stats().links.open > 0) return letGo();
    if (release) return;
    const held = new Promise<void>((resolve) => {
      release = resolve;
    });
    // Nobody else asks for this name. Where a browser refuses it to the page, the tab may be frozen, and no more.
    locks.request(`gossamer ${mesh.id}`, () => held).catch(() => {});
  };

  mesh.on('link:open', update, { signal });
  mesh.on('link:close', update, { signal });
  signal.addEventListener('abort', letGo, { once: true });
  update();
}
