import { expect, test } from 'vitest';
import { keepAwakeWhileLonely } from '#client/shell/keep-awake.ts';
import { createRoom } from '../room.ts';

interface Locks {
  readonly held: Set<string>;
  readonly request: LockManager['request'];
}

/** A browser's locks: each is held until what its holder promised is done. */
function createLocks(): Locks {
  const held = new Set<string>();
  const request = async (name: string, run: () => Promise<void>): Promise<void> => {
    if (held.has(name)) throw new Error(`${name} is held`);
    held.add(name);
    await run();
    held.delete(name);
  };
  return { held, request: request as unknown as LockManager['request'] };
}

test('a lock is held while there is no link, and let go when the mesh closes', async () => {
  const room = createRoom();
  const locks = createLocks();
  const closing = new AbortController();
  const mesh = room.join(undefined, { onClosed: () => closing.abort() });
  keepAwakeWhileLonely(mesh, locks, closing.signal);
  const lock = `gossamer ${mesh.id}`;
  expect([...locks.held]).toEqual([lock]);

  const [first, second] = [room.join(), room.join()];
  await room.clock.advance(3_000);
  expect([mesh.stats().links.open, locks.held.size]).toEqual([2, 0]);
  first.close();
  await room.clock.advance(500);
  expect(locks.held.size).toBe(0);
  second.close();
  await room.clock.advance(500);
  expect([...locks.held]).toEqual([lock]);

  mesh.close();
  await room.clock.advance(500);
  expect(locks.held.size).toBe(0);
});

test('a mesh that closes with links takes no lock on its way out', async () => {
  const room = createRoom();
  const locks = createLocks();
  const closing = new AbortController();
  const mesh = room.join(undefined, { onClosed: () => closing.abort() });
  keepAwakeWhileLonely(mesh, locks, closing.signal);
  room.join();
  await room.clock.advance(3_000);
  mesh.close();
  await room.clock.advance(500);
  expect(locks.held.size).toBe(0);
});

test('where there are no locks, or none for this page, nothing happens', async () => {
  const room = createRoom();
  const { signal } = new AbortController();
  keepAwakeWhileLonely(room.join(), undefined, signal);
  const refuse = (): Promise<never> => Promise.reject(new Error('SecurityError'));
  keepAwakeWhileLonely(room.join(), { request: refuse as unknown as LockManager['request'] }, signal);
  await room.clock.advance(100);
});
