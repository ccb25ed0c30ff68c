/** Joining a room twice, as frameworks do in development, is one member: the joins of a page share one mesh. */
import type { Abortable, Mesh } from './types.ts';

/** Makes the mesh of a place that this page is not in yet; `onClosed` is to be called when it begins to close. May throw. */
export type OpenMesh = (onClosed: () => void) => Mesh;

export interface SharedJoins {
  /** One join's own handle on the mesh of this place, which `open` makes if need be. */
  readonly join: (place: string, open: OpenMesh, options: Abortable) => Mesh;
}

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
    join: (place, open, { signal }) => createHandle(joinedByPlace.get(place) ?? enter(place, open), signal),
  };
}

/** One join's own handle: leaving twice counts once, and the last to leave closes the mesh. */
function createHandle(joined: Joined, signal: AbortSignal | undefined): Mesh {
  let left: Promise<void> | undefined;
  const leave = (): Promise<void> => {
    left ??= --joined.users === 0 ? joined.mesh.leave() : Promise.resolve();
    return left;
  };
  joined.users += 1;
  if (signal?.aborted) void leave();
  else signal?.addEventListener('abort', () => void leave(), { once: true });
  return { ...joined.mesh, leave, close: () => void leave() };
}
