/** Joining a room twice, as frameworks do in development, is one member: the joins of a page share one mesh. */
import { unlessAborted } from './abort.ts';
import { createSource } from './readable.ts';
import type { JoinOptions, Mesh, MeshStatus } from './types.ts';

/** Makes the mesh of a place that this page is not in yet; `onClosed` is to be called when it begins to close. May throw. */
export type OpenMesh = (onClosed: () => void) => Mesh;

export interface SharedJoins {
  /**
   * One join's own handle on the mesh of this place, which `open` makes if need be. A mesh that is there already
   * shows `presence` as well; throws what `presence.set` throws.
   */
  readonly join: (place: string, open: OpenMesh, options: JoinOnceMore) => Mesh;
}

/** Of the options, those that say something where the mesh is there already. */
export type JoinOnceMore = Pick<JoinOptions, 'presence' | 'signal'>;

interface Joined {
  readonly mesh: Mesh;
  /** Joins that have not been left yet. */
  users: number;
}

export function createSharedJoins(): SharedJoins {
  /** One for each mesh that this page is in; as many as the application joins. */
  const joinedByPlace = new Map<string, Joined>();

  function enter(place: string, open: OpenMesh): Joined {
    const mesh = open(() => joinedByPlace.delete(place));
    const joined: Joined = { mesh, users: 0 };
    joinedByPlace.set(place, joined);
    return joined;
  }

  return {
    join: (place, open, { presence, signal }) => {
      const held = joinedByPlace.get(place);
      if (presence && !signal?.aborted) held?.mesh.presence.set(presence);
      return createHandle(held ?? enter(place, open), signal);
    },
  };
}

/** One join's own handle: leaving twice counts once, and the last to leave closes the mesh. */
function createHandle(joined: Joined, signal: AbortSignal | undefined): Mesh {
  const { mesh } = joined;
  const status = createSource(mesh.status.value);
  let left: Promise<void> | undefined;

  const leave = (): Promise<void> => {
    // Below 0 where a listener that hears of the closing leaves again.
    left ??= --joined.users <= 0 ? mesh.leave() : Promise.resolve();
    unfollow();
    follow('closed');
    return left;
  };
  const onAbort = (): void => void leave();
  /** A signal may live much longer than the mesh, and would hold it. */
  const follow = (now: MeshStatus): void => {
    status.set(now);
    if (now === 'closed') signal?.removeEventListener('abort', onAbort);
  };

  joined.users += 1;
  signal?.addEventListener('abort', onAbort, { once: true });
  const unfollow = mesh.status.subscribe(follow);
  if (signal?.aborted) onAbort();
  return {
    ...mesh,
    status,
    leave: ({ signal: patience } = {}) => unlessAborted(leave(), patience),
    close: onAbort,
  };
}
