/** Meshes of one room that list each other. */
import { expect } from 'vitest';
import { MeshError } from '#client/errors.ts';
import type { Mesh, Value } from '#client/types.ts';
import { createRoom, type Room } from './room.ts';

export interface Shown extends Record<string, Value | undefined> {
  name?: string;
  cursor?: { x: number; y: number } | null;
}

export async function meshes(count: number): Promise<{ room: Room; all: Mesh<Shown>[] }> {
  const room = createRoom();
  const all: Mesh<Shown>[] = [];
  for (let n = 0; n < count; n++) {
    all.push(room.join<Shown>({ name: `tab ${n}`, cursor: null }));
    await room.clock.advance(50);
  }
  for (let n = 0; n < 40 && all.some((mesh) => mesh.members.size < count); n++) await room.clock.advance(500);
  expect(all.map((mesh) => mesh.members.size)).toEqual(all.map(() => count));
  return { room, all };
}

export const codeOf = (run: () => unknown): string | undefined => {
  try {
    run();
  } catch (error) {
    return error instanceof MeshError ? error.code : String(error);
  }
  return undefined;
};

export const rejection = async (promise: Promise<unknown>): Promise<unknown> =>
  promise.then(
    () => undefined,
    (error: unknown) => error,
  );
